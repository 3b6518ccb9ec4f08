/* position.h - the one place that compares how far the database, the group and the log are. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the database says of a partition. */
typedef struct Position {
    int64_t next_offset;       /* what is before it is handled; 0: none; -1: unknown */
    int64_t published_offset;  /* what is before it was published when this was noted; the rest may
                                  have been */
    int64_t received_at_ms;    /* of the last record that was handled */
    int64_t last_timestamp_ms; /* likewise, by the broker's clock; 0: unknown */
} Position;

typedef enum PositionVerdict {
    POSITION_AS_GROUP, /* where the group is; without an offset, the first record that there is */
    POSITION_AS_SAVED, /* the group knows nothing (Kafka forgets one that is idle): at
                          published_offset, for the last batch may have been handled only */
    POSITION_OLD_DATABASE, /* it has forgotten what was published: a restore, a lost commit */
} PositionVerdict;

/*
 * position_compare - where a worker's partition begins. Pure.
 *
 * In:      committed_offset  of the group: what is before it is published, and so was handled
 *                            first. -1: it has none; then low_offset and high_offset count.
 *          low_offset, high_offset  the log's first record, and behind its last. Another log's
 *                            position is outside of them, and is no place to begin at.
 */
PositionVerdict position_compare(const Position *position, int64_t committed_offset,
                                 int64_t low_offset, int64_t high_offset);

/* position_may_be_missing - the service has not always kept them: of a quiet partition it may have
 * none, though its group has an offset. */
bool position_may_be_missing(const char *service);
