/* review_list.c - see review_list.h. */
#include "review_list.h"

#include "output.h"

#include "claim/json_writer.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t minute_ms = INT64_C(60000), hour_ms = INT64_C(3600000),
                     day_ms = INT64_C(86400000);

/* Flag 2: a reviewer's verdict is awaited for this revision, since it was validated first. */
static const DbStatement list_statement = {
    "review-list",
    "select tenant_id, claim_id, revision, mpn_id, domain, validated_at_ms,"
    " (select count(*) from jsonb_array_elements(lines) l where l->>'status' = 'UNDER_REVIEW')"
    " from claims where flags & 2 <> 0 and status = 'UNDER_REVIEW'"
    " order by validated_at_ms, tenant_id, claim_id"};

enum {
    COLUMN_TENANT,
    COLUMN_CLAIM,
    COLUMN_REVISION,
    COLUMN_MPN_ID,
    COLUMN_DOMAIN,
    COLUMN_SINCE,
    COLUMN_LINES,
};

typedef struct Waiting {
    int64_t since_ms, waited_ms;
    bool is_late;
} Waiting;

static Waiting waiting_of(const DbResult *result, size_t row, int64_t now_ms, int64_t limit_ms)
{
    Waiting waiting = {.since_ms = db_integer(result, row, COLUMN_SINCE)};
    waiting.waited_ms = now_ms > waiting.since_ms ? now_ms - waiting.since_ms : 0;
    waiting.is_late = waiting.waited_ms > limit_ms;
    return waiting;
}

/* "4 d 03:20" */
static const char *duration(Session *session, int64_t ms)
{
    return arena_printf(&session->arena, "%" PRId64 " d %02" PRId64 ":%02" PRId64, ms / day_ms,
                        ms % day_ms / hour_ms, ms % hour_ms / minute_ms);
}

static void print_row(Session *session, const DbResult *result, size_t row, const Waiting *waiting)
{
    const char *state = waiting->is_late ? output_paint(session, COLOUR_BAD, "late") : "    ";
    printf("%s  %10s %s  %-36s  %-12s  %-24s %s line%s, revision %s, %s\n",
           output_instant(session, waiting->since_ms), duration(session, waiting->waited_ms), state,
           db_text(result, row, COLUMN_TENANT), db_text(result, row, COLUMN_MPN_ID),
           db_text(result, row, COLUMN_CLAIM), db_text(result, row, COLUMN_LINES),
           db_integer(result, row, COLUMN_LINES) == 1 ? "" : "s",
           db_text(result, row, COLUMN_REVISION),
           output_clean(session, db_text(result, row, COLUMN_DOMAIN)));
}

static void write_row(JsonWriter *writer, const DbResult *result, size_t row,
                      const Waiting *waiting)
{
    writer_open(writer, '{');
    writer_member_text(writer, "tenant_id", db_text(result, row, COLUMN_TENANT));
    writer_member_text(writer, "claim_id", db_text(result, row, COLUMN_CLAIM));
    writer_member_integer(writer, "revision", db_integer(result, row, COLUMN_REVISION));
    writer_member_text(writer, "mpn_id", db_text(result, row, COLUMN_MPN_ID));
    writer_member_text(writer, "domain", db_text(result, row, COLUMN_DOMAIN));
    writer_member_integer(writer, "lines", db_integer(result, row, COLUMN_LINES));
    writer_member_instant(writer, "since", waiting->since_ms);
    writer_member_integer(writer, "waited_seconds", waiting->waited_ms / 1000);
    writer_key(writer, "late");
    writer_boolean(writer, waiting->is_late);
    writer_close(writer, '}');
}

static void tell(Session *session, const DbResult *result, int64_t now_ms)
{
    const int64_t days_max = config_integer(session->config, "CPOR_REVIEW_DAYS_MAX");
    const size_t count = db_result_rows(result);
    size_t late_count = 0;
    JsonWriter writer;
    writer_init(&writer, &session->arena, 4096);
    writer_open(&writer, '{');
    writer_key(&writer, "claims");
    writer_open(&writer, '[');
    if (!session->is_json && count > 0)
        printf("%-24s  %10s       %-36s  %-12s  %-24s %s\n", "SINCE", "WAITED", "TENANT", "PARTNER",
               "CLAIM", "WHAT");
    for (size_t row = 0; row < count; row++) {
        const Waiting waiting = waiting_of(result, row, now_ms, days_max * day_ms);
        late_count += waiting.is_late;
        if (session->is_json)
            write_row(&writer, result, row, &waiting);
        else
            print_row(session, result, row, &waiting);
    }
    writer_close(&writer, ']');
    writer_member_integer(&writer, "late", (int64_t)late_count);
    writer_member_integer(&writer, "days_max", days_max);
    writer_close(&writer, '}');
    if (session->is_json)
        printf("%s\n", writer_finish(&writer, NULL));
    else
        printf("%zu claim%s await%s a reviewer, %zu for more than %" PRId64 " days\n", count,
               count == 1 ? "" : "s", count == 1 ? "s" : "", late_count, days_max);
}

ExitCode review_list(Session *session)
{
    Clock clock;
    DbResult *result = NULL;
    if (!session_clock(session, &clock) || !session_open_reader(session) ||
        !database_run(session->database, &list_statement, NULL, 0, &result, &session->error))
        return session_fail(session);
    tell(session, result, clock_now(&clock));
    db_result_release(&result);
    return EXIT_CODE_DONE;
}
