/* record.c - records, and what a batch of them publishes. */
#include "record.h"

#include <string.h>

enum { BATCH_ROOM_FIRST = 64 };

const RecordHeader *record_header(const Record *record, const char *name)
{
    for (size_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].name, name) == 0)
            return &record->headers[i];
    return NULL;
}

/* The old array stays in the arena until its reset: doubling wastes at most as much as is used. */
static void *array_grow(Arena *arena, const void *items, size_t count, size_t item_size,
                        size_t *room)
{
    *room = *room == 0 ? BATCH_ROOM_FIRST : 2 * *room;
    void *grown = arena_new(arena, *room * item_size);
    if (count > 0)
        memcpy(grown, items, count * item_size);
    return grown;
}

void batch_add_outcome(Batch *batch, const Outcome *outcome)
{
    if (batch->outcome_count == batch->outcome_room)
        batch->outcomes = array_grow(batch->arena, batch->outcomes, batch->outcome_count,
                                     sizeof *batch->outcomes, &batch->outcome_room);
    batch->outcomes[batch->outcome_count++] = *outcome;
}

void batch_add_dead_letter(Batch *batch, const Record *record, const char *reason,
                           const char *detail)
{
    if (batch->dead_letter_count == batch->dead_letter_room)
        batch->dead_letters =
            array_grow(batch->arena, batch->dead_letters, batch->dead_letter_count,
                       sizeof *batch->dead_letters, &batch->dead_letter_room);
    batch->dead_letters[batch->dead_letter_count++] =
        (DeadLetter){.record = record, .reason = reason, .detail = detail};
}

void batch_cut(Batch *batch, size_t count)
{
    if (count > 0 && count < batch->record_count)
        batch->record_count = count;
}

void batch_discard_outcomes(Batch *batch)
{
    batch->outcomes = NULL;
    batch->outcome_count = batch->outcome_room = 0;
    batch->dead_letters = NULL;
    batch->dead_letter_count = batch->dead_letter_room = 0;
    arena_reset(batch->arena);
}
