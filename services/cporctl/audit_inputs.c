/* audit_inputs.c - reads what the workers have read; see audit_inputs.h. */
#include "audit_inputs.h"

#include "dlq.h"
#include "input_record.h"
#include "workers.h"

#include "claim/event.h"
#include "claim/outbound.h"
#include "claim/uuid.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH_COUNT = 4000, SUSPECT_COUNT_MAX = 10000, NAME_SIZE = 400 };

#define FORWARD_SOURCE "cpor/claim-submission" /* ce_source of what it hands on */

typedef struct InputSuspect {
    InputCheck check;
    AuditKey coordinates;
    const char *tenant_id, *claim_id, *what;
    const char *twin; /* cause key of what it was handed on as; NULL: it was not */
} InputSuspect;

static const AuditResult checks[INPUT_CHECK_COUNT] = {
    [INPUT_LOST] = {"input-lost",
                    "every record that was consumed left history or is a dead letter",
                    0,
                    {{0}}},
    [INPUT_OPT_OUT] = {"input-opt-out-overruled",
                       "no line is official whose opt-out came by its deadline",
                       0,
                       {{0}}},
    [INPUT_EARLY] = {"input-decided-early",
                     "what decided a deadline was received after it",
                     0,
                     {{0}}},
};

static AuditKey coordinates_key(const char *topic, int64_t partition, int64_t offset)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s/%" PRId64 "/%" PRId64, topic, partition, offset);
    return audit_key_from_text(name);
}

static const char *short_name(const AuditInputs *inputs, const KafkaPlace *place)
{
    return place->topic + strlen(config_text(inputs->session->config, "CPOR_TOPIC_PREFIX"));
}

/* ---- dead letters ---- */

static bool take_letter(void *context, const DlqLetter *letter, const KafkaRecord *record)
{
    AuditInputs *inputs = context;
    (void)record;
    if (!letter->is_workers)
        return true;
    const AuditKey key =
        coordinates_key(letter->topic, letter->origin_partition, letter->origin_offset);
    (void)audit_map_put(&inputs->letters, &key, NULL);
    return true;
}

static bool read_letters(AuditInputs *inputs)
{
    Dlq dlq;
    const bool done = dlq_open(inputs->session, &dlq) && dlq_read(&dlq, take_letter, inputs);
    dlq_release(&dlq);
    return done;
}

/* ---- suspects ---- */

static void suspect(AuditInputs *inputs, InputCheck check, const InputRecord *record,
                    const char *what)
{
    Arena *arena = &inputs->session->arena;
    const AuditKey key = coordinates_key(short_name(inputs, record->place),
                                         record->place->partition, record->offset);
    if (audit_map_get(&inputs->letters, &key) != NULL)
        return;
    if (inputs->suspect_count == SUSPECT_COUNT_MAX) { /* too many to be in flight */
        inputs->results[check].count++;
        return;
    }
    inputs->suspects = arena_grow(arena, inputs->suspects, sizeof *inputs->suspects,
                                  inputs->suspect_count, &inputs->suspect_room);
    inputs->suspects[inputs->suspect_count++] = (InputSuspect){
        .check = check,
        .coordinates = key,
        .tenant_id = arena_text(arena, record->tenant_id),
        .claim_id = arena_text(arena, record->claim_id),
        .what = arena_printf(arena, "%s (%s/%d@%" PRId64 ")", what, record->place->topic,
                             record->place->partition, record->offset),
        .twin = record->is_forwarded ? arena_text(arena, record->cause_key) : NULL,
    };
}

static bool has_history(const AuditInputs *inputs, const char *cause_key, bool *ret_has)
{
    static const DbStatement statement = {
        "audit-twin", "select 1 from history where cause_key = $1::uuid limit 1"};
    DbResult *result = NULL;
    if (!database_run(inputs->session->database, &statement, &cause_key, 1, &result,
                      &inputs->session->error))
        return false;
    *ret_has = db_result_rows(result) > 0;
    db_result_release(&result);
    return true;
}

