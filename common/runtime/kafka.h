/*
 * kafka.h - the adapter of librdkafka: a consumer and a transactional producer that commit as one.
 *
 * Traps, noted here once: rd_kafka_new takes its conf only on success; a message's key, payload
 * and headers live until rd_kafka_message_destroy; offsets sent to a transaction are the next
 * ones to read; after a fatal error only closing is left.
 */
#pragma once

#include "clock.h"
#include "record.h"

/* A partition that the group gave us, before any of it is read. */
typedef struct KafkaStart {
    const char *topic; /* short name */
    int32_t partition;
    bool is_running;                 /* it is being read: see kafka_ask_running */
    int64_t committed_offset;        /* the group's: what is before it is published; -1: none */
    int64_t low_offset, high_offset; /* of the log, where the group has none; else -1 */
    int64_t start_offset;            /* in: -1, as the group; out: where to begin */
    /* out, beside it: the broker's time of the last record that was handled, or 0. In a topic that
     * was made anew records before start_offset are later: then all of it is read. */
    int64_t last_timestamp_ms;
} KafkaStart;

typedef bool KafkaStartsAsked(void *context, KafkaStart *starts, size_t count, Error *reterr);

/* Its texts are borrowed until kafka_release. */
typedef struct KafkaSettings {
    const char *brokers;
    const char *properties_file; /* "" or a file of key=value for every client */
    const char *topic_prefix;    /* "cpor." */
    const char *group_prefix;    /* "cpor." */
    const char *service;         /* group = group_prefix + service */
    const char *instance; /* transactional.id = group + "." + instance; group.instance.id too */
    const char *const *input_topics;     /* short names, NULL-terminated */
    const char *const *output_topics;    /* likewise, or NULL: looked up at open, see kafka_warm */
    const char *const *reference_topics; /* of input_topics; their records' time decides nothing;
                                            NULL: none */
    bool allow_create_time;              /* take records whose time is their publisher's */
    int batch_count_max;
    int batch_wait_ms;
    int64_t batch_size_max; /* bytes of records after which a batch is closed */
    const Clock *clock;
    /* Where partitions begin; NULL: as the group says. On the loop's thread, inside of kafka_poll
     * or kafka_wait. RETRY: they stay ours, unread, and it is asked again with back-off. */
    KafkaStartsAsked *starting;
    void (*revoked)(void *context); /* they are no longer ours; NULL: nobody wants to know */
    void *starting_context;         /* of both */
} KafkaSettings;

/* What of a record a signature covers. Borrowed during the call; NULL: it has none. */
typedef struct KafkaToSign {
    const char *topic; /* with prefix */
    const char *type, *source, *id;
    const void *key, *value;
    size_t key_size, value_size;
} KafkaToSign;

enum { KAFKA_SIGNATURE_SIZE = 72 };

/* Who signs what is published; its texts and context are borrowed as long as it is set. */
typedef struct KafkaSigner {
    /* NULL: nothing is signed. Out: ret_text  below text_room. Returns: false  not signed. Called
     * on any thread that publishes or appends. */
    bool (*sign)(const void *context, const KafkaToSign *record, char *ret_text, size_t text_room);
    const void *context;
    const char *header; /* its name */
} KafkaSigner;

typedef struct Kafka Kafka;

/*
 * kafka_open - make both clients, init_transactions (fences whoever had our name), subscribe.
 *
 * Errors:  RETRY  the brokers are away; FATAL  bad settings, authorisation.
 * Cost:    blocks up to 5 s when the brokers are away.
 */
MUST_CHECK bool kafka_open(const KafkaSettings *settings, Kafka **ret_kafka, Error *reterr);

/*
 * kafka_release - leave the group (static members stay until the session ends), close both.
 *
 * Cost:  blocks up to 12 s; a client that does not close by then is logged and leaked.
 */
void kafka_release(Kafka **kafka);

/*
 * kafka_poll - fill a batch: waits at most wait_ms for the first record, then at most
 * batch_wait_ms for more.
 *
 * In:      batch  ended by kafka_batch_end before, unless it was empty; arena set.
 * Out:     batch  records borrowed until kafka_batch_end, of each partition in the log's order;
 *                 empty when nothing came.
 * Errors:  RETRY  a topic is not there (yet), a broker refused, partitions cannot begin yet:
 *                 pause, poll again.
 *          FATAL  the consumer is lost (fenced, authorisation); what settings.starting says; or a
 *          record whose time is not the broker's. What came before it has been in a batch of its
 * own.
 */
MUST_CHECK bool kafka_poll(Kafka *kafka, int wait_ms, Batch *batch, Error *reterr);

