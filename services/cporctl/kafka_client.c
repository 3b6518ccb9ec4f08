/* kafka_client.c - a client of librdkafka as this tool wants it; see kafka_client.h. */
#include "kafka_client.h"

#include <ctype.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

enum { WHY_SIZE = 256, LINE_SIZE = 4096 };

static bool conf_set(rd_kafka_conf_t *conf, const char *key, const char *value, Error *reterr)
{
    char why[WHY_SIZE];
    return rd_kafka_conf_set(conf, key, value, why, sizeof why) == RD_KAFKA_CONF_OK ||
           error_set(reterr, ERROR_FATAL, "set Kafka property %s: %s", key, why);
}

static char *text_trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        text[--size] = '\0';
    return text;
}

static void file_release(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

/* As the workers read it: TLS, SASL, and whatever a special broker needs. */
static bool conf_set_file(rd_kafka_conf_t *conf, const char *path, Error *reterr)
{
    char line[LINE_SIZE];
    if (*path == '\0')
        return true;
    __attribute__((cleanup(file_release))) FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(reterr, ERROR_FATAL, "open Kafka properties %s: %m", path);
    for (int i = 1; fgets(line, sizeof line, file) != NULL; i++) {
        char *key = text_trim(line);
        if (*key == '\0' || *key == '#')
            continue;
        char *equals = strchr(key, '=');
        if (equals == NULL)
            return error_set(reterr, ERROR_FATAL, "read %s line %d: it has no \"key=value\"", path,
                             i);
        *equals = '\0';
        if (!conf_set(conf, text_trim(key), text_trim(equals + 1), reterr))
            return false;
    }
    return true;
}

/* Errors of connections come back with the requests; told twice they would hide the answer. */
static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)text;
}

/* What a reader asks for: whole transactions only, and to be told where a partition ends. */
static bool conf_set_reader(rd_kafka_conf_t *conf, Error *reterr)
{
    return conf_set(conf, "group.id", "cporctl", reterr) && /* never joined, never committed */
           conf_set(conf, "enable.auto.commit", "false", reterr) &&
           conf_set(conf, "enable.auto.offset.store", "false", reterr) &&
           conf_set(conf, "enable.partition.eof", "true", reterr) &&
           conf_set(conf, "auto.offset.reset", "error", reterr) &&
           conf_set(conf, "queued.max.messages.kbytes", "16384", reterr) &&
           conf_set(conf, "fetch.wait.max.ms", "20", reterr);
}

static bool conf_set_all(rd_kafka_conf_t *conf, KafkaClientKind kind, const char *brokers,
                         const char *properties_file, Error *reterr)
{
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    return conf_set(conf, "bootstrap.servers", brokers, reterr) &&
           conf_set(conf, "client.id", "cporctl", reterr) &&
           conf_set(conf, "reconnect.backoff.max.ms", "1000", reterr) && /* while we wait for it */
           (kind == KAFKA_CLIENT_ADMIN || conf_set_reader(conf, reterr)) &&
           conf_set_file(conf, properties_file, reterr) &&
           (kind == KAFKA_CLIENT_ADMIN ||
            conf_set(conf, "isolation.level", "read_committed", reterr));
}

bool kafka_client_open(KafkaClientKind kind, const char *brokers, const char *properties_file,
                       rd_kafka_t **ret_client, Error *reterr)
{
    const rd_kafka_type_t type = kind == KAFKA_CLIENT_ADMIN ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
    char why[WHY_SIZE];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (conf_set_all(conf, kind, brokers, properties_file, reterr)) {
        *ret_client = rd_kafka_new(type, conf, why, sizeof why);
        if (*ret_client != NULL)
            return true; /* it took conf */
        error_set(reterr, ERROR_FATAL, "make Kafka client: %s", why);
    }
    rd_kafka_conf_destroy(conf);
    return false;
}

ErrorClass kafka_client_class(int code)
{
    switch (code) { /* of hundreds, those that a retry can heal */
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE: /* a container whose name is not known yet */
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION: /* it moved, or the topic is new */
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
        return ERROR_RETRY;
    default:
        return ERROR_FATAL;
    }
}