/* Those that are dead letters by now go, and those that the worker they went to has handled. */
static bool clear_suspects(AuditInputs *inputs)
{
    size_t kept = 0;
    if (inputs->suspect_count == 0)
        return true;
    if (!read_letters(inputs))
        return false;
    for (size_t i = 0; i < inputs->suspect_count; i++) {
        const InputSuspect *each = &inputs->suspects[i];
        bool is_clear = audit_map_get(&inputs->letters, &each->coordinates) != NULL;
        if (!is_clear && each->twin != NULL && !has_history(inputs, each->twin, &is_clear))
            return false;
        if (!is_clear)
            inputs->suspects[kept++] = *each;
    }
    inputs->suspect_count = kept;
    return true;
}

void audit_inputs_end(AuditInputs *inputs)
{
    for (size_t i = 0; i < inputs->suspect_count; i++) {
        const InputSuspect *each = &inputs->suspects[i];
        if (each->twin == NULL || !inputs->is_behind) /* else it lies there still */
            audit_add(inputs->session, &inputs->results[each->check], each->tenant_id,
                      each->claim_id, "%s", each->what);
    }
}

/* What the same event left: by its name and content, or by the name of a release that kept no
 * digests; or set apart from the event whose name it had. */
#define SAME_EVENT(type)                                                                           \
    "((h.cause_key = w.cause_key and case when h.cause_digest is null then h.event = " type        \
    " else h.cause_digest = w.digest end) or h.cause_key = w.apart_key)"

/* ---- a batch against the tables: rows of (index in the batch, what is wrong) ---- */

static bool batch_ask(AuditInputs *inputs, InputCheck check, const DbStatement *statement,
                      const char *const *parameters, size_t count)
{
    DbResult *result = NULL;
    if (!database_run(inputs->session->database, statement, parameters, count, &result,
                      &inputs->session->error))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        suspect(inputs, check, &inputs->batch[db_integer(result, row, 0)], db_text(result, row, 1));
    db_result_release(&result);
    return true;
}

static bool batch_check_history(AuditInputs *inputs)
{
    static const DbStatement statement = {
        "audit-input-lost",
        "select w.i, w.type || ' was consumed, and nothing tells what became of it'"
        " from unnest($1::integer[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[])"
        " as w(i, cause_key, apart_key, digest, type)"
        " where not exists (select from history h where h.cause_key in (w.cause_key, w.apart_key)"
        " and " SAME_EVENT("w.type") ")"};
    DbColumn columns[5];
    const char *parameters[5];
    for (size_t i = 0; i < 5; i++)
        db_column_init(&columns[i], &inputs->arena);
    for (size_t i = 0; i < inputs->batch_count; i++) {
        const InputRecord *record = &inputs->batch[i];
        if (!record->leaves_history)
            continue;
        db_column_add_integer(&columns[0], (int64_t)i);
        db_column_add_text(&columns[1], record->cause_key);
        db_column_add_text(&columns[2], record->apart_key);
        db_column_add_text(&columns[3], record->digest);
        db_column_add_text(&columns[4], record->type);
    }
    for (size_t i = 0; i < 5; i++)
        parameters[i] = db_column_literal(&columns[i]);
    return batch_ask(inputs, INPUT_LOST, &statement, parameters, 5);
}

enum { OPT_OUT_COLUMN_COUNT = 11 };

/* Where the same event was handled at other coordinates alone, this record is its publisher's
 * duplicate: it may say what it likes. */
