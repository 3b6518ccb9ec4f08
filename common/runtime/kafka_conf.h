/* kafka_conf.h - an operator's file of Kafka properties: read alike by every client. */
#pragma once

#include "error.h"

struct rd_kafka_conf_s;

/* kafka_conf_set - one property of librdkafka. Errors: FATAL  it has none of that name or value. */
MUST_CHECK bool kafka_conf_set(struct rd_kafka_conf_s *conf, const char *key, const char *value,
                               Error *reterr);

/*
 * kafka_conf_set_file - properties from a file of key=value lines: TLS, SASL, and whatever a
 * special broker needs. Empty lines and lines that begin with # are passed over.
 *
 * In:      path  NULL or "": nothing is read.
 * Errors:  FATAL  no such file, or a line that is no property: which one.
 */
MUST_CHECK bool kafka_conf_set_file(struct rd_kafka_conf_s *conf, const char *path, Error *reterr);
