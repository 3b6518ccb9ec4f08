/* topics.c - the adapter of librdkafka's administrative requests; see topics.h. */
#include "topics.h"

#include "kafka_client.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SIZE = 256 };

struct TopicAdmin {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    int timeout_ms;
};

/* ---- the client ---- */

bool topic_admin_open(const char *brokers, const char *properties_file, int timeout_ms,
                      TopicAdmin **ret_admin, Error *reterr)
{
    TopicAdmin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return error_set(reterr, ERROR_FATAL, "make Kafka client: out of memory");
    if (!kafka_client_open(KAFKA_CLIENT_ADMIN, brokers, properties_file, &admin->client, reterr)) {
        free(admin);
        return false;
    }
    admin->queue = rd_kafka_queue_new(admin->client);
    admin->timeout_ms = timeout_ms;
    *ret_admin = admin;
    return true;
}

void topic_admin_release(TopicAdmin **admin_place)
{
    TopicAdmin *admin = *admin_place;
    if (admin == NULL)
        return;
    rd_kafka_queue_destroy(admin->queue);
    rd_kafka_destroy(admin->client);
    free(admin);
    *admin_place = NULL;
}

/* ---- looking ---- */

static void topic_note(Topic *topic, const rd_kafka_metadata_topic_t *found)
{
    topic->found_count = found->partition_cnt;
    topic->is_ready = found->partition_cnt > 0;
    for (int i = 0; i < found->partition_cnt; i++) {
        const rd_kafka_metadata_partition_t *partition = &found->partitions[i];
        if (partition->leader < 0)
            topic->is_ready = false;
        if (i == 0 || partition->replica_cnt < topic->found_replication)
            topic->found_replication = partition->replica_cnt;
    }
}

static void topics_note(TopicList *list, const rd_kafka_metadata_t *metadata)
{
    for (size_t i = 0; i < list->count; i++) {
        Topic *topic = &list->topics[i];
        topic->found_count = 0;
        topic->is_ready = false;
        for (int j = 0; j < metadata->topic_cnt; j++)
            if (strcmp(metadata->topics[j].topic, topic->name) == 0)
                topic_note(topic, &metadata->topics[j]);
    }
}

bool topic_admin_look(TopicAdmin *admin, TopicList *list, int wait_ms, Error *reterr)
{
    const rd_kafka_metadata_t *metadata = NULL;
    char why[WHY_SIZE];
    /* All topics are asked for: asking for one by its name could create it. */
    const rd_kafka_resp_err_t code = rd_kafka_metadata(admin->client, 1, NULL, &metadata, wait_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(admin->client, why, sizeof why);
        return kafka_client_fail(admin->client, fatal == RD_KAFKA_RESP_ERR_NO_ERROR ? code : fatal,
                                 "list Kafka's topics", rd_kafka_err2str(code), reterr);
    }
    topics_note(list, metadata);
    rd_kafka_metadata_destroy(metadata);
    return true;
}

/* ---- requests ---- */

static void options_release(rd_kafka_AdminOptions_t **options)
{
    rd_kafka_AdminOptions_destroy(*options);
}

static void event_release(rd_kafka_event_t **event)
{
    if (*event != NULL)
        rd_kafka_event_destroy(*event);
}

#define OPTIONS_AUTO __attribute__((cleanup(options_release))) rd_kafka_AdminOptions_t *
#define EVENT_AUTO __attribute__((cleanup(event_release))) rd_kafka_event_t *

static rd_kafka_AdminOptions_t *options_new(const TopicAdmin *admin, rd_kafka_admin_op_t operation)
{
    char why[WHY_SIZE];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->client, operation);
    /* Fails for nothing but a bad number, and ours is checked. */
    rd_kafka_AdminOptions_set_request_timeout(options, admin->timeout_ms, why, sizeof why);
    return options;
}

/* The answer to the request that was sent last. */
static bool answer_wait(TopicAdmin *admin, const char *what, rd_kafka_event_t **ret_event,
                        Error *reterr)
{
    *ret_event = rd_kafka_queue_poll(admin->queue, admin->timeout_ms + 1000);
    if (*ret_event == NULL)
        return error_set(reterr, ERROR_RETRY, "%s: no answer in time", what);
    const rd_kafka_resp_err_t code = rd_kafka_event_error(*ret_event);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           kafka_client_fail(admin->client, code, what, rd_kafka_event_error_string(*ret_event),
                             reterr);
}

/* ---- creating ---- */

static bool new_topic(const Topic *topic, int replication, rd_kafka_NewTopic_t **ret_new,
                      Error *reterr)
{
    char why[WHY_SIZE];
    if (replication < 0 && topic->replication > 0)
        replication = topic->replication;
    *ret_new =
        rd_kafka_NewTopic_new(topic->name, topic->partition_count, replication, why, sizeof why);
    if (*ret_new == NULL)
        return error_set(reterr, ERROR_FATAL, "create topic %s: %s", topic->name, why);
    for (size_t i = 0; i < topic->config_count; i++) {
        const rd_kafka_resp_err_t code =
            rd_kafka_NewTopic_set_config(*ret_new, topic->configs[i].name, topic->configs[i].value);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return error_set(reterr, ERROR_FATAL, "create topic %s: %s=%s: %s", topic->name,
                             topic->configs[i].name, topic->configs[i].value,
                             rd_kafka_err2str(code));
    }
    return true;
}

