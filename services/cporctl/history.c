/* history.c - `cporctl history`: a claim's life as a person can read it. */
#include "kept.h"
#include "output.h"

#include "claim/json_writer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { HISTORY_PAGE_COUNT = 500 };

/* Page by page: a claim whose events were repeated for years may have very many rows. */
static const DbStatement page_statement = {
    "history-page",
    "select id, sequence, at_ms, (extract(epoch from recorded_at) * 1000)::bigint, service, "
    "instance,"
    " actor_type, actor_id, event, from_status, to_status, reason, lines, ignored, cause_source,"
    " cause_id, cause_topic, cause_partition, cause_offset, note, proof from history"
    " where tenant_id = $1::uuid and claim_id = $2 and id > $3::bigint order by id limit 500"};

/* The statement's columns, in order. */
enum {
    COLUMN_ID,
    COLUMN_SEQUENCE,
    COLUMN_AT,
    COLUMN_RECORDED,
    COLUMN_SERVICE,
    COLUMN_INSTANCE,
    COLUMN_ACTOR_TYPE,
    COLUMN_ACTOR_ID,
    COLUMN_EVENT,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_REASON,
    COLUMN_LINES,
    COLUMN_IGNORED,
    COLUMN_CAUSE_SOURCE,
    COLUMN_CAUSE_ID,
    COLUMN_CAUSE_TOPIC,
    COLUMN_CAUSE_PARTITION,
    COLUMN_CAUSE_OFFSET,
    COLUMN_NOTE,
    COLUMN_PROOF,
};

/* ---- text ---- */

static const char *or_dash(const char *text)
{
    return *text == '\0' ? "-" : text;
}

/* What happened, for who does not know the events' names. */
static const char *const event_words[][2] = {
    {"cpor.claim.submitted.v1", "the claim was submitted"},
    {"cpor.claim.resubmitted.v1", "the partner answered with a new revision"},
    {"cpor.claim.withdrawn.v1", "the partner takes it back"},
    {"cpor.claim.evidence-added.v1", "the partner added a proof of execution"},
    {"cpor.claim.comment-added.v1", "a comment was added"},
    {"cpor.claim.reviewed.v1", "a reviewer's verdict"},
    {"cpor.association.disassociated.v1", "the partner ends the association"},
    {"cpor.association.imported.v1", "an association of the old model was imported"},
    {"cpor.claim.answer-due.v1", "the partner's time to answer is over"},
    {"cpor.claim.received.v1", "the claim was checked against the rules"},
    {"cpor.claim.recheck-due.v1", "what it waits for was looked for again"},
    {"cpor.notice.requested.v1", "the notice was handed to the mail server"},
    {"cpor.notice.retry-due.v1", "the notice was tried again"},
    {"cpor.customer.opted-out.v1", "the customer opts out"},
    {"cpor.window.opened.v1", "the customer's window opened"},
    {"cpor.window.extended.v1", "the window is extended"},
    {"cpor.window.closed.v1", "a window closed"},
    {"cpor.subscription.changed.v1", "a subscription changed"},
    {"cporctl.forget", "a person's data was erased"},
};

static const char *words_of(const char *event)
{
    for (size_t i = 0; i < sizeof event_words / sizeof event_words[0]; i++)
        if (strcmp(event_words[i][0], event) == 0)
            return event_words[i][1];
    return event;
}

static const char *move_text(Session *session, const DbResult *result, size_t row)
{
    const char *from = db_text(result, row, COLUMN_FROM), *to = db_text(result, row, COLUMN_TO);
    if (!db_is_null(result, row, COLUMN_IGNORED))
        return output_paint(session, COLOUR_QUIET,
                            arena_printf(&session->arena, "ignored (stays %s)", or_dash(to)));
    if (*from == '\0' && *to == '\0')
        return output_paint(session, COLOUR_QUIET, "kept");
    if (strcmp(from, to) == 0)
        return arena_printf(&session->arena, "stays %s", to);
    return output_paint(session, COLOUR_GOOD,
                        arena_printf(&session->arena, "%s → %s", or_dash(from), to));
}

/* One word of a moved line; "-" where there is none. */
static const char *member(const json_t *move, const char *key)
{
    const char *text = json_string_value(json_object_get(move, key));
    return text == NULL ? "-" : text;
}

