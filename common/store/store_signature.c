/* store_signature.c - a worker's keys: what it sends is signed, what it reads is judged. */
#include "store/store.h"

#include <stdio.h>

_Static_assert((int)KAFKA_SIGNATURE_SIZE >= (int)SIGNATURE_SIZE,
               "the adapter has room for a signature");

/* Read by whatever thread sends: the keys do not change while Kafka is open. */
static bool sign_record(const void *context, const KafkaToSign *record, char *ret_text,
                        size_t text_room)
{
    const SignedRecord signed_record = {.topic = record->topic,
                                        .type = record->type,
                                        .source = record->source,
                                        .id = record->id,
                                        .key = record->key,
                                        .value = record->value,
                                        .key_size = record->key_size,
                                        .value_size = record->value_size};
    char signature[SIGNATURE_SIZE];
    const bool is_signed = signature_sign(context, SIGNATURE_WORKER, &signed_record, signature);
    snprintf(ret_text, text_room, "%s", signature);
    return is_signed;
}

/* The metrics' table finds the one with these labels; refusals are few. */
static void count_refused(void *context, unsigned demanded, SignatureVerdict verdict)
{
    char labels[METRICS_LABELS_SIZE];
    (void)context;
    snprintf(labels, sizeof labels, "role=\"%s\",reason=\"%s\"", signature_roles_label(demanded),
             signature_verdict_name(verdict));
    metric_add(metrics_counter("signatures_refused_total", labels,
                               "records that their demanded signer has not signed, by its role"),
               1);
}

static bool read_level(const Worker *worker, SignatureLevel *ret_level, Error *reterr)
{
    const char *name = config_text(worker_config(worker), "CPOR_DEMAND_SIGNATURES");
    if (*name == '\0')
        name = worker_is_production(worker) ? "privileged" : "none";
    return signature_level_from_name(name, ret_level) ||
           error_set(reterr, ERROR_FATAL,
                     "read CPOR_DEMAND_SIGNATURES \"%.40s\": must be none, internal or privileged",
                     name);
}

bool store_open_signatures(Store *store, Error *reterr)
{
    Worker *worker = store->worker;
    const Config *config = worker_config(worker);
    EventGate *gate = &store->gate;
    *gate = (EventGate){.topic_prefix = config_text(config, "CPOR_TOPIC_PREFIX"),
                        .refused = count_refused};
    if (!read_level(worker, &gate->level, reterr) ||
        !event_keys_open(config_text(config, "CPOR_EVENT_KEYS"), &store->event_keys, reterr))
        return false;
    gate->keys = store->event_keys;
    if (gate->level != SIGNATURES_NONE &&
        (event_keys_roles(store->event_keys) & SIGNATURE_WORKER) == 0)
        return error_set(reterr, ERROR_FATAL,
                         "read CPOR_EVENT_KEYS: no key of role worker, and signatures are demanded"
                         " (CPOR_DEMAND_SIGNATURES, CPOR_ENV); give id:worker:secret, the same to"
                         " every worker (deploy/security)");
    const KafkaSigner signer = {
        .sign = sign_record, .context = store->event_keys, .header = SIGNATURE_HEADER};
    kafka_set_signer(worker_kafka(worker), &signer);
    return true;
}

void store_close_signatures(Store *store)
{
    if (store->worker != NULL && worker_kafka(store->worker) != NULL)
        kafka_set_signer(worker_kafka(store->worker), &(KafkaSigner){0});
    event_keys_release(&store->event_keys);
}
