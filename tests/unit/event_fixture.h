/* event_fixture.h - what the tests of events share: records, good and bad. */
#pragma once

#include "claim/signature_demand.h"
#include "unit/codec_fixture.h"

#define TENANT "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f"

static Arena arena;
static const EventContext context;

static inline void add_header(Record *record, const char *name, const char *value)
{
    if (value == NULL)
        return;
    RecordHeader *headers = arena_new(&arena, (record->header_count + 1) * sizeof *headers);
    if (record->header_count > 0)
        memcpy(headers, record->headers, record->header_count * sizeof *headers);
    headers[record->header_count++] =
        (RecordHeader){.name = name, .value = value, .value_size = strlen(value)};
    record->headers = headers;
}

/* One that may say it: what is internal comes from the system's own. */
static inline const char *fitting_source(const char *topic, const char *type)
{
    const char *why;
    Saying saying = {.source = "urn:upstream", .topic = topic};
    for (int i = 1; i < EVENT_TYPE_COUNT; i++)
        if (type != NULL && strcmp(event_type_name((EventType)i), type) == 0)
            saying.type = (EventType)i;
    return source_may_say(&saying, &why) ? saying.source : "cpor/test";
}

/* A binary CloudEvent. */
static inline Record new_record(const char *topic, const char *type, const char *value)
{
    Record record = {.topic = topic, .receipt_at_ms = 1790000000000};
    add_header(&record, "content-type", "application/json");
    add_header(&record, "ce_specversion", "1.0");
    add_header(&record, "ce_id", "e-1");
    add_header(&record, "ce_source", fitting_source(topic, type));
    add_header(&record, "ce_type", type);
    record.value = value;
    record.value_size = value == NULL ? 0 : strlen(value);
    return record;
}

static inline const char *dump(const json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    const char *copy = arena_text(&arena, text);
    free(text);
    return copy;
}

static inline Event decode_good(const Record *record)
{
    Event event;
    Error error = {0};
    if (!event_decode(record, &context, &arena, &event, &error))
        fail_msg("refused: %s %s", error.code, error.text);
    return event;
}

static inline void decode_bad(const char *name, const Record *record, const char *code,
                              const char *part)
{
    Event event;
    Error error = {0};
    if (event_decode(record, &context, &arena, &event, &error))
        fail_msg("%s: taken", name);
    if (error.class != ERROR_REJECT || strcmp(error.code, code) != 0 ||
        (part != NULL && strstr(error.text, part) == NULL))
        fail_msg("%s: %s (%s)", name, error.code, error.text);
}

static inline int group_end(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}
