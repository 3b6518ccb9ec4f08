/* kafka_message.c - outcomes and dead letters as Kafka records: CloudEvents in binary mode. */
#include "kafka_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char kafka_dead_letter_topic[] = "dead-letter";

/* What a producer needs of one record; texts are copied into its queue. */
typedef struct Sending {
    const char *topic; /* with prefix */
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    rd_kafka_headers_t *headers; /* taken */
    void *opaque;
} Sending;

/* Together below the dead letters' max.message.bytes of 2 MiB, and far above the 256 KiB of an
 * event: what any honest client sends is kept whole. */
enum {
    DEAD_LETTER_VALUE_SIZE_MAX = 1400000,
    DEAD_LETTER_PART_SIZE_MAX = 250000, /* of the key, and of all headers */
    DEAD_LETTER_HEADER_ROOM = 16,
};

const char *kafka_topic_name(const Kafka *kafka, const char *short_name,
                             char ret_name[KAFKA_NAME_SIZE])
{
    snprintf(ret_name, KAFKA_NAME_SIZE, "%s%s", kafka->settings.topic_prefix, short_name);
    return ret_name;
}

/* The client's interface is not const, but with F_COPY it only reads. */
static rd_kafka_vu_t vu_memory(rd_kafka_vtype_t type, const void *memory, size_t size)
{
    rd_kafka_vu_t vu = {.vtype = type};
    vu.u.mem.ptr = (void *)(uintptr_t)memory;
    vu.u.mem.size = size;
    return vu;
}

static rd_kafka_resp_err_t sending_produce(rd_kafka_t *producer, const Sending *sending)
{
    const rd_kafka_vu_t vus[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = sending->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        vu_memory(RD_KAFKA_VTYPE_KEY, sending->key, sending->key_size),
        vu_memory(RD_KAFKA_VTYPE_VALUE, sending->value, sending->value_size),
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = sending->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = sending->opaque},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer, vus, sizeof vus / sizeof vus[0]);
    if (error == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(sending->headers); /* taken only on success */
    return code;
}

static void headers_add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    rd_kafka_header_add(headers, name, -1, value, (ssize_t)strlen(value));
}

static void headers_pass_on(rd_kafka_headers_t *headers, const Record *cause, const char *name)
{
    const RecordHeader *header = record_header(cause, name);
    if (header != NULL)
        rd_kafka_header_add(headers, name, -1, header->value, (ssize_t)header->value_size);
}

static rd_kafka_headers_t *outcome_headers(const Kafka *kafka, const Outcome *outcome)
{
    char at[CLOCK_TEXT_SIZE];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(11);
    headers_add(headers, "ce_specversion", "1.0");
    headers_add(headers, "ce_id", outcome->id);
    headers_add(headers, "ce_source", kafka->source);
    headers_add(headers, "ce_type", outcome->type);
    headers_add(headers, "ce_time", clock_format(outcome->at_ms, at));
    if (outcome->subject != NULL)
        headers_add(headers, "ce_subject", outcome->subject);
    headers_add(headers, "content-type", "application/json");
    if (outcome->proof != NULL)
        headers_add(headers, RECORD_PROOF_HEADER, outcome->proof);
    if (outcome->traceparent != NULL &&
        (outcome->cause == NULL || record_header(outcome->cause, "traceparent") == NULL))
        headers_add(headers, "traceparent", outcome->traceparent);
    if (outcome->cause != NULL) {
        headers_pass_on(headers, outcome->cause, "traceparent");
        headers_pass_on(headers, outcome->cause, "tracestate");
    }
    return headers;
}

void kafka_set_signer(Kafka *kafka, const KafkaSigner *signer)
{
    kafka->signer = *signer;
}

/* The one place where what a worker says is signed. Dead letters keep what they came with. */
static void sending_sign(const Kafka *kafka, const Sending *sending, const Outcome *outcome)
{
    const KafkaSigner *signer = &kafka->signer;
    const KafkaToSign record = {.topic = sending->topic,
                                .type = outcome->type,
                                .source = kafka->source,
                                .id = outcome->id,
                                .key = sending->key,
                                .key_size = sending->key_size,
                                .value = sending->value,
                                .value_size = sending->value_size};
    char signature[KAFKA_SIGNATURE_SIZE];
    if (signer->sign != NULL && signer->sign(signer->context, &record, signature, sizeof signature))
        headers_add(sending->headers, signer->header, signature);
}

