/* topic_file.c - see topic_file.h. */
#include "topic_file.h"

#include "claim/strict_json.h"

#include <inttypes.h>
#include <string.h>

enum { TOPIC_NAME_SIZE_MAX = 249 }; /* the brokers' limit */

static bool config_add(Topic *topic, const char *name, const char *value)
{
    if (value == NULL || *value == '\0' || topic->config_count == TOPIC_CONFIG_COUNT_MAX)
        return false;
    topic->configs[topic->config_count++] = (TopicConfig){.name = name, .value = value};
    return true;
}

static bool partitions_read(const json_t *entry, int default_count, int *ret_count)
{
    const json_t *value = json_object_get(entry, "partitions");
    *ret_count = default_count;
    if (value == NULL || (json_is_string(value) && !strcmp(json_string_value(value), "default")))
        return true;
    const json_int_t count = json_integer_value(value); /* 0 for what is no integer */
    *ret_count = (int)count;
    return count >= 1 && count <= 1000;
}

/* Out: topic  takes the texts of a "config". */
static bool config_read(const json_t *config, Arena *arena, Topic *topic)
{
    bool good = true;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)config, name, value) good =
        good && json_is_string(value) &&
        config_add(topic, arena_text(arena, name), arena_text(arena, json_string_value(value)));
    return good;
}

/* A laptop has one broker; what needs three is asked of production alone. */
static bool production_read(const json_t *entry, Arena *arena, Topic *topic)
{
    const json_t *production = json_object_get(entry, "production");
    const json_int_t replication = json_integer_value(json_object_get(production, "replication"));
    if (production == NULL)
        return true;
    topic->replication = (int)replication;
    return replication >= 1 && replication <= 100 &&
           config_read(json_object_get(production, "config"), arena, topic);
}

static bool configs_read(Session *session, const json_t *entry, Topic *topic)
{
    const char *cleanup = json_string_value(json_object_get(entry, "cleanup"));
    const json_t *retention = json_object_get(entry, "retention_ms");
    Arena *arena = &session->arena;
    if (cleanup == NULL || !json_is_integer(retention))
        return false;
    return config_add(topic, "cleanup.policy", arena_text(arena, cleanup)) &&
           config_add(topic, "retention.ms",
                      arena_printf(arena, "%" PRId64, (int64_t)json_integer_value(retention))) &&
           config_read(json_object_get(entry, "config"), arena, topic);
}

static bool topic_read(Session *session, const json_t *entry, const char *prefix,
                       int partition_count, bool is_production, Topic *ret_topic)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    if (name == NULL || *name == '\0' || strlen(prefix) + strlen(name) > TOPIC_NAME_SIZE_MAX)
        return false;
    *ret_topic = (Topic){.name = arena_printf(&session->arena, "%s%s", prefix, name)};
    return partitions_read(entry, partition_count, &ret_topic->partition_count) &&
           configs_read(session, entry, ret_topic) &&
           (!is_production || production_read(entry, &session->arena, ret_topic));
}

bool topic_file_read(Session *session, const char *path, const char *prefix, int partition_count,
                     bool is_production, TopicList *ret_list)
{
    JSON_AUTO root = NULL;
    if (!json_read_file(path, &root, &session->error))
        return false;
    const size_t count = json_array_size(root); /* 0 for what is no array */
    if (count == 0 || count > TOPIC_COUNT_MAX)
        return error_set(&session->error, ERROR_FATAL, "read %s: wants an array of 1..%d topics",
                         path, TOPIC_COUNT_MAX);
    ret_list->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!topic_read(session, json_array_get(root, i), prefix, partition_count, is_production,
                        &ret_list->topics[i]))
            return error_set(
                &session->error, ERROR_FATAL,
                "read %s: topic %zu needs name, partitions (\"default\" or 1..1000), "
                "cleanup, retention_ms (integer) and config (texts by name); production may have "
                "replication (1..100) and config",
                path, i);
        ret_list->count++;
    }
    return true;
}