static void print_lines(Session *session, const char *text)
{
    json_t *moves = json_loads(text, 0, NULL);
    for (size_t i = 0; i < json_array_size(moves); i++) {
        const json_t *move = json_array_get(moves, i);
        const char *reason = json_string_value(json_object_get(move, "reason"));
        printf("    line %lld: %s → %s%s%s\n",
               (long long)json_integer_value(json_object_get(move, "line")),
               output_clean(session, member(move, "from")),
               output_clean(session, member(move, "to")), reason == NULL ? "" : ", ",
               output_clean(session, reason));
    }
    json_decref(moves);
}

/* Where it comes from: quiet, behind what happened. */
static void print_origin(Session *session, const DbResult *result, size_t row)
{
    const char *cause =
        *db_text(result, row, COLUMN_CAUSE_TOPIC) == '\0'
            ? ""
            : arena_printf(&session->arena, ", caused by %s/%s@%s, id %s of %s",
                           db_text(result, row, COLUMN_CAUSE_TOPIC),
                           db_text(result, row, COLUMN_CAUSE_PARTITION),
                           db_text(result, row, COLUMN_CAUSE_OFFSET),
                           output_clean(session, db_text(result, row, COLUMN_CAUSE_ID)),
                           output_clean(session, db_text(result, row, COLUMN_CAUSE_SOURCE)));
    const char *origin =
        arena_printf(&session->arena, "change %s, %s%s; recorded %s by %s",
                     db_text(result, row, COLUMN_SEQUENCE),
                     output_clean(session, db_text(result, row, COLUMN_EVENT)), cause,
                     output_instant(session, db_integer(result, row, COLUMN_RECORDED)),
                     output_clean(session, db_text(result, row, COLUMN_INSTANCE)));
    printf("    %s\n", output_paint(session, COLOUR_QUIET, origin));
}

static void print_row(Session *session, const DbResult *result, size_t row)
{
    const char *reason = db_text(result, row, COLUMN_REASON);
    const char *actor = db_text(result, row, COLUMN_ACTOR_TYPE);
    const char *actor_id = db_text(result, row, COLUMN_ACTOR_ID);
    printf("%s  %s%s%s\n", output_instant(session, db_integer(result, row, COLUMN_AT)),
           move_text(session, result, row), *reason == '\0' ? "" : ", ",
           output_clean(session, reason));
    const char *proof = db_text(result, row, COLUMN_PROOF);
    printf("    %s, by %s%s%s%s%s\n",
           output_clean(session, words_of(db_text(result, row, COLUMN_EVENT))), or_dash(actor),
           *actor_id == '\0' ? "" : " ", output_clean(session, actor_id),
           *proof == '\0' ? "" : ", proved by key ", output_clean(session, proof));
    if (!db_is_null(result, row, COLUMN_IGNORED))
        printf("    why ignored: %s\n",
               output_clean(session, db_text(result, row, COLUMN_IGNORED)));
    if (!db_is_null(result, row, COLUMN_NOTE))
        printf("    in their words: %s\n",
               output_clean(session, db_text(result, row, COLUMN_NOTE)));
    if (!db_is_null(result, row, COLUMN_LINES))
        print_lines(session, db_text(result, row, COLUMN_LINES));
    print_origin(session, result, row);
}

/* ---- JSON ---- */

static void write_text(JsonWriter *writer, const DbResult *result, size_t row, const char *key,
                       int column)
{
    writer_key(writer, key);
    writer_text(writer, db_is_null(result, row, column) ? NULL : db_text(result, row, column));
}

static void write_cause(JsonWriter *writer, const DbResult *result, size_t row)
{
    writer_key(writer, "cause");
    writer_open(writer, '{');
    write_text(writer, result, row, "source", COLUMN_CAUSE_SOURCE);
    write_text(writer, result, row, "id", COLUMN_CAUSE_ID);
    write_text(writer, result, row, "topic", COLUMN_CAUSE_TOPIC);
    writer_member_integer(writer, "partition", db_integer(result, row, COLUMN_CAUSE_PARTITION));
    writer_member_integer(writer, "offset", db_integer(result, row, COLUMN_CAUSE_OFFSET));
    writer_close(writer, '}');
}