rd_kafka_resp_err_t kafka_send_outcome(const Kafka *kafka, rd_kafka_t *producer,
                                       const Outcome *outcome, void *opaque)
{
    char topic[KAFKA_NAME_SIZE];
    const Sending sending = {
        .topic = kafka_topic_name(kafka, outcome->topic, topic),
        .key = outcome->key,
        .key_size = outcome->key == NULL ? 0 : strlen(outcome->key),
        .value = outcome->body,
        .value_size = outcome->body_size,
        .headers = outcome_headers(kafka, outcome),
        .opaque = opaque,
    };
    sending_sign(kafka, &sending, outcome);
    return sending_produce(producer, &sending);
}

static size_t headers_size(const rd_kafka_headers_t *headers)
{
    const char *name;
    const void *value;
    size_t size = 0, value_size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &value_size) ==
                       RD_KAFKA_RESP_ERR_NO_ERROR;
         i++)
        size += strlen(name) + value_size + DEAD_LETTER_HEADER_ROOM;
    return size;
}

/* Of a record that was stored and comes out of no message. */
static rd_kafka_headers_t *stored_headers(const Record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count + 8);
    for (size_t i = 0; i < record->header_count; i++)
        rd_kafka_header_add(headers, record->headers[i].name, -1, record->headers[i].value,
                            (ssize_t)record->headers[i].value_size);
    return headers;
}

/* The original's headers, unless they alone are more than a dead letter holds. */
static rd_kafka_headers_t *original_headers(const Record *record, bool *ret_cut)
{
    const rd_kafka_message_t *message = record->handle;
    rd_kafka_headers_t *original = NULL;
    *ret_cut = false;
    if (message == NULL)
        return stored_headers(record);
    if (rd_kafka_message_headers(message, &original) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_headers_new(8);
    *ret_cut = headers_size(original) > DEAD_LETTER_PART_SIZE_MAX;
    return *ret_cut ? rd_kafka_headers_new(8) : rd_kafka_headers_copy(original);
}

/* A compressed record can unpack to far more than any topic takes; cut, it still ends somewhere. */
static size_t dead_letter_cut(size_t size, size_t size_max, bool *cut)
{
    if (size <= size_max)
        return size;
    *cut = true;
    return size_max;
}

/* The record's own headers as they came, all of them, then ours: the record can be put back. */
static rd_kafka_headers_t *dead_letter_headers(const Kafka *kafka, const DeadLetter *letter,
                                               bool cut)
{
    const Record *record = letter->record;
    bool headers_cut;
    rd_kafka_headers_t *headers = original_headers(record, &headers_cut);
    char number[32], at[CLOCK_TEXT_SIZE], topic[KAFKA_NAME_SIZE];

    headers_add(headers, "dlq_reason", letter->reason);
    headers_add(headers, "dlq_detail", letter->detail == NULL ? "" : letter->detail);
    headers_add(headers, "dlq_service", kafka->settings.service);
    headers_add(headers, "dlq_topic", kafka_topic_name(kafka, record->topic, topic));
    snprintf(number, sizeof number, "%" PRId32, record->partition);
    headers_add(headers, "dlq_partition", number);
    snprintf(number, sizeof number, "%" PRId64, record->offset);
    headers_add(headers, "dlq_offset", number);
    headers_add(headers, "dlq_timestamp", clock_format(record->receipt_at_ms, at));
    if (cut || headers_cut) {
        snprintf(number, sizeof number, "%zu", record->value_size);
        headers_add(headers, "dlq_cut", number); /* the value's size as it came */
    }
    return headers;
}

rd_kafka_resp_err_t kafka_send_dead_letter(const Kafka *kafka, rd_kafka_t *producer,
                                           const DeadLetter *letter, void *opaque)
{
    const Record *record = letter->record;
    char topic[KAFKA_NAME_SIZE];
    bool cut = false;
    const size_t key_size = dead_letter_cut(record->key_size, DEAD_LETTER_PART_SIZE_MAX, &cut);
    const size_t value_size = dead_letter_cut(record->value_size, DEAD_LETTER_VALUE_SIZE_MAX, &cut);
    const Sending sending = {
        .topic = kafka_topic_name(kafka, kafka_dead_letter_topic, topic),
        .key = record->key,
        .key_size = key_size,
        .value = record->value,
        .value_size = value_size,
        .headers = dead_letter_headers(kafka, letter, cut),
        .opaque = opaque,
    };
    return sending_produce(producer, &sending);
}
