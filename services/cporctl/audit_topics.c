/* audit_topics.c - see audit_topics.h. */
#include "audit_topics.h"

#include "topics.h"

#include <stdlib.h>
#include <string.h>

/* Those on which a promise rests and that no worker meets by itself; retention and the like are the
 * operator's. */
static bool config_breaks(const TopicConfig *config)
{
    if (strcmp(config->name, "min.insync.replicas") == 0 ||
        strcmp(config->name, "max.message.bytes") == 0)
        return strtol(config->found, NULL, 10) < strtol(config->value, NULL, 10);
    return strcmp(config->name, "compression.type") == 0 &&
           strcmp(config->found, config->value) != 0;
}

static void check_topic(Session *session, const Topic *topic, AuditResult *result)
{
    if (topic->found_count > 0 && topic->found_replication < topic->replication)
        audit_add(session, result, "", "",
                  "topic %s is on %d brokers, not %d: kafka-reassign-partitions adds copies",
                  topic->name, topic->found_replication, topic->replication);
    for (size_t i = 0; i < topic->config_count; i++) {
        const TopicConfig *config = &topic->configs[i];
        if (config->found != NULL && config_breaks(config))
            audit_add(session, result, "", "",
                      "topic %s has %s=%s, not %s: cporctl setup --fix"
                      " sets it",
                      topic->name, config->name, config->found, config->value);
    }
}

static bool check_topics(Session *session, TopicAdmin *admin, TopicList *list, AuditResult *result)
{
    const int timeout_ms = (int)config_integer(session->config, "CPOR_KAFKA_TIMEOUT_MS");
    if (!topic_admin_look(admin, list, timeout_ms, &session->error) ||
        !topic_admin_compare(admin, list, &session->arena, &session->error))
        return false;
    for (size_t i = 0; i < list->count; i++)
        check_topic(session, &list->topics[i], result);
    return true;
}

bool audit_topics_check(Session *session, AuditResult *ret_result)
{
    const Config *config = session->config;
    TopicList *list = arena_new(&session->arena, sizeof *list);
    TopicAdmin *admin = NULL;
    bool is_production;
    *ret_result = (AuditResult){.name = "topic-settings",
                                .promise = "the brokers unpack what outsiders write, and keep"
                                           " copies of all in production"};
    /* How many partitions a topic should have is no matter here. */
    const bool done =
        session_is_production(session, &is_production) &&
        topic_file_read(session, session_share_path(session, "contracts/topics.json"),
                        config_text(config, "CPOR_TOPIC_PREFIX"), 1, is_production, list) &&
        topic_admin_open(
            config_text(config, "CPOR_KAFKA_BROKERS"), config_text(config, "CPOR_KAFKA_PROPERTIES"),
            (int)config_integer(config, "CPOR_KAFKA_TIMEOUT_MS"), &admin, &session->error) &&
        check_topics(session, admin, list, ret_result);
    topic_admin_release(&admin);
    return done;
}
