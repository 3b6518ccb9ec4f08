/* worker_internal.h - what the files of the worker share; nobody else includes it. */
#pragma once

#include "metrics.h"
#include "worker.h"

#include <stdatomic.h>

enum {
    WORKER_SLICE_MS = 100, /* the longest wait that looks at no signal */
    WORKER_NAME_SIZE = 128,
    WORKER_COUNTER_COUNT_MAX = 32,
    WORKER_IDLE_MS = 30000, /* without partitions until it is told, and between two lines */
};

/* A counter for each value of one label, made when the value is first seen. */
typedef struct WorkerCounters {
    const char *name, *label, *help;
    size_t count;
    struct {
        char value[64];
        Metric *metric;
    } entries[WORKER_COUNTER_COUNT_MAX];
} WorkerCounters;

typedef struct WorkerMetrics {
    WorkerCounters consumed, published, dead_letters;
    Metric *batches, *batch_retries, *batches_lost, *tick_retries, *lag, *in_flight;
    Metric *handle_seconds, *publish_seconds;
} WorkerMetrics;

/* At most one line a second of what repeats; the next line says how many were left out. */
typedef struct LogLimit {
    int64_t next_mono_ms;
    int64_t left_out_count;
} LogLimit;

/* Since when the group has left us without partitions, and when to say so. */
typedef struct WorkerIdle {
    bool is_idle;
    int64_t since_mono_ms, next_mono_ms;
} WorkerIdle;

/* A service's route behind the check that the service is open. */
typedef struct WorkerRoute {
    HttpRoute route;
    Worker *worker;
} WorkerRoute;

struct Worker {
    const WorkerSpec *spec;
    Config *config;
    Clock clock;
    bool production;
    char instance[WORKER_NAME_SIZE];
    int64_t started_at_ms;
    Arena lasting; /* what lives as long as the worker */

    HttpServer *http;
    Database *database;
    Kafka *kafka;
    void *state;
    WorkerRoute routes[WORKER_ROUTE_COUNT_MAX];
    HttpRoute route_table[WORKER_ROUTE_COUNT_MAX + 4];

    Arena batch_arena;
    Batch batch;
    Replay replay;
    bool replay_is_known;     /* the spec was asked */
    bool replay_waits;        /* the last try left records whose turn has not come */
    bool replay_is_cut;       /* and some whose turn it is: the handler had enough */
    size_t replayed_count;    /* of the batch in hand */
    int64_t replayed_mono_ms; /* when it grew last */
    int64_t tick_mono_ms;     /* when tick is due; 0: at once */
    int64_t lag_mono_ms;
    int64_t note_mono_ms; /* when to note what is published, unless more comes; 0: it is noted */
    WorkerIdle idle;
    unsigned random;

    size_t single_count;  /* so many batches of one record are left; see worker_poison.c */
    bool is_tried;        /* the database knows that the batch's one record is at work */
    bool is_aside;        /* the batch's one record is put aside */
    size_t aside_count;   /* records that were put aside, one after another */
    size_t refused_count; /* tries of the batch's one record that were refused */
    char aside_why[ERROR_TEXT_SIZE];

    WorkerMetrics metrics;
    LogLimit open_log, poll_log, batch_log, tick_log;

    /* Read by the HTTP thread. */
    atomic_bool open;           /* kafka, database and the service's state may be used */
    atomic_llong alive_mono_ms; /* when the loop was seen last */
};

extern const ConfigItem worker_config_items[];

/* worker_arguments - --help and --version are answered here.
 * Returns: -1 to go on, else the exit code. */
int worker_arguments(const WorkerSpec *spec, int argc, char **argv);

/* worker_configure - read and check the settings; log and clock are ready after it. */
MUST_CHECK bool worker_configure(Worker *worker, Error *reterr);

/* worker_open - health first, then database, Kafka and the service, each again until it is there.
 * Returns: true also when a signal stopped the waiting: worker_is_stopping tells. */
MUST_CHECK bool worker_open(Worker *worker, Error *reterr);
void worker_close(Worker *worker);

/* worker_backoff_ms - a pause before try number retry_count + 1: 50 ms … 5 s, with jitter. */
int worker_backoff_ms(Worker *worker, int retry_count);