static void write_row(JsonWriter *writer, const DbResult *result, size_t row)
{
    writer_open(writer, '{');
    writer_member_integer(writer, "sequence", db_integer(result, row, COLUMN_SEQUENCE));
    writer_member_instant(writer, "at", db_integer(result, row, COLUMN_AT));
    writer_member_instant(writer, "recorded_at", db_integer(result, row, COLUMN_RECORDED));
    write_text(writer, result, row, "service", COLUMN_SERVICE);
    write_text(writer, result, row, "instance", COLUMN_INSTANCE);
    writer_key(writer, "actor");
    writer_open(writer, '{');
    write_text(writer, result, row, "type", COLUMN_ACTOR_TYPE);
    write_text(writer, result, row, "id", COLUMN_ACTOR_ID);
    writer_close(writer, '}');
    write_text(writer, result, row, "proof", COLUMN_PROOF);
    write_text(writer, result, row, "event", COLUMN_EVENT);
    write_text(writer, result, row, "from", COLUMN_FROM);
    write_text(writer, result, row, "to", COLUMN_TO);
    write_text(writer, result, row, "reason", COLUMN_REASON);
    writer_key(writer, "lines");
    if (db_is_null(result, row, COLUMN_LINES))
        writer_raw(writer, "[]", 2);
    else
        writer_raw(writer, db_text(result, row, COLUMN_LINES),
                   strlen(db_text(result, row, COLUMN_LINES)));
    write_text(writer, result, row, "ignored", COLUMN_IGNORED);
    write_text(writer, result, row, "note", COLUMN_NOTE);
    write_cause(writer, result, row);
    writer_close(writer, '}');
}

/* ---- pages ---- */

static void print_page(Session *session, const DbResult *result, bool is_first)
{
    for (size_t row = 0; row < db_result_rows(result); row++) {
        if (!session->is_json) {
            print_row(session, result, row);
            continue;
        }
        JsonWriter writer;
        writer_init(&writer, &session->arena, 1024);
        write_row(&writer, result, row);
        printf("%s%s", is_first && row == 0 ? "" : ",\n ", writer_finish(&writer, NULL));
    }
}

/* Prints the rows after *last_id and moves it on. Out: ret_count  of rows. */
static bool history_page(Session *session, const ClaimName *name, int64_t *last_id,
                         size_t *ret_count)
{
    char after[24];
    snprintf(after, sizeof after, "%lld", (long long)*last_id);
    const char *parameters[] = {name->tenant_id, name->claim_id, after};
    DbResult *result = NULL;
    if (!database_run(session->database, &page_statement, parameters, 3, &result, &session->error))
        return false;
    *ret_count = db_result_rows(result);
    print_page(session, result, *last_id == 0);
    if (*ret_count > 0)
        *last_id = db_integer(result, *ret_count - 1, COLUMN_ID);
    db_result_release(&result);
    return true;
}

static bool history_pages(Session *session, const ClaimName *name, int64_t *last_id)
{
    size_t count = HISTORY_PAGE_COUNT;
    while (count == HISTORY_PAGE_COUNT) {
        arena_reset(&session->arena);
        if (!history_page(session, name, last_id, &count))
            return false;
    }
    return true;
}

static ExitCode history_show(Session *session, const ClaimName *name)
{
    KeptOptOuts kept = {.count = 0};
    int64_t last_id = 0;
    printf(session->is_json ? "[" : "");
    if (!history_pages(session, name, &last_id) || !kept_load(session, name, &kept))
        return session_fail(session);
    if (session->is_json)
        printf("]\n");
    else
        kept_print(session, &kept);
    if (last_id == 0 && kept.count == 0)
        return session_deny(session, "nothing is known of claim %s of tenant %s", name->claim_id,
                            name->tenant_id);
    return EXIT_CODE_DONE;
}

ExitCode history_run(Session *session)
{
    ClaimName name;
    ExitCode code = claim_words_check(session);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!session_open_reader(session) || !session_begin_snapshot(session))
        return session_fail(session);
    code = claim_find(session, &name);
    return code == EXIT_CODE_DONE ? history_show(session, &name) : code;
}