static bool created_check(const TopicAdmin *admin, const rd_kafka_event_t *event, Error *reterr)
{
    char what[WHY_SIZE];
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        snprintf(what, sizeof what, "create topic %s", rd_kafka_topic_result_name(results[i]));
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return kafka_client_fail(admin->client, code, what,
                                     rd_kafka_topic_result_error_string(results[i]), reterr);
    }
    return true;
}

static bool create_all(TopicAdmin *admin, rd_kafka_NewTopic_t **topics, size_t count, Error *reterr)
{
    char why[WHY_SIZE];
    EVENT_AUTO event = NULL;
    OPTIONS_AUTO options = options_new(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    /* The broker answers when the topics are made, not when it heard of it. */
    rd_kafka_AdminOptions_set_operation_timeout(options, admin->timeout_ms, why, sizeof why);
    rd_kafka_CreateTopics(admin->client, topics, count, options, admin->queue);
    return answer_wait(admin, "create topics", &event, reterr) &&
           created_check(admin, event, reterr);
}

bool topic_admin_create(TopicAdmin *admin, const TopicList *list, int replication, Error *reterr)
{
    rd_kafka_NewTopic_t *topics[TOPIC_COUNT_MAX] = {NULL};
    size_t count = 0;
    bool good = true;
    for (size_t i = 0; good && i < list->count; i++) {
        if (list->topics[i].found_count > 0)
            continue;
        good = new_topic(&list->topics[i], replication, &topics[count], reterr);
        count += topics[count] != NULL;
    }
    good = good && (count == 0 || create_all(admin, topics, count, reterr));
    rd_kafka_NewTopic_destroy_array(topics, count);
    return good;
}

/* ---- configuration ---- */

static Topic *topic_find(TopicList *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->topics[i].name, name) == 0)
            return &list->topics[i];
    return NULL;
}

static bool is_chosen(const rd_kafka_ConfigEntry_t *entry)
{
    return rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
}

/* The setting, if it has a value; else NULL. */
static const rd_kafka_ConfigEntry_t *entry_find(const rd_kafka_ConfigEntry_t **entries,
                                                size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_ConfigEntry_value(entries[i]) != NULL &&
            strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            return entries[i];
    return NULL;
}

static void config_note(TopicConfig *config, const rd_kafka_ConfigEntry_t **entries, size_t count,
                        Arena *arena)
{
    const rd_kafka_ConfigEntry_t *entry = entry_find(entries, count, config->name);
    config->found = entry == NULL ? NULL : arena_text(arena, rd_kafka_ConfigEntry_value(entry));
    config->is_chosen = entry != NULL && is_chosen(entry);
}

static bool compare_note(const rd_kafka_ConfigResource_t *resource, TopicList *list, Arena *arena,
                         Error *reterr)
{
    size_t count = 0;
    const char *name = rd_kafka_ConfigResource_name(resource);
    const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);
    /* Of several brokers the one that was asked may not have heard yet of a topic that is new. */
    const bool is_unheard = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(reterr, is_unheard ? ERROR_RETRY : kafka_client_class(code),
                         "read configuration of topic %s: %s", name,
                         rd_kafka_ConfigResource_error_string(resource));
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    Topic *topic = topic_find(list, name);
    for (size_t i = 0; topic != NULL && i < topic->config_count; i++)
        config_note(&topic->configs[i], entries, count, arena);
    return true;
}

/* Takes resources. Out: ret_event  keeps what the brokers answered, per resource. */
static bool describe(TopicAdmin *admin, rd_kafka_ConfigResource_t **resources, size_t count,
                     rd_kafka_event_t **ret_event, Error *reterr)
{
    OPTIONS_AUTO options = options_new(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(admin->client, resources, count, options, admin->queue);
    rd_kafka_ConfigResource_destroy_array(resources, count);
    return answer_wait(admin, "read configuration of topics", ret_event, reterr);
}

static const rd_kafka_ConfigResource_t **described(const rd_kafka_event_t *event, size_t *ret_count)
{
    return rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *)(uintptr_t)event), ret_count);
}

bool topic_admin_compare(TopicAdmin *admin, TopicList *list, Arena *arena, Error *reterr)
{
    rd_kafka_ConfigResource_t *resources[TOPIC_COUNT_MAX];
    EVENT_AUTO event = NULL;
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->topics[i].found_count > 0)
            resources[count++] =
                rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, list->topics[i].name);
    if (count == 0)
        return true;
    if (!describe(admin, resources, count, &event, reterr))
        return false;
    const rd_kafka_ConfigResource_t **answers = described(event, &count);
    for (size_t i = 0; i < count; i++)
        if (!compare_note(answers[i], list, arena, reterr))
            return false;
    return true;
}

