/* kafka_client.h - between the files of the tool's Kafka adapter (topics.c, kafka_*.c): the client.
 */
#pragma once

#include "runtime/error.h"

typedef enum KafkaClientKind {
    KAFKA_CLIENT_ADMIN,  /* topics and groups */
    KAFKA_CLIENT_READER, /* records that are committed; a member of no group */
    KAFKA_CLIENT_RAW,    /* likewise, but what is not committed counts too */
    KAFKA_CLIENT_SENDER, /* publishes: kafka_client_open_sender */
} KafkaClientKind;

/* kafka_client_open - make a client; no broker is asked yet. Owned by the caller.
 * Errors:  FATAL  a bad property. */
struct rd_kafka_s;
struct rd_kafka_message_s;
MUST_CHECK bool kafka_client_open(KafkaClientKind kind, const char *brokers,
                                  const char *properties_file, struct rd_kafka_s **ret_client,
                                  Error *reterr);

/* What a publisher is told. opaque is given to each call of delivered. */
typedef struct KafkaSenderHooks {
    const char *timeout_text; /* of a record's delivery, milliseconds */
    void (*delivered)(struct rd_kafka_s *client, const struct rd_kafka_message_s *message,
                      void *opaque);
    void *opaque;
} KafkaSenderHooks;

/* kafka_client_open_sender - likewise, an idempotent publisher. hooks are copied. */
MUST_CHECK bool kafka_client_open_sender(const char *brokers, const char *properties_file,
                                         const KafkaSenderHooks *hooks,
                                         struct rd_kafka_s **ret_client, Error *reterr);

/*
 * kafka_client_fail - fill an error about a request; where no broker let us in, say why.
 *
 * In:      code  rd_kafka_resp_err_t.   what, why  "verb object", cause.
 * Returns: false, always.
 */
bool kafka_client_fail(struct rd_kafka_s *client, int code, const char *what, const char *why,
                       Error *reterr);

/* kafka_client_class - whether a retry may heal what a code (rd_kafka_resp_err_t) says. */
ErrorClass kafka_client_class(int code);
