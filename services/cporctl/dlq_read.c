/* dlq_read.c - the topic of dead letters, and what a worker's headers say; see dlq.h. */
#include "dlq.h"

#include "claim/text_check.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_SIZE = 24 };

/* ---- one letter ---- */

/* Bytes as text: control characters become spaces; what is no UTF-8, question marks; what is too
 * long is cut behind a whole character. */
static void copy_text(char *text, size_t text_room, const KafkaHeader *header)
{
    const unsigned char *bytes = header->value;
    const bool is_text = text_is_message(header->value, header->value_size, 0, INT64_MAX);
    size_t size = header->value_size < text_room ? header->value_size : text_room - 1;
    while (is_text && size < header->value_size && size > 0 && (bytes[size] & 0xc0) == 0x80)
        size--;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = bytes[i];
        text[i] = (char)(c < 0x20 || c == 0x7f ? ' ' : c >= 0x80 && !is_text ? '?' : c);
    }
    text[size] = '\0';
}

static int64_t read_number(const KafkaHeader *header)
{
    char text[NUMBER_SIZE];
    copy_text(text, sizeof text, header);
    return strtoll(text, NULL, 10);
}

/* Texts of headers, by name. */
typedef struct TextField {
    const char *name;
    size_t offset, size; /* in DlqLetter */
} TextField;
#define TEXT_FIELD(name, member)                                                                   \
    {                                                                                              \
        name, offsetof(DlqLetter, member), sizeof((DlqLetter *)NULL)->member                       \
    }

static const TextField own_fields[] = {
    TEXT_FIELD("ce_type", type), TEXT_FIELD("ce_id", id), TEXT_FIELD("ce_subject", subject), {0}};
static const TextField worker_fields[] = {TEXT_FIELD("dlq_reason", reason),
                                          TEXT_FIELD("dlq_detail", detail),
                                          TEXT_FIELD("dlq_service", service),
                                          TEXT_FIELD("dlq_topic", topic),
                                          {0}};

/* The last header of a name counts, in whatever case, as for the workers. */
static void take_text(DlqLetter *letter, const TextField *fields, const KafkaHeader *header)
{
    for (; fields->name != NULL; fields++) {
        char *text = (char *)letter + fields->offset;
        if (strcasecmp(fields->name, header->name) == 0)
            copy_text(text, fields->size, header);
    }
}

/* "value=1400000 headers=120 key=36": the sizes as it came. */
static void take_cut(DlqLetter *letter, const KafkaHeader *header)
{
    char text[DLQ_TEXT_SIZE];
    copy_text(text, sizeof text, header);
    letter->is_cut = true;
    if (strncmp(text, "value=", 6) == 0)
        letter->cut_size = strtoul(text + 6, NULL, 10);
}

static void take_number(DlqLetter *letter, const KafkaHeader *header)
{
    if (strcmp(header->name, "dlq_partition") == 0)
        letter->origin_partition = read_number(header);
    else if (strcmp(header->name, "dlq_offset") == 0)
        letter->origin_offset = read_number(header);
    else if (strcmp(header->name, "dlq_timestamp") == 0)
        (void)!clock_parse(header->value, header->value_size, &letter->received_at_ms);
    else if (strcmp(header->name, "dlq_truncated") == 0)
        take_cut(letter, header);
    else if (strcmp(header->name, "dlq_cut") == 0) { /* of a release before: the value's size */
        letter->is_cut = true;
        letter->cut_size = (size_t)read_number(header);
    }
}

static void cut_prefix(const Session *session, char *topic)
{
    const char *prefix = config_text(session->config, "CPOR_TOPIC_PREFIX");
    const size_t size = strlen(prefix);
    if (strncmp(topic, prefix, size) == 0)
        memmove(topic, topic + size, strlen(topic + size) + 1);
}

static void letter_read(const Session *session, const KafkaRecord *record, DlqLetter *ret_letter)
{
    KafkaHeader header;
    size_t count = 0;
    for (; kafka_record_header(record, count, &header); count++)
        if (strcmp(header.name, "dlq_reason") == 0) {
            ret_letter->is_workers = true;
            ret_letter->own_header_count = count;
        }
    if (!ret_letter->is_workers)
        ret_letter->own_header_count = count;
    for (size_t i = 0; i < count && kafka_record_header(record, i, &header); i++) {
        const bool is_own = i < ret_letter->own_header_count;
        take_text(ret_letter, is_own ? own_fields : worker_fields, &header);
        if (!is_own)
            take_number(ret_letter, &header);
    }
    cut_prefix(session, ret_letter->topic);
    ret_letter->offset = record->offset;
    ret_letter->value_size = record->value_size;
}

/* ---- the topic ---- */

bool dlq_open(Session *session, Dlq *ret_dlq)
{
    *ret_dlq = (Dlq){.session = session};
    return kafka_reader_open(session, &ret_dlq->reader) &&
           kafka_reader_add(ret_dlq->reader, "dead-letter", &ret_dlq->places) &&
           kafka_reader_ends(ret_dlq->reader, ret_dlq->places.places, ret_dlq->places.count);
}

void dlq_release(Dlq *dlq)
{
    kafka_reader_release(&dlq->reader);
}

typedef struct Taking {
    const Dlq *dlq;
    const KafkaPlace *places; /* those that are read */
    DlqTake *take;
    void *context;
    bool has_taken;
} Taking;

static bool take_record(void *context, const KafkaRecord *record)
{
    Taking *taking = context;
    DlqLetter letter = {.partition = taking->places[record->place_index].partition};
    letter_read(taking->dlq->session, record, &letter);
    taking->has_taken = true;
    return taking->take(taking->context, &letter, record);
}

bool dlq_read(Dlq *dlq, DlqTake *take, void *context)
{
    Taking taking = {.dlq = dlq, .places = dlq->places.places, .take = take, .context = context};
    for (size_t i = 0; i < dlq->places.count; i++)
        dlq->places.places[i].next = dlq->places.places[i].first;
    return kafka_reader_read(dlq->reader, dlq->places.places, dlq->places.count, take_record,
                             &taking);
}

static const char *why_not_there(Dlq *dlq, int32_t partition, int64_t offset)
{
    Arena *arena = &dlq->session->arena;
    if (partition >= (int32_t)dlq->places.count)
        return arena_printf(arena, "there is no partition %" PRId32 ": it has 0 to %zu", partition,
                            dlq->places.count - 1);
    const KafkaPlace *place = &dlq->places.places[partition];
    if (offset < place->first)
        return "it is no longer kept";
    if (offset >= place->end)
        return "nothing was written there yet";
    return NULL;
}

bool dlq_read_one(Dlq *dlq, int32_t partition, int64_t offset, DlqTake *take, void *context,
                  const char **ret_why_not)
{
    *ret_why_not = why_not_there(dlq, partition, offset);
    if (*ret_why_not != NULL)
        return true;
    KafkaPlace *place = &dlq->places.places[partition];
    Taking taking = {.dlq = dlq, .places = place, .take = take, .context = context};
    place->next = offset;
    place->end = offset + 1;
    if (!kafka_reader_read(dlq->reader, place, 1, take_record, &taking))
        return false;
    if (!taking.has_taken)
        *ret_why_not = "it is a transaction's marker, or was never committed";
    return true;
}
