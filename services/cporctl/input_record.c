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

void input_record_make(const Session *session, const Clock *clock, const KafkaPlace *place,
                       const KafkaRecord *from, Record *ret_record)
{
    KafkaHeader header;
    *ret_record =
        (Record){.topic = place->topic + strlen(config_text(session->config, "CPOR_TOPIC_PREFIX")),
                 .partition = place->partition,
                 .offset = from->offset,
                 .timestamp_ms = from->timestamp_ms,
                 .receipt_at_ms = clock_from_wall(clock, from->timestamp_ms),
                 .key = from->key,
                 .key_size = from->key_size,
                 .value = from->value,
                 .value_size = from->value_size};
    while (ret_record->header_count < RECORD_HEADER_COUNT_MAX &&
           kafka_record_header(from, ret_record->header_count, &header))
        ret_record->headers[ret_record->header_count++] =
            (RecordHeader){header.name, header.value, header.value_size};
    ret_record->header_total = ret_record->header_count;
}
