/* gap.h - what Kafka's groups had consumed, and a restored database does not know of. */
#pragma once

#include "kafka_group.h"

/* One worker's partition. */
typedef struct GapPlace {
    const char *service, *topic; /* short names */
    int64_t position;            /* of the database: what is before it is handled */
    int64_t end;                 /* what is before it was consumed and its outcomes published */
    int64_t gone_count;          /* of these, offsets that Kafka keeps no more */
} GapPlace;

typedef struct Gap {
    KafkaReader *reader;
    KafkaPlaces places;
    GapPlace *items;                  /* beside places */
    int64_t record_count, gone_count; /* offsets: markers of transactions count */
    bool is_begun; /* a rewind has been written into this database, and is not over */
} Gap;

/*
 * gap_find - compare the database's positions with what the groups have committed.
 *
 * In:      gap  zeroed; the session's database is open.
 * Out:     places: first, end and committed of each; items beside them. Without a gap in a place
 *          its position equals its end.
 * Again:   a rewind that was begun is found with its ends, though the groups are set back.
 */
MUST_CHECK bool gap_find(Session *session, Gap *gap);
void gap_release(Gap *gap);

/* gap_find_place - whose place a row is of that begins with service, topic and partition.
 * Returns: its index; gap->places.count: there is none. */
size_t gap_find_place(const Gap *gap, const DbResult *result, size_t row);
