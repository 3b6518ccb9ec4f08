/* act_follow.c - what came of an event: its row in the history, in one line. */
#include "act_follow.h"

#include "kafka_sender.h"
#include "output.h"
#include "status.h"

#include "claim/uuid.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ASK_PAUSE_MS = 100 };

typedef enum OutcomeKind {
    OUTCOME_PUBLISHED, /* nobody waited */
    OUTCOME_MOVED,
    OUTCOME_IGNORED,
    OUTCOME_DEAD_LETTER,
    OUTCOME_TIMED_OUT,
} OutcomeKind;

static const char *const outcome_names[] = {[OUTCOME_PUBLISHED] = "published",
                                            [OUTCOME_MOVED] = "moved",
                                            [OUTCOME_IGNORED] = "ignored",
                                            [OUTCOME_DEAD_LETTER] = "dead-letter",
                                            [OUTCOME_TIMED_OUT] = "not-handled-yet"};

/* Texts are in the session's arena; "" where there is none. */
typedef struct ActOutcome {
    OutcomeKind kind;
    const char *event_id;
    const char *from, *to, *reason, *why;
    const char *lines; /* JSON, as the history has it; "" */
    int64_t deadline_at_ms;
} ActOutcome;

/* What a deadline did before the event has the same cause: the event's own row is the last. */
static const DbStatement ask_statement = {
    "act-follow",
    "select from_status, to_status, reason, ignored, lines from history where cause_key = $1::uuid"
    " and tenant_id = $2::uuid and claim_id = $3 order by id desc limit 1"};

static void take_row(Session *session, const DbResult *result, ActOutcome *outcome)
{
    static const char dead_letter[] = "dead letter: "; /* how the workers' history begins it */
    const size_t mark_size = sizeof dead_letter - 1;
    const char *ignored = db_text(result, 0, 3);
    Arena *arena = &session->arena;
    outcome->from = arena_text(arena, db_text(result, 0, 0));
    outcome->to = arena_text(arena, db_text(result, 0, 1));
    outcome->reason = arena_text(arena, db_text(result, 0, 2));
    outcome->lines = arena_text(arena, db_text(result, 0, 4));
    outcome->kind = db_is_null(result, 0, 3) ? OUTCOME_MOVED : OUTCOME_IGNORED;
    if (strncmp(ignored, dead_letter, mark_size) == 0) {
        outcome->kind = OUTCOME_DEAD_LETTER;
        ignored += mark_size;
    }
    outcome->why = arena_text(arena, ignored);
}

static bool ask(Act *act, const char *cause_key, ActOutcome *outcome)
{
    Session *session = act->session;
    const char *parameters[] = {cause_key, act->name.tenant_id, act->name.claim_id};
    DbResult *result = NULL;
    if (!database_run(session->database, &ask_statement, parameters, 3, &result, &session->error))
        return false;
    if (db_result_rows(result) > 0)
        take_row(session, result, outcome);
    db_result_release(&result);
    return true;
}

static bool wait_for(Act *act, ActOutcome *outcome)
{
    const struct timespec pause = {.tv_nsec = ASK_PAUSE_MS * 1000000L};
    const int64_t end_mono_ms = clock_mono_now() + act->timeout_ms;
    char cause_key[UUID_SIZE];
    uuid_cause(SENDER_SOURCE, outcome->event_id, cause_key);
    outcome->kind = OUTCOME_TIMED_OUT;
    while (true) {
        const bool is_last = clock_mono_now() >= end_mono_ms;
        if (!ask(act, cause_key, outcome))
            return false;
        if (outcome->kind != OUTCOME_TIMED_OUT || is_last)
            return true;
        nanosleep(&pause, NULL);
    }
}

/* ---- one line ---- */

static const char *member(const json_t *move, const char *key)
{
    const char *text = json_string_value(json_object_get(move, key));
    return text == NULL ? "-" : text;
}

/* "; line 1: OPT_OUT_OPEN → DECLINED, …" */
static const char *lines_text(Session *session, const char *lines)
{
    json_t *moves = json_loads(lines, 0, NULL);
    const char *text = "";
    for (size_t i = 0; i < json_array_size(moves); i++) {
        const json_t *move = json_array_get(moves, i);
        text = arena_printf(&session->arena, "%s; line %" JSON_INTEGER_FORMAT ": %s → %s", text,
                            json_integer_value(json_object_get(move, "line")), member(move, "from"),
                            member(move, "to"));
    }
    json_decref(moves);
    return output_clean(session, text);
}

