/* setup.c - `cporctl setup`: tables and topics, made or checked. */
#include "cporctl.h"
#include "migrations.h"
#include "roles.h"
#include "setup_report.h"
#include "topics.h"
#include "wait.h"

#include "runtime/crash_point.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 2000 }; /* of one try: short, so that progress is told */

const Option setup_options[] = {
    {"--fix", NULL, "alter topics whose configuration is not that of the file"},
    {"--roles", NULL, "make the database's roles, one per worker and two for people"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* ---- PostgreSQL ---- */

static bool setup_wait_database(Session *session)
{
    Wait wait = wait_begin("PostgreSQL", "is it started? CPOR_DATABASE_URL says where",
                           config_integer(session->config, "CPOR_SETUP_WAIT_MS"));
    while (!session_open_reader(session))
        if (!wait_again(&wait, &session->error))
            return false;
    database_release(&session->database); /* its time-out is too short for migrations */
    return true;
}

static bool setup_database(Session *session, SetupReport *report)
{
    if (!session_open_database(session,
                               (int)config_integer(session->config, "CPOR_MIGRATION_TIMEOUT_MS")) ||
        !migrations_apply(session, session_share_path(session, "migrations"), report))
        return false;
    crash_point(CRASH_AFTER_MIGRATIONS);
    return roles_apply(session, report);
}

/* ---- Kafka ---- */

static bool setup_wait_kafka(Session *session, TopicAdmin *admin, TopicList *list)
{
    Wait wait = wait_begin("Kafka", "CPOR_SETUP_WAIT_MS says how long",
                           config_integer(session->config, "CPOR_SETUP_WAIT_MS"));
    while (!topic_admin_look(admin, list, LOOK_MS, &session->error))
        if (!wait_again(&wait, &session->error))
            return false;
    return true;
}

/* Records of a tenant are found on the same partition of every topic, and in order, only while
 * the numbers are equal and stay what they are. */
static bool setup_check_partitions(Session *session, const TopicList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const Topic *topic = &list->topics[i];
        if (topic->found_count != 0 && topic->found_count != topic->partition_count)
            return error_set(&session->error, ERROR_FATAL,
                             "check topic %s: it has %d partitions, not %d (set "
                             "CPOR_PARTITIONS=%d if all have as many; else stop the workers, "
                             "delete the topic when nothing in it is needed, and run setup again)",
                             topic->name, topic->found_count, topic->partition_count,
                             topic->found_count);
    }
    return true;
}

/* Workers may start when we are done: wait for the leaders of what is new. */
static bool setup_wait_leaders(Session *session, TopicAdmin *admin, TopicList *list)
{
    Wait wait = wait_begin("the topics' leaders", "do all brokers run?",
                           config_integer(session->config, "CPOR_KAFKA_TIMEOUT_MS"));
    for (;;) {
        bool ready = topic_admin_look(admin, list, LOOK_MS, &session->error);
        for (size_t i = 0; ready && i < list->count; i++)
            ready = list->topics[i].is_ready ||
                    error_set(&session->error, ERROR_RETRY, "topic %s has partitions without one",
                              list->topics[i].name);
        if (ready)
            return true;
        if (!wait_again(&wait, &session->error))
            return false;
    }
}

/* Out: ret_change_count  grows by what was created. */
static bool setup_create(Session *session, TopicAdmin *admin, TopicList *list, SetupReport *report,
                         size_t *ret_change_count)
{
    bool is_new[TOPIC_COUNT_MAX];
    for (size_t i = 0; i < list->count; i++)
        is_new[i] = list->topics[i].found_count == 0;
    if (!topic_admin_create(admin, list, (int)config_integer(session->config, "CPOR_REPLICATION"),
                            &session->error))
        return false;
    crash_point(CRASH_AFTER_TOPICS);
    if (!setup_wait_leaders(session, admin, list))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_new[i])
            continue;
        (*ret_change_count)++;
        setup_report_add(report, SETUP_KAFKA, list->topics[i].name, "created",
                         "topic %s created (%d partitions)", list->topics[i].name,
                         list->topics[i].found_count);
    }
    return setup_check_partitions(session, list); /* somebody else may have been first */
}

static bool config_differs(const TopicConfig *config)
{
    return config->found == NULL || strcmp(config->found, config->value) != 0;
}

/* What nobody has set on the topic is set: a setting that came with a later release reaches topics
 * that were made before it. What somebody chose is theirs, until --fix. */
static bool config_alters(const TopicConfig *config, bool fix)
{
    return config_differs(config) && (fix || !config->is_chosen);
}

