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
#include "replay.h"

enum { WORKER_ROUTE_COUNT_MAX = 8 };

typedef struct Worker Worker;

/*
 * What the database remembers of a worker that died, so that the next one gets past the record that
 * killed it: worker_poison.c. Each in a transaction of its own. Errors: RETRY while it is away.
 */
typedef struct WorkerAttempts {
    /* trying: this record is the next, alone. ret_kills: it has ended three workers already. */
    bool (*trying)(Worker *worker, const Record *record, bool *ret_kills, Error *reterr);
    /* lived: it was handled, or failed, and the worker lives: it is no killer. */
    bool (*lived)(Worker *worker, const Record *record, Error *reterr);
    /* put_aside: the record will be passed; before its dead letter is published. */
    bool (*put_aside)(Worker *worker, const Record *record, Error *reterr);
    /* released: what we held is given back by a worker that lives. */
    bool (*released)(Worker *worker, Error *reterr);
} WorkerAttempts;

/* What a service says of itself. All functions run on the loop's thread. */
typedef struct WorkerSpec {
    const char *name;                    /* "opt-out-expiry" */
    const char *summary;                 /* one line for --help */
    const char *const *input_topics;     /* short names, NULL-terminated */
    const char *const *output_topics;    /* what it publishes to, likewise */
    const char *const *reference_topics; /* input topics whose records' time decides nothing,
                                            likewise; NULL: none */
    const ConfigItem *config_items;      /* its own settings; ended by name NULL; may be NULL */
    int batch_count_max; /* records in a batch, unless CPOR_BATCH_COUNT_MAX says otherwise */
    size_t state_size;   /* bytes of the service's state, zeroed before open */

    /* open what the service owns besides Kafka and its database connection, which are open. After
     * RETRY close is called, the state is zeroed, and open is called again after a pause. */
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

    /*
     * replay: is there a gap to go through, and how far has it come? Called before the first batch,
     * then until replay_is_over: until then tick is not called, and handle sees only the records
     * whose turn it is. May be NULL. ret_replay keeps what it was; at first all is zero.
     */
    bool (*replay)(Worker *worker, Replay *ret_replay, Error *reterr);

    const WorkerAttempts *attempts; /* NULL: a record that kills is met again and again */

    /*
     * starting: where partitions that the group gave us begin, and whether those that we read may
     * go on (is_running; on a new connection to the database, which may be to another server than
     * before). May be NULL: as the group says. See KafkaSettings.
     */
    bool (*starting)(Worker *worker, KafkaStart *starts, size_t count, Error *reterr);

    /* published: what is before committed_offset of each partition that we read is published: to be
     * noted where the group may be forgotten. When the worker is idle, and when it leaves; best
     * effort, an error is logged. May be NULL. */
    bool (*published)(Worker *worker, KafkaStart *starts, size_t count, Error *reterr);

    /* called on SIGHUP, between batches; may be NULL. An error is logged, and the worker goes on
     * with what it had: a bad file must not stop what runs. */
    bool (*reload)(Worker *worker, void *state, Error *reterr);

    /* close what open opened; also after a failed open (fields may be NULL). */
    void (*close)(Worker *worker, void *state);

    /*
     * routes besides /healthz, /readyz and /metrics, ended by path NULL, at most
     * WORKER_ROUTE_COUNT_MAX; may be NULL. Called before open: contexts may point into state, which
     * does not move. Until open has succeeded a request is answered 503 without its handler.
     */
    const HttpRoute *(*routes)(Worker *worker, void *state);

    /* name of the setting (ms) that bounds the service's own call to a server that is neither
     * PostgreSQL nor Kafka; /healthz waits that much longer for the loop. NULL: there is none. */
    const char *slow_call_setting;
} WorkerSpec;

/*
 * worker_main - all of main: --help, --version, configuration, loop.
 *
 * The first SIGTERM or SIGINT drains: the batch in hand is finished and published (one that waits
 * for a retry is left to the successor). A second one exits at once.
 * Returns: the exit code. 0 drained, 1 a FATAL error or a second signal, 2 a bad argument.
 */
int worker_main(const WorkerSpec *spec, int argc, char **argv);

/* What a service may use; borrowed from the worker as long as it lives. The database and Kafka are
 * open from the service's open to its close. */
const Config *worker_config(const Worker *worker);
const Clock *worker_clock(const Worker *worker);
Database *worker_database(Worker *worker); /* connected again by database_begin */
Kafka *worker_kafka(Worker *worker);
const char *worker_service(const Worker *worker);   /* "opt-out-expiry" */
const char *worker_instance(const Worker *worker);  /* of this process among its like */
int64_t worker_started_at_ms(const Worker *worker); /* wall */
bool worker_is_production(const Worker *worker);
bool worker_is_replaying(const Worker *worker); /* or has been, since it was started */
bool worker_replays(const Worker *worker, const Record *record); /* is it of the gap? replay.h */
Arena *worker_lasting(Worker *worker);                           /* lives as long as the worker */

/* worker_take_singly - for a while each batch is one record: one of those that come next has killed
 * those before us. On the loop's thread. */
void worker_take_singly(Worker *worker);

/* worker_share_dir - path below the installation's data: CPOR_SHARE_DIR, else the source tree's
 * deploy/ beside the binary. name e.g. "templates". Borrowed from the worker for ever. */
const char *worker_share_dir(const Worker *worker, const char *name);
