/* kafka.c - the consumer's side of the adapter: poll, wait, rebalance, lag. */
#include "kafka_internal.h"

#include "log.h"

#include <string.h>
#include <time.h>

void kafka_assignment_set(Kafka *kafka, const rd_kafka_topic_partition_list_t *partitions)
{
    if (kafka->assignment != NULL)
        rd_kafka_topic_partition_list_destroy(kafka->assignment);
    kafka->assignment = partitions == NULL ? NULL : rd_kafka_topic_partition_list_copy(partitions);
    atomic_store(&kafka->assigned, partitions != NULL);
}

/* Where each of our partitions goes on: behind what came. Owned by the caller. */
static rd_kafka_topic_partition_list_t *list_places(const Kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(kafka->assignment);
    (void)!rd_kafka_position(kafka->consumer, list);
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *place = &list->elems[i];
        if (place->offset < 0) /* none of it was read: where it began */
            place->offset = kafka_known_offset(kafka, place->topic, place->partition);
        if (place->offset < 0)
            place->offset = RD_KAFKA_OFFSET_STORED;
    }
    return list;
}

/* The message's partition goes on from it. */
static void list_put_back(rd_kafka_topic_partition_list_t *list, const rd_kafka_message_t *message)
{
    rd_kafka_topic_partition_t *place = rd_kafka_topic_partition_list_find(
        list, rd_kafka_topic_name(message->rkt), message->partition);
    if (place != NULL)
        place->offset = message->offset;
}

/*
 * A start, a stop, a pause and a resumption each take a number in the client, and are dropped where
 * one with a higher number came first (librdkafka issues 2190 and 5591). Starts are made by a
 * thread of the client, some time after rd_kafka_assign: a pause or a resumption at that moment
 * made it drop one start of some 8,000, and the partition was silent until the next rebalance. So
 * nothing is resumed behind an assignment, only before; and where a pause may have met a start, all
 * is started once more at the end of the pause.
 */
rd_kafka_resp_err_t kafka_start_partitions(Kafka *kafka,
                                           const rd_kafka_topic_partition_list_t *list)
{
    kafka->start_in_doubt = false;
    kafka->started_mono_ms = clock_mono_now();
    return rd_kafka_assign(kafka->consumer, list);
}

/* Served when it returns, unlike a start. */
static void resume_assigned(Kafka *kafka)
{
    kafka->paused = false;
    if (kafka->assignment != NULL)
        rd_kafka_resume_partitions(kafka->consumer, kafka->assignment);
}

static void pause_assigned(Kafka *kafka)
{
    kafka->paused = true;
    if (kafka->assignment == NULL)
        return;
    kafka->start_in_doubt |= clock_mono_now() - kafka->started_mono_ms < KAFKA_START_MS;
    rd_kafka_pause_partitions(kafka->consumer, kafka->assignment);
}

/*
 * Runs inside of rd_kafka_consumer_poll and _close, on the loop's thread. Eager: a revocation takes
 * everything. A batch in hand is lost with it, for another member may be reading it already.
 */
void kafka_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                     rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    Kafka *kafka = opaque;
    const bool gained = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    if (gained) {
        kafka_start_gained(kafka, partitions);
        if (kafka->paused)
            pause_assigned(kafka);
        return;
    }
    if (kafka->message_count > 0)
        kafka->batch_lost = true;
    /* one that is paused now would stay so for ever */
    rd_kafka_resume_partitions(consumer, partitions);
    kafka_start_lost(kafka);
    if (kafka->settings.revoked != NULL)
        kafka->settings.revoked(kafka->settings.starting_context);
    kafka_assignment_set(kafka, NULL);
    const rd_kafka_resp_err_t failed = kafka_start_partitions(kafka, NULL);
    log_write(failed ? LOG_ERROR : LOG_INFO, "partitions-revoked",
              "count=%d batch_lost=%d result=%s", partitions->cnt, kafka->batch_lost,
              rd_kafka_err2name(failed));
}

