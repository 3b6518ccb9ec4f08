/* timers.c - `cporctl timers`: what waits in PostgreSQL, and whether Redis knows of it. */
#include "options.h"
#include "output.h"

#include "claim/json_writer.h"
#include "runtime/clock.h"
#include "runtime/timer_index.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KIND_NAMES "WINDOW, ANSWER, REMINDER, RECHECK, NOTICE or KEPT"

const Option timers_options[] = {
    {"--due", NULL, "only those whose instant has come"},
    {"--kind", "K", "only " KIND_NAMES},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Look {
    const char *kind; /* NULL: all */
    bool due_only;
    int64_t now_ms, overdue_ms; /* business; due before overdue_ms is overdue */
    bool redis_is_there;
    bool marked[TIMER_SHARD_COUNT];
    int64_t in_redis[TIMER_SHARD_COUNT];
} Look;

/* A window's wake-up is one per tenant and deadline: Redis has fewer members than there are rows. A
 * claim may have several opt-outs that are kept, each with an instant of its own. */
static const DbStatement select_statement = {
    "timers-look", "select kind, shard, count(*), count(*) filter (where due_at_ms <= $1::bigint),"
                   " count(*) filter (where due_at_ms < $2::bigint), min(due_at_ms),"
                   " count(distinct case kind when 'WINDOW' then tenant_id::text || due_at_ms"
                   " when 'KEPT' then tenant_id::text || ' ' || claim_id || ' ' || due_at_ms"
                   " else tenant_id::text || ' ' || claim_id end)"
                   " from timers where ($3::text is null or kind = $3) and (not $4::boolean"
                   " or due_at_ms <= $1::bigint) group by kind, shard order by kind, shard"};

/* The statement's columns, in order. */
enum {
    COLUMN_KIND,
    COLUMN_SHARD,
    COLUMN_WAITING,
    COLUMN_DUE,
    COLUMN_OVERDUE,
    COLUMN_NEXT,
    COLUMN_MEMBERS,
};

static ExitCode look_read(Session *session, Look *look)
{
    const Config *config = session->config;
    const char *kind = arguments_option(&session->arguments, "--kind");
    Clock clock;
    look->due_only = arguments_option(&session->arguments, "--due") != NULL;
    for (int i = 0; kind != NULL && i < TIMER_KIND_COUNT; i++)
        if (strcasecmp(timer_kind_name((TimerKind)i), kind) == 0)
            look->kind = timer_kind_name((TimerKind)i);
    if (kind != NULL && look->kind == NULL)
        return session_refuse(session, "--kind %.20s: wants " KIND_NAMES, kind);
    if (!clock_init(&clock, config_text(config, "CPOR_CLOCK_START"),
                    config_text(config, "CPOR_CLOCK_WALL_START"),
                    config_text(config, "CPOR_CLOCK_SPEED"), false, &session->error))
        return session_fail(session);
    look->now_ms = clock_now(&clock);
    look->overdue_ms = clock_from_wall(
        &clock, clock_wall_now() - config_integer(config, "CPOR_TIMER_SWEEP_SECONDS") * 1000);
    return EXIT_CODE_DONE;
}

static bool look_at_shards(TimerIndex *index, Look *look, Error *reterr)
{
    for (int i = 0; i < TIMER_SHARD_COUNT; i++)
        if (!timer_index_is_marked(index, i, &look->marked[i], reterr) ||
            !timer_index_count(index, i, &look->in_redis[i], reterr))
            return false;
    return true;
}

/* Redis away is an answer: the timers are in PostgreSQL, and the workers sweep there meanwhile. */
static bool look_at_redis(Session *session, Look *look)
{
    const Config *config = session->config;
    TimerIndex *index = NULL;
    if (!timer_index_open(
            config_text(config, "CPOR_REDIS_URL"), config_text(config, "CPOR_REDIS_PREFIX"),
            (int)config_integer(config, "CPOR_REDIS_TIMEOUT_MS"), &index, &session->error))
        return false;
    char policy[TIMER_POLICY_SIZE];
    look->redis_is_there = timer_index_check(index, policy, &session->error) &&
                           look_at_shards(index, look, &session->error);
    timer_index_release(&index);
    return look->redis_is_there || session->error.class == ERROR_RETRY;
}

static int64_t sum(const DbResult *result, const char *kind, int64_t shard, int column)
{
    int64_t count = 0;
    for (size_t row = 0; row < db_result_rows(result); row++)
        if ((kind == NULL || strcmp(db_text(result, row, COLUMN_KIND), kind) == 0) &&
            (shard < 0 || db_integer(result, row, COLUMN_SHARD) == shard))
            count += db_integer(result, row, column);
    return count;
}

static int64_t next_due(const DbResult *result, const char *kind, int64_t shard)
{
    int64_t next_ms = 0;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        const int64_t due_ms = db_integer(result, row, COLUMN_NEXT);
        if ((kind == NULL || strcmp(db_text(result, row, COLUMN_KIND), kind) == 0) &&
            (shard < 0 || db_integer(result, row, COLUMN_SHARD) == shard) &&
            (next_ms == 0 || due_ms < next_ms))
            next_ms = due_ms;
    }
    return next_ms;
}

/* ---- text ---- */

