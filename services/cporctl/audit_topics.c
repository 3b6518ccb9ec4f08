/* audit_topics.c - see audit_topics.h. */
#include "audit_topics.h"

#include "topics.h"

#include <string.h>

#define COMPRESSION "compression.type"

static void check_topic(Session *session, const Topic *topic, AuditResult *result)
{
    for (size_t i = 0; i < topic->config_count; i++) {
        const TopicConfig *config = &topic->configs[i];
        if (strcmp(config->name, COMPRESSION) != 0 || config->found == NULL ||
            strcmp(config->found, config->value) == 0)
            continue;
        audit_add(session, result, "", "",
                  "topic %s has " COMPRESSION "=%s, not %s: cporctl setup --fix sets it",
                  topic->name, config->found, config->value);
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
    *ret_result = (AuditResult){.name = "topic-compression",
                                .promise = "the brokers unpack what outsiders write"};
    /* How many partitions a topic should have is no matter here. */
    const bool done = topic_file_read(session, session_share_path(session, "contracts/topics.json"),
                                      config_text(config, "CPOR_TOPIC_PREFIX"), 1, list) &&
                      topic_admin_open(config_text(config, "CPOR_KAFKA_BROKERS"),
                                       config_text(config, "CPOR_KAFKA_PROPERTIES"),
                                       (int)config_integer(config, "CPOR_KAFKA_TIMEOUT_MS"), &admin,
                                       &session->error) &&
                      check_topics(session, admin, list, ret_result);
    topic_admin_release(&admin);
    return done;
}
