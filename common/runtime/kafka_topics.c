/* kafka_topics.c - how the brokers keep the topics that a worker reads and writes. */
#include "kafka_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TOPICS_ANSWER_MS = KAFKA_OPEN_MS + 1000 };

static void event_release(rd_kafka_event_t **event)
{
    if (*event != NULL)
        rd_kafka_event_destroy(*event);
}

#define EVENT_AUTO __attribute__((cleanup(event_release))) rd_kafka_event_t *

static bool fail(rd_kafka_resp_err_t code, const char *topic, Error *reterr)
{
    return error_set(reterr, kafka_code_class(code), "look at topic %s: %s%s", topic,
                     rd_kafka_err2name(code), kafka_advice(code));
}

static void topic_add(const Kafka *kafka, const char *short_name, Arena *arena,
                      KafkaTopicKept *topics, size_t *count)
{
    char name[KAFKA_NAME_SIZE];
    kafka_topic_name(kafka, short_name, name);
    for (size_t i = 0; i < *count; i++)
        if (strcmp(topics[i].name, name) == 0)
            return;
    topics[(*count)++] = (KafkaTopicKept){.name = arena_text(arena, name)};
}

static size_t topics_list(const Kafka *kafka, Arena *arena, KafkaTopicKept *topics)
{
    const char *const *const lists[] = {kafka->settings.input_topics,
                                        kafka->settings.output_topics};
    size_t count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t j = 0; lists[i] != NULL && lists[i][j] != NULL; j++)
            topic_add(kafka, lists[i][j], arena, topics, &count);
    topic_add(kafka, kafka_dead_letter_topic, arena, topics, &count);
    return count;
}

static void take_copies(const rd_kafka_metadata_topic_t *topic, KafkaTopicKept *kept)
{
    for (int i = 0; i < topic->partition_cnt; i++)
        if (i == 0 || topic->partitions[i].replica_cnt < kept->replication)
            kept->replication = topic->partitions[i].replica_cnt;
}

/* One round trip each: asked for all at once, a client without rights to others is told of those.
 */
static bool look_at_copies(const Kafka *kafka, KafkaTopicKept *kept, Error *reterr)
{
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka->producer, kept->name, NULL);
    rd_kafka_resp_err_t code =
        topic == NULL ? rd_kafka_last_error()
                      : rd_kafka_metadata(kafka->producer, 0, topic, &metadata, KAFKA_OPEN_MS);
    if (metadata != NULL) {
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                        : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        for (int i = 0; i < metadata->topic_cnt; i++)
            take_copies(&metadata->topics[i], kept);
        rd_kafka_metadata_destroy(metadata);
    }
    if (topic != NULL)
        rd_kafka_topic_destroy(topic);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail(code, kept->name, reterr);
}

static bool take_config(const rd_kafka_ConfigResource_t *answer, KafkaTopicKept *topics,
                        size_t count, Error *reterr)
{
    size_t entry_count = 0;
    const char *name = rd_kafka_ConfigResource_name(answer);
    const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(answer);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(code, name, reterr);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(answer, &entry_count);
    for (size_t i = 0; i < entry_count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value == NULL ||
            strcmp(rd_kafka_ConfigEntry_name(entries[i]), "min.insync.replicas") != 0)
            continue;
        for (size_t j = 0; j < count; j++)
            if (strcmp(topics[j].name, name) == 0)
                topics[j].min_in_sync = (int)strtol(value, NULL, 10);
    }
    return true;
}

static void ask_configs(const Kafka *kafka, rd_kafka_queue_t *queue, const KafkaTopicKept *topics,
                        size_t count)
{
    char why[256];
    rd_kafka_ConfigResource_t *asked[KAFKA_KEPT_COUNT_MAX];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(kafka->producer, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    /* Fails for nothing but a bad number, and ours is good. */
    rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_OPEN_MS, why, sizeof why);
    for (size_t i = 0; i < count; i++)
        asked[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i].name);
    rd_kafka_DescribeConfigs(kafka->producer, asked, count, options, queue);
    rd_kafka_ConfigResource_destroy_array(asked, count);
    rd_kafka_AdminOptions_destroy(options);
}

static bool look_at_configs(const Kafka *kafka, KafkaTopicKept *topics, size_t count, Error *reterr)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->producer);
    ask_configs(kafka, queue, topics, count);
    EVENT_AUTO event = rd_kafka_queue_poll(queue, TOPICS_ANSWER_MS);
    rd_kafka_queue_destroy(queue);
    if (event == NULL)
        return error_set(reterr, ERROR_RETRY, "look at topics' settings: no answer in time");
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(rd_kafka_event_error(event), topics[0].name, reterr);
    size_t answer_count = 0;
    const rd_kafka_ConfigResource_t **answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &answer_count);
    for (size_t i = 0; i < answer_count; i++)
        if (!take_config(answers[i], topics, count, reterr))
            return false;
    return true;
}

bool kafka_topics_kept(const Kafka *kafka, Arena *arena,
                       KafkaTopicKept ret_topics[KAFKA_KEPT_COUNT_MAX], size_t *ret_count,
                       Error *reterr)
{
    *ret_count = topics_list(kafka, arena, ret_topics);
    for (size_t i = 0; i < *ret_count; i++)
        if (!look_at_copies(kafka, &ret_topics[i], reterr))
            return false;
    return look_at_configs(kafka, ret_topics, *ret_count, reterr);
}
