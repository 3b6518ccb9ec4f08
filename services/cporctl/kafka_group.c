/* kafka_group.c - the adapter of librdkafka's requests about groups; see kafka_group.h. */
#include "kafka_group.h"

#include "kafka_client.h"

#include <librdkafka/rdkafka.h>

struct KafkaGroups {
    Session *session; /* borrowed */
    rd_kafka_t *client;
    int timeout_ms;
};

bool kafka_groups_open(Session *session, KafkaGroups **ret_groups)
{
    const Config *config = session->config;
    KafkaGroups *groups = arena_new(&session->arena, sizeof *groups);
    groups->session = session;
    groups->timeout_ms = (int)config_integer(config, "CPOR_KAFKA_TIMEOUT_MS");
    if (!kafka_client_open(KAFKA_CLIENT_RAW, config_text(config, "CPOR_KAFKA_BROKERS"),
                           config_text(config, "CPOR_KAFKA_PROPERTIES"), &groups->client,
                           &session->error))
        return false;
    *ret_groups = groups;
    return true;
}

void kafka_groups_release(KafkaGroups **groups)
{
    if (*groups != NULL)
        rd_kafka_destroy_flags((*groups)->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    *groups = NULL;
}

static bool groups_fail(KafkaGroups *groups, rd_kafka_resp_err_t code, const char *group)
{
    return error_set(&groups->session->error, kafka_client_class(code), "group %s: %s", group,
                     rd_kafka_err2str(code));
}

static const char *group_name(KafkaGroups *groups, const char *group)
{
    return arena_printf(&groups->session->arena, "%s%s",
                        config_text(groups->session->config, "CPOR_GROUP_PREFIX"), group);
}

/* A group that cannot be described comes without members, and with an error of its own. */
static rd_kafka_resp_err_t count_members(const struct rd_kafka_group_list *list, size_t *ret_count)
{
    *ret_count = 0;
    for (int i = 0; i < list->group_cnt; i++) {
        if (list->groups[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return list->groups[i].err;
        *ret_count += (size_t)list->groups[i].member_cnt;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool kafka_groups_members(KafkaGroups *groups, const char *group, size_t *ret_count)
{
    const struct rd_kafka_group_list *list = NULL;
    const char *name = group_name(groups, group);
    rd_kafka_resp_err_t code =
        rd_kafka_list_groups(groups->client, name, &list, groups->timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = count_members(list, ret_count);
    if (list != NULL) /* also with _PARTIAL: some brokers did not answer */
        rd_kafka_group_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || groups_fail(groups, code, name);
}

bool kafka_groups_ends(KafkaGroups *groups, const KafkaPlace *places, size_t count,
                       int64_t *ret_ends)
{
    for (size_t i = 0; i < count; i++) {
        int64_t first;
        const rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(groups->client, places[i].topic, places[i].partition,
                                             &first, &ret_ends[i], groups->timeout_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return groups_fail(groups, code, places[i].topic);
    }
    return true;
}

/* The first error of the whole request, of the group, or of a partition. */
static rd_kafka_resp_err_t alter_code(rd_kafka_event_t *event)
{
    const rd_kafka_AlterConsumerGroupOffsets_result_t *result =
        rd_kafka_event_AlterConsumerGroupOffsets_result(event);
    size_t count = 0;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL)
        return rd_kafka_event_error(event);
    const rd_kafka_group_result_t **each =
        rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_group_result_error(each[i]);
        const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(each[i]);
        if (error != NULL)
            return rd_kafka_error_code(error);
        for (int j = 0; list != NULL && j < list->cnt; j++)
            if (list->elems[j].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return list->elems[j].err;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t alter(KafkaGroups *groups, const char *name,
                                 const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(groups->client);
    rd_kafka_AlterConsumerGroupOffsets_t *request =
        rd_kafka_AlterConsumerGroupOffsets_new(name, list);
    rd_kafka_AlterConsumerGroupOffsets(groups->client, &request, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, groups->timeout_ms);
    const rd_kafka_resp_err_t code =
        event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : alter_code(event);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_AlterConsumerGroupOffsets_destroy(request);
    rd_kafka_queue_destroy(queue);
    return code;
}

bool kafka_groups_set(KafkaGroups *groups, const char *group, const KafkaPlace *places,
                      size_t count)
{
    const char *name = group_name(groups, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < count; i++)
        if (places[i].next >= 0)
            rd_kafka_topic_partition_list_add(list, places[i].topic, places[i].partition)->offset =
                places[i].next;
    if (list->cnt > 0)
        code = alter(groups, name, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || groups_fail(groups, code, name);
}
