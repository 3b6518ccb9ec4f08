/* kafka_message.c - outcomes as Kafka records: CloudEvents in binary mode. */
#include "kafka_internal.h"

#include <stdio.h>
#include <string.h>

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

rd_kafka_resp_err_t kafka_produce(rd_kafka_t *producer, const KafkaProduced *produced)
{
    const rd_kafka_vu_t vus[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = produced->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        vu_memory(RD_KAFKA_VTYPE_KEY, produced->key, produced->key_size),
        vu_memory(RD_KAFKA_VTYPE_VALUE, produced->value, produced->value_size),
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = produced->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = produced->opaque},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer, vus, sizeof vus / sizeof vus[0]);
    if (error == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(produced->headers); /* taken only on success */
    return code;
}

void kafka_headers_add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    rd_kafka_header_add(headers, name, -1, value, (ssize_t)strlen(value));
}

static void headers_pass_on(rd_kafka_headers_t *headers, const char *name,
                            const RecordHeader *header)
{
    if (header != NULL)
        rd_kafka_header_add(headers, name, -1, header->value, (ssize_t)header->value_size);
}

static rd_kafka_headers_t *outcome_headers(const Kafka *kafka, const Outcome *outcome)
{
    char at[CLOCK_TEXT_SIZE];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(11);
    kafka_headers_add(headers, "ce_specversion", "1.0");
    kafka_headers_add(headers, "ce_id", outcome->id);
    kafka_headers_add(headers, "ce_source", kafka->source);
    kafka_headers_add(headers, "ce_type", outcome->type);
    kafka_headers_add(headers, "ce_time", clock_format(outcome->at_ms, at));
    if (outcome->subject != NULL)
        kafka_headers_add(headers, "ce_subject", outcome->subject);
    kafka_headers_add(headers, "content-type", "application/json");
    if (outcome->proof != NULL)
        kafka_headers_add(headers, RECORD_PROOF_HEADER, outcome->proof);
    const RecordHeader *parent = outcome->cause == NULL ? NULL : record_traceparent(outcome->cause);
    headers_pass_on(headers, "traceparent", parent);
    if (parent != NULL)
        headers_pass_on(headers, "tracestate", record_tracestate(outcome->cause));
    else if (outcome->traceparent != NULL)
        kafka_headers_add(headers, "traceparent", outcome->traceparent);
    return headers;
}

void kafka_set_signer(Kafka *kafka, const KafkaSigner *signer)
{
    kafka->signer = *signer;
}

/* The one place where what a worker says is signed. Dead letters keep what they came with. */
static void outcome_sign(const Kafka *kafka, const KafkaProduced *produced, const Outcome *outcome)
{
    const KafkaSigner *signer = &kafka->signer;
    const KafkaToSign record = {.topic = produced->topic,
                                .type = outcome->type,
                                .source = kafka->source,
                                .id = outcome->id,
                                .key = produced->key,
                                .key_size = produced->key_size,
                                .value = produced->value,
                                .value_size = produced->value_size};
    char signature[KAFKA_SIGNATURE_SIZE];
    if (signer->sign != NULL && signer->sign(signer->context, &record, signature, sizeof signature))
        kafka_headers_add(produced->headers, signer->header, signature);
}

rd_kafka_resp_err_t kafka_send_outcome(const Kafka *kafka, rd_kafka_t *producer,
                                       const Outcome *outcome, void *opaque)
{
    char topic[KAFKA_NAME_SIZE];
    const KafkaProduced produced = {
        .topic = kafka_topic_name(kafka, outcome->topic, topic),
        .key = outcome->key,
        .key_size = outcome->key == NULL ? 0 : strlen(outcome->key),
        .value = outcome->body,
        .value_size = outcome->body_size,
        .headers = outcome_headers(kafka, outcome),
        .opaque = opaque,
    };
    outcome_sign(kafka, &produced, outcome);
    return kafka_produce(producer, &produced);
}
