/* topic_file.h - contracts/topics.json: which topics there are, and how each is configured. */
#pragma once

#include "cporctl.h"

enum { TOPIC_COUNT_MAX = 64, TOPIC_CONFIG_COUNT_MAX = 16 };

typedef struct TopicConfig {
    const char *name, *value;
    const char *found; /* as the broker has it; NULL: not asked, or the broker does not know it */
    bool is_chosen;    /* found was set on the topic itself, not by the brokers' default */
} TopicConfig;

/* One topic as it shall be, and as it was found. Texts are borrowed from the session's arena. */
typedef struct Topic {
    const char *name; /* with the prefix */
    int partition_count;
    int replication; /* at least; 0: as the brokers like */
    TopicConfig configs[TOPIC_CONFIG_COUNT_MAX];
    size_t config_count;

    int found_count;       /* partitions; 0: there is no such topic */
    int found_replication; /* of the partition that has fewest */
    bool is_ready;         /* every partition has a leader */
} Topic;

typedef struct TopicList {
    Topic topics[TOPIC_COUNT_MAX];
    size_t count;
} TopicList;

/*
 * topic_file_read - the file's topics with the prefix before their names.
 *
 * In:      partition_count  of each topic whose partitions are "default".
 *          is_production    takes what the file has for production alone: replication, config.
 * Errors:  in session->error: no such file, bad JSON, a bad entry and what it may be.
 */
MUST_CHECK bool topic_file_read(Session *session, const char *path, const char *prefix,
                                int partition_count, bool is_production, TopicList *ret_list);
