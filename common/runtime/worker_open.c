/* worker_open.c - a worker's beginning and end: servers that are away are waited for. */
#include "worker_internal.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKOFF_FIRST_MS = 50,
    BACKOFF_MAX_MS = 5000,
    LOG_PAUSE_MS = 1000,
    CLOSE_SECONDS_MAX = 20, /* a client that hangs while it closes must not keep the process */
};

int worker_backoff_ms(Worker *worker, int retry_count)
{
    int most_ms = BACKOFF_MAX_MS;
    if (retry_count < 7) /* 50 << 7 is above the maximum */
        most_ms = BACKOFF_FIRST_MS << retry_count;
    if (most_ms > BACKOFF_MAX_MS)
        most_ms = BACKOFF_MAX_MS;
    /* Between half and all of it, so that workers that failed together do not come together. */
    return most_ms / 2 + rand_r(&worker->random) % (most_ms / 2 + 1);
}

void worker_log_retry(LogLimit *limit, const char *event, const Error *error, int retry_count)
{
    const int64_t now_mono_ms = clock_mono_now();
    if (now_mono_ms < limit->next_mono_ms) {
        limit->left_out_count++;
        return;
    }
    log_error(LOG_WARNING, event, error, "retries=%d left_out=%lld", retry_count,
              (long long)limit->left_out_count);
    limit->next_mono_ms = now_mono_ms + LOG_PAUSE_MS;
    limit->left_out_count = 0;
}

/* Once we are in the group its callbacks must be served, or a rebalance waits for us. */
static void open_pause(Worker *worker, int wait_ms)
{
    const int64_t deadline_mono_ms = clock_mono_now() + wait_ms;
    const struct timespec slice = {.tv_nsec = WORKER_SLICE_MS * 1000000L / 4};
    while (!worker_is_stopping() && clock_mono_now() < deadline_mono_ms) {
        bool lost;
        worker_beat(worker);
        /* A fatal error comes again with the first poll. */
        if (worker->kafka == NULL ||
            !kafka_wait(worker->kafka, WORKER_SLICE_MS, &lost, &(Error){0}))
            nanosleep(&slice, NULL);
    }
}

static bool open_database(Worker *worker, Error *reterr)
{
    if (!database_open(config_text(worker->config, "CPOR_DATABASE_URL"), worker->spec->name,
                       (int)config_integer(worker->config, "CPOR_DATABASE_TIMEOUT_MS"),
                       &worker->database, reterr))
        return false;
    database_on_connect(worker->database, worker_check_connected, worker);
    return true;
}

static int batch_count_max(const Worker *worker)
{
    const int64_t set = config_integer(worker->config, "CPOR_BATCH_COUNT_MAX");
    return set != 0 ? (int)set : worker->spec->batch_count_max;
}

static void revoked(void *context)
{
    worker_release(context);
}

static bool open_kafka(Worker *worker, Error *reterr)
{
    const Config *config = worker->config;
    const KafkaSettings settings = {
        .brokers = config_text(config, "CPOR_KAFKA_BROKERS"),
        .properties_file = config_text(config, "CPOR_KAFKA_PROPERTIES"),
        .topic_prefix = config_text(config, "CPOR_TOPIC_PREFIX"),
        .group_prefix = config_text(config, "CPOR_GROUP_PREFIX"),
        .service = worker->spec->name,
        .instance = worker->instance,
        .input_topics = worker->spec->input_topics,
        .output_topics = worker->spec->output_topics,
        .reference_topics = worker->spec->reference_topics,
        .allow_create_time = config_boolean(config, "CPOR_ALLOW_CREATE_TIME"),
        .batch_count_max = batch_count_max(worker),
        .batch_wait_ms = (int)config_integer(config, "CPOR_BATCH_WAIT_MS"),
        .batch_size_max = config_integer(config, "CPOR_BATCH_SIZE_MAX"),
        .clock = &worker->clock,
        .starting = worker->spec->starting == NULL ? NULL : worker_starting,
        .revoked = revoked,
        .starting_context = worker,
    };
    return kafka_open(&settings, &worker->kafka, reterr);
}

static bool open_service(Worker *worker, Error *reterr)
{
    const WorkerSpec *spec = worker->spec;
    if (spec->open == NULL || spec->open(worker, worker->state, reterr))
        return true;
    if (spec->close != NULL)
        spec->close(worker, worker->state);
    memset(worker->state, 0, spec->state_size);
    return false;
}

/* Again and again while the answer is RETRY and no signal came. */
static bool open_step(Worker *worker, bool (*step)(Worker *, Error *), Error *reterr)
{
    for (int i = 0; !worker_is_stopping(); i++) {
        worker_beat(worker);
        if (step(worker, reterr))
            return true;
        if (reterr->class != ERROR_RETRY)
            return false;
        worker_log_retry(&worker->open_log, "open-retry", reterr, i);
        open_pause(worker, worker_backoff_ms(worker, i));
    }
    return true;
}

/* Health first: who watches us sees "starting". Kafka last but the service: partitions are asked
 * for when we can work on them. */
bool worker_open(Worker *worker, Error *reterr)
{
    worker->started_at_ms = clock_wall_now();
    worker->random = (unsigned)clock_wall_now() ^ (unsigned)getpid();
    worker->state = calloc(1, worker->spec->state_size + 1);
    if (worker->state == NULL)
        return error_set(reterr, ERROR_FATAL, "open worker: out of memory");
    worker->batch.arena = &worker->batch_arena;
    worker_metrics_open(worker);
    if (!worker_health_open(worker, reterr) || !open_step(worker, open_database, reterr) ||
        !open_step(worker, open_kafka, reterr) || !open_step(worker, open_service, reterr))
        return false;
    if (!worker_is_stopping())
        atomic_store(&worker->open, true);
    return true;
}

void worker_close(Worker *worker)
{
    alarm(CLOSE_SECONDS_MAX); /* its default action ends the process */
    http_release(&worker->http);
    if (worker->state != NULL && atomic_load(&worker->open) && worker->spec->close != NULL)
        worker->spec->close(worker, worker->state);
    if (worker->kafka != NULL)
        kafka_batch_end(worker->kafka, &worker->batch);
    worker_release(worker);
    kafka_release(&worker->kafka);
    database_release(&worker->database);
    free(worker->state);
    arena_deinit(&worker->batch_arena);
    arena_deinit(&worker->lasting);
    config_release(&worker->config);
}