/*
 * kafka_publish - one transaction: outcomes, dead letters and the batch's offsets.
 *
 * Offsets are sent under the membership with which the batch was read, so that a batch whose
 * partitions went to another member can never be published, whatever this process knows of it.
 *
 * Errors:  RETRY  nothing became visible (aborted), or it is not known (a time-out in commit):
 *                 kafka_wait, then publish the same outcomes again (a commit on its way is resumed,
 *                 not repeated), until done or kafka_wait says that the batch is lost.
 *          FATAL  fenced by a successor, the producer is lost, a record is too large for its topic.
 * Cost:    bounded: 15 s, and 5 s for an abort.
 */
MUST_CHECK bool kafka_publish(Kafka *kafka, Batch *batch, Error *reterr);

/*
 * kafka_publish_piece - likewise, the offsets of some of the batch in hand, and nothing else,
 * before kafka_put_back. A transaction of its own: that the piece got through says nothing of the
 * batch.
 *
 * In:      piece  of each partition the first records of the batch; it has no outcomes.
 * Errors:  as kafka_publish.
 */
MUST_CHECK bool kafka_publish_piece(Kafka *kafka, Batch *piece, Error *reterr);

/* kafka_batch_end - destroy the batch's records and reset its arena: after it was published, was
 * lost, or when the worker leaves. Otherwise its records would be skipped until a rebalance. Those
 * that batch_cut left over come first in the next batch, unless they were lost. */
void kafka_batch_end(Kafka *kafka, Batch *batch);

/*
 * kafka_put_back - records of the batch in hand come again, and all that was read behind it: each
 * partition goes on from the first of its records among these. Before kafka_batch_end, and after
 * what was before them is published.
 */
MUST_CHECK bool kafka_put_back(Kafka *kafka, const Batch *batch, const Record *records,
                               size_t count, Error *reterr);

/*
 * kafka_wait - pass time without taking records: partitions are paused, the poll goes on, so that
 * the group does not throw us out. Returns early when a rebalance took the batch's partitions.
 *
 * Out:     ret_batch_lost  true: partitions of the batch were revoked; end it and poll anew.
 */
MUST_CHECK bool kafka_wait(Kafka *kafka, int wait_ms, bool *ret_batch_lost, Error *reterr);

/*
 * kafka_append - append records outside of any transaction (wake-ups, opt-outs from the page) and
 * wait for the brokers' acknowledgement of all; idempotent producer of its own; thread-safe.
 *
 * Errors:  RETRY  some were not acknowledged in timeout_ms; they may be in the log all the same.
 */
MUST_CHECK bool kafka_append(Kafka *kafka, const Outcome *outcomes, size_t count, int timeout_ms,
                             Error *reterr);

/* kafka_set_signer - of every outcome from now on; copied. Before the first is published, and at
 * the end, while nobody publishes or appends. */
void kafka_set_signer(Kafka *kafka, const KafkaSigner *signer);

/*
 * kafka_ask_running - show the partitions that we read, with what the group has committed of them
 * as far as we know: no round trip.
 *
 * Errors:  as ask, which is not called without partitions.
 */
MUST_CHECK bool kafka_ask_running(const Kafka *kafka, KafkaStartsAsked *ask, void *context,
                                  Error *reterr);

enum { KAFKA_KEPT_COUNT_MAX = 33 }; /* 16 that are read, 16 that are written, the dead letters */

/* How the brokers keep a topic. */
typedef struct KafkaTopicKept {
    const char *name; /* with prefix */
    int replication;  /* brokers that have it, of the partition that fewest have */
    int min_in_sync;  /* min.insync.replicas; 0: the brokers did not tell */
} KafkaTopicKept;

/*
 * kafka_topics_kept - ask how all topics are kept that we read and write, and the dead letters.
 *
 * In:      arena  takes the names.
 * Errors:  RETRY  no answer, or a topic that is not there; FATAL  no right (DescribeConfigs).
 * Cost:    a round trip per topic and one for all; each waits at most 5 s.
 */
MUST_CHECK bool kafka_topics_kept(const Kafka *kafka, Arena *arena,
                                  KafkaTopicKept ret_topics[KAFKA_KEPT_COUNT_MAX],
                                  size_t *ret_count, Error *reterr);

/* kafka_published_offset - what is before it is published for sure; -1: we do not know. */
int64_t kafka_published_offset(const Kafka *kafka, const char *topic, int32_t partition);

/* kafka_is_assigned - the group gave us our partitions (perhaps none), and they have begun; for
 * /readyz. */
bool kafka_is_assigned(const Kafka *kafka);

/* kafka_has_partitions - likewise, and some; on the loop's thread. */
bool kafka_has_partitions(const Kafka *kafka);

/* kafka_lag - records between our position and the end of our partitions, cached high
 * watermarks, no round trip; for the gauge consumer_lag. */
int64_t kafka_lag(const Kafka *kafka);
