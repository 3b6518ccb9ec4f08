/* kafka_client.h - between the files of the tool's Kafka adapter (topics.c, kafka_*.c): the client.
 */
#pragma once

#include "runtime/error.h"

typedef enum KafkaClientKind {
    KAFKA_CLIENT_ADMIN,  /* topics and groups */
    KAFKA_CLIENT_READER, /* records that are committed; a member of no group */
} KafkaClientKind;

/* kafka_client_open - make a client; no broker is asked yet. Owned by the caller.
 * Errors:  FATAL  a bad property. */
struct rd_kafka_s;
MUST_CHECK bool kafka_client_open(KafkaClientKind kind, const char *brokers,
                                  const char *properties_file, struct rd_kafka_s **ret_client,
                                  Error *reterr);

/* kafka_client_class - whether a retry may heal what a code (rd_kafka_resp_err_t) says. */
ErrorClass kafka_client_class(int code);