static size_t topic_difference_count(const Topic *topic)
{
    size_t count = 0;
    for (size_t i = 0; i < topic->config_count; i++)
        count += config_differs(&topic->configs[i]);
    return count;
}

static size_t topic_alter_count(const Topic *topic, bool fix)
{
    size_t count = 0;
    for (size_t i = 0; i < topic->config_count; i++)
        count += config_alters(&topic->configs[i], fix);
    return count;
}

static void topic_tell_differences(const Topic *topic, bool fix, SetupReport *report)
{
    for (size_t i = 0; i < topic->config_count; i++) {
        const TopicConfig *config = &topic->configs[i];
        const bool alters = config_alters(config, fix);
        if (config_differs(config))
            setup_report_add(report, SETUP_KAFKA, topic->name, "differs",
                             "%stopic %s: %s %s %s, topics.json has %s",
                             alters ? "" : "warning: ", topic->name, config->name,
                             alters ? "was" : "is",
                             config->found == NULL ? "(unknown)" : config->found, config->value);
    }
}

/* A publisher's time is no receipt: workers would end at the first record of it. */
static bool topic_check_time(Session *session, const Topic *topic)
{
    bool is_reference = false, differs = false;
    for (size_t i = 0; i < topic->config_count; i++) {
        const TopicConfig *config = &topic->configs[i];
        is_reference |=
            strcmp(config->name, "cleanup.policy") == 0 && strcmp(config->value, "compact") == 0;
        differs |= strcmp(config->name, "message.timestamp.type") == 0 && config_differs(config);
    }
    return is_reference || !differs ||
           error_set(&session->error, ERROR_FATAL,
                     "check topic %s: its records would have their publishers' time, which is no "
                     "receipt (cporctl setup --fix sets message.timestamp.type=LogAppendTime)",
                     topic->name);
}

/* What is kept on one broker is gone with it. Copies are for the brokers' operator to add. */
static bool topic_check_copies(Session *session, const Topic *topic)
{
    if (topic->found_replication < topic->replication)
        return error_set(&session->error, ERROR_FATAL,
                         "check topic %s: its records are on %d brokers, production wants %d "
                         "(kafka-reassign-partitions adds copies)",
                         topic->name, topic->found_replication, topic->replication);
    for (size_t i = 0; i < topic->config_count; i++) {
        const TopicConfig *config = &topic->configs[i];
        if (strcmp(config->name, "min.insync.replicas") == 0 && config->found != NULL &&
            strtol(config->found, NULL, 10) < strtol(config->value, NULL, 10))
            return error_set(&session->error, ERROR_FATAL,
                             "check topic %s: its min.insync.replicas is %s, production wants %s "
                             "(cporctl setup --fix sets it)",
                             topic->name, config->found, config->value);
    }
    return true;
}

/* A broker learns of the new configuration a little after the controller said yes. */
static bool setup_wait_altered(Session *session, TopicAdmin *admin, TopicList *list, bool fix)
{
    Wait wait = wait_begin("the topics' new configuration", "run setup again",
                           config_integer(session->config, "CPOR_KAFKA_TIMEOUT_MS"));
    for (;;) {
        bool same = topic_admin_compare(admin, list, &session->arena, &session->error);
        for (size_t i = 0; same && i < list->count; i++)
            same = topic_alter_count(&list->topics[i], fix) == 0 ||
                   error_set(&session->error, ERROR_RETRY, "topic %s still has the old one",
                             list->topics[i].name);
        if (same)
            return true;
        if (!wait_again(&wait, &session->error))
            return false;
    }
}

/* Out: ret_altered  whether anything was. */
static bool setup_alter(Session *session, TopicAdmin *admin, TopicList *list, SetupReport *report,
                        bool *ret_altered)
{
    const bool fix = arguments_option(&session->arguments, "--fix") != NULL;
    *ret_altered = false;
    for (size_t i = 0; i < list->count; i++) {
        if (topic_alter_count(&list->topics[i], fix) == 0)
            continue;
        if (!topic_admin_alter(admin, &list->topics[i], !fix, &session->error))
            return false;
        setup_report_add(report, SETUP_KAFKA, list->topics[i].name, "altered", "topic %s altered",
                         list->topics[i].name);
        *ret_altered = true;
    }
    return !*ret_altered || setup_wait_altered(session, admin, list, fix);
}

/* Until every broker that is asked has heard of the topics that were just made. */
static bool setup_wait_compared(Session *session, TopicAdmin *admin, TopicList *list)
{
    Wait wait = wait_begin("the topics' configuration", "do all brokers run?",
                           config_integer(session->config, "CPOR_KAFKA_TIMEOUT_MS"));
    while (!topic_admin_compare(admin, list, &session->arena, &session->error))
        if (!wait_again(&wait, &session->error))
            return false;
    return true;
}