static void print_counts(Session *session, const char *label, const DbResult *result,
                         const char *kind, int64_t shard)
{
    const int64_t overdue = sum(result, kind, shard, COLUMN_OVERDUE);
    const char *text = arena_printf(&session->arena, "%8" PRId64, overdue);
    printf("%-10s %8" PRId64 " %8" PRId64 " %s  %-24s", label,
           sum(result, kind, shard, COLUMN_WAITING), sum(result, kind, shard, COLUMN_DUE),
           overdue == 0 ? text : output_paint(session, COLOUR_BAD, text),
           output_instant(session, next_due(result, kind, shard)));
}

static void print_shard(Session *session, const Look *look, const DbResult *result, int shard)
{
    print_counts(session, arena_printf(&session->arena, "shard %d", shard), result, NULL, shard);
    if (!look->redis_is_there)
        printf("  away\n");
    else if (look->kind != NULL || look->due_only) /* Redis cannot tell kinds apart */
        printf("  %" PRId64 " in all, %s\n", look->in_redis[shard],
               look->marked[shard] ? "filled" : "not filled");
    else
        printf("  %" PRId64 " of %" PRId64 ", %s\n", look->in_redis[shard],
               sum(result, NULL, shard, COLUMN_MEMBERS),
               look->marked[shard] ? "filled" : "not filled");
}

static void print_text(Session *session, const Look *look, const DbResult *result)
{
    printf("business time %s, overdue: due before %s\n", output_instant(session, look->now_ms),
           output_instant(session, look->overdue_ms));
    printf("%-10s %8s %8s %8s  %-24s  %s\n", "", "WAITING", "DUE", "OVERDUE", "NEXT DUE", "REDIS");
    for (int i = 0; i < TIMER_KIND_COUNT; i++) {
        const char *name = timer_kind_name((TimerKind)i);
        if (look->kind != NULL && strcmp(look->kind, name) != 0)
            continue;
        print_counts(session, name, result, name, -1);
        printf("\n");
    }
    for (int i = 0; i < TIMER_SHARD_COUNT; i++)
        print_shard(session, look, result, i);
    print_counts(session, "all", result, NULL, -1);
    printf("\n");
    if (!look->redis_is_there)
        printf("Redis is away: %s. The timers are in PostgreSQL; workers sweep them there.\n",
               session->error.text);
}

/* ---- JSON ---- */

static void write_counts(JsonWriter *writer, const DbResult *result, const char *kind,
                         int64_t shard)
{
    writer_member_integer(writer, "waiting", sum(result, kind, shard, COLUMN_WAITING));
    writer_member_integer(writer, "due", sum(result, kind, shard, COLUMN_DUE));
    writer_member_integer(writer, "overdue", sum(result, kind, shard, COLUMN_OVERDUE));
    writer_member_instant(writer, "next_due_at", next_due(result, kind, shard));
}

static void write_shard(JsonWriter *writer, const Look *look, const DbResult *result, int shard)
{
    writer_open(writer, '{');
    writer_member_integer(writer, "shard", shard);
    write_counts(writer, result, NULL, shard);
    writer_member_integer(writer, "wanted_in_redis", sum(result, NULL, shard, COLUMN_MEMBERS));
    writer_key(writer, "in_redis");
    if (look->redis_is_there)
        writer_integer(writer, look->in_redis[shard]);
    else
        writer_text(writer, NULL);
    writer_key(writer, "filled");
    if (look->redis_is_there)
        writer_boolean(writer, look->marked[shard]);
    else
        writer_text(writer, NULL);
    writer_close(writer, '}');
}

static void print_json(Session *session, const Look *look, const DbResult *result)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 4096);
    writer_open(&writer, '{');
    writer_member_instant(&writer, "now", look->now_ms);
    writer_member_text(&writer, "redis", look->redis_is_there ? "there" : "away");
    write_counts(&writer, result, NULL, -1);
    writer_key(&writer, "kinds");
    writer_open(&writer, '[');
    for (int i = 0; i < TIMER_KIND_COUNT; i++) {
        const char *name = timer_kind_name((TimerKind)i);
        writer_open(&writer, '{');
        writer_member_text(&writer, "kind", name);
        write_counts(&writer, result, name, -1);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    writer_key(&writer, "shards");
    writer_open(&writer, '[');
    for (int i = 0; i < TIMER_SHARD_COUNT; i++)
        write_shard(&writer, look, result, i);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

ExitCode timers_run(Session *session)
{
    Look look = {.kind = NULL};
    DbResult *result = NULL;
    const ExitCode code = look_read(session, &look);
    if (code != EXIT_CODE_DONE)
        return code;
    const char *parameters[] = {arena_printf(&session->arena, "%" PRId64, look.now_ms),
                                arena_printf(&session->arena, "%" PRId64, look.overdue_ms),
                                look.kind, look.due_only ? "true" : "false"};
    if (!session_open_reader(session) || !database_run(session->database, &select_statement,
                                                       parameters, 4, &result, &session->error))
        return session_fail(session);
    if (!look_at_redis(session, &look)) {
        db_result_release(&result);
        return session_fail(session);
    }
    if (session->is_json)
        print_json(session, &look, result);
    else
        print_text(session, &look, result);
    db_result_release(&result);
    return EXIT_CODE_DONE;
}
