/*
 * replay.h - handling again, in the order of receipt, what a restored database has forgotten.
 *
 * The gap is what was consumed and published before, but is behind the database's positions. All
 * workers go through it together, up to a horizon that moves on when all have come so far: what one
 * of them decides may depend on what another did with an earlier record. Nothing of it is published
 * a second time: offsets and outcomes were one Kafka transaction.
 */
#pragma once

#include "error.h"
#include "record.h"

/* A partition's end of the gap. */
typedef struct ReplayPlace {
    const char *topic; /* short name */
    int32_t partition;
    int64_t end_offset;
    int64_t
        end_at_ms; /* a topic that is made anew counts from 0 again, but its records are later */
} ReplayPlace;

typedef struct Replay {
    const ReplayPlace *places; /* borrowed; as long as the worker lives */
    size_t place_count;
    int64_t horizon_at_ms; /* INT64_MAX: all are through, or there was nothing */
} Replay;

/* replay_is_over - nobody needs to wait. */
bool replay_is_over(const Replay *replay);

/* replay_has - is the record of the gap? NULL is not. */
bool replay_has(const Replay *replay, const Record *record);

/*
 * replay_select - the records of a batch whose turn has come: of each partition those of the gap
 * that were received by the horizon, as far as the first that was not.
 *
 * Out:     ret_records  room for all of the batch; copies, in the batch's order.
 * Returns: their number.
 */
size_t replay_select(const Replay *replay, const Batch *batch, Record *ret_records);

/* replay_rest - the others of the batch, likewise; selected as replay_select left them. */
size_t replay_rest(const Batch *batch, const Record *selected, size_t selected_count,
                   Record *ret_records);

/* replay_drop - take out of the batch what records of the gap publish. */
void replay_drop(const Replay *replay, Batch *batch);

enum { REPLAY_KEY_SIZE = 36 };

/* A record of the gap: only when and where, and of whom. */
typedef struct ReplayItem {
    char key[REPLAY_KEY_SIZE]; /* the record's key's beginning (the tenant); zeros behind it */
    int64_t timestamp_ms;      /* wall */
    int64_t offset;
    size_t place_index; /* one for each worker, topic and partition */
} ReplayItem;

/*
 * replay_slice_end - which records may go together, in any order.
 *
 * In:      items     count of them, by their timestamps.
 *          first     where the slice begins.
 *          slice_ms  from its first record to its last.
 * Returns: the index behind its last: greater than first. A record and what another worker made of
 *          it do not go together: the second could be handled first. All that follows from a record
 *          has its key, a later timestamp, and stands in another place. Nor do two records of one
 *          timestamp go apart: the horizon lets through all of them.
 */
size_t replay_slice_end(const ReplayItem *items, size_t count, size_t first, int64_t slice_ms);
