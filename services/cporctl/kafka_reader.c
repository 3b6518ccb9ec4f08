/* kafka_reader.c - see kafka_reader.h. */
#include "kafka_reader.h"

#include "kafka_client.h"
#include "wait.h"

#include "runtime/clock.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_COUNT_MAX = 2000, READ_WAIT_MS = 200, WHY_SIZE = 256 };

struct KafkaReader {
    Session *session; /* borrowed */
    rd_kafka_t *consumer;
    rd_kafka_queue_t *records; /* what the consumer fetched */
    rd_kafka_queue_t *answers; /* to administrative requests */
    int timeout_ms;
};

static bool reader_fail(KafkaReader *reader, int code, const char *what, const char *why)
{
    return kafka_client_fail(reader->consumer, code, what, why, &reader->session->error);
}

bool kafka_reader_open(Session *session, KafkaReader **ret_reader)
{
    const Config *config = session->config;
    KafkaReader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return error_set(&session->error, ERROR_FATAL, "make Kafka client: out of memory");
    reader->session = session;
    reader->timeout_ms = (int)config_integer(config, "CPOR_KAFKA_TIMEOUT_MS");
    if (!kafka_client_open(KAFKA_CLIENT_READER, config_text(config, "CPOR_KAFKA_BROKERS"),
                           config_text(config, "CPOR_KAFKA_PROPERTIES"), &reader->consumer,
                           &session->error)) {
        free(reader);
        return false;
    }
    rd_kafka_poll_set_consumer(reader->consumer);
    reader->records = rd_kafka_queue_get_consumer(reader->consumer);
    reader->answers = rd_kafka_queue_new(reader->consumer);
    *ret_reader = reader;
    return true;
}

void kafka_reader_release(KafkaReader **place)
{
    KafkaReader *reader = *place;
    if (reader == NULL)
        return;
    rd_kafka_queue_destroy(reader->answers);
    rd_kafka_queue_destroy(reader->records);
    rd_kafka_destroy_flags(reader->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(reader);
    *place = NULL;
}

/* ---- topics, ends ---- */

static bool take_partitions(KafkaReader *reader, const rd_kafka_metadata_t *metadata,
                            const char *topic, KafkaPlaces *places)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *found = &metadata->topics[i];
        if (strcmp(found->topic, topic) != 0 || found->partition_cnt == 0)
            continue;
        for (int32_t j = 0; j < found->partition_cnt; j++) {
            places->places = arena_grow(&reader->session->arena, places->places,
                                        sizeof *places->places, places->count, &places->room);
            KafkaPlace *place = &places->places[places->count++];
            *place = (KafkaPlace){.partition = j, .first = -1, .end = -1, .committed = -1};
            snprintf(place->topic, sizeof place->topic, "%s", topic);
        }
        return true;
    }
    return error_set(&reader->session->error, ERROR_FATAL,
                     "look at topic %s: there is none (cporctl setup makes it), or this principal"
                     " may not see it (deploy/security/kafka-acls)",
                     topic);
}

bool kafka_reader_add(KafkaReader *reader, const char *topic, KafkaPlaces *places)
{
    const rd_kafka_metadata_t *metadata = NULL;
    const char *name =
        arena_printf(&reader->session->arena, "%s%s",
                     config_text(reader->session->config, "CPOR_TOPIC_PREFIX"), topic);
    /* All topics are asked for: asking for one by its name could create it. */
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(reader->consumer, 1, NULL, &metadata, reader->timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return reader_fail(reader, code, "list Kafka's topics", rd_kafka_err2str(code));
    const bool done = take_partitions(reader, metadata, name, places);
    rd_kafka_metadata_destroy(metadata);
    return done;
}

/* What a leader or a coordinator that moves answers is asked again. */
static Wait patience(const KafkaReader *reader, const char *what)
{
    return wait_begin(what, "do all brokers run?", reader->timeout_ms);
}

static bool place_end(KafkaReader *reader, KafkaPlace *place)
{
    const rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(reader->consumer, place->topic, place->partition,
                                         &place->first, &place->end, reader->timeout_ms);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           reader_fail(reader, code, "ask for the ends of topics", rd_kafka_err2str(code));
}

bool kafka_reader_ends(KafkaReader *reader, KafkaPlace *places, size_t count)
{
    Wait wait = patience(reader, "the partitions' leaders");
    for (size_t i = 0; i < count; i++)
        while (!place_end(reader, &places[i]))
            if (!wait_again(&wait, &reader->session->error))
                return false;
    return true;
}

/* ---- groups ---- */

static rd_kafka_topic_partition_list_t *partition_list(const KafkaPlace *places, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, places[i].topic, places[i].partition)->offset =
            places[i].next;
    return list;
}

