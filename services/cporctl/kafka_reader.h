/* kafka_reader.h - what is in Kafka, read without being a member of any group: ends, committed
 * offsets, records as a read_committed consumer sees them. */
#pragma once

#include "cporctl.h"

enum { KAFKA_TOPIC_SIZE = 256 };

/* A partition of a topic. Offsets are -1 where they are not known. */
typedef struct KafkaPlace {
    char topic[KAFKA_TOPIC_SIZE]; /* with the prefix */
    int32_t partition;
    int64_t first;     /* kafka_reader_ends: the oldest record that is kept */
    int64_t end;       /* likewise: behind the last committed record; markers count */
    int64_t committed; /* kafka_reader_committed */
    int64_t next;      /* kafka_reader_read: where to go on; set by the caller before the first */
} KafkaPlace;

typedef struct KafkaPlaces {
    KafkaPlace *places; /* in the session's arena */
    size_t count, room;
} KafkaPlaces;

/* Borrowed during the call. Texts are not NUL-terminated. */
typedef struct KafkaRecord {
    size_t place_index;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's append time, wall */
    const void *key;      /* NULL: none */
    const void *value;    /* NULL: tombstone */
    size_t key_size, value_size;
    const char *type, *id; /* ce_type, ce_id; NULL: none */
    size_t type_size, id_size;
    const void *handle; /* the adapter's own */
} KafkaRecord;

typedef struct KafkaHeader {
    const char *name;
    const void *value; /* NULL: none */
    size_t value_size;
} KafkaHeader;

/* kafka_record_header - the index-th header, borrowed as the record is; false: there are fewer. */
bool kafka_record_header(const KafkaRecord *record, size_t index, KafkaHeader *ret_header);

typedef struct KafkaReader KafkaReader;

/* kafka_reader_open - from the session's settings; no broker is asked yet. Errors: in
 * session->error. */
MUST_CHECK bool kafka_reader_open(Session *session, KafkaReader **ret_reader);
void kafka_reader_release(KafkaReader **place);

/* kafka_reader_add - the partitions of a topic (short name), appended to places.
 * Errors:  FATAL  there is no such topic; RETRY  no broker answers in time. */
MUST_CHECK bool kafka_reader_add(KafkaReader *reader, const char *topic, KafkaPlaces *places);

/* kafka_reader_ends - fill in first and end of each place. Cost: a round trip per place. */
MUST_CHECK bool kafka_reader_ends(KafkaReader *reader, KafkaPlace *places, size_t count);

/* kafka_reader_committed - fill in committed, for a group (short name); -1 where the group has
 * committed nothing, or there is no such group. */
MUST_CHECK bool kafka_reader_committed(KafkaReader *reader, const char *group, KafkaPlace *places,
                                       size_t count);

/*
 * kafka_reader_read - read each place from next to end, in the order of its log; moves next.
 *
 * In:      take  called for each record; false stops with session->error as it set it.
 * Errors:  RETRY  nothing came for the time-out.
 */
typedef bool KafkaTake(void *context, const KafkaRecord *record);
MUST_CHECK bool kafka_reader_read(KafkaReader *reader, KafkaPlace *places, size_t count,
                                  KafkaTake *take, void *context);
