/* kafka_properties.c - the properties of the three clients, each with its reason. */
#include "kafka_internal.h"

#include "kafka_conf.h"
#include "log.h"

#include <stdio.h>
#include <string.h>

enum { FOR_CONSUMER = 1, FOR_PRODUCER = 2, FOR_APPENDER = 4, FOR_PRODUCERS = 6, FOR_ALL = 7 };

typedef struct Property {
    int roles;
    const char *key;
    const char *value;
    const char *why;
} Property;

/* What was measured is in ADR 6; a test holds that no reason is missing. */
static const Property properties[] = {
    {FOR_ALL, "socket.nagle.disable", "true",
     "33,900 instead of 14,600 records/s at batches of 1,000"},
    {FOR_ALL, "socket.keepalive.enable", "true", "a dead peer behind a firewall is noticed"},
    {FOR_ALL, "socket.timeout.ms", "8000",
     "a half-open connection is given up within a transaction's life, not after a minute"},
    {FOR_ALL, "socket.connection.setup.timeout.ms", "5000",
     "of 30 s: who was away for a minute is asked anew, not by a SYN repeated 16 s later"},
    {FOR_ALL, "reconnect.backoff.max.ms", "1000",
     "a restarted broker is found within a second, not ten"},
    {FOR_ALL, "topic.metadata.refresh.interval.ms", "10000",
     "topics made after the worker's start, and new partitions, are found in seconds"},
    {FOR_ALL, "log.connection.close", "false", "brokers close idle connections: no event"},

    {FOR_CONSUMER, "isolation.level", "read_committed",
     "an aborted transaction's records never happened; offsets of an open one are awaited"},
    {FOR_CONSUMER, "enable.auto.commit", "false", "offsets move only inside the transaction"},
    {FOR_CONSUMER, "enable.auto.offset.store", "false", "as above: nothing is stored to commit"},
    {FOR_CONSUMER, "auto.offset.reset", "earliest",
     "a new group starts with what waits, it must not skip it"},
    {FOR_CONSUMER, "session.timeout.ms", "6000",
     "work goes on ~6 s after a kill -9 that no restart follows; at the default after 45 s"},
    {FOR_CONSUMER, "heartbeat.interval.ms", "500",
     "a rebalance is learnt of within half a second; a twelfth of the session"},
    {FOR_CONSUMER, "max.poll.interval.ms", "120000",
     "a worker that is stuck longer in one batch loses its partitions; retries poll meanwhile"},
    {FOR_CONSUMER, "partition.assignment.strategy", "range",
     "eager: cooperative rebalancing crashes and hangs in 2.0.2 on commit and close"},
    {FOR_CONSUMER, "fetch.wait.max.ms", "10", "latency of a quiet system"},
    {FOR_CONSUMER, "fetch.max.bytes", "1048576",
     "measured with a long backlog: 55 MB resident with 4 MiB here and in the queue, 30 MB with "
     "this and the next two, at the same rate"},
    {FOR_CONSUMER, "fetch.message.max.bytes", "262144",
     "as above; per partition, a larger record still comes"},
    {FOR_CONSUMER, "queued.max.messages.kbytes", "2048",
     "as above; a batch and a half of usual records"},
    {FOR_CONSUMER, "fetch.error.backoff.ms", "20",
     "the client also waits this long when its queue is full: at 100 ms a batch waited 133 ms"},

    {FOR_PRODUCER, "transaction.timeout.ms", "8000",
     "how long a killed worker's open transaction holds readers, and its successor's look at the "
     "offsets, if nobody takes its name: at 10000 work went on after 11 s, not 10"},
    {FOR_PRODUCER, "retry.backoff.ms", "2",
     "a transaction begun right after another is refused until the markers are written: "
     "at the default of 100 ms a commit costs 64 ms instead of 16"},
    {FOR_PRODUCERS, "enable.idempotence", "true", "a resent request is not appended twice"},
    {FOR_PRODUCERS, "partitioner", "murmur2_random",
     "as the Java clients: one tenant, one partition, in every language"},
    {FOR_PRODUCERS, "message.timeout.ms", "8000",
     "at most the transaction's life; an append is given up in time"},
    {FOR_PRODUCERS, "message.max.bytes", "4194304",
     "each topic's own limit decides (the dead letters' is twice the others'), not the client's"},
    {FOR_PRODUCERS, "batch.size", "262144",
     "a request's batch of small records must not pass the limit that a topic sets for one"},
    {FOR_PRODUCERS, "queue.buffering.max.kbytes", "65536",
     "bounds memory: a batch that publishes more waits for the brokers"},
    {FOR_PRODUCERS, "topic.metadata.propagation.max.ms", "2000",
     "a missing topic is reported as such before the transaction times out"},
    {FOR_PRODUCER, "linger.ms", "5", "batches fill; the commit flushes at once"},
    {FOR_APPENDER, "linger.ms", "1", "latency of a wake-up"},
};