static const DbStatement opt_out_statement = {
    "audit-input-opt-out",
    "select w.i, 'line ' || (l->>'n') || ' is official, its opt-out was received ' ||"
    " (l->>'due')::bigint - w.receipt_at_ms || ' ms before its deadline'"
    " from unnest($1::integer[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[],"
    " $7::text[], $8::integer[], $9::bigint[], $10::uuid[], $11::uuid[]) as w(i, cause_key,"
    " tenant_id, claim_id, lines, receipt_at_ms, topic, partition, log_offset, apart_key, digest)"
    " join claims c on c.tenant_id = w.tenant_id and c.claim_id = w.claim_id"
    " cross join jsonb_array_elements(c.lines) l"
    " where c.origin = 'CLAIM' and l->>'status' = 'OFFICIAL'"
    " and coalesce((l->>'due')::bigint, 0) >= w.receipt_at_ms"
    " and (w.lines = '' or position(' ' || (l->>'n') || ' ' in w.lines) > 0)"
    " and (exists (select from history h where h.cause_key in (w.cause_key, w.apart_key)"
    " and h.cause_topic = w.topic and h.cause_partition = w.partition"
    " and h.cause_offset = w.log_offset)"
    " or not exists (select from history h where h.cause_key in (w.cause_key, w.apart_key)"
    " and " SAME_EVENT("'cpor.customer.opted-out.v1'") "))"};

static bool batch_check_opt_outs(AuditInputs *inputs)
{
    DbColumn columns[OPT_OUT_COLUMN_COUNT];
    const char *parameters[OPT_OUT_COLUMN_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < OPT_OUT_COLUMN_COUNT; i++)
        db_column_init(&columns[i], &inputs->arena);
    for (size_t i = 0; i < inputs->batch_count; i++) {
        const InputRecord *record = &inputs->batch[i];
        if (record->lines == NULL)
            continue;
        count++;
        db_column_add_integer(&columns[0], (int64_t)i);
        db_column_add_text(&columns[1], record->cause_key);
        db_column_add_text(&columns[2], record->tenant_id);
        db_column_add_text(&columns[3], record->claim_id);
        db_column_add_text(&columns[4], record->lines);
        db_column_add_integer(&columns[5], record->receipt_at_ms);
        db_column_add_text(&columns[6], short_name(inputs, record->place));
        db_column_add_integer(&columns[7], record->place->partition);
        db_column_add_integer(&columns[8], record->offset);
        db_column_add_text(&columns[9], record->apart_key);
        db_column_add_text(&columns[10], record->digest);
    }
    for (size_t i = 0; i < OPT_OUT_COLUMN_COUNT; i++)
        parameters[i] = db_column_literal(&columns[i]);
    return count == 0 ||
           batch_ask(inputs, INPUT_OPT_OUT, &opt_out_statement, parameters, OPT_OUT_COLUMN_COUNT);
}

/* What a receipt settles is noted at the deadline: a customer had its last millisecond too. */
static bool batch_check_early(AuditInputs *inputs)
{
    static const DbStatement statement = {
        "audit-input-early",
        "select w.i, 'what was due at ' || to_timestamp(h.at_ms / 1000.0) || ' was decided by a"
        " record received ' || h.at_ms - w.receipt_at_ms || ' ms before that was over'"
        " from unnest($1::integer[], $2::uuid[], $3::bigint[], $4::integer[], $5::bigint[])"
        " as w(i, key, receipt_at_ms, partition, log_offset)"
        " join history h on h.cause_key = w.key and h.cause_partition = w.partition"
        " and h.cause_offset = w.log_offset where h.at_ms >= w.receipt_at_ms"};
    DbColumn columns[5];
    const char *parameters[5];
    for (size_t i = 0; i < 5; i++)
        db_column_init(&columns[i], &inputs->arena);
    for (size_t i = 0; i < inputs->batch_count; i++) {
        const InputRecord *record = &inputs->batch[i];
        if (record->settling_key == NULL || record->receipt_at_ms < inputs->clock.start_at_ms)
            continue; /* from before a scaled clock began: by which it came, nobody knows */
        db_column_add_integer(&columns[0], (int64_t)i);
        db_column_add_text(&columns[1], record->settling_key);
        db_column_add_integer(&columns[2], record->receipt_at_ms);
        db_column_add_integer(&columns[3], record->place->partition);
        db_column_add_integer(&columns[4], record->offset);
    }
    for (size_t i = 0; i < 5; i++)
        parameters[i] = db_column_literal(&columns[i]);
    return columns[0].count == 0 || batch_ask(inputs, INPUT_EARLY, &statement, parameters, 5);
}