static bool take_committed(KafkaReader *reader, const rd_kafka_event_t *event, KafkaPlace *places,
                           size_t count)
{
    size_t group_count = 0;
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result((rd_kafka_event_t *)(uintptr_t)event),
        &group_count);
    const rd_kafka_error_t *error =
        group_count == 1 ? rd_kafka_group_result_error(groups[0]) : NULL;
    if (error != NULL)
        return reader_fail(reader, rd_kafka_error_code(error), "ask for committed offsets",
                           rd_kafka_error_string(error));
    const rd_kafka_topic_partition_list_t *list =
        group_count == 1 ? rd_kafka_group_result_partitions(groups[0]) : NULL;
    for (int i = 0; list != NULL && i < list->cnt; i++)
        for (size_t j = 0; j < count; j++)
            if (list->elems[i].partition == places[j].partition && list->elems[i].offset >= 0 &&
                strcmp(list->elems[i].topic, places[j].topic) == 0)
                places[j].committed = list->elems[i].offset;
    return true;
}

static rd_kafka_event_t *ask_committed(KafkaReader *reader, const char *group,
                                       const KafkaPlace *places, size_t count)
{
    char why[WHY_SIZE];
    rd_kafka_topic_partition_list_t *list = partition_list(places, count);
    rd_kafka_ListConsumerGroupOffsets_t *request =
        rd_kafka_ListConsumerGroupOffsets_new(group, list);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(reader->consumer, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, reader->timeout_ms, why, sizeof why);
    rd_kafka_ListConsumerGroupOffsets(reader->consumer, &request, 1, options, reader->answers);
    rd_kafka_event_t *event = rd_kafka_queue_poll(reader->answers, reader->timeout_ms + 1000);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    return event;
}

static bool group_committed(KafkaReader *reader, const char *group, KafkaPlace *places,
                            size_t count)
{
    rd_kafka_event_t *event = ask_committed(reader, group, places, count);
    if (event == NULL)
        return reader_fail(reader, RD_KAFKA_RESP_ERR__TIMED_OUT, "ask for committed offsets",
                           "no answer in time");
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const bool done = code == RD_KAFKA_RESP_ERR_NO_ERROR
                          ? take_committed(reader, event, places, count)
                          : reader_fail(reader, code, "ask for committed offsets",
                                        rd_kafka_event_error_string(event));
    rd_kafka_event_destroy(event);
    return done;
}

bool kafka_reader_committed(KafkaReader *reader, const char *group, KafkaPlace *places,
                            size_t count)
{
    const char *name =
        arena_printf(&reader->session->arena, "%s%s",
                     config_text(reader->session->config, "CPOR_GROUP_PREFIX"), group);
    Wait wait = patience(reader, "the group's coordinator");
    for (size_t i = 0; i < count; i++)
        places[i].committed = -1;
    while (!group_committed(reader, name, places, count))
        if (!wait_again(&wait, &reader->session->error))
            return false;
    return true;
}

/* ---- records ---- */

typedef struct Reading {
    KafkaReader *reader;
    KafkaPlace *places;
    size_t count, open_count; /* open: not read to its end yet */
    KafkaTake *take;
    void *context;
} Reading;

static bool place_is_open(const KafkaPlace *place)
{
    return place->next < place->end;
}

