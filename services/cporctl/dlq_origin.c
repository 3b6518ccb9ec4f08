/* dlq_origin.c - see dlq_origin.h. */
#include "dlq_origin.h"

#include <string.h>
#include <strings.h>

bool dlq_is_place(const DlqLetter *letter)
{
    return letter->is_workers && strcmp(letter->reason, "POISON") == 0;
}

typedef struct Copying {
    KafkaSender *sender;
    uintptr_t tag;
    bool is_sent, is_reference;
} Copying;

static const char *subscription_type(void)
{
    return event_type_name(EVENT_SUBSCRIPTION_CHANGED);
}

static bool take_record(void *context, const KafkaRecord *record)
{
    Copying *copying = context;
    KafkaHeader header;
    SentCopy copy = {.record = record, .tag = copying->tag};
    for (; kafka_record_header(record, copy.header_count, &header); copy.header_count++)
        copying->is_reference |= strcasecmp(header.name, "ce_type") == 0 &&
                                 header.value_size == strlen(subscription_type()) &&
                                 memcmp(header.value, subscription_type(), header.value_size) == 0;
    if (copying->is_reference)
        return true;
    copying->is_sent = true;
    return kafka_sender_send_copy(copying->sender, &copy);
}

static KafkaPlace *find_place(const KafkaPlaces *places, const DlqLetter *letter)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->places[i].partition == letter->origin_partition &&
            places->places[i].first <= letter->origin_offset &&
            places->places[i].end > letter->origin_offset)
            return &places->places[i];
    return NULL;
}

bool dlq_origin_send(const Dlq *dlq, const DlqLetter *letter, KafkaSender *sender, uintptr_t tag,
                     const char **ret_why_not)
{
    Copying copying = {.sender = sender, .tag = tag};
    KafkaReader *reader = NULL;
    KafkaPlaces places = {0};
    bool done = kafka_reader_open(dlq->session, &reader) &&
                kafka_reader_add(reader, letter->topic, &places) &&
                kafka_reader_ends(reader, places.places, places.count);
    KafkaPlace *place = done ? find_place(&places, letter) : NULL;
    if (place != NULL) {
        place->next = letter->origin_offset;
        place->end = letter->origin_offset + 1;
        done = kafka_reader_read(reader, place, 1, take_record, &copying);
    }
    kafka_reader_release(&reader);
    *ret_why_not = copying.is_sent        ? NULL
                   : copying.is_reference ? DLQ_REFERENCE
                                          : "it is no longer kept where it came from";
    return done;
}