static bool batch_check(AuditInputs *inputs)
{
    const bool done =
        batch_check_history(inputs) && batch_check_opt_outs(inputs) && batch_check_early(inputs);
    inputs->batch_count = 0;
    arena_reset(&inputs->arena);
    return done;
}

/* ---- records ---- */

/* What always leaves a row of history. Wake-ups leave one only where there was something to do, and
 * so do windows that opened, changes of subscriptions, and notices (one that fails for a while). */
static bool leaves_history(EventType type)
{
    switch (type) {
    case EVENT_CLAIM_SUBMITTED:
    case EVENT_CLAIM_RESUBMITTED:
    case EVENT_CLAIM_WITHDRAWN:
    case EVENT_EVIDENCE_ADDED:
    case EVENT_COMMENT_ADDED:
    case EVENT_CLAIM_REVIEWED:
    case EVENT_DISASSOCIATED:
    case EVENT_IMPORTED:
    case EVENT_CLAIM_RECEIVED:
    case EVENT_CUSTOMER_OPTED_OUT:
    case EVENT_WINDOW_EXTENDED:
        return true;
    case EVENT_ANSWER_DUE:
    case EVENT_REMINDER_DUE:
    case EVENT_RECHECK_DUE:
    case EVENT_NOTICE_REQUESTED:
    case EVENT_NOTICE_RETRY_DUE:
    case EVENT_WINDOW_OPENED:
    case EVENT_WINDOW_CLOSED:
    case EVENT_KEPT_DUE:
    case EVENT_SUBSCRIPTION_CHANGED:
    case EVENT_NONE:
    case EVENT_TYPE_COUNT:
        break;
    }
    return false;
}

/* The log that decides. */
static bool settles(const AuditInputs *inputs, const KafkaPlace *place)
{
    return strcmp(short_name(inputs, place), "opt-out-expiry") == 0;
}

static bool is_handed_on(const AuditInputs *inputs, const KafkaPlace *place, EventType type)
{
    return strcmp(short_name(inputs, place), "claim-submission") == 0 &&
           event_type_is_handed_on(type);
}

static const char *lines_text(Arena *arena, const Event *event)
{
    const char *text = event->lines == NULL ? "" : " ";
    for (size_t i = 0; event->lines != NULL && i < event->line_count; i++)
        text = arena_printf(arena, "%s%" PRId32 " ", text, event->lines[i]);
    return text;
}

/* What nobody can read is a dead letter. */
static void take_unreadable(AuditInputs *inputs, const KafkaRecord *from, const Error *error)
{
    const InputRecord record = {.tenant_id = "",
                                .claim_id = "",
                                .place = &inputs->places.places[from->place_index],
                                .offset = from->offset};
    suspect(
        inputs, INPUT_LOST, &record,
        arena_printf(&inputs->scratch, "it was consumed and is no dead letter: %s", error->text));
}

/* Of what it was handed on as, where it was: under that name it has left its history. */
static void take_keys(AuditInputs *inputs, InputRecord *input, const Event *event)
{
    Event twin = *event;
    if (input->is_forwarded) {
        twin.source = FORWARD_SOURCE;
        twin.id = outbound_forward(event, &inputs->scratch).id;
        uuid_cause(twin.source, twin.id, twin.cause_key);
    }
    input->cause_key = arena_text(&inputs->arena, twin.cause_key);
    event_set_apart(&twin, &inputs->scratch);
    input->apart_key = arena_text(&inputs->arena, twin.cause_key);
    input->digest = arena_text(&inputs->arena, event->digest);
}

