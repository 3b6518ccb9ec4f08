/* audit.c - `cporctl audit`: checks the promises on the stored data and on what was published. */
#include "audit_checks.h"
#include "audit_inputs.h"
#include "audit_log.h"
#include "audit_topics.h"
#include "audit_windows.h"
#include "signing.h"

#include "runtime/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUND_PAUSE_MS = 500 };

const Option audit_options[] = {
    {"--no-kafka", NULL, "leave out what is in Kafka: the tables alone"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Audit {
    Session *session;
    AuditLog *log;       /* NULL: --no-kafka */
    AuditInputs *inputs; /* likewise */
    JsonWriter writer;
    int64_t violation_count;
    size_t in_flight_count; /* differences that the workers cleared meanwhile */
    int64_t waited_ms;
} Audit;

/* The violations of one check: rows of (tenant, claim, what, number of all). */
static bool check_run(Audit *audit, const AuditCheck *check)
{
    Session *session = audit->session;
    AuditResult *result = arena_new(&session->arena, sizeof *result);
    DbResult *rows = NULL;
    const DbStatement statement = {
        check->name, arena_printf(&session->arena,
                                  "select tenant_id, claim_id, what, count(*) over () from (%s)"
                                  " v(tenant_id, claim_id, what) order by 1, 2, 3 limit $1::bigint",
                                  check->sql)};
    const char *limit = arena_printf(&session->arena, "%d", AUDIT_TOLD_COUNT_MAX);
    if (!database_run(session->database, &statement, &limit, 1, &rows, &session->error))
        return false;
    *result = (AuditResult){.name = check->name, .promise = check->promise};
    for (size_t i = 0; i < db_result_rows(rows); i++)
        audit_add(session, result, db_text(rows, i, 0), db_text(rows, i, 1), "%s",
                  db_text(rows, i, 2));
    if (db_result_rows(rows) > 0)
        result->count = db_integer(rows, 0, 3);
    db_result_release(&rows);
    audit->violation_count += result->count;
    audit_tell(session, &audit->writer, result);
    return true;
}

/* Whole tables are read: sequentially is faster here, unlike in the workers' statements. */
static bool snapshot_begin(Session *session)
{
    const int64_t overdue_ms = config_integer(session->config, "CPOR_AUDIT_OVERDUE_SECONDS") * 1000;
    const char *since = config_text(session->config, "CPOR_SIGNED_SINCE");
    int64_t since_ms = 0;
    SignatureLevel level;
    Clock clock;
    if (!session_clock(session, &clock) || !demand_read(session, &level))
        return false;
    if (*since != '\0' && !clock_parse(since, strlen(since), &since_ms))
        return error_set(&session->error, ERROR_FATAL,
                         "read CPOR_SIGNED_SINCE \"%.40s\": wants an instant such as"
                         " 2026-11-29T10:00:00Z",
                         since);
    /* As a setting, because the checks are constant texts. */
    const char *set = arena_printf(
        &session->arena,
        "set local enable_seqscan = on; set local cpor.overdue_ms = '%" PRId64
        "'; set local cpor.demanded = '%s'; set local cpor.signed_since_ms = '%" PRId64 "'",
        clock_from_wall(&clock, clock_wall_now() - overdue_ms), signature_level_name(level),
        since_ms);
    return session_begin_snapshot(session) &&
           database_execute(session->database, set, &session->error);
}

static bool windows_check(Audit *audit)
{
    AuditResult *result = arena_new(&audit->session->arena, sizeof *result);
    if (!audit_windows_check(audit->session, result))
        return false;
    audit->violation_count += result->count;
    audit_tell(audit->session, &audit->writer, result);
    return true;
}

static bool tables_check(Audit *audit)
{
    for (const AuditCheck *check = audit_checks; check->name != NULL; check++)
        if (!check_run(audit, check))
            return false;
    return windows_check(audit);
}

/* ---- the logs ---- */

static bool topics_check(Audit *audit)
{
    AuditResult *result = arena_new(&audit->session->arena, sizeof *result);
    if (!audit_topics_check(audit->session, result))
        return false;
    audit->violation_count += result->count;
    audit_tell(audit->session, &audit->writer, result);
    return true;
}

static bool round_run(Audit *audit, size_t *ret_open)
{
    size_t log_count = 0, input_count = 0;
    if (!audit_log_compare(audit->log, &log_count))
        return false;
    database_rollback(audit->session->database);
    if (!audit_inputs_check(audit->inputs, &input_count))
        return false;
    *ret_open = log_count + input_count;
    return true;
}

static bool round_again(Audit *audit, size_t *ret_open)
{
    const struct timespec pause = {.tv_nsec = ROUND_PAUSE_MS * 1000000L};
    nanosleep(&pause, NULL);
    return audit_log_read(audit->log) && snapshot_begin(audit->session) &&
           round_run(audit, ret_open);
}

static void results_tell(Audit *audit, const AuditResult *results, int count)
{
    for (int i = 0; i < count; i++) {
        audit->violation_count += results[i].count;
        audit_tell(audit->session, &audit->writer, &results[i]);
    }
}

/* The tables are ahead of the logs by what is in flight: differences have their time to go away. */
static bool logs_check(Audit *audit)
{
    const int64_t settle_ms = config_integer(audit->session->config, "CPOR_AUDIT_SETTLE_MS");
    const int64_t begin_mono_ms = clock_mono_now();
    size_t open_count = 0;
    if (!round_run(audit, &open_count))
        return false;
    audit->in_flight_count = open_count;
    while (open_count > 0 && clock_mono_now() - begin_mono_ms < settle_ms)
        if (!round_again(audit, &open_count))
            return false;
    audit->in_flight_count -= open_count;
    audit->waited_ms = clock_mono_now() - begin_mono_ms;
    audit_inputs_end(audit->inputs);
    results_tell(audit, audit->log->results, LOG_CHECK_COUNT);
    results_tell(audit, audit->inputs->results, INPUT_CHECK_COUNT);
    return topics_check(audit);
}

static bool checks_run(Audit *audit)
{
    Session *session = audit->session;
    return (audit->log == NULL ||
            (audit_log_open(audit->log, session) && audit_inputs_open(audit->inputs, session) &&
             audit_log_read(audit->log))) &&
           session_open_database(session,
                                 (int)config_integer(session->config, "CPOR_AUDIT_TIMEOUT_MS")) &&
           /* What came while the long read ran: the ends just before the snapshot. */
           (audit->log == NULL || audit_log_read(audit->log)) && snapshot_begin(session) &&
           tables_check(audit) && (audit->log == NULL || logs_check(audit));
}

/* ---- the answer ---- */

static void print_text(const Audit *audit)
{
    if (audit->log == NULL)
        printf("what was published was left out (--no-kafka)\n");
    else
        printf("%" PRId64 " published records read\n%" PRId64 " consumed records read\n",
               audit->log->record_count, audit->inputs->record_count);
    if (audit->in_flight_count > 0)
        printf("%zu difference%s between tables and logs were in flight, and gone after %" PRId64
               " ms\n",
               audit->in_flight_count, audit->in_flight_count == 1 ? "" : "s", audit->waited_ms);
    printf("%" PRId64 " violation%s\n", audit->violation_count,
           audit->violation_count == 1 ? "" : "s");
}

static void print_json(Audit *audit)
{
    JsonWriter *writer = &audit->writer;
    writer_close(writer, ']');
    writer_key(writer, "published_record_count");
    if (audit->log == NULL)
        writer_text(writer, NULL);
    else
        writer_integer(writer, audit->log->record_count);
    writer_key(writer, "consumed_record_count");
    if (audit->inputs == NULL)
        writer_text(writer, NULL);
    else
        writer_integer(writer, audit->inputs->record_count);
    writer_member_integer(writer, "in_flight_count", (int64_t)audit->in_flight_count);
    writer_member_integer(writer, "violation_count", audit->violation_count);
    writer_close(writer, '}');
    printf("%s\n", writer_finish(writer, NULL));
}

ExitCode audit_run(Session *session)
{
    const bool with_kafka = arguments_option(&session->arguments, "--no-kafka") == NULL;
    Audit *audit = arena_new(&session->arena, sizeof *audit);
    audit->session = session;
    if (with_kafka) {
        audit->log = arena_new(&session->arena, sizeof *audit->log);
        audit->inputs = arena_new(&session->arena, sizeof *audit->inputs);
    }
    writer_init(&audit->writer, &session->arena, 4096);
    writer_open(&audit->writer, '{');
    writer_key(&audit->writer, "checks");
    writer_open(&audit->writer, '[');
    const bool done = checks_run(audit);
    if (done && session->is_json)
        print_json(audit);
    else if (done)
        print_text(audit);
    if (with_kafka) {
        audit_log_close(audit->log);
        audit_inputs_close(audit->inputs);
    }
    if (!done)
        return session_fail(session);
    return audit->violation_count == 0 ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
}
