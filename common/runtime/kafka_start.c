/* kafka_start.c - where the partitions that the group gave us begin: as the group says, unless the
 * caller knows better. */
#include "kafka_internal.h"

#include "log.h"

#include <stdlib.h>

enum {
    START_ASK_MS = 1000, /* one request; the poll must not stand still for long */
    START_PAUSE_FIRST_MS = 50,
    START_PAUSE_MAX_MS = 2000,
    /* A broker's clock may differ from the next one's by so much. */
    START_SKEW_MS = 60 * 1000,
};

static void list_release(rd_kafka_topic_partition_list_t **list)
{
    if (*list != NULL)
        rd_kafka_topic_partition_list_destroy(*list);
    *list = NULL;
}

typedef rd_kafka_topic_partition_list_t List;
#define LOCAL_LIST __attribute__((cleanup(list_release))) List

static bool start_failed(const char *what, rd_kafka_resp_err_t code, Error *reterr)
{
    return error_set(reterr, kafka_code_class(code), "%s: %s%s", what, rd_kafka_err2str(code),
                     kafka_advice(code));
}

static rd_kafka_resp_err_t list_code(const List *list, rd_kafka_resp_err_t code)
{
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

/* Waits for a transaction that is on its way, as the client itself would; ours would have its end
 * in the group's offset. */
static bool ask_committed(const Kafka *kafka, List *list, Error *reterr)
{
    const rd_kafka_resp_err_t code =
        list_code(list, rd_kafka_committed(kafka->consumer, list, START_ASK_MS));
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return error_set(reterr, ERROR_RETRY,
                         "ask for the group's offsets: no answer (a transaction of the last owner"
                         " is open, or the broker that coordinates the group is away)");
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           start_failed("ask for the group's offsets", code, reterr);
}

/* In each element's offset: in, a timestamp or one of the two logical offsets; out, the offset. */
static bool ask_offsets(const Kafka *kafka, List *list, Error *reterr)
{
    if (list->cnt == 0)
        return true;
    const rd_kafka_resp_err_t code =
        list_code(list, rd_kafka_offsets_for_times(kafka->consumer, list, START_ASK_MS));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           start_failed("ask for the partitions' offsets", code, reterr);
}

/* Only of those of which the group knows nothing. */
static bool ask_ranges(const Kafka *kafka, KafkaStart *starts, const List *committed, Error *reterr)
{
    static const int64_t ends[] = {RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END};
    for (size_t end = 0; end < 2; end++) {
        LOCAL_LIST *list = rd_kafka_topic_partition_list_new(committed->cnt);
        for (int i = 0; i < committed->cnt; i++)
            if (starts[i].committed_offset < 0)
                rd_kafka_topic_partition_list_add(list, committed->elems[i].topic,
                                                  committed->elems[i].partition)
                    ->offset = ends[end];
        if (!ask_offsets(kafka, list, reterr))
            return false;
        for (int i = 0, next = 0; i < committed->cnt; i++) {
            if (starts[i].committed_offset >= 0)
                continue;
            const int64_t offset = list->elems[next++].offset;
            *(end == 0 ? &starts[i].low_offset : &starts[i].high_offset) = offset;
        }
    }
    return true;
}

static bool may_be_anew(const KafkaStart *start)
{
    return start->start_offset > start->low_offset && start->last_timestamp_ms > 0;
}

/*
 * A topic that was made anew may be longer already than the old one was. Its records are later than
 * the last one that was handled: the first that is so stands before where we would begin.
 */
static bool begin_anew(const Kafka *kafka, KafkaStart *starts, const List *all, Error *reterr)
{
    LOCAL_LIST *list = rd_kafka_topic_partition_list_new(all->cnt);
    for (int i = 0; i < all->cnt; i++)
        if (may_be_anew(&starts[i]))
            rd_kafka_topic_partition_list_add(list, all->elems[i].topic, all->elems[i].partition)
                ->offset = starts[i].last_timestamp_ms + START_SKEW_MS;
    if (!ask_offsets(kafka, list, reterr))
        return false;
    for (int i = 0, next = 0; i < all->cnt; i++) {
        if (!may_be_anew(&starts[i]))
            continue;
        const int64_t later_offset = list->elems[next++].offset; /* below 0: there is none */
        if (later_offset < 0 || later_offset >= starts[i].start_offset)
            continue;
        log_write(LOG_WARNING, "topic-made-anew", "topic=%s partition=%d position=%lld",
                  starts[i].topic, starts[i].partition, (long long)starts[i].start_offset);
        starts[i].start_offset = starts[i].low_offset;
    }
    return true;
}

/* One for each of the list, whose offsets are the group's. Owned by the caller; NULL: no memory. */
static KafkaStart *starts_new(const Kafka *kafka, const List *list)
{
    KafkaStart *starts = calloc((size_t)list->cnt, sizeof *starts);
    for (int i = 0; starts != NULL && i < list->cnt; i++)
        starts[i] = (KafkaStart){
            .topic = kafka_topic_short_name(kafka, list->elems[i].topic),
            .partition = list->elems[i].partition,
            .committed_offset = list->elems[i].offset >= 0 ? list->elems[i].offset : -1,
            .low_offset = -1,
            .high_offset = -1,
            .start_offset = -1,
        };
    return starts;
}

static bool ask_caller(const Kafka *kafka, List *list, KafkaStart *starts, List *ret_own,
                       Error *reterr)
{
    const KafkaSettings *settings = &kafka->settings;
    if (!ask_ranges(kafka, starts, list, reterr) ||
        !settings->starting(settings->starting_context, starts, (size_t)list->cnt, reterr) ||
        !begin_anew(kafka, starts, list, reterr))
        return false;
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *place = &list->elems[i];
        if (starts[i].start_offset < 0)
            continue;
        place->offset = starts[i].start_offset;
        rd_kafka_topic_partition_list_add(ret_own, place->topic, place->partition)->offset =
            place->offset;
    }
    return true;
}