static void kafka_resume(Kafka *kafka)
{
    if (!kafka->paused)
        return;
    resume_assigned(kafka);
    if (!kafka->start_in_doubt || kafka->assignment == NULL)
        return;
    rd_kafka_topic_partition_list_t *list = list_places(kafka);
    for (size_t i = kafka->message_count; i-- > 0;) /* what a batch left over comes again */
        list_put_back(list, kafka->messages[i]);
    kafka_messages_destroy(kafka);
    const rd_kafka_resp_err_t failed = kafka_start_partitions(kafka, list);
    if (failed)
        log_write(LOG_ERROR, "partitions-not-started", "result=%s", rd_kafka_err2name(failed));
    rd_kafka_topic_partition_list_destroy(list);
}

/* Once for a row of waits: each resumption makes the client fetch anew. */
static void kafka_pause(Kafka *kafka)
{
    if (!kafka->paused)
        pause_assigned(kafka);
}

/* An event of the consumer that is no record. Destroys message. */
static bool consume_error(Kafka *kafka, rd_kafka_message_t *message, Error *reterr)
{
    rd_kafka_resp_err_t code = message->err;
    bool ok = true;
    if (code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED)
        /* We left the group; the revocation comes with the next poll. */
        log_write(LOG_WARNING, "poll-interval-exceeded", "text=\"%s\"",
                  rd_kafka_message_errstr(message));
    else if (kafka_check_alive(kafka->consumer, "consume", reterr))
        ok = error_set(reterr, kafka_code_class(code), "consume %s: %s%s",
                       message->rkt == NULL ? "" : rd_kafka_topic_name(message->rkt),
                       rd_kafka_message_errstr(message), kafka_advice(code));
    else
        ok = false;
    rd_kafka_message_destroy(message);
    return ok;
}

const char *kafka_topic_short_name(const Kafka *kafka, const char *name)
{
    for (size_t i = 0; i < kafka->topic_count; i++)
        if (strcmp(kafka->topic_names[i], name) == 0)
            return kafka->settings.input_topics[i];
    return ""; /* not subscribed: cannot come */
}

static size_t headers_size(const rd_kafka_headers_t *headers, size_t count)
{
    const char *name;
    const void *value;
    size_t value_size, size = 0;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_header_get_all(headers, i, &name, &value, &value_size);
        size += strlen(name) + value_size;
    }
    return size;
}

static void record_read_headers(Kafka *kafka, const rd_kafka_message_t *message, Record *record)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    const size_t count = rd_kafka_header_cnt(headers);
    record->headers_size = headers_size(headers, count);
    record->headers_are_too_large = !record_headers_fit(count, record->headers_size);
    if (record->headers_are_too_large)
        return;
    RecordHeader *read = arena_new(&kafka->headers, count * sizeof *read);
    for (size_t i = 0; i < count; i++) {
        const void *value;
        rd_kafka_header_get_all(headers, i, &read[i].name, &value, &read[i].value_size);
        read[i].value = value == NULL ? "" : value;
    }
    record->headers = read;
    record->header_count = count;
}

static void record_read(Kafka *kafka, const rd_kafka_message_t *message, Record *ret_record)
{
    const int64_t timestamp_ms = rd_kafka_message_timestamp(message, NULL);
    *ret_record = (Record){
        .topic = kafka_topic_short_name(kafka, rd_kafka_topic_name(message->rkt)),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = timestamp_ms,
        .receipt_at_ms = clock_from_wall(kafka->settings.clock, timestamp_ms),
        .key = message->key,
        .key_size = message->key_len,
        .value = message->payload,
        .value_size = message->len,
        .handle = message,
    };
    record_read_headers(kafka, message, ret_record);
}

/* How many of the records in hand come before one whose time is not the broker's. */
static size_t receipt_count(const Kafka *kafka)
{
    size_t count = 0;
    rd_kafka_timestamp_type_t type;
    for (; count < kafka->message_count; count++) {
        (void)rd_kafka_message_timestamp(kafka->messages[count], &type);
        if (!kafka_time_is_receipt(&kafka->settings, kafka->records[count].topic, type))
            break;
    }
    return count;
}

static bool receipt_fail(const Record *record, Error *reterr)
{
    return error_set(
        reterr, ERROR_FATAL,
        "consume %s/%d/%lld: its time is its publisher's and not the broker's, so nobody knows "
        "when "
        "it was received (cporctl setup --fix sets message.timestamp.type=LogAppendTime for what "
        "comes; for what is there: outside of production CPOR_ALLOW_CREATE_TIME=true takes it)",
        record->topic, record->partition, (long long)record->offset);
}

