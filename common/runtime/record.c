/* record.c - records, and what a batch of them publishes. */
#include "record.h"

#include <string.h>
#include <strings.h>

enum { BATCH_ROOM_FIRST = 64 };

bool record_headers_fit(size_t count, size_t size)
{
    return count <= RECORD_HEADER_COUNT_MAX && size <= RECORD_HEADERS_SIZE_MAX;
}

const RecordHeader *record_header(const Record *record, const char *name)
{
    for (size_t i = record->header_count; i-- > 0;)
        if (strcasecmp(record->headers[i].name, name) == 0)
            return &record->headers[i];
    return NULL;
}

static bool is_hex(const char *text, size_t size)
{
    return strspn(text, "0123456789abcdef") >= size;
}

static bool is_zero(const char *text, size_t size)
{
    return strspn(text, "0") >= size;
}

/* "00-<32 hex>-<16 hex>-<2 hex>": ids that are not all zero, no version ff. */
static bool is_traceparent(const char *text)
{
    const char *trace = text + 3, *parent = text + 36, *flags = text + 53;
    return is_hex(text, 2) && strncmp(text, "ff", 2) != 0 && text[2] == '-' && is_hex(trace, 32) &&
           !is_zero(trace, 32) && text[35] == '-' && is_hex(parent, 16) && !is_zero(parent, 16) &&
           text[52] == '-' && is_hex(flags, 2);
}

const RecordHeader *record_traceparent(const Record *record)
{
    const RecordHeader *header = record_header(record, "traceparent");
    char text[TRACEPARENT_LENGTH + 1] = "";
    if (header == NULL || header->value_size != TRACEPARENT_LENGTH)
        return NULL;
    memcpy(text, header->value, TRACEPARENT_LENGTH);
    return is_traceparent(text) ? header : NULL;
}

const RecordHeader *record_tracestate(const Record *record)
{
    const RecordHeader *header = record_header(record, "tracestate");
    if (header == NULL || header->value_size == 0 || header->value_size > TRACESTATE_SIZE_MAX ||
        record_traceparent(record) == NULL)
        return NULL;
    for (size_t i = 0; i < header->value_size; i++)
        if (header->value[i] < 0x20 || header->value[i] > 0x7e)
            return NULL;
    return header;
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

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

bool outcomes_fit(const Outcome *outcomes, size_t count, Error *reterr)
{
    for (size_t i = 0; i < count; i++) {
        const Outcome *outcome = &outcomes[i];
        const size_t name_size = text_size(outcome->key) + text_size(outcome->type) +
                                 text_size(outcome->id) + text_size(outcome->subject);
        if (outcome->body_size > OUTCOME_SIZE_MAX || name_size > OUTCOME_NAME_SIZE_MAX)
            return error_poison(
                reterr, "publish %.64s %.64s to %s: a body of %zu bytes, names of %zu",
                outcome->type, outcome->id, outcome->topic, outcome->body_size, name_size);
    }
    return true;
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
