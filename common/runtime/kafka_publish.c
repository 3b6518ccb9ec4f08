/* kafka_publish.c - one Kafka transaction for a batch: outcomes, dead letters, offsets. */
#include "kafka_internal.h"

#include "crash_point.h"
#include "log.h"

#include <stdio.h>
#include <string.h>

/*
 * The client's answers: fatal (the process is over), "requires abort" (this transaction is over),
 * retriable (ask the same again), and the rest, which is treated like "requires abort". Whatever
 * the answer, a transaction that is not known to be committed is either resumed or aborted before
 * the next one begins, so that no record can become visible twice.
 */

/* A dead letter's topic may take less than the record's own did: the letter then holds the record's
 * coordinates alone. An outcome that is refused is no record's fault: it fits every topic that is
 * set up. */
static bool is_letter_refused(const Kafka *kafka)
{
    char topic[KAFKA_NAME_SIZE];
    kafka_topic_name(kafka, kafka_dead_letter_topic, topic);
    const rd_kafka_resp_err_t code = kafka->failure.code;
    return strcmp(kafka->failure.topic, topic) == 0 &&
           (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
            code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
            code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
            code == RD_KAFKA_RESP_ERR_INVALID_RECORD);
}

/* The refused record is the cause, the transaction's error only its consequence. */
static void refused_set(const Kafka *kafka, Error *reterr)
{
    const KafkaFailure *failure = &kafka->failure;
    const char *why = rd_kafka_err2str(failure->code), *advice = kafka_advice(failure->code);
    if (is_letter_refused(kafka))
        error_poison(reterr, "publish to %s (%zu bytes): %s%s", failure->topic, failure->size, why,
                     advice);
    else
        error_set(reterr, kafka_code_class(failure->code), "publish to %s (%zu bytes): %s%s",
                  failure->topic, failure->size, why, advice);
}

/* Take the error: fill reterr with its class. Returns false. */
static bool publish_failed(Kafka *kafka, const char *what, rd_kafka_error_t *error, Error *reterr)
{
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    const bool fatal = rd_kafka_error_is_fatal(error);
    const KafkaFailure *failure = &kafka->failure;
    rd_kafka_poll(kafka->producer, 0); /* why the brokers are silent comes by a callback */
    if (fatal)
        error_set(reterr, ERROR_FATAL, "%s: %s%s", what, rd_kafka_error_string(error),
                  kafka_advice(code));
    else if (failure->code != RD_KAFKA_RESP_ERR_NO_ERROR)
        refused_set(kafka, reterr);
    else
        error_set(reterr, kafka_code_class(code), "%s: %s%s", what, rd_kafka_error_string(error),
                  kafka_advice(code));
    if (!fatal && (kafka_is_silence(code) || kafka_is_silence(failure->code)))
        (void)!kafka_refusal_explain(&kafka->refusal, what, reterr);
    rd_kafka_error_destroy(error);
    return false;
}

/* Whether to ask the same again: error is retriable and there is time. Takes error if so. */
static bool publish_again(Kafka *kafka, rd_kafka_error_t *error, int64_t deadline_mono_ms)
{
    if (!rd_kafka_error_is_retriable(error) || clock_mono_now() >= deadline_mono_ms)
        return false;
    rd_kafka_error_destroy(error);
    rd_kafka_poll(kafka->producer, KAFKA_PAUSE_MS);
    return true;
}

static void failure_note(Kafka *kafka, const char *topic, size_t size, rd_kafka_resp_err_t code)
{
    if (kafka->failure.code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    kafka->failure.code = code;
    kafka->failure.size = size;
    snprintf(kafka->failure.topic, sizeof kafka->failure.topic, "%s", topic);
}

/* Runs inside of poll, flush and commit. What we purge ourselves is no failure. */
static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    failure_note(opaque, rd_kafka_topic_name(message->rkt), message->len, message->err);
}

bool kafka_producer_open(Kafka *kafka, Error *reterr)
{
    char why[256];
    rd_kafka_conf_t *conf;
    if (!kafka_conf_new(kafka, KAFKA_PRODUCER, &conf, reterr))
        return false;
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    kafka->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (kafka->producer == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(reterr, ERROR_FATAL, "make Kafka producer: %s", why);
    }
    rd_kafka_error_t *error = rd_kafka_init_transactions(kafka->producer, KAFKA_OPEN_MS);
    if (error != NULL)
        return publish_failed(kafka, "init Kafka transactions", error, reterr);
    kafka_warm(kafka, kafka->producer);
    return true;
}

