/* kafka_sender.c - see kafka_sender.h. */
#include "kafka_sender.h"

#include "kafka_client.h"
#include "signing.h"

#include "runtime/clock.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEND_PAUSE_MS = 50, NUMBER_SIZE = 16, PURGE_WAIT_MS = 1000 };

struct KafkaSender {
    Session *session; /* borrowed */
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    SenderFailed *failed;
    void *context;
    Signing signing; /* keys NULL: nothing was to be signed yet */
    SenderCounts counts;
};

static void take_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    KafkaSender *sender = opaque;
    (void)producer;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        sender->counts.delivered++;
        return;
    }
    sender->counts.failed++;
    sender->failed(sender->context, (uintptr_t)message->_private, rd_kafka_err2str(message->err));
}

/* A missing topic is told at once and not after the records' time-out. All topics are asked for:
 * asking for one by its name could create it. */
static bool find_topic(KafkaSender *sender, const char *topic)
{
    const rd_kafka_metadata_t *metadata = NULL;
    Error *error = &sender->session->error;
    bool found = false;
    const int64_t timeout_ms = config_integer(sender->session->config, "CPOR_KAFKA_TIMEOUT_MS");
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(sender->producer, 1, NULL, &metadata, (int)timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_client_fail(sender->producer, code, "look for a topic", rd_kafka_err2str(code),
                                 error);
    for (int i = 0; i < metadata->topic_cnt; i++)
        found = found || (strcmp(metadata->topics[i].topic, topic) == 0 &&
                          metadata->topics[i].partition_cnt > 0);
    rd_kafka_metadata_destroy(metadata);
    if (!found)
        return error_set(error, ERROR_FATAL,
                         "look for topic %s: there is none (run cporctl setup), or this principal"
                         " may not see it (deploy/security/kafka-acls)",
                         topic);
    sender->topic = rd_kafka_topic_new(sender->producer, topic, NULL);
    return sender->topic != NULL || error_set(error, ERROR_FATAL, "open topic %s: %s", topic,
                                              rd_kafka_err2str(rd_kafka_last_error()));
}

bool kafka_sender_open(Session *session, const char *topic, SenderFailed *failed, void *context,
                       KafkaSender **ret_sender)
{
    const Config *config = session->config;
    char timeout[NUMBER_SIZE];
    KafkaSender *sender = calloc(1, sizeof *sender);
    if (sender == NULL)
        return error_set(&session->error, ERROR_FATAL, "make Kafka client: out of memory");
    *sender = (KafkaSender){.session = session, .failed = failed, .context = context};
    snprintf(timeout, sizeof timeout, "%" PRId64, config_integer(config, "CPOR_KAFKA_TIMEOUT_MS"));
    const KafkaSenderHooks hooks = {timeout, take_delivery, sender};
    const char *name =
        arena_printf(&session->arena, "%s%s", config_text(config, "CPOR_TOPIC_PREFIX"), topic);
    if (kafka_client_open_sender(config_text(config, "CPOR_KAFKA_BROKERS"),
                                 config_text(config, "CPOR_KAFKA_PROPERTIES"), &hooks,
                                 &sender->producer, &session->error) &&
        find_topic(sender, name)) {
        *ret_sender = sender;
        return true;
    }
    kafka_sender_release(&sender);
    return false;
}

void kafka_sender_release(KafkaSender **place)
{
    KafkaSender *sender = *place;
    if (sender == NULL)
        return;
    if (sender->producer != NULL && rd_kafka_outq_len(sender->producer) > 0) {
        rd_kafka_purge(sender->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(sender->producer, PURGE_WAIT_MS);
    }
    if (sender->topic != NULL)
        rd_kafka_topic_destroy(sender->topic);
    if (sender->producer != NULL)
        rd_kafka_destroy(sender->producer);
    signing_close(&sender->signing);
    free(sender);
    *place = NULL;
}

static void header_add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    rd_kafka_header_add(headers, name, -1, value, (ssize_t)strlen(value));
}

static rd_kafka_headers_t *event_headers(const SentEvent *event, const char *signature)
{
    char at[CLOCK_TEXT_SIZE];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
    header_add(headers, "ce_specversion", "1.0");
    header_add(headers, "ce_id", event->id);
    header_add(headers, "ce_source", SENDER_SOURCE);
    header_add(headers, "ce_type", event_type_name(event->type));
    header_add(headers, "ce_time", clock_format(event->at_ms, at));
    header_add(headers, "ce_subject", event->subject);
    header_add(headers, "content-type", "application/json");
    if (*signature != '\0')
        header_add(headers, SIGNATURE_HEADER, signature);
    return headers;
}

/* The client's interface is not const, but with F_COPY it only reads. */
static rd_kafka_vu_t vu_memory(rd_kafka_vtype_t type, const void *memory, size_t size)
{
    rd_kafka_vu_t vu = {.vtype = type};
    vu.u.mem.ptr = (void *)(uintptr_t)memory;
    vu.u.mem.size = size;
    return vu;
}

/* One record as the client takes it. */
typedef struct Sending {
    const void *key, *value;
    size_t key_size, value_size;
    rd_kafka_headers_t *headers;
    uintptr_t tag;
} Sending;

static rd_kafka_resp_err_t produce(KafkaSender *sender, const Sending *sending)
{
    const rd_kafka_vu_t vus[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = sender->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        vu_memory(RD_KAFKA_VTYPE_KEY, sending->key, sending->key_size),
        vu_memory(RD_KAFKA_VTYPE_VALUE, sending->value, sending->value_size),
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = sending->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)sending->tag},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(sender->producer, vus, sizeof vus / sizeof vus[0]);
    if (error == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

/* Takes the headers. what: the record's name in the error. */
static bool send_record(KafkaSender *sender, const Sending *sending, const char *what)
{
    rd_kafka_resp_err_t code;
    while ((code = produce(sender, sending)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(sender->producer, SEND_PAUSE_MS); /* ends: records have a time-out */
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(sending->headers); /* taken only on success */
    rd_kafka_poll(sender->producer, 0);
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) { /* this record's fault: others go on */
        sender->counts.sent++;
        sender->counts.failed++;
        sender->failed(sender->context, sending->tag, rd_kafka_err2str(code));
        return true;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(&sender->session->error, kafka_client_class(code), "publish %s: %s", what,
                         rd_kafka_err2str(code));
    sender->counts.sent++;
    return true;
}

static bool event_sign(KafkaSender *sender, const SentEvent *event,
                       char ret_signature[SIGNATURE_SIZE])
{
    Session *session = sender->session;
    if (sender->signing.keys == NULL && !signing_open(session, &sender->signing))
        return false;
    const SignedRecord record = {.topic = rd_kafka_topic_name(sender->topic),
                                 .type = event_type_name(event->type),
                                 .source = SENDER_SOURCE,
                                 .id = event->id,
                                 .key = event->key,
                                 .key_size = strlen(event->key),
                                 .value = event->body,
                                 .value_size = event->body_size};
    return signing_sign(&sender->signing, event->type, &record, ret_signature, &session->error);
}

bool kafka_sender_send(KafkaSender *sender, const SentEvent *event)
{
    char signature[SIGNATURE_SIZE];
    if (!event_sign(sender, event, signature))
        return false;
    const Sending sending = {.key = event->key,
                             .value = event->body,
                             .key_size = strlen(event->key),
                             .value_size = event->body_size,
                             .headers = event_headers(event, signature),
                             .tag = event->tag};
    return send_record(sender, &sending, event->id);
}

bool kafka_sender_send_copy(KafkaSender *sender, const SentCopy *copy)
{
    const KafkaRecord *record = copy->record;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(copy->header_count);
    KafkaHeader header;
    for (size_t i = 0; i < copy->header_count && kafka_record_header(record, i, &header); i++)
        rd_kafka_header_add(headers, header.name, -1, header.value, (ssize_t)header.value_size);
    const Sending sending = {.key = record->key,
                             .value = record->value,
                             .key_size = record->key_size,
                             .value_size = record->value_size,
                             .headers = headers,
                             .tag = copy->tag};
    return send_record(sender, &sending, "a record again");
}

bool kafka_sender_send_place(KafkaSender *sender, const SentPlace *place)
{
    char number[24], at[CLOCK_TEXT_SIZE];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(7);
    header_add(headers, "dlq_reason", place->reason);
    header_add(headers, "dlq_detail", place->detail);
    header_add(headers, "dlq_service", place->service);
    header_add(headers, "dlq_topic", place->topic);
    snprintf(number, sizeof number, "%" PRId32, place->partition);
    header_add(headers, "dlq_partition", number);
    snprintf(number, sizeof number, "%" PRId64, place->offset);
    header_add(headers, "dlq_offset", number);
    header_add(headers, "dlq_timestamp", clock_format(place->at_ms, at));
    const Sending sending = {.headers = headers};
    return send_record(sender, &sending, "a dead letter");
}

size_t kafka_sender_poll(KafkaSender *sender, int wait_ms)
{
    rd_kafka_poll(sender->producer, wait_ms);
    const SenderCounts *counts = &sender->counts;
    return (size_t)(counts->sent - counts->delivered - counts->failed);
}

SenderCounts kafka_sender_counts(const KafkaSender *sender)
{
    return sender->counts;
}
