/* timer_loop.c - claim what is due, append its wake-up, forget it; rebuild and sweep. */
#include "timer_loop.h"

#include "claim/outbound.h"
#include "runtime/crash_point.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <stdio.h>
#include <string.h>

enum {
    FILLED_CHECK_MS = 2000,
    KEPT_COUNT_MS = 5000,
    REDIS_SILENCE_MS = 1000,
    APPEND_TIMEOUT_MS = 5000,
    REBUILD_PAGE_COUNT = 10000,
    TICK_IDLE_MS = 1000,
};

void timer_loop_open(TimerLoop *loop)
{
    *loop = (TimerLoop){0};
    loop->lateness = metrics_histogram("timer_lateness_seconds", "",
                                       "wall time from a timer's due instant to its wake-up");
    loop->released = metrics_counter("timers_released_total", "", "wake-ups appended");
    loop->swept = metrics_counter("timers_swept_total", "",
                                  "wake-ups for rows overdue that Redis never showed");
    loop->rebuilt = metrics_counter("timers_rebuilt_total", "", "timers put into Redis anew");
    loop->overdue = metrics_gauge("timers_overdue", "",
                                  "rows overdue beyond the grace period at the last sweep");
}

static void note_due(TimerLoop *loop, int shard, int64_t due_at_ms)
{
    if (due_at_ms < loop->next_due_at_ms[shard])
        loop->next_due_at_ms[shard] = due_at_ms;
}

void timer_loop_note(TimerLoop *loop, const Work *work)
{
    for (size_t i = 0; i < work->event_count; i++)
        if (work->events[i].type == EVENT_WINDOW_OPENED ||
            work->events[i].type == EVENT_WINDOW_EXTENDED)
            note_due(loop, timer_shard(work->events[i].tenant_id), work->events[i].at_ms);
}

/* ---- wake-ups ---- */

static const EventType wake_types[TIMER_KIND_COUNT] = {
    [TIMER_WINDOW] = EVENT_WINDOW_CLOSED,    [TIMER_ANSWER] = EVENT_ANSWER_DUE,
    [TIMER_REMINDER] = EVENT_REMINDER_DUE,   [TIMER_RECHECK] = EVENT_RECHECK_DUE,
    [TIMER_NOTICE] = EVENT_NOTICE_RETRY_DUE, [TIMER_KEPT] = EVENT_KEPT_DUE,
};

/* What a tick works with. */
typedef struct Tick {
    Expiry *expiry;
    Worker *worker;
    const Clock *clock;
    int64_t delay_ms;
    int64_t now_at_ms; /* business, less the delay: due is what is not after this */
    size_t release_count_max;
} Tick;

static bool append_wakes(const Tick *tick, const Timer *timers, size_t count, Error *reterr)
{
    Arena *arena = &tick->expiry->tick_arena;
    Outcome *outcomes = arena_new(arena, (count + 1) * sizeof *outcomes);
    const int64_t fired_at_ms = clock_now(tick->clock);
    size_t outcome_count = 0;
    for (size_t i = 0; i < count; i++) {
        TimerKind kind;
        char tenant_id[UUID_SIZE], claim_id[CLAIM_ID_SIZE];
        if (!timer_parse(timers[i].member, &kind, tenant_id, claim_id)) {
            log_write(LOG_WARNING, "timer-unknown", "member=\"%s\"", timers[i].member);
            continue;
        }
        outcomes[outcome_count++] = outbound_wake(wake_types[kind], tenant_id, claim_id,
                                                  timers[i].due_at_ms, fired_at_ms, arena);
    }
    return outcome_count == 0 || kafka_append(worker_kafka(tick->worker), outcomes, outcome_count,
                                              APPEND_TIMEOUT_MS, reterr);
}

static void observe_lateness(const Tick *tick, const Timer *timers, size_t count)
{
    const int64_t wall_ms = clock_wall_now();
    for (size_t i = 0; i < count; i++) {
        const int64_t late_ms = wall_ms - clock_to_wall(tick->clock, timers[i].due_at_ms);
        metric_observe_ms(tick->expiry->timers.lateness, late_ms < 0 ? 0 : late_ms);
    }
    metric_add(tick->expiry->timers.released, (int64_t)count);
}

