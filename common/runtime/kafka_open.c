/* kafka_open.c - making and closing the adapter's clients. */
#include "kafka_internal.h"

#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool consumer_open(Kafka *kafka, Error *reterr)
{
    char why[256];
    rd_kafka_conf_t *conf;
    if (!kafka_conf_new(kafka, KAFKA_CONSUMER, &conf, reterr))
        return false;
    rd_kafka_conf_set_rebalance_cb(conf, kafka_rebalance);
    kafka->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (kafka->consumer == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(reterr, ERROR_FATAL, "make Kafka consumer: %s", why);
    }
    rd_kafka_poll_set_consumer(kafka->consumer);
    return true;
}

static bool consumer_subscribe(Kafka *kafka, Error *reterr)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)kafka->topic_count);
    for (size_t i = 0; i < kafka->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, kafka->topic_names[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(kafka->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    return error_set(reterr, ERROR_FATAL, "subscribe: %s", rd_kafka_err2str(code));
}

static Kafka *kafka_new(const KafkaSettings *settings)
{
    Kafka *kafka = calloc(1, sizeof *kafka);
    if (kafka == NULL)
        return NULL;
    kafka->settings = *settings;
    snprintf(kafka->group, sizeof kafka->group, "%s%s", settings->group_prefix, settings->service);
    snprintf(kafka->source, sizeof kafka->source, "cpor/%s", settings->service);
    pthread_mutex_init(&kafka->append_lock, NULL);
    arena_init(&kafka->headers);
    kafka->refusal = (KafkaRefusal)KAFKA_REFUSAL_INIT;

    const size_t room = (size_t)settings->batch_count_max;
    kafka->records = calloc(room, sizeof *kafka->records);
    kafka->messages = calloc(room, sizeof(rd_kafka_message_t *));
    bool ok = kafka->records != NULL && kafka->messages != NULL;
    for (size_t i = 0; ok && i < KAFKA_TOPIC_COUNT_MAX && settings->input_topics[i] != NULL; i++) {
        char name[KAFKA_NAME_SIZE];
        kafka->topic_names[i] = strdup(kafka_topic_name(kafka, settings->input_topics[i], name));
        ok = kafka->topic_names[i] != NULL;
        kafka->topic_count = i + 1;
    }
    if (!ok)
        kafka_release(&kafka);
    return kafka;
}

void kafka_warm(const Kafka *kafka, rd_kafka_t *producer)
{
    const char *const *topics = kafka->settings.output_topics;
    for (size_t i = 0; topics != NULL && topics[i] != NULL; i++) {
        char name[KAFKA_NAME_SIZE];
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_topic_t *topic =
            rd_kafka_topic_new(producer, kafka_topic_name(kafka, topics[i], name), NULL);
        if (topic == NULL)
            continue;
        if (rd_kafka_metadata(producer, 0, topic, &metadata, KAFKA_WARM_MS) ==
            RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_metadata_destroy(metadata);
        rd_kafka_topic_destroy(topic); /* the client keeps what it learnt */
    }
}

bool kafka_open(const KafkaSettings *settings, Kafka **ret_kafka, Error *reterr)
{
    Kafka *kafka = kafka_new(settings);
    if (kafka == NULL)
        return error_set(reterr, ERROR_RETRY, "open Kafka: out of memory");
    /* The producer first: its init_transactions fences whoever had our name before we read. */
    if (kafka_producer_open(kafka, reterr) && consumer_open(kafka, reterr) &&
        consumer_subscribe(kafka, reterr)) {
        *ret_kafka = kafka;
        return true;
    }
    kafka_release(&kafka);
    return false;
}

static void *close_clients(void *opaque)
{
    Kafka *kafka = opaque;
    kafka_appender_close(kafka);
    if (kafka->producer != NULL)
        rd_kafka_destroy(kafka->producer);
    if (kafka->consumer != NULL) {
        rd_kafka_consumer_close(kafka->consumer);
        rd_kafka_destroy(kafka->consumer);
    }
    return NULL;
}

/*
 * The client's close and destroy know no time-out, and librdkafka has been seen to wait in them for
 * ever (its issues 4187 and 4724). All work is committed by now: so they run on a thread of their
 * own, and one that does not come back is left to the end of the process.
 */
static bool clients_closed(Kafka *kafka)
{
    pthread_t thread;
    struct timespec until;
    if (pthread_create(&thread, NULL, close_clients, kafka) != 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += KAFKA_CLOSE_MS / 1000;
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0)
        return true;
    pthread_detach(thread);
    return false;
}

void kafka_release(Kafka **kafka_place)
{
    Kafka *kafka = *kafka_place;
    if (kafka == NULL)
        return;
    *kafka_place = NULL;
    kafka->settings.revoked = NULL; /* the client closes on a thread of its own */
    kafka_messages_destroy(kafka);
    if (!clients_closed(kafka)) {
        log_write(LOG_ERROR, "kafka-close-abandoned", "after_ms=%d", KAFKA_CLOSE_MS);
        return; /* its threads may still use what we hold */
    }
    kafka_start_lost(kafka);
    if (kafka->assignment != NULL)
        rd_kafka_topic_partition_list_destroy(kafka->assignment);
    for (size_t i = 0; i < kafka->topic_count; i++)
        free(kafka->topic_names[i]);
    pthread_mutex_destroy(&kafka->append_lock);
    arena_deinit(&kafka->headers);
    free(kafka->records);
    free(kafka->messages);
    free(kafka);
}