/* The offsets to begin at, in list; without a caller that wants a word: the client asks. ret_own:
 * those that are not the group's. */
static bool find_starts(const Kafka *kafka, List *list, List *ret_own, Error *reterr)
{
    if (kafka->settings.starting == NULL || list->cnt == 0)
        return true;
    if (!ask_committed(kafka, list, reterr))
        return false;
    KafkaStart *starts = starts_new(kafka, list);
    if (starts == NULL)
        return error_set(reterr, ERROR_RETRY, "start partitions: out of memory");
    const bool done = ask_caller(kafka, list, starts, ret_own, reterr);
    free(starts);
    return done;
}

static bool start_now(Kafka *kafka, Error *reterr)
{
    LOCAL_LIST *list = rd_kafka_topic_partition_list_copy(kafka->gained);
    LOCAL_LIST *own = rd_kafka_topic_partition_list_new(list->cnt);
    if (!find_starts(kafka, list, own, reterr))
        return false;
    list_release(&kafka->known);
    kafka->known = rd_kafka_topic_partition_list_copy(list);
    kafka_assignment_set(kafka, kafka->gained);
    list_release(&kafka->gained);
    const rd_kafka_resp_err_t code = kafka_start_partitions(kafka, list);
    log_write(code ? LOG_ERROR : LOG_INFO, "partitions-assigned", "count=%d result=%s", list->cnt,
              rd_kafka_err2name(code));
    if (own->cnt > 0) /* the group knows again what it had forgotten, though no record comes */
        (void)!rd_kafka_commit(kafka->consumer, own, 1);
    return true;
}

/* Until it succeeds the client is given no partitions: it stays in the group, and reads nothing. */
static bool start_try(Kafka *kafka, Error *reterr)
{
    if (start_now(kafka, reterr)) {
        kafka->start_pause_ms = 0;
        return true;
    }
    kafka->start_pause_ms =
        kafka->start_pause_ms == 0 ? START_PAUSE_FIRST_MS : 2 * kafka->start_pause_ms;
    if (kafka->start_pause_ms > START_PAUSE_MAX_MS)
        kafka->start_pause_ms = START_PAUSE_MAX_MS;
    kafka->start_next_mono_ms = clock_mono_now() + kafka->start_pause_ms;
    if (reterr->class == ERROR_FATAL)
        kafka->start_error = *reterr;
    return false;
}

void kafka_start_gained(Kafka *kafka, const List *partitions)
{
    Error error = {0};
    list_release(&kafka->gained);
    kafka->gained = rd_kafka_topic_partition_list_copy(partitions);
    kafka->start_pause_ms = 0;
    if (start_try(kafka, &error))
        return;
    LOCAL_LIST *none = rd_kafka_topic_partition_list_new(0);
    (void)!kafka_start_partitions(kafka, none);
    if (error.class != ERROR_FATAL) /* else the next poll returns it */
        log_error(LOG_WARNING, "partitions-wait", &error, "count=%d", partitions->cnt);
}

void kafka_start_lost(Kafka *kafka)
{
    list_release(&kafka->gained);
    list_release(&kafka->known);
}

bool kafka_start_again(Kafka *kafka, Error *reterr)
{
    if (kafka->start_error.class == ERROR_FATAL) {
        *reterr = kafka->start_error;
        return false;
    }
    return kafka->gained == NULL || clock_mono_now() < kafka->start_next_mono_ms ||
           start_try(kafka, reterr);
}

void kafka_known_raise(Kafka *kafka, const List *offsets)
{
    for (int i = 0; kafka->known != NULL && i < offsets->cnt; i++) {
        rd_kafka_topic_partition_t *known = rd_kafka_topic_partition_list_find(
            kafka->known, offsets->elems[i].topic, offsets->elems[i].partition);
        if (known != NULL)
            known->offset = offsets->elems[i].offset;
    }
}

int64_t kafka_known_offset(const Kafka *kafka, const char *name, int32_t partition)
{
    const rd_kafka_topic_partition_t *known =
        kafka->known == NULL ? NULL
                             : rd_kafka_topic_partition_list_find(kafka->known, name, partition);
    return known == NULL || known->offset < 0 ? -1 : known->offset;
}

int64_t kafka_published_offset(const Kafka *kafka, const char *topic, int32_t partition)
{
    char name[KAFKA_NAME_SIZE];
    return kafka_known_offset(kafka, kafka_topic_name(kafka, topic, name), partition);
}

bool kafka_ask_running(const Kafka *kafka, KafkaStartsAsked *ask, void *context, Error *reterr)
{
    if (kafka->known == NULL || kafka->known->cnt == 0)
        return true;
    KafkaStart *starts = starts_new(kafka, kafka->known);
    if (starts == NULL)
        return error_set(reterr, ERROR_RETRY, "check partitions: out of memory");
    for (int i = 0; i < kafka->known->cnt; i++)
        starts[i].is_running = true;
    const bool done = ask(context, starts, (size_t)kafka->known->cnt, reterr);
    free(starts);
    return done;
}
