/* input_record.c - see input_record.h. */
#include "input_record.h"

#include <string.h>

static bool any_zone(const void *context, const char *zone)
{
    (void)context;
    (void)zone;
    return true;
}

const EventContext input_event_context = {.zone_is_valid = any_zone};

static void take_headers(const KafkaRecord *from, Arena *arena, Record *record)
{
    KafkaHeader header;
    size_t count = 0;
    for (; kafka_record_header(from, count, &header); count++)
        record->headers_size += strlen(header.name) + header.value_size;
    record->headers_are_too_large = !record_headers_fit(count, record->headers_size);
    if (record->headers_are_too_large)
        return;
    RecordHeader *headers = arena_new(arena, count * sizeof *headers);
    for (size_t i = 0; i < count && kafka_record_header(from, i, &header); i++)
        headers[i] = (RecordHeader){header.name, header.value == NULL ? "" : header.value,
                                    header.value_size};
    record->headers = headers;
    record->header_count = count;
}

void input_record_make(const RecordOrigin *origin, Arena *arena, Record *ret_record)
{
    const KafkaRecord *from = origin->from;
    const char *prefix = config_text(origin->session->config, "CPOR_TOPIC_PREFIX");
    *ret_record = (Record){.topic = origin->place->topic + strlen(prefix),
                           .partition = origin->place->partition,
                           .offset = from->offset,
                           .timestamp_ms = from->timestamp_ms,
                           .receipt_at_ms = clock_from_wall(origin->clock, from->timestamp_ms),
                           .key = from->key,
                           .key_size = from->key_size,
                           .value = from->value,
                           .value_size = from->value_size};
    take_headers(from, arena, ret_record);
}
