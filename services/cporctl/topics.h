/* topics.h - the administrative side of Kafka: look at topics, create them, change their settings.
 * topics.c alone includes librdkafka. */
#pragma once

#include "topic_file.h"

typedef struct TopicAdmin TopicAdmin;

/*
 * topic_admin_open - make the client; no broker is asked yet.
 *
 * In:      properties_file  "" or a file of key=value.
 *          timeout_ms       of each request that follows.
 * Errors:  FATAL  a bad property.
 */
MUST_CHECK bool topic_admin_open(const char *brokers, const char *properties_file, int timeout_ms,
                                 TopicAdmin **ret_admin, Error *reterr);
void topic_admin_release(TopicAdmin **admin);

/*
 * topic_admin_look - which topics are there: found_count, found_replication and is_ready of each.
 *
 * Errors:  RETRY  no broker answers; FATAL  authentication, authorisation.
 * Cost:    waits at most wait_ms.
 */
MUST_CHECK bool topic_admin_look(TopicAdmin *admin, TopicList *list, int wait_ms, Error *reterr);

/*
 * topic_admin_create - create those whose found_count is 0.
 *
 * In:      replication  -1: the topic's own, or the brokers' default where it has none.
 * Errors:  FATAL  a broker refuses: which topic and why. One that somebody else created meanwhile
 *          is no error.
 */
MUST_CHECK bool topic_admin_create(TopicAdmin *admin, const TopicList *list, int replication,
                                   Error *reterr);

/* topic_admin_compare - fill in configs[].found (in arena) and .is_chosen of the topics there are.
 */
MUST_CHECK bool topic_admin_compare(TopicAdmin *admin, TopicList *list, Arena *arena,
                                    Error *reterr);

enum { BROKER_COUNT_MAX = 64 };

/* topic_admin_broker_values - one setting of each broker; NULL: it does not know it. In arena. */
MUST_CHECK bool topic_admin_broker_values(TopicAdmin *admin, const char *name, Arena *arena,
                                          const char *ret_values[BROKER_COUNT_MAX],
                                          size_t *ret_count, Error *reterr);

/*
 * topic_admin_alter - set a topic's configuration to what it shall be; settings that the list does
 * not name stay as they are.
 *
 * In:      keeps_chosen  as do those that somebody set on the topic itself.
 */
MUST_CHECK bool topic_admin_alter(TopicAdmin *admin, const Topic *topic, bool keeps_chosen,
                                  Error *reterr);
