/* replay.c - see replay.h. */
#include "replay.h"

#include <string.h>

bool replay_is_over(const Replay *replay)
{
    return replay->horizon_at_ms == INT64_MAX;
}

bool replay_has(const Replay *replay, const Record *record)
{
    for (size_t i = 0; record != NULL && i < replay->place_count; i++) {
        const ReplayPlace *place = &replay->places[i];
        if (place->partition == record->partition && strcmp(place->topic, record->topic) == 0)
            return record->offset < place->end_offset && record->receipt_at_ms <= place->end_at_ms;
    }
    return false;
}

static bool is_same_partition(const Record *one, const Record *other)
{
    return one->partition == other->partition && strcmp(one->topic, other->topic) == 0;
}

/* An earlier record of the partition waits: so does this one, whatever its receipt. */
static bool is_behind_waiting(const Batch *batch, const bool *waits, size_t index)
{
    for (size_t i = index; i-- > 0;)
        if (is_same_partition(&batch->records[i], &batch->records[index]))
            return waits[i];
    return false;
}

size_t replay_select(const Replay *replay, const Batch *batch, Record *ret_records)
{
    bool *waits = arena_new(batch->arena, batch->record_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < batch->record_count; i++) {
        const Record *record = &batch->records[i];
        waits[i] = is_behind_waiting(batch, waits, i) || !replay_has(replay, record) ||
                   record->receipt_at_ms > replay->horizon_at_ms;
        if (!waits[i])
            ret_records[count++] = *record;
    }
    return count;
}

size_t replay_rest(const Batch *batch, const Record *selected, size_t selected_count,
                   Record *ret_records)
{
    size_t next = 0, count = 0;
    for (size_t i = 0; i < batch->record_count; i++) {
        const Record *record = &batch->records[i];
        if (next < selected_count && selected[next].offset == record->offset &&
            is_same_partition(&selected[next], record))
            next++;
        else
            ret_records[count++] = *record;
    }
    return count;
}

void replay_drop(const Replay *replay, Batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->outcome_count; i++)
        if (!replay_has(replay, batch->outcomes[i].cause))
            batch->outcomes[kept++] = batch->outcomes[i];
    batch->outcome_count = kept;
    kept = 0;
    for (size_t i = 0; i < batch->dead_letter_count; i++)
        if (!replay_has(replay, batch->dead_letters[i].record))
            batch->dead_letters[kept++] = batch->dead_letters[i];
    batch->dead_letter_count = kept;
}

static bool may_follow(const ReplayItem *items, size_t count, const ReplayItem *next)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].place_index != next->place_index &&
            items[i].timestamp_ms < next->timestamp_ms &&
            memcmp(items[i].key, next->key, REPLAY_KEY_SIZE) == 0)
            return false;
    return true;
}

size_t replay_slice_end(const ReplayItem *items, size_t count, size_t first, int64_t slice_ms)
{
    const int64_t until_ms = items[first].timestamp_ms + slice_ms;
    size_t end = first;
    while (end < count && items[end].timestamp_ms <= until_ms &&
           may_follow(items + first, end - first, &items[end]))
        end++;
    /* What stays out takes those of its timestamp along. Whatever it follows is earlier. */
    while (end < count && items[end - 1].timestamp_ms == items[end].timestamp_ms)
        end--;
    return end;
}
