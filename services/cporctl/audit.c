/* audit.c - `cporctl audit`: checks the promises on the stored data. */
#include "audit_checks.h"
#include "output.h"

#include "claim/json_writer.h"

#include <inttypes.h>
#include <stdio.h>

enum { AUDIT_TOLD_COUNT_MAX = 100 }; /* violations of one check; the rest are counted */

/* The violations of one check: rows of (tenant, claim, what, number of all). */
static bool check_run(Session *session, const AuditCheck *check, DbResult **ret_result)
{
    const DbStatement statement = {
        check->name, arena_printf(&session->arena,
                                  "select tenant_id, claim_id, what, count(*) over () from (%s)"
                                  " v(tenant_id, claim_id, what) order by 1, 2, 3 limit %d",
                                  check->sql, AUDIT_TOLD_COUNT_MAX)};
    return database_run(session->database, &statement, NULL, 0, ret_result, &session->error);
}

static int64_t violation_count(const DbResult *result)
{
    return db_result_rows(result) == 0 ? 0 : db_integer(result, 0, 3);
}

static void print_text(Session *session, const AuditCheck *check, const DbResult *result)
{
    const int64_t count = violation_count(result);
    const size_t told = db_result_rows(result);
    printf("%s  %-26s %s\n",
           count == 0 ? output_paint(session, COLOUR_GOOD, "good")
                      : output_paint(session, COLOUR_BAD, "BAD "),
           check->name, check->promise);
    for (size_t i = 0; i < told; i++)
        printf("      %s %s: %s\n", db_text(result, i, 0), db_text(result, i, 1),
               output_clean(session, db_text(result, i, 2)));
    if (count > (int64_t)told)
        printf("      … and %" PRId64 " more\n", count - (int64_t)told);
}

static void write_json(JsonWriter *writer, const AuditCheck *check, const DbResult *result)
{
    writer_open(writer, '{');
    writer_member_text(writer, "name", check->name);
    writer_member_text(writer, "promise", check->promise);
    writer_member_integer(writer, "violation_count", violation_count(result));
    writer_key(writer, "violations");
    writer_open(writer, '[');
    for (size_t i = 0; i < db_result_rows(result); i++) {
        writer_open(writer, '{');
        writer_member_text(writer, "tenant_id", db_text(result, i, 0));
        writer_member_or_null(writer, "claim_id", db_text(result, i, 1));
        writer_member_text(writer, "what", db_text(result, i, 2));
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
    writer_close(writer, '}');
}

static bool checks_run(Session *session, JsonWriter *writer, int64_t *ret_count)
{
    for (const AuditCheck *check = audit_checks; check->name != NULL; check++) {
        DbResult *result = NULL;
        if (!check_run(session, check, &result))
            return false;
        *ret_count += violation_count(result);
        if (session->is_json)
            write_json(writer, check, result);
        else
            print_text(session, check, result);
        fflush(stdout); /* a check may take a while: what is known is told */
        db_result_release(&result);
    }
    return true;
}

ExitCode audit_run(Session *session)
{
    JsonWriter writer;
    int64_t count = 0;
    writer_init(&writer, &session->arena, 4096);
    writer_open(&writer, '{');
    writer_key(&writer, "checks");
    writer_open(&writer, '[');
    if (!session_open_database(session,
                               (int)config_integer(session->config, "CPOR_AUDIT_TIMEOUT_MS")) ||
        !session_begin_snapshot(session) || !checks_run(session, &writer, &count))
        return session_fail(session);
    writer_close(&writer, ']');
    writer_member_integer(&writer, "violation_count", count);
    writer_close(&writer, '}');
    if (session->is_json)
        printf("%s\n", writer_finish(&writer, NULL));
    else
        printf("%" PRId64 " violation%s\n", count, count == 1 ? "" : "s");
    return count == 0 ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
}