static bool txn_begin(Kafka *kafka, Error *reterr)
{
    kafka->failure.code = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(kafka->producer);
    if (error != NULL)
        return publish_failed(kafka, "begin Kafka transaction", error, reterr);
    kafka->txn = TXN_OPEN;
    kafka->txn_batch_number = kafka->batch_number;
    crash_point(CRASH_AFTER_KAFKA_BEGIN);
    return true;
}

/* A time-out leaves the commit running in the background: it is asked for again until it answers,
 * here or in the next call (TXN_COMMITTING). */
static bool txn_commit(Kafka *kafka, int64_t deadline_mono_ms, Error *reterr)
{
    kafka->txn = TXN_COMMITTING;
    rd_kafka_error_t *error;
    do
        /* Its -1 has no end while the brokers are silent. */
        error = rd_kafka_commit_transaction(kafka->producer, KAFKA_COMMIT_MS);
    while (error != NULL && publish_again(kafka, error, deadline_mono_ms));
    if (error == NULL) {
        kafka->txn = TXN_NONE;
        crash_point(CRASH_AFTER_KAFKA_COMMIT);
        return true;
    }
    if (!rd_kafka_error_is_retriable(error))
        kafka->txn = TXN_ABORTING;
    return publish_failed(kafka, "commit Kafka transaction", error, reterr);
}

static bool txn_abort(Kafka *kafka, Error *reterr)
{
    kafka->txn = TXN_ABORTING;
    const int64_t deadline_mono_ms = clock_mono_now() + KAFKA_ABORT_MS;
    rd_kafka_error_t *error;
    do
        /* Likewise: it goes on in the background, and is resumed. */
        error = rd_kafka_abort_transaction(kafka->producer, KAFKA_ABORT_MS);
    while (error != NULL && publish_again(kafka, error, deadline_mono_ms));
    if (error != NULL)
        return publish_failed(kafka, "abort Kafka transaction", error, reterr);
    kafka->txn = TXN_NONE;
    return true;
}

/* Bring the last call's transaction to its end. ret_published: it was this very batch's. */
static bool txn_settle(Kafka *kafka, int64_t deadline_mono_ms, bool *ret_published, Error *reterr)
{
    *ret_published = false;
    switch (kafka->txn) {
    case TXN_NONE:
        return true;
    case TXN_COMMITTING:
        if (txn_commit(kafka, deadline_mono_ms, reterr)) {
            *ret_published = kafka->txn_batch_number == kafka->batch_number;
            return true;
        }
        if (reterr->class == ERROR_FATAL || kafka->txn == TXN_COMMITTING)
            return false;
        return txn_abort(kafka, reterr);
    case TXN_OPEN:
    case TXN_ABORTING:
        return txn_abort(kafka, reterr);
    }
    return true;
}

/* One record to send: an outcome, or a dead letter. */
typedef struct Sending {
    const Outcome *outcome;
    const DeadLetter *letter;
    const char *topic;
    size_t size;
} Sending;

/* Queue full: the brokers take what is queued, then there is room. */
static bool send_one(Kafka *kafka, const Sending *sending, int64_t deadline_mono_ms, Error *reterr)
{
    rd_kafka_resp_err_t code;
    for (;;) {
        code = sending->letter == NULL
                   ? kafka_send_outcome(kafka, kafka->producer, sending->outcome, NULL)
                   : kafka_send_dead_letter(kafka, kafka->producer, sending->letter, NULL);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || clock_mono_now() >= deadline_mono_ms)
            break;
        rd_kafka_poll(kafka->producer, KAFKA_PAUSE_MS);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    char topic[KAFKA_NAME_SIZE];
    kafka_topic_name(kafka, sending->topic, topic);
    rd_kafka_poll(kafka->producer, 0); /* a delivery failure behind it is the better text */
    failure_note(kafka, topic, sending->size, code);
    return publish_failed(kafka, "produce", rd_kafka_error_new(code, "%s", topic), reterr);
}