/* ---- Redis ---- */

static bool release_shard(const Tick *tick, int shard, size_t count_max, size_t *ret_count,
                          Error *reterr)
{
    TimerLoop *loop = &tick->expiry->timers;
    TimerIndex *index = tick->expiry->store.timers;
    const int lease_ms = (int)config_integer(worker_config(tick->worker), "CPOR_TIMER_LEASE_MS");
    Timer *timers = arena_new(&tick->expiry->tick_arena, count_max * sizeof *timers);
    int64_t next_due_at_ms = INT64_MAX;
    if (!timer_index_claim(index, shard, tick->now_at_ms, lease_ms, count_max, timers, ret_count,
                           &next_due_at_ms, reterr))
        return false;
    loop->next_due_at_ms[shard] = next_due_at_ms;
    loop->asked_mono_ms[shard] = clock_mono_now();
    if (*ret_count == 0)
        return true;
    crash_point(CRASH_AFTER_LEASE);
    if (!append_wakes(tick, timers, *ret_count, reterr))
        return false; /* the lease runs out and another try comes */
    crash_point(CRASH_AFTER_WAKE_UPS);
    observe_lateness(tick, timers, *ret_count);
    return timer_index_remove(index, shard, timers, *ret_count, reterr);
}

static bool shard_is_worth_a_look(const Tick *tick, int shard)
{
    const TimerLoop *loop = &tick->expiry->timers;
    const int64_t poll_ms = config_integer(worker_config(tick->worker), "CPOR_TIMER_POLL_MS");
    return loop->next_due_at_ms[shard] <= tick->now_at_ms ||
           clock_mono_now() - loop->asked_mono_ms[shard] >= poll_ms;
}

static bool release_due(const Tick *tick, size_t *ret_released, Error *reterr)
{
    size_t released = 0;
    for (int shard = 0; shard < TIMER_SHARD_COUNT; shard++) {
        size_t count = 0;
        const size_t room = tick->release_count_max - released;
        if (room == 0 || !shard_is_worth_a_look(tick, shard))
            continue;
        if (!release_shard(tick, shard, room < TIMER_BATCH_COUNT_MAX ? room : TIMER_BATCH_COUNT_MAX,
                           &count, reterr))
            return false;
        released += count;
    }
    *ret_released = released;
    return true;
}

/* ---- PostgreSQL: rebuild and sweep ---- */

static bool select_timers(const Tick *tick, const DbStatement *statement,
                          const char *const *parameters, size_t parameter_count, Timer **ret_timers,
                          size_t *ret_count, Error *reterr)
{
    Database *database = worker_database(tick->worker);
    DbResult *result = NULL;
    if (!database_begin(database, reterr))
        return false;
    if (!database_run(database, statement, parameters, parameter_count, &result, reterr)) {
        database_rollback(database);
        return false;
    }
    const size_t count = db_result_rows(result);
    Timer *timers = arena_new(&tick->expiry->tick_arena, (count + 1) * sizeof *timers);
    for (size_t row = 0; row < count; row++) {
        TimerKind kind = TIMER_WINDOW;
        (void)timer_kind_from_name(db_text(result, row, 0), &kind);
        timers[row].due_at_ms = db_integer(result, row, 3);
        timer_member(kind, db_text(result, row, 1), db_text(result, row, 2), timers[row].due_at_ms,
                     timers[row].member);
    }
    db_result_release(&result);
    *ret_timers = timers;
    *ret_count = count;
    return database_commit(database, reterr);
}

