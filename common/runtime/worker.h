/*
 * worker.h - the step that every worker makes, once: poll, handle, publish; errors, back-off,
 * rebalance, signals, health. A service is a WorkerSpec and the functions it names.
 */
#pragma once

#include "clock.h"
#include "config.h"
#include "database.h"
#include "http.h"
#include "kafka.h"
#include "record.h"

typedef struct Worker Worker;

/* What a service says of itself. All functions run on the loop's thread. */
typedef struct WorkerSpec {
    const char *name;               /* "opt-out-expiry" */
    const char *summary;            /* one line for --help */
    const char *const *input_topics; /* short names, NULL-terminated */
    const ConfigItem *config_items; /* its own settings; ended by name NULL; may be NULL */
    size_t state_size;              /* bytes of the service's state, zeroed before open */

    /* open what the service owns besides Kafka and its database connection. */
    bool (*open)(Worker *worker, void *state, Error *reterr);

    /*
     * handle one batch: decode, begin, load, decide, save, commit, add outcomes. Called again with
     * the same records after RETRY; never sees outcomes of an earlier try.
     * REJECT is not a possible error: records are rejected one by one through
     * batch_add_dead_letter.
     */
    bool (*handle)(Worker *worker, void *state, Batch *batch, Error *reterr);

    /*
     * tick: work that no record causes (timers). Called between batches, at least every
     * *ret_next_ms; returns when it wants to be called next, in wall milliseconds from now.
     * May be NULL. RETRY errors are logged (at most once a second) and counted, never stop
     * the loop.
     */
    bool (*tick)(Worker *worker, void *state, int *ret_next_ms, Error *reterr);

    /* called on SIGHUP, between batches; may be NULL. */
    bool (*reload)(Worker *worker, void *state, Error *reterr);

    /* close what open opened; also after a failed open (fields may be NULL). */
    void (*close)(Worker *worker, void *state);

    const HttpRoute *(*routes)(Worker *worker, void *state); /* additional routes; may be NULL */
} WorkerSpec;

/* worker_main - all of main: --help, --version, configuration, loop, exit code (0 or 1; 2 usage). */
int worker_main(const WorkerSpec *spec, int argc, char **argv);

const Config *worker_config(const Worker *worker);
const Clock *worker_clock(const Worker *worker);
Database *worker_database(Worker *worker); /* connected again by database_begin */
Kafka *worker_kafka(Worker *worker);
const char *worker_service(const Worker *worker);
const char *worker_instance(const Worker *worker);
bool worker_is_production(const Worker *worker);

/* worker_share_file - path below the installation's data: CPOR_SHARE_DIR, else the source tree's
 * deploy/ beside the binary. name e.g. "templates". Borrowed from the worker for ever. */
const char *worker_share_dir(const Worker *worker, const char *name);
