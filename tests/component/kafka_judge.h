/* kafka_judge.h - an independent Kafka client for tests: makes topics, writes, reads committed. */
#pragma once

#include "runtime/clock.h"

#include <librdkafka/rdkafka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JUDGE_MS = 20000, JUDGE_RECORD_COUNT_MAX = 20000 };

typedef struct Judge {
    const char *brokers;
    rd_kafka_t *producer;
    rd_kafka_t *reader;
    rd_kafka_message_t *messages[JUDGE_RECORD_COUNT_MAX]; /* of the last read */
    size_t count;
} Judge;

static inline void judge_set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        fail_msg("%s", why);
}

static inline rd_kafka_t *judge_client(const Judge *judge, rd_kafka_type_t type, const char *group)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    judge_set(conf, "bootstrap.servers", judge->brokers);
    if (type == RD_KAFKA_CONSUMER) {
        judge_set(conf, "group.id", group);
        judge_set(conf, "isolation.level", "read_committed");
        judge_set(conf, "enable.auto.commit", "false");
        judge_set(conf, "enable.partition.eof", "true");
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    assert_non_null(client);
    return client;
}

static inline void judge_open(Judge *judge, const char *brokers)
{
    judge->brokers = brokers;
    judge->producer = judge_client(judge, RD_KAFKA_PRODUCER, NULL);
    judge->reader = judge_client(judge, RD_KAFKA_CONSUMER, "judge");
}

/* config: "name=value" or NULL. */
static inline void judge_create_topic(Judge *judge, const char *topic, int partition_count,
                                      const char *config)
{
    char why[256], name[64];
    rd_kafka_NewTopic_t *new_topic =
        rd_kafka_NewTopic_new(topic, partition_count, 1, why, sizeof why);
    assert_non_null(new_topic);
    rd_kafka_NewTopic_set_config(new_topic, "message.timestamp.type", "LogAppendTime");
    if (config != NULL) {
        const size_t size = strcspn(config, "=");
        snprintf(name, sizeof name, "%.*s", (int)size, config);
        rd_kafka_NewTopic_set_config(new_topic, name, config + size + 1);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(judge->producer);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(judge->producer, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(options, JUDGE_MS, why, sizeof why);
    rd_kafka_CreateTopics(judge->producer, &new_topic, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, JUDGE_MS);
    assert_non_null(event);
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    assert_int_equal(count, 1);
    if (rd_kafka_topic_result_error(results[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("create topic %s: %s", topic, rd_kafka_topic_result_error_string(results[0]));
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(new_topic);
}

/* Takes headers (may be NULL). */
static inline void judge_write(Judge *judge, const char *topic, int32_t partition, void *key,
                               size_t key_size, void *value, size_t value_size,
                               rd_kafka_headers_t *headers)
{
    const rd_kafka_resp_err_t code = rd_kafka_producev(
        judge->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
        RD_KAFKA_V_VALUE(value, value_size), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
}

static inline void judge_flush(Judge *judge)
{
    assert_int_equal(rd_kafka_flush(judge->producer, JUDGE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static inline void judge_forget(Judge *judge)
{
    for (size_t i = 0; i < judge->count; i++)
        rd_kafka_message_destroy(judge->messages[i]);
    judge->count = 0;
}

static inline void judge_close(Judge *judge)
{
    judge_forget(judge);
    rd_kafka_destroy(judge->producer);
    rd_kafka_consumer_close(judge->reader);
    rd_kafka_destroy(judge->reader);
}

/* Read partitions 0..partition_count-1 from their start to their end, committed records only. */
static inline void judge_read(Judge *judge, const char *topic, int partition_count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partition_count);
    for (int i = 0; i < partition_count; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(judge->reader, list);
    judge_forget(judge);
    int ended_count = 0;
    const int64_t deadline_mono_ms = clock_mono_now() + 3 * JUDGE_MS;
    while (ended_count < partition_count) {
        assert_true(clock_mono_now() < deadline_mono_ms);
        rd_kafka_message_t *message = rd_kafka_consumer_poll(judge->reader, JUDGE_MS);
        assert_non_null(message);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            assert_in_range(judge->count, 0, JUDGE_RECORD_COUNT_MAX - 1);
            judge->messages[judge->count++] = message;
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            ended_count++;
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_assign(judge->reader, NULL);
}

/* The group's committed offset of a partition; -1001: none. */
static inline int64_t judge_committed(Judge *judge, const char *group, const char *topic,
                                      int32_t partition)
{
    rd_kafka_t *consumer = judge_client(judge, RD_KAFKA_CONSUMER, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(consumer, list, JUDGE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    const int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return offset;
}