void kafka_messages_destroy(Kafka *kafka)
{
    for (size_t i = 0; i < kafka->message_count; i++)
        rd_kafka_message_destroy(kafka->messages[i]);
    kafka->message_count = 0;
    if (kafka->membership != NULL)
        rd_kafka_consumer_group_metadata_destroy(kafka->membership);
    kafka->membership = NULL;
    kafka->batch_lost = false;
}

static int time_left_ms(int64_t deadline_mono_ms)
{
    const int64_t left_ms = deadline_mono_ms - clock_mono_now();
    return left_ms > 0 ? (int)left_ms : 0;
}

/* Of all that a message holds in memory: of some, the headers are the most. */
static int64_t message_size(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    size_t size = message->len + message->key_len;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        size += headers_size(headers, rd_kafka_header_cnt(headers));
    return (int64_t)size;
}

static int64_t messages_size(const Kafka *kafka)
{
    int64_t size = 0;
    for (size_t i = 0; i < kafka->message_count; i++)
        size += message_size(kafka->messages[i]);
    return size;
}

/* Collect until a bound is reached. An error behind records is logged, the records come first.
 * Behind those that a batch left over, only what is there already; asked once at least, or the
 * group would not hear of us while one batch after another is cut. */
static bool poll_messages(Kafka *kafka, int wait_ms, Error *reterr)
{
    const KafkaSettings *settings = &kafka->settings;
    int64_t deadline_mono_ms = clock_mono_now() + (kafka->message_count == 0 ? wait_ms : 0);
    int64_t size = messages_size(kafka);
    while (kafka->message_count < (size_t)settings->batch_count_max) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(kafka->consumer, time_left_ms(deadline_mono_ms));
        if (kafka->batch_lost) { /* revoked in this very poll; what follows is new */
            kafka_messages_destroy(kafka);
            size = 0;
        }
        if (message == NULL)
            return true;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (consume_error(kafka, message, reterr))
                continue;
            if (kafka->message_count == 0 || reterr->class == ERROR_FATAL)
                return false;
            log_error(LOG_WARNING, "consume-error", reterr, "records=%zu", kafka->message_count);
            return true;
        }
        if (kafka->message_count == 0)
            deadline_mono_ms = clock_mono_now() + settings->batch_wait_ms;
        kafka->messages[kafka->message_count++] = message;
        size += message_size(message);
        if (size >= settings->batch_size_max)
            return true;
    }
    return true;
}

bool kafka_poll(Kafka *kafka, int wait_ms, Batch *batch, Error *reterr)
{
    kafka_resume(kafka);
    batch->record_count = 0;
    if (!kafka_start_again(kafka, reterr) || !poll_messages(kafka, wait_ms, reterr))
        return false;
    kafka->polled_mono_ms = clock_mono_now();
    if (kafka->message_count == 0)
        return kafka_check_alive(kafka->consumer, "consume", reterr);

    kafka->batch_number++;
    if (kafka->membership == NULL)
        kafka->membership = rd_kafka_consumer_group_metadata(kafka->consumer);
    arena_reset(&kafka->headers);
    for (size_t i = 0; i < kafka->message_count; i++)
        record_read(kafka, kafka->messages[i], &kafka->records[i]);
    const size_t count = receipt_count(kafka);
    if (count == 0)
        return receipt_fail(&kafka->records[0], reterr);
    batch->records = kafka->records;
    batch->record_count = count; /* what is behind it comes with the next, as after a cut */
    return true;
}

/* Those behind the first count stay, under the membership with which they were read. */
static void messages_drop(Kafka *kafka, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_message_destroy(kafka->messages[i]);
    kafka->message_count -= count;
    memmove(kafka->messages, kafka->messages + count,
            kafka->message_count * sizeof(rd_kafka_message_t *));
}

void kafka_batch_end(Kafka *kafka, Batch *batch)
{
    if (kafka->batch_lost || batch->record_count >= kafka->message_count)
        kafka_messages_destroy(kafka);
    else
        messages_drop(kafka, batch->record_count);
    Arena *arena = batch->arena;
    arena_reset(arena);
    *batch = (Batch){.arena = arena};
}

