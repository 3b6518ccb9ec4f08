/* worker.c - the step that every worker makes: poll, handle, publish; what fails is tried again. */
#include "worker_internal.h"

#include "crash_point.h"
#include "log.h"

#include <malloc.h>
#include <string.h>

enum { TICK_RETRY_MS = 1000, LAG_MS = 1000, REPLAY_PAUSE_MS = 10 };

/* Wait with the batch in hand; signals and rebalances end it early. */
static bool worker_pause(Worker *worker, int wait_ms, bool *ret_batch_lost, Error *reterr)
{
    const int64_t deadline_mono_ms = clock_mono_now() + wait_ms;
    *ret_batch_lost = false;
    while (!*ret_batch_lost && !worker_is_stopping()) {
        const int64_t left_ms = deadline_mono_ms - clock_mono_now();
        worker_beat(worker);
        if (!kafka_wait(worker->kafka, (int)(left_ms < WORKER_SLICE_MS ? left_ms : WORKER_SLICE_MS),
                        ret_batch_lost, reterr))
            return false;
        if (left_ms <= WORKER_SLICE_MS)
            break;
    }
    return true;
}

static bool worker_handle(Worker *worker, Error *reterr)
{
    const int64_t start_mono_ms = clock_mono_now();
    bool is_aside;
    worker->replay_waits = false;
    batch_discard_outcomes(&worker->batch);
    if (!worker_poison_try(worker, &is_aside, reterr))
        return false;
    const bool ok = is_aside ? true
                    : worker->replay.place_count > 0 || !replay_is_over(&worker->replay)
                        ? worker_replay_handle(worker, reterr)
                        : worker->spec->handle(worker, worker->state, &worker->batch, reterr);
    metric_observe_ms(worker->metrics.handle_seconds, clock_mono_now() - start_mono_ms);
    if (ok) {
        worker_poison_lived(worker); /* whoever dies from now on does not die of it */
        return true;
    }
    database_rollback(worker->database); /* whatever step failed */
    if (reterr->class == ERROR_REJECT)
        reterr->class = ERROR_FATAL; /* records are rejected one by one; see WorkerSpec.handle */
    return false;
}

static bool worker_publish(Worker *worker, Error *reterr)
{
    const int64_t start_mono_ms = clock_mono_now();
    crash_point(CRASH_BEFORE_PUBLISH);
    const bool ok = kafka_publish(worker->kafka, &worker->batch, reterr);
    metric_observe_ms(worker->metrics.publish_seconds, clock_mono_now() - start_mono_ms);
    return ok;
}

static bool worker_pause_retry(Worker *worker, int retry_count, bool *ret_lost, Error *reterr)
{
    if (worker->replay_waits) /* nothing is wrong: the others will come */
        return worker_pause(worker, REPLAY_PAUSE_MS, ret_lost, reterr);
    metric_add(worker->metrics.batch_retries, 1);
    worker_log_retry(&worker->batch_log, "batch-retry", reterr, retry_count);
    return worker_pause(worker, worker_backoff_ms(worker, retry_count), ret_lost, reterr);
}

/* The same batch until it is published, lost, or left to the successor because we must go. */
static bool worker_finish_batch(Worker *worker, Error *reterr)
{
    bool lost = false;
    bool done = false;
    bool put_back = false;
    worker->replayed_count = 0;
    worker->replayed_mono_ms = clock_mono_now();
    crash_point(CRASH_AFTER_POLL);
    metric_set(worker->metrics.in_flight, (int64_t)worker->batch.record_count);
    for (int i = 0; !done && !lost && !put_back && (i == 0 || !worker_is_stopping()); i++) {
        worker_beat(worker);
        done = worker_handle(worker, reterr) && worker_publish(worker, reterr);
        if (done)
            break;
        if (reterr->class == ERROR_FATAL && worker_poison_find(worker, reterr))
            continue;
        worker_poison_lived(worker); /* also of an end that we choose ourselves */
        if (reterr->class == ERROR_FATAL)
            return false;
        if (worker->replay_waits && !worker_replay_put_back(worker, &put_back, reterr) &&
            reterr->class == ERROR_FATAL)
            return false;
        if (!put_back && !worker_pause_retry(worker, i, &lost, reterr))
            return false;
    }
    if (done) {
        worker_count_published(worker);
        worker_has_published(worker);
    } else if (!put_back)
        log_write(LOG_INFO, lost ? "batch-lost" : "batch-left", "records=%zu",
                  worker->batch.record_count);
    metric_add(worker->metrics.batches_lost, lost ? 1 : 0);
    metric_set(worker->metrics.in_flight, 0);
    worker_poison_end(worker);
    kafka_batch_end(worker->kafka, &worker->batch);
    return true;
}

/* Timers wait for the end of a replay: what they wake would be decided out of turn. No record is
 * handled before it is known whether there is one. */
