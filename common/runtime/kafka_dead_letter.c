/*
 * kafka_dead_letter.c - dead letters as Kafka records: the bytes as they came, and why.
 *
 * A record can unpack to far more than any topic takes. Of what is larger than any honest client
 * sends, only the beginning is kept, so that every dead letter is smaller than its topic's
 * max.message.bytes of 2 MiB: 512 KiB twice, 64 KiB, and our own headers.
 */
#include "digest.h"
#include "kafka_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char kafka_dead_letter_topic[] = "dead-letter";

enum {
    WHOLE_SIZE_MAX = 512 * 1024, /* of a value, and of a key */
    CUT_SIZE = 64 * 1024,        /* what is kept of a larger one */
    OWN_HEADER_COUNT_MAX = 9,
    TEXT_SIZE = 128,
};

/* What is kept of a record. */
typedef struct Kept {
    size_t key_size, value_size;
    rd_kafka_headers_t *headers; /* owned */
    bool is_cut;
} Kept;

static size_t kept_size(size_t size)
{
    return size <= WHOLE_SIZE_MAX ? size : CUT_SIZE;
}

/* Of a record that was stored and comes out of no message. */
static rd_kafka_headers_t *stored_headers(const Record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count + OWN_HEADER_COUNT_MAX);
    for (size_t i = 0; i < record->header_count; i++)
        rd_kafka_header_add(headers, record->headers[i].name, -1, record->headers[i].value,
                            (ssize_t)record->headers[i].value_size);
    return headers;
}

static size_t size_min(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* The first ones, in RECORD_HEADERS_SIZE_MAX bytes; the last of them is cut. */
static rd_kafka_headers_t *first_headers(const rd_kafka_headers_t *original)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(64);
    const char *name;
    const void *value;
    size_t value_size, left = RECORD_HEADERS_SIZE_MAX;
    for (size_t i = 0; left > 0 && i < RECORD_HEADER_COUNT_MAX &&
                       rd_kafka_header_get_all(original, i, &name, &value, &value_size) ==
                           RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        const size_t name_size = size_min(strlen(name), left);
        left -= name_size;
        value_size = size_min(value_size, left);
        left -= value_size;
        rd_kafka_header_add(headers, name, (ssize_t)name_size, value, (ssize_t)value_size);
    }
    return headers;
}

static rd_kafka_headers_t *kept_headers(const Record *record)
{
    const rd_kafka_message_t *message = record->handle;
    rd_kafka_headers_t *original = NULL;
    if (message == NULL)
        return stored_headers(record);
    if (rd_kafka_message_headers(message, &original) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_headers_new(OWN_HEADER_COUNT_MAX);
    return record->headers_are_too_large ? first_headers(original)
                                         : rd_kafka_headers_copy(original);
}

static Kept kept_of(const Record *record)
{
    Kept kept = {.key_size = kept_size(record->key_size),
                 .value_size = kept_size(record->value_size),
                 .headers = kept_headers(record)};
    kept.is_cut = kept.key_size < record->key_size || kept.value_size < record->value_size ||
                  record->headers_are_too_large;
    return kept;
}

/* Behind the record's own, so that the record can be put back. */
static void add_own_headers(const Kafka *kafka, const DeadLetter *letter, const Kept *kept)
{
    const Record *record = letter->record;
    rd_kafka_headers_t *headers = kept->headers;
    char text[TEXT_SIZE], at[CLOCK_TEXT_SIZE], topic[KAFKA_NAME_SIZE], hex[65];
    kafka_headers_add(headers, "dlq_reason", letter->reason);
    kafka_headers_add(headers, "dlq_detail", letter->detail == NULL ? "" : letter->detail);
    kafka_headers_add(headers, "dlq_service", kafka->settings.service);
    kafka_headers_add(headers, "dlq_topic", kafka_topic_name(kafka, record->topic, topic));
    snprintf(text, sizeof text, "%" PRId32, record->partition);
    kafka_headers_add(headers, "dlq_partition", text);
    snprintf(text, sizeof text, "%" PRId64, record->offset);
    kafka_headers_add(headers, "dlq_offset", text);
    kafka_headers_add(headers, "dlq_timestamp", clock_format(record->receipt_at_ms, at));
    if (!kept->is_cut)
        return;
    snprintf(text, sizeof text, "value=%zu headers=%zu key=%zu", record->value_size,
             record->headers_size, record->key_size);
    kafka_headers_add(headers, "dlq_truncated", text);
    sha256_hex(record->value == NULL ? "" : record->value, record->value_size, hex);
    kafka_headers_add(headers, "dlq_sha256", hex); /* whoever has the original can show it */
}

rd_kafka_resp_err_t kafka_send_dead_letter(const Kafka *kafka, rd_kafka_t *producer,
                                           const DeadLetter *letter, void *opaque)
{
    const Record *record = letter->record;
    const Kept kept = kept_of(record);
    char topic[KAFKA_NAME_SIZE];
    add_own_headers(kafka, letter, &kept);
    const KafkaProduced produced = {
        .topic = kafka_topic_name(kafka, kafka_dead_letter_topic, topic),
        .key = record->key,
        .key_size = kept.key_size,
        .value = record->value,
        .value_size = kept.value_size,
        .headers = kept.headers,
        .opaque = opaque,
    };
    return kafka_produce(producer, &produced);
}
