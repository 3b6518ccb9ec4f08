/*
 * store_cause.c - which events were handled before: what the history says of each (source, id), and
 * of each record.
 *
 * (source, id) names an event, and its digest says what it is. The same name for another event is
 * its publisher's mistake, or somebody's trick: silence would hide it. So such an event has a key
 * of its own (event_set_apart), under which it becomes a dead letter; an opt-out is applied.
 */
#include "claim/outbound.h"
#include "claim/uuid.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "store/store_internal.h"

#include <string.h>

/* What a (source, id) stands for. */
typedef struct Named {
    const char *digest; /* "": noted by a release that kept none; its type has to do */
    const char *type;
} Named;

/* Where it was handled: the key names the event, with its coordinates the very record. */
static const char *coordinates_key(Arena *arena, const char *cause_key, const char *topic,
                                   int64_t partition, int64_t offset)
{
    return arena_printf(arena, "%s %s/%lld/%lld", cause_key, topic, (long long)partition,
                        (long long)offset);
}

static bool named_is(const Named *named, const char *digest, const char *type)
{
    return named->digest[0] == '\0' || digest[0] == '\0' ? strcmp(named->type, type) == 0
                                                         : strcmp(named->digest, digest) == 0;
}

/* A row of history-causes. */
enum {
    ROW_KEY,
    ROW_TOPIC,
    ROW_PARTITION,
    ROW_OFFSET,
    ROW_OUTCOMES,
    ROW_IGNORED,
    ROW_DIGEST,
    ROW_EVENT
};

/* A dead letter that an operator puts back, at other coordinates, is to be tried again. */
static void take_name(Work *work, const DbResult *result, size_t row, bool is_open)
{
    const char *key = db_text(result, row, ROW_KEY);
    const char *digest = db_text(result, row, ROW_DIGEST), *type = db_text(result, row, ROW_EVENT);
    const Named *before = text_map_get(&work->names, key);
    if (before != NULL && is_open && named_is(before, digest, type))
        text_map_put(&work->names, key, NULL);
    if (before != NULL || is_open)
        return;
    Named *named = arena_new(work->arena, sizeof *named);
    *named = (Named){arena_text(work->arena, digest), arena_text(work->arena, type)};
    text_map_put(&work->names, key, named);
}

static void take_cause(Work *work, const DbResult *result, size_t row)
{
    const char *ignored = db_text(result, row, ROW_IGNORED);
    const size_t mark = strlen(DEAD_LETTER_MARK), vain = strlen(KEPT_IN_VAIN_MARK);
    const bool is_dead = strncmp(ignored, DEAD_LETTER_MARK, mark) == 0;
    const char *key = coordinates_key(
        work->arena, db_text(result, row, ROW_KEY), db_text(result, row, ROW_TOPIC),
        db_integer(result, row, ROW_PARTITION), db_integer(result, row, ROW_OFFSET));
    Cause *cause = text_map_get(&work->causes, key);
    if (cause == NULL) {
        cause = arena_new(work->arena, sizeof *cause);
        text_map_put(&work->causes, key, cause);
    }
    if (is_dead)
        cause->dead_letter = arena_text(work->arena, ignored + mark);
    take_name(work, result, row, is_dead || strncmp(ignored, KEPT_IN_VAIN_MARK, vain) == 0);
    cause->outcomes = arena_grow(work->arena, cause->outcomes, sizeof *cause->outcomes,
                                 cause->count, &cause->room);
    cause->outcomes[cause->count++] = arena_text(work->arena, db_text(result, row, ROW_OUTCOMES));
}

