/* kafka_group.h - consumer groups: who is in one, and setting back what it has committed. */
#pragma once

#include "kafka_reader.h"

typedef struct KafkaGroups KafkaGroups;

/* kafka_groups_open - from the session's settings; no broker is asked yet. */
MUST_CHECK bool kafka_groups_open(Session *session, KafkaGroups **ret_groups);
void kafka_groups_release(KafkaGroups **groups);

/* kafka_groups_members - how many members a group (short name) has; none where there is no such
 * group. A member that was killed counts until its session has run out. */
MUST_CHECK bool kafka_groups_members(KafkaGroups *groups, const char *group, size_t *ret_count);

/* kafka_groups_ends - behind the last record of each place, whether it is committed or not: what
 * kafka_reader_ends tells later is less only while a transaction is open. */
MUST_CHECK bool kafka_groups_ends(KafkaGroups *groups, const KafkaPlace *places, size_t count,
                                  int64_t *ret_ends);

/*
 * kafka_groups_set - commit place->next for a group (short name) without members.
 *
 * In:      places  with next below 0 are left alone.
 * Errors:  RETRY  no broker answers; FATAL  the group has members.
 */
MUST_CHECK bool kafka_groups_set(KafkaGroups *groups, const char *group, const KafkaPlace *places,
                                 size_t count);