static const char *move_text(const Act *act, const ActOutcome *outcome)
{
    Session *session = act->session;
    Arena *arena = &session->arena;
    const char *comma = *outcome->reason == '\0' ? "" : ", ";
    const char *lines = lines_text(session, outcome->lines);
    if (act->type == EVENT_WINDOW_EXTENDED)
        return arena_printf(arena, "window extended to %s, stays %s",
                            output_instant(session, outcome->deadline_at_ms), outcome->to);
    if (strcmp(outcome->from, outcome->to) == 0)
        return arena_printf(arena, "stays %s%s%s%s", outcome->to, comma, outcome->reason, lines);
    return arena_printf(arena, "%s → %s%s%s%s", outcome->from, outcome->to, comma, outcome->reason,
                        lines);
}

static const char *outcome_text(const Act *act, const ActOutcome *outcome)
{
    Session *session = act->session;
    Arena *arena = &session->arena;
    switch (outcome->kind) {
    case OUTCOME_PUBLISHED:
        return arena_printf(arena, "published as event %s", outcome->event_id);
    case OUTCOME_MOVED:
        return output_paint(session, COLOUR_GOOD, move_text(act, outcome));
    case OUTCOME_IGNORED:
        return output_paint(session, COLOUR_BAD,
                            arena_printf(arena, "ignored: %s (stays %s)",
                                         output_clean(session, outcome->why), outcome->to));
    case OUTCOME_DEAD_LETTER:
        return output_paint(
            session, COLOUR_BAD,
            arena_printf(arena, "dead letter: %s", output_clean(session, outcome->why)));
    case OUTCOME_TIMED_OUT:
        return arena_printf(arena,
                            "published, and not handled after %" PRId64 " s: it is when %s runs "
                            "(cporctl lag)",
                            act->timeout_ms / 1000, event_type_topic(act->type));
    }
    return "";
}

static void write_or_null(JsonWriter *writer, const char *key, const char *text)
{
    writer_member_or_null(writer, key, text == NULL ? "" : text);
}

static void print_json(const Act *act, const ActOutcome *outcome)
{
    JsonWriter writer;
    writer_init(&writer, &act->session->arena, 1024);
    writer_open(&writer, '{');
    writer_member_text(&writer, "tenant_id", act->name.tenant_id);
    writer_member_text(&writer, "claim_id", act->name.claim_id);
    writer_member_text(&writer, "event", event_type_name(act->type));
    writer_member_text(&writer, "event_source", SENDER_SOURCE);
    writer_member_text(&writer, "event_id", outcome->event_id);
    writer_member_text(&writer, "outcome", outcome_names[outcome->kind]);
    write_or_null(&writer, "from", outcome->from);
    write_or_null(&writer, "to", outcome->to);
    write_or_null(&writer, "reason", outcome->reason);
    write_or_null(&writer, "why", outcome->why);
    writer_member_instant(&writer, "deadline_at", outcome->deadline_at_ms);
    writer_key(&writer, "lines");
    if (outcome->lines == NULL || *outcome->lines == '\0')
        writer_raw(&writer, "[]", 2);
    else
        writer_raw(&writer, outcome->lines, strlen(outcome->lines));
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

/* The claim's latest deadline as the event left it. */
static bool read_deadline(Act *act, ActOutcome *outcome)
{
    Claim claim = {.status = CLAIM_NONE};
    if (outcome->kind != OUTCOME_MOVED || act->type != EVENT_WINDOW_EXTENDED)
        return true;
    if (!status_load_claim(act->session, &act->name, &claim))
        return false;
    outcome->deadline_at_ms = claim_deadline(&claim);
    return true;
}

ExitCode act_follow(Act *act, const char *event_id)
{
    Session *session = act->session;
    ActOutcome outcome = {.kind = OUTCOME_PUBLISHED, .event_id = event_id};
    if ((act->waits && !wait_for(act, &outcome)) || !read_deadline(act, &outcome))
        return session_fail(session);
    if (session->is_json)
        print_json(act, &outcome);
    else
        printf("%s: %s\n", act->name.claim_id, outcome_text(act, &outcome));
    const bool is_good = outcome.kind == OUTCOME_MOVED || outcome.kind == OUTCOME_PUBLISHED;
    return is_good ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
}