/* Fill a shard from the rows, page by page, then mark it. */
static bool rebuild_shard(const Tick *tick, int shard, Error *reterr)
{
    static const DbStatement statement = {
        "timers-rebuild",
        "select kind, tenant_id, claim_id, due_at_ms from timers where shard = $1"
        " and (due_at_ms, tenant_id, kind collate \"C\", claim_id collate \"C\")"
        " > ($2::bigint, $3::uuid, $4, $5)"
        " order by due_at_ms, tenant_id, kind collate \"C\", claim_id collate \"C\" limit 10000"};
    TimerIndex *index = tick->expiry->store.timers;
    char shard_text[16], due_text[24] = "-1";
    char tenant_id[UUID_SIZE] = "00000000-0000-0000-0000-000000000000",
         claim_id[CLAIM_ID_SIZE] = "";
    const char *parameters[] = {shard_text, due_text, tenant_id, "", claim_id};
    size_t total = 0;
    snprintf(shard_text, sizeof shard_text, "%d", shard);
    for (size_t count = REBUILD_PAGE_COUNT; count == REBUILD_PAGE_COUNT; total += count) {
        Timer *timers = NULL;
        TimerKind kind;
        arena_reset(&tick->expiry->tick_arena); /* a page at a time, however many there are */
        crash_point(CRASH_IN_REBUILD);
        if (!select_timers(tick, &statement, parameters, 5, &timers, &count, reterr) ||
            !timer_index_arm(index, shard, timers, count, reterr))
            return false;
        if (count < REBUILD_PAGE_COUNT)
            continue;
        const Timer *last = &timers[count - 1];
        if (!timer_parse(last->member, &kind, tenant_id, claim_id))
            return error_set(reterr, ERROR_FATAL, "rebuild shard %d: bad row", shard);
        snprintf(due_text, sizeof due_text, "%lld", (long long)last->due_at_ms);
        parameters[3] = timer_kind_name(kind);
        if (kind == TIMER_WINDOW) /* its claims share one member: all of them are passed */
            snprintf(claim_id, sizeof claim_id, "~");
    }
    metric_add(tick->expiry->timers.rebuilt, (int64_t)total);
    log_write(LOG_INFO, "timers-rebuilt", "shard=%d count=%zu", shard, total);
    tick->expiry->timers.next_due_at_ms[shard] = 0;
    crash_point(CRASH_AFTER_REBUILD);
    return timer_index_mark_filled(index, shard, reterr);
}

static bool rebuild_lost(const Tick *tick, Error *reterr)
{
    TimerLoop *loop = &tick->expiry->timers;
    if (loop->filled_checked_mono_ms != 0 &&
        clock_mono_now() - loop->filled_checked_mono_ms < FILLED_CHECK_MS)
        return true;
    for (int shard = 0; shard < TIMER_SHARD_COUNT; shard++) {
        bool filled = false;
        if (!timer_index_is_filled(tick->expiry->store.timers, shard, &filled, reterr))
            return false;
        if (!filled && !rebuild_shard(tick, shard, reterr))
            return false;
    }
    loop->filled_checked_mono_ms = clock_mono_now();
    return true;
}

/* Rows overdue that nobody was woken for: a lost tail of Redis, or no Redis at all. */
static bool sweep(const Tick *tick, int64_t grace_ms, Error *reterr)
{
    static const DbStatement statement = {
        "timers-overdue",
        "select distinct on (t.due_at_ms, t.tenant_id, t.kind, who) t.kind, t.tenant_id,"
        " t.claim_id, t.due_at_ms, case when t.kind = 'WINDOW' then '' else t.claim_id end as who"
        " from generate_series(0, 15) as s(shard) cross join (values (true), (false)) as"
        " w(is_window) cross join lateral (select * from timers where timers.shard = s.shard"
        " and due_at_ms <= $1::bigint and (timers.kind = 'WINDOW') = w.is_window"
        " order by due_at_ms limit 125) as t order by t.due_at_ms, t.tenant_id, t.kind, who"};
    TimerLoop *loop = &tick->expiry->timers;
    const int64_t before_at_ms =
        clock_from_wall(tick->clock, clock_wall_now() - tick->delay_ms - grace_ms);
    const char *parameters[] = {
        arena_printf(&tick->expiry->tick_arena, "%lld", (long long)before_at_ms)};
    Timer *timers = NULL;
    size_t count = 0;
    if (!select_timers(tick, &statement, parameters, 1, &timers, &count, reterr))
        return false;
    metric_set(loop->overdue, (int64_t)count);
    loop->swept_mono_ms = clock_mono_now();
    if (count == 0)
        return true;
    crash_point(CRASH_IN_SWEEP);
    if (!append_wakes(tick, timers, count, reterr))
        return false;
    crash_point(CRASH_AFTER_SWEEP);
    metric_add(loop->swept, (int64_t)count);
    return true;
}

