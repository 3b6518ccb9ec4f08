/* kept.c - `cporctl kept`: opt-outs that wait for their claim. */
#include "kept.h"

#include "options.h"
#include "output.h"

#include "claim/json_writer.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEPT_COUNT_MAX = 10000 };

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

const Option kept_options[] = {
    {"--limit", "N", "at most so many, oldest first, 1..10000; else 100"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

int64_t kept_until_ms(const Session *session, int64_t received_at_ms)
{
    return received_at_ms + config_integer(session->config, "CPOR_KEPT_OPT_OUT_DAYS") * day_ms;
}

bool kept_load(Session *session, const ClaimName *name, KeptOptOuts *ret_kept)
{
    static const DbStatement statement = {
        "kept-of-claim", "select received_at_ms, coalesce(array_to_string(lines, ', '), 'all')"
                         " from kept_opt_outs where tenant_id = $1::uuid and claim_id = $2"
                         " order by received_at_ms, cause_key"};
    const char *parameters[] = {name->tenant_id, name->claim_id};
    DbResult *result = NULL;
    if (!database_run(session->database, &statement, parameters, 2, &result, &session->error))
        return false;
    ret_kept->count = db_result_rows(result);
    ret_kept->list = arena_new(&session->arena, (ret_kept->count + 1) * sizeof *ret_kept->list);
    for (size_t i = 0; i < ret_kept->count; i++) {
        const int64_t received_at_ms = db_integer(result, i, 0);
        ret_kept->list[i] = (KeptOptOut){received_at_ms, kept_until_ms(session, received_at_ms),
                                         arena_text(&session->arena, db_text(result, i, 1))};
    }
    db_result_release(&result);
    return true;
}

void kept_print(Session *session, const KeptOptOuts *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        printf("An opt-out waits for this claim: received %s, lines: %s, kept until %s\n",
               output_instant(session, kept->list[i].received_at_ms), kept->list[i].lines,
               output_instant(session, kept->list[i].until_ms));
}

/* The statement's columns, in order. */
enum {
    COLUMN_TENANT,
    COLUMN_CLAIM,
    COLUMN_RECEIVED,
    COLUMN_LINES,
    COLUMN_ACTOR_TYPE,
    COLUMN_TOPIC,
    COLUMN_PARTITION,
    COLUMN_OFFSET,
    COLUMN_TOTAL,
};

static const DbStatement list_statement = {
    "kept-list",
    "select tenant_id, claim_id, received_at_ms, coalesce(array_to_string(lines, ', '), 'all'),"
    " actor_type, cause_topic, cause_partition, cause_offset, count(*) over () from kept_opt_outs"
    " order by received_at_ms, cause_key limit $1::bigint"};

static void print_row(Session *session, const DbResult *result, size_t row)
{
    const int64_t received_at_ms = db_integer(result, row, COLUMN_RECEIVED);
    printf("%s  %-24s received %s from %s, lines: %s, kept until %s\n",
           db_text(result, row, COLUMN_TENANT), db_text(result, row, COLUMN_CLAIM),
           output_instant(session, received_at_ms), db_text(result, row, COLUMN_ACTOR_TYPE),
           db_text(result, row, COLUMN_LINES),
           output_instant(session, kept_until_ms(session, received_at_ms)));
}

static void write_row(const Session *session, JsonWriter *writer, const DbResult *result,
                      size_t row)
{
    const int64_t received_at_ms = db_integer(result, row, COLUMN_RECEIVED);
    writer_open(writer, '{');
    writer_member_text(writer, "tenant_id", db_text(result, row, COLUMN_TENANT));
    writer_member_text(writer, "claim_id", db_text(result, row, COLUMN_CLAIM));
    writer_member_instant(writer, "received_at", received_at_ms);
    writer_member_instant(writer, "kept_until", kept_until_ms(session, received_at_ms));
    writer_member_text(writer, "lines", db_text(result, row, COLUMN_LINES));
    writer_member_text(writer, "actor_type", db_text(result, row, COLUMN_ACTOR_TYPE));
    writer_member_text(writer, "topic", db_text(result, row, COLUMN_TOPIC));
    writer_member_integer(writer, "partition", db_integer(result, row, COLUMN_PARTITION));
    writer_member_integer(writer, "offset", db_integer(result, row, COLUMN_OFFSET));
    writer_close(writer, '}');
}

static void print_json(Session *session, const DbResult *result, int64_t total)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 4096);
    writer_open(&writer, '{');
    writer_member_integer(&writer, "count", total);
    writer_key(&writer, "opt_outs");
    writer_open(&writer, '[');
    for (size_t row = 0; row < db_result_rows(result); row++)
        write_row(session, &writer, result, row);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

ExitCode kept_run(Session *session)
{
    DbResult *result = NULL;
    int64_t limit = 0;
    const ExitCode code = option_number(session, "--limit", 1, KEPT_COUNT_MAX, 100, &limit);
    if (code != EXIT_CODE_DONE)
        return code;
    const char *limit_text = arena_printf(&session->arena, "%" PRId64, limit);
    if (!session_open_reader(session) ||
        !database_run(session->database, &list_statement, &limit_text, 1, &result, &session->error))
        return session_fail(session);
    const size_t count = db_result_rows(result);
    const int64_t total = count == 0 ? 0 : db_integer(result, 0, COLUMN_TOTAL);
    if (session->is_json) {
        print_json(session, result, total);
    } else {
        for (size_t row = 0; row < count; row++)
            print_row(session, result, row);
        printf("%" PRId64 " opt-out%s kept%s\n", total, total == 1 ? "" : "s",
               total > (int64_t)count ? "; the oldest are shown: raise --limit" : "");
    }
    db_result_release(&result);
    return EXIT_CODE_DONE;
}
