/* kafka_internal.h - what the files of the Kafka adapter share; nobody else includes it. */
#pragma once

#include "kafka.h"
#include "kafka_refusal.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    KAFKA_NAME_SIZE = 256,
    KAFKA_TOPIC_COUNT_MAX = 16,
    KAFKA_WARM_MS = 2000,
    KAFKA_OPEN_MS = 5000,     /* init_transactions: longer than a healthy coordinator ever needs */
    KAFKA_PUBLISH_MS = 15000, /* all of kafka_publish but an abort: above transaction.timeout.ms */
    KAFKA_COMMIT_MS = 5000,   /* of one try; then it goes on in the background and is resumed */
    KAFKA_ABORT_MS = 5000,    /* likewise */
    KAFKA_CLOSE_MS = 12000,   /* below the alarm of worker_close */
    KAFKA_UNPOLLED_MS = 300,  /* see kafka_wait */
    KAFKA_START_MS = 30000,   /* an assigned partition begins: its offset waits for a transaction */
    KAFKA_PAUSE_MS = 20,      /* between two tries of what the client calls retriable */
};

/* Where the producer's transaction is; only kafka_publish moves it. */
typedef enum TxnState {
    TXN_NONE,       /* nothing open; the next publish begins one */
    TXN_OPEN,       /* begun; whatever interrupts it moves on to TXN_ABORTING */
    TXN_COMMITTING, /* the commit was asked for, its outcome is not known: it must be resumed */
    TXN_ABORTING,   /* nothing of it may become visible; the abort must be resumed */
} TxnState;

/* The first record of a transaction that the brokers refused, kept for the error's text. */
typedef struct KafkaFailure {
    rd_kafka_resp_err_t code; /* NO_ERROR: none */
    size_t size;
    char topic[KAFKA_NAME_SIZE];
} KafkaFailure;

typedef enum KafkaRole { KAFKA_CONSUMER, KAFKA_PRODUCER, KAFKA_APPENDER } KafkaRole;

struct Kafka {
    KafkaSettings settings; /* texts borrowed from the caller, see kafka_open */
    KafkaSigner signer;
    char group[KAFKA_NAME_SIZE];
    char source[KAFKA_NAME_SIZE];             /* ce_source */
    char *topic_names[KAFKA_TOPIC_COUNT_MAX]; /* with prefix; beside settings.input_topics */
    size_t topic_count;

    rd_kafka_t *consumer;
    rd_kafka_t *producer; /* transactional; the loop's thread only */
    rd_kafka_t *appender; /* made at the first append */
    pthread_mutex_t append_lock;

    Record *records; /* batch_count_max of them, sized once */
    Arena headers;   /* theirs: of the batch in hand */
    rd_kafka_message_t **messages;
    size_t message_count; /* of the batch in hand; 0: none */
    uint64_t batch_number;
    /* Membership under which the batch was read: offsets sent with it are refused once another
     * member owns the partitions, whatever this client has learnt meanwhile. */
    rd_kafka_consumer_group_metadata_t *membership;
    bool batch_lost; /* a revocation came while the batch was in hand */
    bool paused;
    bool start_in_doubt;     /* a pause may have undone the start of a partition */
    int64_t started_mono_ms; /* of the last assignment */
    int64_t polled_mono_ms;  /* when callbacks were served last */

    rd_kafka_topic_partition_list_t *assignment; /* being read; NULL: none */
    atomic_bool assigned;
    rd_kafka_topic_partition_list_t *gained; /* given to us, not begun; NULL: none */
    rd_kafka_topic_partition_list_t *known;  /* the assignment: what is before is published */
    int start_pause_ms;                      /* between two tries to begin */
    int64_t start_next_mono_ms;
    Error start_error; /* FATAL, of a callback: for the next poll */

    TxnState txn;
    uint64_t txn_batch_number; /* whose outcomes the open transaction carries */
    KafkaFailure failure;
    KafkaRefusal refusal;
};

/* kafka_conf_new - a client's configuration: our properties, then the file's; opaque is kafka.
 * Out: ret_conf  owned; rd_kafka_new takes it on success. */
MUST_CHECK bool kafka_conf_new(Kafka *kafka, KafkaRole role, rd_kafka_conf_t **ret_conf,
                               Error *reterr);