static bool sweep_if_time(const Tick *tick, bool redis_is_away, Error *reterr)
{
    const int64_t sweep_ms =
        config_integer(worker_config(tick->worker), "CPOR_TIMER_SWEEP_SECONDS") * 1000;
    const int64_t pause_ms = redis_is_away ? REDIS_SILENCE_MS : sweep_ms;
    TimerLoop *loop = &tick->expiry->timers;
    if (loop->swept_mono_ms == 0)
        loop->swept_mono_ms = clock_mono_now(); /* Redis has its chance first */
    if (clock_mono_now() - loop->swept_mono_ms < pause_ms)
        return true;
    store_watch_calendars(&tick->expiry->store);
    return sweep(tick, redis_is_away ? 0 : sweep_ms, reterr);
}

/* ---- opt-outs that wait for their claims ---- */

static bool count_kept(const Tick *tick, Error *reterr)
{
    static const DbStatement statement = {"kept-count", "select count(*) from kept_opt_outs"};
    TimerLoop *loop = &tick->expiry->timers;
    Database *database = worker_database(tick->worker);
    DbResult *result = NULL;
    if (loop->kept_counted_mono_ms != 0 &&
        clock_mono_now() - loop->kept_counted_mono_ms < KEPT_COUNT_MS)
        return true;
    loop->kept_counted_mono_ms = clock_mono_now();
    if (!database_begin(database, reterr))
        return false;
    if (!database_run(database, &statement, NULL, 0, &result, reterr)) {
        database_rollback(database);
        return false;
    }
    metric_set(tick->expiry->kept_now, db_integer(result, 0, 0));
    db_result_release(&result);
    return database_commit(database, reterr);
}

/* ---- the tick ---- */

/* Wall milliseconds until the nearest timer that is known, or until the next look. */
static int next_tick_ms(const Tick *tick, size_t released)
{
    const TimerLoop *loop = &tick->expiry->timers;
    int64_t next_ms = config_integer(worker_config(tick->worker), "CPOR_TIMER_POLL_MS");
    if (released > 0)
        return 0;
    for (int shard = 0; shard < TIMER_SHARD_COUNT; shard++) {
        if (loop->next_due_at_ms[shard] == INT64_MAX)
            continue;
        const int64_t wait_ms = clock_to_wall(tick->clock, loop->next_due_at_ms[shard]) +
                                tick->delay_ms - clock_wall_now();
        if (wait_ms < next_ms)
            next_ms = wait_ms < 0 ? 0 : wait_ms;
    }
    return (int)next_ms;
}

static bool tick_redis(const Tick *tick, size_t *ret_released, Error *reterr)
{
    TimerLoop *loop = &tick->expiry->timers;
    if (clock_mono_now() < loop->redis_silent_until_mono_ms)
        return true;
    if (rebuild_lost(tick, reterr) && release_due(tick, ret_released, reterr)) {
        loop->redis_silent_until_mono_ms = 0;
        return true;
    }
    loop->redis_silent_until_mono_ms = clock_mono_now() + REDIS_SILENCE_MS;
    return false;
}

bool expiry_tick(Worker *worker, void *state, int *ret_next_ms, Error *reterr)
{
    Expiry *expiry = state;
    const Config *config = worker_config(worker);
    size_t released = 0;
    Tick tick = {.expiry = expiry,
                 .worker = worker,
                 .clock = worker_clock(worker),
                 .delay_ms = config_integer(config, "CPOR_TIMER_DELAY_MS"),
                 .release_count_max = (size_t)config_integer(config, "CPOR_TIMER_RELEASE_MAX")};
    tick.now_at_ms = clock_from_wall(tick.clock, clock_wall_now() - tick.delay_ms);
    const bool redis = tick_redis(&tick, &released, reterr);
    const bool is_away = expiry->timers.redis_silent_until_mono_ms != 0;
    Error error = {0};
    const bool rows = sweep_if_time(&tick, is_away, &error) && count_kept(&tick, &error);
    *ret_next_ms = next_tick_ms(&tick, released);
    if (is_away && *ret_next_ms < REDIS_SILENCE_MS)
        *ret_next_ms = REDIS_SILENCE_MS;
    arena_reset(&expiry->tick_arena);
    if (redis && !rows)
        *reterr = error;
    return redis && rows;
}