static bool setup_compare(Session *session, TopicAdmin *admin, TopicList *list, SetupReport *report,
                          size_t *ret_change_count)
{
    const bool fix = arguments_option(&session->arguments, "--fix") != NULL;
    size_t left_count = 0;
    bool altered = false;
    if (!setup_wait_compared(session, admin, list))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const Topic *topic = &list->topics[i];
        topic_tell_differences(topic, fix, report);
        left_count += topic_difference_count(topic) - topic_alter_count(topic, fix);
    }
    if (!setup_alter(session, admin, list, report, &altered))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (!topic_check_time(session, &list->topics[i]) ||
            !topic_check_copies(session, &list->topics[i]))
            return false;
    *ret_change_count += left_count + altered;
    if (left_count > 0)
        setup_report_add(report, SETUP_KAFKA, NULL, "left",
                         "topics left as they are; cporctl setup --fix alters them");
    return true;
}

static bool setup_topics(Session *session, TopicAdmin *admin, TopicList *list, SetupReport *report)
{
    size_t change_count = 0;
    if (!setup_create(session, admin, list, report, &change_count) ||
        !setup_compare(session, admin, list, report, &change_count))
        return false;
    if (change_count == 0)
        setup_report_add(report, SETUP_KAFKA, NULL, "up-to-date", "up to date (%zu topics)",
                         list->count);
    return true;
}

/* ---- the brokers ---- */

/* What a stopped installation can catch up with: the shortest retention of a topic that has one. */
static int64_t shortest_retention_minutes(const TopicList *list)
{
    int64_t shortest_ms = INT64_MAX;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < list->topics[i].config_count; j++) {
            const TopicConfig *config = &list->topics[i].configs[j];
            const int64_t ms = strtoll(config->value, NULL, 10);
            if (strcmp(config->name, "retention.ms") == 0 && ms > 0 && ms < shortest_ms)
                shortest_ms = ms;
        }
    }
    return shortest_ms / 60000;
}

/* Kafka forgets a group that was idle for so long. No worker loses its place (ADR 17), but what is
 * read again of the last batch may be published again. A warning: the brokers are not ours. */
static void setup_check_offsets(Session *session, TopicAdmin *admin, const TopicList *list,
                                SetupReport *report)
{
    static const char name[] = "offsets.retention.minutes";
    const char *values[BROKER_COUNT_MAX];
    size_t count;
    Error error;
    const int64_t wanted = shortest_retention_minutes(list);
    if (!topic_admin_broker_values(admin, name, &session->arena, values, &count, &error)) {
        setup_report_add(report, SETUP_KAFKA, name, "unknown", "warning: %s: %s", name, error.text);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i] == NULL || strtoll(values[i], NULL, 10) >= wanted)
            continue;
        setup_report_add(report, SETUP_KAFKA, name, "differs",
                         "warning: %s is %s: groups that are idle for longer are forgotten, the"
                         " topics are kept for %" PRId64 " minutes; set %s=%" PRId64
                         " or more in each broker's server.properties",
                         name, values[i], wanted, name, wanted);
        return;
    }
}

/* ---- both ---- */

/* Nothing is changed anywhere before both servers are there, and the topics can be used. */
static bool setup_do(Session *session, TopicAdmin *admin, TopicList *list)
{
    SetupReport report;
    setup_report_begin(&report, session);
    const bool done = setup_wait_database(session) && setup_wait_kafka(session, admin, list) &&
                      setup_check_partitions(session, list) && setup_database(session, &report) &&
                      setup_topics(session, admin, list, &report);
    if (done) {
        setup_check_offsets(session, admin, list, &report);
        setup_report_end(&report);
    }
    return done;
}

ExitCode setup_run(Session *session)
{
    const Config *config = session->config;
    TopicList *list = arena_new(&session->arena, sizeof *list);
    TopicAdmin *admin = NULL;
    bool is_production;
    const bool done =
        session_is_production(session, &is_production) &&
        topic_file_read(session, session_share_path(session, "contracts/topics.json"),
                        config_text(config, "CPOR_TOPIC_PREFIX"),
                        (int)config_integer(config, "CPOR_PARTITIONS"), is_production, list) &&
        topic_admin_open(
            config_text(config, "CPOR_KAFKA_BROKERS"), config_text(config, "CPOR_KAFKA_PROPERTIES"),
            (int)config_integer(config, "CPOR_KAFKA_TIMEOUT_MS"), &admin, &session->error) &&
        setup_do(session, admin, list);
    topic_admin_release(&admin);
    return done ? EXIT_CODE_DONE : session_fail(session);
}