static const char *const role_names[] = {
    [KAFKA_CONSUMER] = "consumer", [KAFKA_PRODUCER] = "producer", [KAFKA_APPENDER] = "appender"};

static bool conf_set_table(rd_kafka_conf_t *conf, int role, Error *reterr)
{
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        if ((properties[i].roles & role) != 0 &&
            !kafka_conf_set(conf, properties[i].key, properties[i].value, reterr))
            return false;
    return true;
}

/* What differs between installations and instances. */
static bool conf_set_names(rd_kafka_conf_t *conf, const Kafka *kafka, KafkaRole role, Error *reterr)
{
    char member[2 * KAFKA_NAME_SIZE], client[2 * KAFKA_NAME_SIZE + 16];
    /* The same over restarts: a successor fences what its predecessor left open at once. */
    snprintf(member, sizeof member, "%s.%s", kafka->group, kafka->settings.instance);
    snprintf(client, sizeof client, "%s.%s", member, role_names[role]); /* readable broker logs */

    if (!kafka_conf_set(conf, "bootstrap.servers", kafka->settings.brokers, reterr) ||
        !kafka_conf_set(conf, "client.id", client, reterr))
        return false;
    switch (role) {
    case KAFKA_CONSUMER:
        /* Static membership: a worker killed and restarted under its name is at work again
         * after less than a second, without a rebalance. */
        return kafka_conf_set(conf, "group.id", kafka->group, reterr) &&
               kafka_conf_set(conf, "group.instance.id", kafka->settings.instance, reterr);
    case KAFKA_PRODUCER:
        return kafka_conf_set(conf, "transactional.id", member, reterr);
    case KAFKA_APPENDER:
        return true;
    }
    return true;
}

/* librdkafka's levels are syslog's. It suppresses what repeats by itself. That a property of the
 * file means nothing to this one of three clients (CONFWARN) is no event. */
static void kafka_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    const bool quiet = level > 5 || strcmp(facility, "CONFWARN") == 0;
    const LogLevel log_level = quiet ? LOG_DEBUG : level <= 3 ? LOG_WARNING : LOG_INFO;
    log_write(log_level, "kafka-client", "client=%s facility=%s text=\"%s\"", rd_kafka_name(client),
              facility, text);
}

/* With this callback set, errors of connections are told here and not as records; the client heals
 * most of them by itself. Fatal ones are found by kafka_check_alive. */
static void kafka_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    Kafka *kafka = opaque;
    const bool is_final = kafka_refusal_note(&kafka->refusal, code, reason);
    log_write(is_final ? LOG_WARNING : LOG_INFO, "kafka-error", "client=%s code=%s text=\"%s\"",
              rd_kafka_name(client), rd_kafka_err2name((rd_kafka_resp_err_t)code), reason);
}

bool kafka_conf_new(Kafka *kafka, KafkaRole role, rd_kafka_conf_t **ret_conf, Error *reterr)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    /* The operator's word is the last. */
    if (!conf_set_table(conf, 1 << role, reterr) || !conf_set_names(conf, kafka, role, reterr) ||
        !kafka_conf_set_file(conf, kafka->settings.properties_file, reterr)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    rd_kafka_conf_set_error_cb(conf, kafka_error);
    *ret_conf = conf;
    return true;
}