/* kafka_code_class - the one table from a client's code to what the loop shall do. */
ErrorClass kafka_code_class(rd_kafka_resp_err_t code);

/* kafka_advice - " (what to do)" for codes that have one remedy, else "". */
const char *kafka_advice(rd_kafka_resp_err_t code);

/* kafka_check_alive - whether a client is lost, and why.
 * Returns: false, with reterr FATAL, if it is; true if it lives. */
MUST_CHECK bool kafka_check_alive(rd_kafka_t *client, const char *what, Error *reterr);

extern const char kafka_dead_letter_topic[];

/* What a producer needs of one record; texts are copied into its queue. */
typedef struct KafkaProduced {
    const char *topic; /* with prefix */
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    rd_kafka_headers_t *headers; /* taken */
    void *opaque;
} KafkaProduced;

/* kafka_produce - Returns: as kafka_send_outcome. */
rd_kafka_resp_err_t kafka_produce(rd_kafka_t *producer, const KafkaProduced *produced);

/* kafka_headers_add - a header that is a text. */
void kafka_headers_add(rd_kafka_headers_t *headers, const char *name, const char *value);

/* kafka_send_outcome / kafka_send_dead_letter - hand one record to a producer's queue.
 * Returns: NO_ERROR; _QUEUE_FULL: poll, then again; else why the record cannot be sent. */
rd_kafka_resp_err_t kafka_send_outcome(const Kafka *kafka, rd_kafka_t *producer,
                                       const Outcome *outcome, void *opaque);
rd_kafka_resp_err_t kafka_send_dead_letter(const Kafka *kafka, rd_kafka_t *producer,
                                           const DeadLetter *letter, void *opaque);

/* kafka_topic_name - prefix and short name. Returns: ret_name. */
const char *kafka_topic_name(const Kafka *kafka, const char *short_name,
                             char ret_name[KAFKA_NAME_SIZE]);

/*
 * kafka_time_is_receipt - whether a record's time may be taken for its receipt. Pure.
 *
 * In:      topic  short name.
 * Returns: false for a time that the publisher gave, or none, on a topic of the pipeline.
 */
bool kafka_time_is_receipt(const KafkaSettings *settings, const char *topic,
                           rd_kafka_timestamp_type_t type);

/* kafka_rebalance - the consumer's callback; opaque is the Kafka. */
void kafka_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                     rd_kafka_topic_partition_list_t *partitions, void *opaque);

/* kafka_assignment_set - these are read now; NULL: none. kafka_start_partitions - from where their
 * offsets say. kafka_topic_short_name - of an input topic; "" of others. */
void kafka_assignment_set(Kafka *kafka, const rd_kafka_topic_partition_list_t *partitions);
rd_kafka_resp_err_t kafka_start_partitions(Kafka *kafka,
                                           const rd_kafka_topic_partition_list_t *list);
const char *kafka_topic_short_name(const Kafka *kafka, const char *name);

/* kafka_start_gained - begin them, or note that they wait; kafka_start_lost - forget them. */
void kafka_start_gained(Kafka *kafka, const rd_kafka_topic_partition_list_t *partitions);
void kafka_start_lost(Kafka *kafka);

/* kafka_start_again - try those that wait, when it is time. Errors: as kafka_poll. */
MUST_CHECK bool kafka_start_again(Kafka *kafka, Error *reterr);

/* kafka_known_raise - the offsets were committed. kafka_known_offset - what of a partition (name
 * with prefix) is published for sure; -1: unknown. */
void kafka_known_raise(Kafka *kafka, const rd_kafka_topic_partition_list_t *offsets);
int64_t kafka_known_offset(const Kafka *kafka, const char *name, int32_t partition);

/* kafka_messages_destroy - forget the batch in hand. */
void kafka_messages_destroy(Kafka *kafka);

/*
 * kafka_warm - look up the output topics once, so that a producer's first record does not wait for
 * it: the client asks for topics that it does not know once a second (librdkafka issue 3202), which
 * cost the first record after every start 1.1 s. Best effort, bounded.
 */
void kafka_warm(const Kafka *kafka, rd_kafka_t *producer);

/* kafka_producer_open / kafka_appender_close - the producers' side of kafka_open, _release. */
MUST_CHECK bool kafka_producer_open(Kafka *kafka, Error *reterr);
void kafka_appender_close(Kafka *kafka);