static bool take_causes(Work *work, DbColumn *keys, Error *reterr)
{
    static const DbStatement statement = {
        "history-causes",
        "select cause_key, cause_topic, cause_partition, cause_offset, outcomes,"
        " coalesce(ignored, ''), coalesce(cause_digest::text, ''), event from history"
        " where cause_key = any($1::uuid[]) order by id"};
    const char *parameters[] = {db_column_literal(keys)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 1, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        take_cause(work, result, row);
    db_result_release(&result);
    return true;
}

/* Few ever: a second look-up for those whose name stands for something else. */
static bool take_apart(Work *work, Error *reterr)
{
    DbColumn keys;
    db_column_init(&keys, work->arena);
    for (size_t i = 0; i < work->event_count; i++) {
        Event *event = &work->events[i];
        const Named *named = text_map_get(&work->names, event->cause_key);
        if (named == NULL || named_is(named, event->digest, event_type_name(event->type)))
            continue;
        event_set_apart(event, work->arena);
        db_column_add_text(&keys, event->cause_key);
    }
    return keys.count == 0 || take_causes(work, &keys, reterr);
}

bool causes_load(Work *work, Error *reterr)
{
    DbColumn keys;
    db_column_init(&keys, work->arena);
    for (size_t i = 0; i < work->event_count; i++) {
        db_column_add_text(&keys, work->events[i].cause_key);
        if (work->settles)
            db_column_add_text(&keys, work_settling(work, &work->events[i])->cause_key);
    }
    text_map_init(&work->causes, work->arena);
    text_map_init(&work->names, work->arena);
    return take_causes(work, &keys, reterr) && take_apart(work, reterr);
}

/* The very events that the crash kept back, byte for byte. */
static void work_replay(Work *work, const Cause *cause, const Event *event)
{
    for (size_t i = 0; i < cause->count; i++) {
        Outcome *outcomes = NULL;
        size_t count = 0;
        Error error = {0};
        if (!outcomes_decode(cause->outcomes[i], event->record, work->arena, &outcomes, &count,
                             &error)) {
            log_error(LOG_ERROR, "outcomes-unreadable", &error, "cause_key=%s", event->cause_key);
            continue;
        }
        Move *move = arena_new(work->arena, sizeof *move);
        move->outcomes = outcomes;
        move->outcome_count = count;
        work->moves = arena_grow(work->arena, work->moves, sizeof(Move *), work->move_count,
                                 &work->move_room);
        work->moves[work->move_count++] = move; /* no event: published, not saved again */
    }
}

static const Cause *work_cause_of(const Work *work, const Event *event)
{
    const Record *record = event->record;
    return text_map_get(&work->causes, coordinates_key(work->arena, event->cause_key, record->topic,
                                                       record->partition, record->offset));
}

void settling_key(const Event *event, Arena *arena, char ret_key[UUID_SIZE])
{
    uuid_cause(arena_printf(arena, "settle %s", event->source), event->id, ret_key);
}

const Event *work_settling(Work *work, const Event *event)
{
    Event *settling = arena_new(work->arena, sizeof *settling);
    *settling = *event;
    settling->actor = (Actor){.type = ACTOR_SYSTEM, .id = ""};
    settling->reason = NULL;
    settling_key(event, work->arena, settling->cause_key);
    return settling;
}

void work_resume(Work *work, const Event *event)
{
    const Event *settling = work_settling(work, event);
    const Cause *cause = work_cause_of(work, settling);
    if (cause != NULL)
        work_replay(work, cause, settling);
}

bool work_was_dead(const Work *work, const Event *event)
{
    const Cause *cause = work_cause_of(work, event);
    return cause != NULL && cause->dead_letter != NULL;
}

/* Of an event that is new by its record. */
static Meeting meet_name(const Work *work, const Event *event)
{
    const Named *named = text_map_get(&work->names, event->cause_key);
    const bool is_opt_out = event->type == EVENT_CUSTOMER_OPTED_OUT;
    if (named == NULL)
        return event->is_set_apart && !is_opt_out ? MEETING_REUSED : MEETING_NEW;
    if (named_is(named, event->digest, event_type_name(event->type)))
        return MEETING_DUPLICATE;
    return is_opt_out ? MEETING_NEW : MEETING_REUSED;
}

Meeting work_was_handled(Work *work, const Event *event)
{
    if (work_cause_of(work, event) != NULL || position_is_past(work, event->record))
        return MEETING_REPLAYED;
    return meet_name(work, event);
}

static void meet_again(Work *work, const Event *event)
{
    const Cause *cause = work_cause_of(work, event);
    if (cause != NULL) /* else it moved nothing then, and moves nothing now */
        work_replay(work, cause, event);
    if (cause != NULL && cause->dead_letter != NULL)
        work_dead_letter_again(work, event, cause->dead_letter);
    metric_add(work->store->events_replayed, 1);
}

/* A later one in this batch finds it. */
static void remember(Work *work, const Event *event)
{
    Named *named = arena_new(work->arena, sizeof *named);
    *named = (Named){event->digest, event_type_name(event->type)};
    text_map_put(&work->names, event->cause_key, named);
}

/* Its name was taken earlier in this very batch. */
static void set_apart_if_taken(Work *work, const Event *event)
{
    Event *own = &work->events[event - work->events];
    const Named *named = text_map_get(&work->names, event->cause_key);
    if (named != NULL && !named_is(named, event->digest, event_type_name(event->type)))
        event_set_apart(own, work->arena);
}

Meeting work_meet(Work *work, const Event *event)
{
    if (work_was_handled(work, event) != MEETING_REPLAYED)
        set_apart_if_taken(work, event);
    const Meeting meeting = work_was_handled(work, event);
    switch (meeting) {
    case MEETING_NEW:
        remember(work, event);
        break;
    case MEETING_REPLAYED:
        meet_again(work, event);
        break;
    case MEETING_DUPLICATE:
        metric_add(work->store->events_duplicate, 1);
        break;
    case MEETING_REUSED:
        work_dead_letter(work, event, "ID_REUSED",
                         "ce_source and ce_id name another event, which was taken before: send it"
                         " again under an id of its own");
        break;
    }
    return meeting;
}