/* A record that slipped through the pause: put the position back, so that it comes again. */
static bool seek_back(Kafka *kafka, const rd_kafka_message_t *message, Error *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(message->rkt), message->partition)
        ->offset = message->offset;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(kafka->consumer, list, KAFKA_OPEN_MS);
    rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : list->elems[0].err;
    if (error != NULL)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || !atomic_load(&kafka->assigned))
        return true;
    /* Going on would skip it. A new process starts where the group's offsets are. */
    return error_set(reterr, ERROR_FATAL, "seek back to %s/%d/%lld: %s",
                     rd_kafka_topic_name(message->rkt), message->partition,
                     (long long)message->offset, rd_kafka_err2str(code));
}

/* By an assignment: a seek of several partitions that are being fetched timed out now and then. */
bool kafka_put_back(Kafka *kafka, const Batch *batch, const Record *records, size_t count,
                    Error *reterr)
{
    if (count == 0 || kafka->batch_lost || kafka->assignment == NULL)
        return true;
    rd_kafka_topic_partition_list_t *list = list_places(kafka);
    /* Of a partition's records the first is set last. What a cut left over is behind them. */
    while (kafka->message_count > batch->record_count) {
        rd_kafka_message_t *left_over = kafka->messages[--kafka->message_count];
        list_put_back(list, left_over);
        rd_kafka_message_destroy(left_over);
    }
    for (size_t i = count; i-- > 0;)
        list_put_back(list, records[i].handle);
    if (kafka->paused)
        resume_assigned(kafka);
    const rd_kafka_resp_err_t code = kafka_start_partitions(kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(reterr, ERROR_FATAL, "put %zu records back: %s", count,
                     rd_kafka_err2str(code));
}

static bool wait_step(Kafka *kafka, int wait_ms, Error *reterr)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->consumer, wait_ms);
    if (message == NULL)
        return kafka_check_alive(kafka->consumer, "consume", reterr);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return consume_error(kafka, message, reterr) || reterr->class != ERROR_FATAL;
    const bool ok = seek_back(kafka, message, reterr);
    rd_kafka_message_destroy(message);
    return ok;
}

/* A resumed partition is fetched anew, which costs up to half a second: a short wait, soon after a
 * poll, sleeps instead. A rebalance is learnt of that much later. */
static bool wait_asleep(const Kafka *kafka, int wait_ms)
{
    if (kafka->paused || clock_mono_now() + wait_ms - kafka->polled_mono_ms > KAFKA_UNPOLLED_MS)
        return false;
    const struct timespec pause = {.tv_nsec = wait_ms * 1000000L};
    nanosleep(&pause, NULL);
    return true;
}

bool kafka_wait(Kafka *kafka, int wait_ms, bool *ret_batch_lost, Error *reterr)
{
    const int64_t deadline_mono_ms = clock_mono_now() + wait_ms;
    *ret_batch_lost = kafka->batch_lost;
    if (kafka->batch_lost || wait_asleep(kafka, wait_ms))
        return true;
    kafka_pause(kafka);
    do {
        if (!wait_step(kafka, time_left_ms(deadline_mono_ms), reterr))
            return false;
    } while (!kafka->batch_lost && time_left_ms(deadline_mono_ms) > 0);
    *ret_batch_lost = kafka->batch_lost;
    return true;
}

bool kafka_is_assigned(const Kafka *kafka)
{
    return atomic_load(&kafka->assigned);
}

bool kafka_has_partitions(const Kafka *kafka)
{
    return kafka->gained != NULL || (kafka->assignment != NULL && kafka->assignment->cnt > 0);
}

int64_t kafka_lag(const Kafka *kafka)
{
    int64_t lag = 0;
    rd_kafka_topic_partition_list_t *list = kafka->assignment;
    if (list == NULL || rd_kafka_position(kafka->consumer, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *partition = &list->elems[i];
        int64_t low, high;
        /* A partition of which nothing was read since the assignment has no position yet. */
        if (partition->offset >= 0 &&
            rd_kafka_get_watermark_offsets(kafka->consumer, partition->topic, partition->partition,
                                           &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > partition->offset)
            lag += high - partition->offset;
    }
    return lag;
}