static bool worker_tick_replay(Worker *worker, Error *reterr)
{
    bool lost;
    while (!worker_is_stopping()) {
        if (worker->replay_is_known && clock_mono_now() < worker->tick_mono_ms)
            return true;
        if (worker_replay_look(worker, reterr))
            return true;
        if (reterr->class == ERROR_FATAL)
            return false;
        worker_log_retry(&worker->tick_log, "replay-retry", reterr, 0);
        if (!worker_pause(worker, TICK_RETRY_MS, &lost, reterr))
            return false;
    }
    return true;
}

/* What is due by time. ret_wait_ms: how long there is nothing to do but wait for records. */
static bool worker_tick(Worker *worker, int *ret_wait_ms, Error *reterr)
{
    const int64_t now_mono_ms = clock_mono_now();
    *ret_wait_ms = WORKER_SLICE_MS;
    if (!worker->replay_is_known || !replay_is_over(&worker->replay))
        return worker_tick_replay(worker, reterr);
    if (worker->spec->tick == NULL)
        return true;
    if (now_mono_ms >= worker->tick_mono_ms) {
        int next_ms = TICK_RETRY_MS;
        if (!worker->spec->tick(worker, worker->state, &next_ms, reterr)) {
            if (reterr->class == ERROR_FATAL)
                return false;
            database_rollback(worker->database);
            metric_add(worker->metrics.tick_retries, 1);
            worker_log_retry(&worker->tick_log, "tick-retry", reterr, 0);
            next_ms = TICK_RETRY_MS;
        }
        worker->tick_mono_ms = clock_mono_now() + (next_ms > 0 ? next_ms : 0);
    }
    const int64_t left_ms = worker->tick_mono_ms - clock_mono_now();
    if (left_ms < WORKER_SLICE_MS)
        *ret_wait_ms = left_ms > 0 ? (int)left_ms : 0;
    return true;
}

/* A bad file must not stop what runs: the worker goes on with what it had. */
static void worker_reload(Worker *worker)
{
    Error error;
    if (!worker_take_reload() || worker->spec->reload == NULL)
        return;
    if (worker->spec->reload(worker, worker->state, &error))
        log_write(LOG_INFO, "reloaded", "signal=SIGHUP");
    else
        log_error(LOG_ERROR, "reload-failed", &error, "signal=SIGHUP");
}

static void worker_measure_lag(Worker *worker)
{
    const int64_t now_mono_ms = clock_mono_now();
    if (now_mono_ms < worker->lag_mono_ms)
        return;
    worker->lag_mono_ms = now_mono_ms + LAG_MS;
    metric_set(worker->metrics.lag, kafka_lag(worker->kafka));
}

static bool worker_poll(Worker *worker, int wait_ms, Error *reterr)
{
    bool lost;
    if (kafka_poll(worker->kafka, wait_ms, &worker->batch, reterr))
        return true;
    if (reterr->class == ERROR_FATAL)
        return false;
    worker_log_retry(&worker->poll_log, "poll-retry", reterr, 0);
    return worker_pause(worker, WORKER_SLICE_MS, &lost, reterr);
}

static bool worker_turn(Worker *worker, Error *reterr)
{
    int wait_ms;
    worker_beat(worker);
    worker_reload(worker);
    worker_measure_lag(worker);
    worker_watch_partitions(worker);
    if (!worker_tick(worker, &wait_ms, reterr) || !worker_poll(worker, wait_ms, reterr))
        return false;
    worker_poison_cut(worker);
    if (worker->batch.record_count > 0)
        return worker_finish_batch(worker, reterr);
    worker_note_published(worker, false);
    return true;
}

static bool worker_run(Worker *worker, Error *reterr)
{
    if (!worker_configure(worker, reterr))
        return false;
    log_write(LOG_INFO, "starting", "version=%s", CPOR_VERSION);
    bool ok = worker_open(worker, reterr);
    while (ok && !worker_is_stopping())
        ok = worker_turn(worker, reterr);
    if (ok && worker->kafka != NULL)
        worker_note_published(worker, true);
    return ok;
}

int worker_main(const WorkerSpec *spec, int argc, char **argv)
{
    /* glibc makes an arena for each of librdkafka's threads; two keep the memory together. */
    mallopt(M_ARENA_MAX, 2);
    const int exit_code = worker_arguments(spec, argc, argv);
    if (exit_code >= 0)
        return exit_code;

    static Worker worker; /* the HTTP thread's handlers point to it */
    Error error = {0};
    worker.spec = spec;
    arena_init(&worker.lasting);
    arena_init(&worker.batch_arena);
    worker_signals_open();
    const bool ok = worker_run(&worker, &error);
    if (ok)
        log_write(LOG_INFO, "leaving", "reason=signal");
    else
        log_error(LOG_ERROR, "fatal", &error, "exit=1");
    worker_close(&worker);
    return ok ? 0 : 1;
}