/* Only the broker itself answers for itself. */
static bool broker_value(TopicAdmin *admin, int32_t id, const char *name, Arena *arena,
                         const char **ret_value, Error *reterr)
{
    EVENT_AUTO event = NULL;
    size_t count = 0;
    rd_kafka_ConfigResource_t *asked =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, arena_printf(arena, "%d", (int)id));
    if (!describe(admin, &asked, 1, &event, reterr))
        return false;
    const rd_kafka_ConfigResource_t **answers = described(event, &count);
    if (count != 1 || rd_kafka_ConfigResource_error(answers[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(reterr, ERROR_FATAL, "read configuration of broker %d: %s", (int)id,
                         count == 1 ? rd_kafka_ConfigResource_error_string(answers[0])
                                    : "no answer");
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(answers[0], &count);
    const rd_kafka_ConfigEntry_t *entry = entry_find(entries, count, name);
    *ret_value = entry == NULL ? NULL : arena_text(arena, rd_kafka_ConfigEntry_value(entry));
    return true;
}

bool topic_admin_broker_values(TopicAdmin *admin, const char *name, Arena *arena,
                               const char *ret_values[BROKER_COUNT_MAX], size_t *ret_count,
                               Error *reterr)
{
    const rd_kafka_metadata_t *metadata = NULL;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(admin->client, 0, NULL, &metadata, admin->timeout_ms);
    bool done = code == RD_KAFKA_RESP_ERR_NO_ERROR ||
                error_set(reterr, kafka_client_class(code), "list Kafka's brokers: %s",
                          rd_kafka_err2str(code));
    *ret_count = 0;
    for (int i = 0; done && i < metadata->broker_cnt && *ret_count < BROKER_COUNT_MAX; i++)
        done = broker_value(admin, metadata->brokers[i].id, name, arena,
                            &ret_values[(*ret_count)++], reterr);
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    return done;
}

/* This request replaces a topic's whole configuration (changing single values needs librdkafka
 * 2.2): what somebody set on the topic itself is carried over. */
static void alter_carry_over(rd_kafka_ConfigResource_t *resource, const Topic *topic,
                             const rd_kafka_ConfigResource_t *found)
{
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(found, &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[i]);
        bool is_ours = false; /* a name twice is refused */
        for (size_t j = 0; j < topic->config_count; j++)
            is_ours |= strcmp(topic->configs[j].name, name) == 0;
        if (!is_ours && is_chosen(entries[i]))
            rd_kafka_ConfigResource_set_config(resource, name,
                                               rd_kafka_ConfigEntry_value(entries[i]));
    }
}

static bool altered_check(const Topic *topic, const rd_kafka_event_t *event, Error *reterr)
{
    size_t count = 0;
    const rd_kafka_ConfigResource_t **answers = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_ConfigResource_error(answers[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return error_set(reterr, ERROR_FATAL, "alter topic %s: %s", topic->name,
                             rd_kafka_ConfigResource_error_string(answers[i]));
    return true;
}

static void alter_set(rd_kafka_ConfigResource_t *resource, const Topic *topic, bool keeps_chosen)
{
    for (size_t i = 0; i < topic->config_count; i++) {
        const TopicConfig *config = &topic->configs[i];
        rd_kafka_ConfigResource_set_config(resource, config->name,
                                           keeps_chosen && config->is_chosen ? config->found
                                                                             : config->value);
    }
}

static bool alter_send(TopicAdmin *admin, const Topic *topic, rd_kafka_ConfigResource_t *resource,
                       Error *reterr)
{
    EVENT_AUTO event = NULL;
    OPTIONS_AUTO options = options_new(admin, RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
    rd_kafka_AlterConfigs(admin->client, &resource, 1, options, admin->queue);
    return answer_wait(admin, "alter topics", &event, reterr) &&
           altered_check(topic, event, reterr);
}

bool topic_admin_alter(TopicAdmin *admin, const Topic *topic, bool keeps_chosen, Error *reterr)
{
    EVENT_AUTO event = NULL;
    size_t count = 0;
    rd_kafka_ConfigResource_t *asked =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->name);
    if (!describe(admin, &asked, 1, &event, reterr))
        return false;
    const rd_kafka_ConfigResource_t **found = described(event, &count);
    if (count != 1 || rd_kafka_ConfigResource_error(found[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(reterr, ERROR_FATAL, "alter topic %s: its configuration cannot be read",
                         topic->name);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->name);
    alter_carry_over(resource, topic, found[0]);
    alter_set(resource, topic, keeps_chosen);
    const bool done = alter_send(admin, topic, resource, reterr);
    rd_kafka_ConfigResource_destroy(resource);
    return done;
}