/* worker_log_retry - log an error through a limit. */
void worker_log_retry(LogLimit *limit, const char *event, const Error *error, int retry_count);

/* worker_starting - for KafkaSettings; worker_check_connected - for database_on_connect; context is
 * the worker. Errors: as the spec's starting. */
MUST_CHECK bool worker_starting(void *context, KafkaStart *starts, size_t count, Error *reterr);
MUST_CHECK bool worker_check_connected(void *context, Error *reterr);

/* worker_has_published - a batch was. worker_note_published - tell the service, when nothing has
 * come for a while, or we leave. */
void worker_has_published(Worker *worker);
void worker_note_published(Worker *worker, bool is_leaving);

/* worker_replay_look - ask the spec, until the replay is over. Errors: as its replay. */
MUST_CHECK bool worker_replay_look(Worker *worker, Error *reterr);

/*
 * worker_replay_handle - what of the batch in hand may be handled now.
 *
 * Errors:  RETRY  also when records are left whose turn has not come: replay_waits.
 */
MUST_CHECK bool worker_replay_handle(Worker *worker, Error *reterr);

/*
 * worker_replay_put_back - after replay_waits: where nothing has moved for a while, publish the
 * offsets of what was handled and put the rest back: others' turn may have come, which are in no
 * batch yet. At once where the handler had enough before the end of the piece: tried again from
 * its beginning, it would have enough at the same place.
 *
 * Out:     ret_done  the batch is over.
 * Errors:  as kafka_publish_piece, kafka_put_back; no replay_waits then: it is a try that failed.
 */
MUST_CHECK bool worker_replay_put_back(Worker *worker, bool *ret_done, Error *reterr);

/* worker_poison_cut - after a poll: one record of it, where they are taken singly. */
void worker_poison_cut(Worker *worker);

/*
 * worker_poison_find - a FATAL error of handle or publish: is a record its cause?
 *
 * In:      error  becomes RETRY where the one record shall be tried again first.
 * Returns: true: take the batch in hand again; it is one record now, or puts that aside.
 */
bool worker_poison_find(Worker *worker, Error *error);

/*
 * worker_poison_try - before handle: tell the database which one record is at work.
 *
 * Out:     ret_aside  it is a dead letter now, in the batch: publish.
 */
MUST_CHECK bool worker_poison_try(Worker *worker, bool *ret_aside, Error *reterr);

/* worker_poison_lived - after handle, or an error that heals: the record kills nobody. */
void worker_poison_lived(Worker *worker);

/* worker_poison_end - the batch is over. */
void worker_poison_end(Worker *worker);

/* worker_release - what we hold is given back; best effort. */
void worker_release(Worker *worker);

/*
 * worker_idle_look - whether to say now that there are no partitions. Pure.
 *
 * Out:     ret_seconds  how long there have been none; set if true.
 * Returns: true once every WORKER_IDLE_MS without, the first time that long after the first look.
 */
bool worker_idle_look(WorkerIdle *idle, bool has_partitions, int64_t now_mono_ms,
                      int64_t *ret_seconds);

/* worker_watch_partitions - look, and log the warning no-partitions with what to do. */
void worker_watch_partitions(Worker *worker);

/* worker_beat - the loop is alive: /healthz is 200 for a while. */
void worker_beat(Worker *worker);

/* worker_health_open - serve /healthz, /readyz, /metrics and the service's routes.
 * Errors: as http_open. */
MUST_CHECK bool worker_health_open(Worker *worker, Error *reterr);

/* worker_metrics_open - make the loop's metrics, each input topic's series from 0. */
void worker_metrics_open(Worker *worker);

/* worker_count - add count to the series of value; past WORKER_COUNTER_COUNT_MAX values it is
 * dropped: a bug must not make series without end. */
void worker_count(WorkerCounters *counters, const char *value, int64_t count);

/* worker_count_published - what a published batch adds to the counters. */
void worker_count_published(Worker *worker);

/* worker_signals_open - SIGTERM and SIGINT stop, SIGHUP reloads, SIGPIPE is ignored.
 * worker_is_stopping, worker_take_reload - what has come so far. */
void worker_signals_open(void);
bool worker_is_stopping(void);
bool worker_take_reload(void); /* true once for each SIGHUP */