static size_t place_find(const Reading *reading, const rd_kafka_message_t *message)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    for (size_t i = 0; i < reading->count; i++)
        if (reading->places[i].partition == message->partition &&
            strcmp(reading->places[i].topic, topic) == 0)
            return i;
    return reading->count;
}

static void header_read(const rd_kafka_message_t *message, const char *name, const char **ret_text,
                        size_t *ret_size)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    *ret_text = NULL;
    *ret_size = 0;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, name, &value, ret_size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        *ret_text = value;
}

bool kafka_record_header(const KafkaRecord *record, size_t index, KafkaHeader *ret_header)
{
    rd_kafka_headers_t *headers = NULL;
    return rd_kafka_message_headers(record->handle, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_all(headers, index, &ret_header->name, &ret_header->value,
                                   &ret_header->value_size) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool take_record(const Reading *reading, size_t index, const rd_kafka_message_t *message)
{
    KafkaRecord record = {.place_index = index,
                          .offset = message->offset,
                          .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
                          .key = message->key,
                          .value = message->payload,
                          .key_size = message->key_len,
                          .value_size = message->len,
                          .handle = message};
    header_read(message, "ce_type", &record.type, &record.type_size);
    header_read(message, "ce_id", &record.id, &record.id_size);
    return reading->take(reading->context, &record);
}

/* A partition's end is told with the offset behind its last record or marker. */
static bool take_message(Reading *reading, const rd_kafka_message_t *message)
{
    const size_t index = message->rkt == NULL ? reading->count : place_find(reading, message);
    const bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !is_end)
        return kafka_client_class(message->err) == ERROR_RETRY || /* the client tries again */
               reader_fail(reading->reader, message->err, "read records",
                           rd_kafka_message_errstr(message));
    if (index == reading->count || !place_is_open(&reading->places[index]))
        return true;
    KafkaPlace *place = &reading->places[index];
    if (message->offset < place->next)
        return true;
    if (!is_end && message->offset < place->end && !take_record(reading, index, message))
        return false;
    place->next = message->offset + (is_end ? 0 : 1);
    if (place->next > place->end)
        place->next = place->end; /* what is behind it is read the next time */
    reading->open_count -= !place_is_open(place);
    return true;
}

static bool assign_open(const Reading *reading)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)reading->count);
    for (size_t i = 0; i < reading->count; i++)
        if (place_is_open(&reading->places[i]))
            rd_kafka_topic_partition_list_add(list, reading->places[i].topic,
                                              reading->places[i].partition)
                ->offset = reading->places[i].next;
    const rd_kafka_resp_err_t code = rd_kafka_assign(reading->reader->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           reader_fail(reading->reader, code, "read records", rd_kafka_err2str(code));
}

static bool read_open(Reading *reading)
{
    rd_kafka_message_t *messages[READ_COUNT_MAX];
    int64_t last_mono_ms = clock_mono_now();
    bool good = true;
    while (good && reading->open_count > 0) {
        const ssize_t count = rd_kafka_consume_batch_queue(reading->reader->records, READ_WAIT_MS,
                                                           messages, READ_COUNT_MAX);
        for (ssize_t i = 0; i < count; i++) {
            good = good && take_message(reading, messages[i]);
            rd_kafka_message_destroy(messages[i]);
        }
        if (count > 0)
            last_mono_ms = clock_mono_now();
        else if (clock_mono_now() - last_mono_ms > reading->reader->timeout_ms)
            return reader_fail(reading->reader, RD_KAFKA_RESP_ERR__TIMED_OUT, "read records",
                               "nothing came in time");
    }
    return good;
}

bool kafka_reader_read(KafkaReader *reader, KafkaPlace *places, size_t count, KafkaTake *take,
                       void *context)
{
    Reading reading = {
        .reader = reader, .places = places, .count = count, .take = take, .context = context};
    for (size_t i = 0; i < count; i++)
        reading.open_count += place_is_open(&places[i]);
    if (reading.open_count == 0)
        return true;
    const bool done = assign_open(&reading) && read_open(&reading);
    rd_kafka_assign(reader->consumer, NULL);
    return done;
}