static bool send_all(Kafka *kafka, const Batch *batch, int64_t deadline_mono_ms, Error *reterr)
{
    for (size_t i = 0; i < batch->outcome_count; i++) {
        const Outcome *outcome = &batch->outcomes[i];
        const Sending sending = {
            .outcome = outcome, .topic = outcome->topic, .size = outcome->body_size};
        if (!send_one(kafka, &sending, deadline_mono_ms, reterr))
            return false;
    }
    for (size_t i = 0; i < batch->dead_letter_count; i++) {
        const DeadLetter *letter = &batch->dead_letters[i];
        const Sending sending = {
            .letter = letter, .topic = kafka_dead_letter_topic, .size = letter->record->value_size};
        if (!send_one(kafka, &sending, deadline_mono_ms, reterr))
            return false;
    }
    crash_point(CRASH_AFTER_PRODUCE);
    return true;
}

/* The next offset of each partition in the batch. Records of a partition come in runs. */
static rd_kafka_topic_partition_list_t *batch_offsets(const Kafka *kafka, const Batch *batch)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    rd_kafka_topic_partition_t *last = NULL;
    const char *last_topic = NULL; /* the adapter's own text: its address is enough */
    for (size_t i = 0; i < batch->record_count; i++) {
        const Record *record = &batch->records[i];
        if (last == NULL || last_topic != record->topic || last->partition != record->partition) {
            char topic[KAFKA_NAME_SIZE];
            kafka_topic_name(kafka, record->topic, topic);
            last = rd_kafka_topic_partition_list_find(list, topic, record->partition);
            if (last == NULL)
                last = rd_kafka_topic_partition_list_add(list, topic, record->partition);
            last_topic = record->topic;
        }
        last->offset = record->offset + 1;
    }
    return list;
}

static bool send_offsets(Kafka *kafka, const Batch *batch, int64_t deadline_mono_ms, Error *reterr)
{
    rd_kafka_topic_partition_list_t *offsets = batch_offsets(kafka, batch);
    rd_kafka_error_t *error;
    do
        error =
            rd_kafka_send_offsets_to_transaction(kafka->producer, offsets, kafka->membership, -1);
    while (error != NULL && publish_again(kafka, error, deadline_mono_ms));
    rd_kafka_topic_partition_list_destroy(offsets);
    if (error != NULL)
        return publish_failed(kafka, "send offsets to transaction", error, reterr);
    crash_point(CRASH_AFTER_OFFSETS);
    return true;
}

static bool publish(Kafka *kafka, const Batch *batch, Error *reterr)
{
    const int64_t deadline_mono_ms = clock_mono_now() + KAFKA_PUBLISH_MS;
    bool published;

    if (kafka->batch_lost)
        return error_set(reterr, ERROR_RETRY, "publish: the batch's partitions were revoked");
    if (!outcomes_fit(batch->outcomes, batch->outcome_count, reterr) ||
        !kafka_check_alive(kafka->producer, "publish", reterr) ||
        !txn_settle(kafka, deadline_mono_ms, &published, reterr))
        return false;
    if (published)
        return true;
    if (!txn_begin(kafka, reterr))
        return false;
    if (send_all(kafka, batch, deadline_mono_ms, reterr) &&
        send_offsets(kafka, batch, deadline_mono_ms, reterr) &&
        txn_commit(kafka, deadline_mono_ms, reterr))
        return true;

    /* At once, a FATAL answer too: readers of these partitions wait for the end. */
    Error abort_error;
    if (kafka->txn != TXN_COMMITTING && kafka_check_alive(kafka->producer, "", NULL) &&
        !txn_abort(kafka, &abort_error) && reterr->class != ERROR_FATAL)
        *reterr = abort_error;
    return false;
}

bool kafka_publish(Kafka *kafka, Batch *batch, Error *reterr)
{
    if (!publish(kafka, batch, reterr))
        return false;
    rd_kafka_topic_partition_list_t *offsets = batch_offsets(kafka, batch);
    kafka_known_raise(kafka, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
    return true;
}

/* A commit that is resumed is known by the number: neither may be taken for the other. */
bool kafka_publish_piece(Kafka *kafka, Batch *piece, Error *reterr)
{
    kafka->batch_number++;
    const bool ok = kafka_publish(kafka, piece, reterr);
    kafka->batch_number++;
    return ok;
}