static void take_event(AuditInputs *inputs, const KafkaRecord *from, const Event *event)
{
    const KafkaPlace *place = &inputs->places.places[from->place_index];
    InputRecord *input = &inputs->batch[inputs->batch_count++];
    Arena *arena = &inputs->arena;
    *input = (InputRecord){.tenant_id = arena_text(arena, event->tenant_id),
                           .claim_id = arena_text(arena, event->claim_id),
                           .type = event_type_name(event->type),
                           .place = place,
                           .offset = from->offset,
                           .receipt_at_ms = event->receipt_at_ms,
                           .is_forwarded = is_handed_on(inputs, place, event->type),
                           .leaves_history = leaves_history(event->type)};
    if (settles(inputs, place)) {
        char key[UUID_SIZE];
        settling_key(event, &inputs->scratch, key);
        input->settling_key = arena_text(arena, key);
    }
    if (event->type == EVENT_CUSTOMER_OPTED_OUT)
        input->lines = lines_text(arena, event);
    take_keys(inputs, input, event);
}

static bool take_record(void *context, const KafkaRecord *from)
{
    AuditInputs *inputs = context;
    Record record;
    Event event;
    Error error = {0};
    inputs->record_count++;
    const RecordOrigin origin = {inputs->session, &inputs->clock,
                                 &inputs->places.places[from->place_index], from};
    input_record_make(&origin, &inputs->scratch, &record);
    if (!event_decode(&record, &input_event_context, &inputs->scratch, &event, &error))
        take_unreadable(inputs, from, &error);
    else if (leaves_history(event.type) ||
             settles(inputs, &inputs->places.places[from->place_index]))
        take_event(inputs, from, &event);
    arena_reset(&inputs->scratch);
    return inputs->batch_count < BATCH_COUNT || batch_check(inputs);
}

/* ---- the logs ---- */

bool audit_inputs_open(AuditInputs *inputs, Session *session)
{
    const Config *config = session->config;
    inputs->session = session;
    memcpy(inputs->results, checks, sizeof checks);
    arena_init(&inputs->arena);
    arena_init(&inputs->scratch);
    audit_map_init(&inputs->letters, 0);
    inputs->batch = arena_new(&session->arena, BATCH_COUNT * sizeof *inputs->batch);
    if (!clock_init(&inputs->clock, config_text(config, "CPOR_CLOCK_START"),
                    config_text(config, "CPOR_CLOCK_WALL_START"),
                    config_text(config, "CPOR_CLOCK_SPEED"), false, &session->error) ||
        !kafka_reader_open(session, &inputs->reader))
        return false;
    size_t count = 0;
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++) {
        inputs->firsts[count++] = inputs->places.count;
        if (!kafka_reader_add(inputs->reader, worker->topics[0], &inputs->places))
            return false;
    }
    inputs->firsts[count] = inputs->places.count;
    return true;
}

void audit_inputs_close(AuditInputs *inputs)
{
    kafka_reader_release(&inputs->reader);
    audit_map_deinit(&inputs->letters);
    arena_deinit(&inputs->arena);
    arena_deinit(&inputs->scratch);
}

/* Up to what each group has committed. A record and its transaction's marker end a topic. */
static bool read_ends(AuditInputs *inputs)
{
    KafkaPlace *places = inputs->places.places;
    for (size_t i = 0; worker_topics[i].service != NULL; i++)
        if (!kafka_reader_committed(inputs->reader, worker_topics[i].service,
                                    places + inputs->firsts[i],
                                    inputs->firsts[i + 1] - inputs->firsts[i]))
            return false;
    if (!kafka_reader_ends(inputs->reader, places, inputs->places.count))
        return false;
    for (size_t i = 0; i < inputs->places.count; i++) {
        inputs->is_behind |= settles(inputs, &places[i]) && places[i].committed < places[i].end - 1;
        places[i].next = places[i].first;
        if (places[i].committed < places[i].end)
            places[i].end = places[i].committed;
    }
    return true;
}

bool audit_inputs_check(AuditInputs *inputs, size_t *ret_open)
{
    if (inputs->is_read) {
        if (!clear_suspects(inputs))
            return false;
    } else if (!read_ends(inputs) || !read_letters(inputs) ||
               !kafka_reader_read(inputs->reader, inputs->places.places, inputs->places.count,
                                  take_record, inputs) ||
               !batch_check(inputs)) {
        return false;
    }
    inputs->is_read = true;
    *ret_open = inputs->suspect_count;
    return true;
}
