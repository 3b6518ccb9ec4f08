/* kafka_client.c - a client of librdkafka as this tool wants it; see kafka_client.h. */
#include "kafka_client.h"

#include "runtime/kafka_conf.h"
#include "runtime/kafka_refusal.h"

#include <librdkafka/rdkafka.h>

enum { WHY_SIZE = 256 };

/* Of all clients of this process: they go to the same brokers with the same properties. */
static KafkaRefusal refusal = KAFKA_REFUSAL_INIT;

/* Errors of connections come back with the requests; told twice they would hide the answer. */
static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)text;
}

static void note_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client;
    (void)opaque;
    kafka_refusal_note(&refusal, code, reason);
}

/* What a reader asks for: whole transactions only, and to be told where a partition ends. */
static bool conf_set_reader(rd_kafka_conf_t *conf, Error *reterr)
{
    return kafka_conf_set(conf, "group.id", "cporctl",
                          reterr) && /* never joined, never committed */
           kafka_conf_set(conf, "enable.auto.commit", "false", reterr) &&
           kafka_conf_set(conf, "enable.auto.offset.store", "false", reterr) &&
           kafka_conf_set(conf, "enable.partition.eof", "true", reterr) &&
           kafka_conf_set(conf, "auto.offset.reset", "error", reterr) &&
           kafka_conf_set(conf, "queued.max.messages.kbytes", "16384", reterr) &&
           kafka_conf_set(conf, "fetch.wait.max.ms", "20", reterr);
}

/* What a publisher asks for: each record once and in order, whatever is sent again. */
static bool conf_set_sender(rd_kafka_conf_t *conf, Error *reterr)
{
    return kafka_conf_set(conf, "enable.idempotence", "true", reterr) &&
           kafka_conf_set(conf, "acks", "all", reterr) &&
           /* as the Java clients: one tenant, one partition, in every language */
           kafka_conf_set(conf, "partitioner", "murmur2_random", reterr) &&
           kafka_conf_set(conf, "socket.nagle.disable", "true", reterr) &&
           kafka_conf_set(conf, "linger.ms", "5", reterr) &&
           kafka_conf_set(conf, "batch.size", "262144", reterr) &&
           kafka_conf_set(conf, "topic.metadata.propagation.max.ms", "5000", reterr) &&
           /* bounds memory: whoever publishes more waits for the brokers */
           kafka_conf_set(conf, "queue.buffering.max.kbytes", "32768", reterr);
}

static bool conf_set_kind(rd_kafka_conf_t *conf, KafkaClientKind kind, Error *reterr)
{
    switch (kind) {
    case KAFKA_CLIENT_ADMIN:
        return true;
    case KAFKA_CLIENT_READER:
    case KAFKA_CLIENT_RAW:
        return conf_set_reader(conf, reterr);
    case KAFKA_CLIENT_SENDER:
        return conf_set_sender(conf, reterr);
    }
    return true;
}

static bool conf_set_all(rd_kafka_conf_t *conf, KafkaClientKind kind, const char *brokers,
                         const char *properties_file, Error *reterr)
{
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    rd_kafka_conf_set_error_cb(conf, note_error);
    return kafka_conf_set(conf, "bootstrap.servers", brokers, reterr) &&
           kafka_conf_set(conf, "client.id", "cporctl", reterr) &&
           kafka_conf_set(conf, "reconnect.backoff.max.ms", "1000", reterr) && /* waiting for it */
           conf_set_kind(conf, kind, reterr) &&
           kafka_conf_set_file(conf, properties_file, reterr) &&
           ((kind != KAFKA_CLIENT_READER && kind != KAFKA_CLIENT_RAW) ||
            kafka_conf_set(conf, "isolation.level",
                           kind == KAFKA_CLIENT_RAW ? "read_uncommitted" : "read_committed",
                           reterr));
}

static bool client_make(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_client,
                        Error *reterr)
{
    char why[WHY_SIZE];
    *ret_client = rd_kafka_new(type, conf, why, sizeof why);
    if (*ret_client != NULL)
        return true; /* it took conf */
    rd_kafka_conf_destroy(conf);
    return error_set(reterr, ERROR_FATAL, "make Kafka client: %s", why);
}

bool kafka_client_open(KafkaClientKind kind, const char *brokers, const char *properties_file,
                       rd_kafka_t **ret_client, Error *reterr)
{
    const bool is_reader = kind == KAFKA_CLIENT_READER || kind == KAFKA_CLIENT_RAW;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (conf_set_all(conf, kind, brokers, properties_file, reterr))
        return client_make(is_reader ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, ret_client,
                           reterr);
    rd_kafka_conf_destroy(conf);
    return false;
}

bool kafka_client_open_sender(const char *brokers, const char *properties_file,
                              const KafkaSenderHooks *hooks, rd_kafka_t **ret_client, Error *reterr)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (conf_set_all(conf, KAFKA_CLIENT_SENDER, brokers, properties_file, reterr) &&
        kafka_conf_set(conf, "message.timeout.ms", hooks->timeout_text, reterr)) {
        rd_kafka_conf_set_dr_msg_cb(conf, hooks->delivered);
        rd_kafka_conf_set_opaque(conf, hooks->opaque);
        return client_make(RD_KAFKA_PRODUCER, conf, ret_client, reterr);
    }
    rd_kafka_conf_destroy(conf);
    return false;
}

static bool is_about_rights(int code)
{
    return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

bool kafka_client_fail(rd_kafka_t *client, int code, const char *what, const char *why,
                       Error *reterr)
{
    error_set(reterr, kafka_client_class(code), "%s: %s%s", what, why,
              is_about_rights(code) ? " (give this principal its ACLs: deploy/security/kafka-acls)"
              : kafka_is_silence(code) ? " (is Kafka there? CPOR_KAFKA_BROKERS says where)"
                                       : "");
    if (!kafka_is_silence(code))
        return false;
    rd_kafka_poll(client, 0); /* why it is silent comes by the callback */
    return kafka_refusal_explain(&refusal, what, reterr);
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
