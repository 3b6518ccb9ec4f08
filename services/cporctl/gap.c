/* gap.c - see gap.h. */
#include "gap.h"

#include "workers.h"

#include <string.h>

static bool add_places(Session *session, Gap *gap)
{
    size_t room = 0;
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++) {
        const size_t service_first = gap->places.count;
        for (size_t i = 0; worker->topics[i] != NULL; i++) {
            const size_t first = gap->places.count;
            if (!kafka_reader_add(gap->reader, worker->topics[i], &gap->places))
                return false;
            for (size_t j = first; j < gap->places.count; j++) {
                gap->items = arena_grow(&session->arena, gap->items, sizeof *gap->items, j, &room);
                gap->items[j] = (GapPlace){.service = worker->service, .topic = worker->topics[i]};
            }
        }
        if (!kafka_reader_committed(gap->reader, worker->service,
                                    &gap->places.places[service_first],
                                    gap->places.count - service_first))
            return false;
    }
    return kafka_reader_ends(gap->reader, gap->places.places, gap->places.count);
}

size_t gap_find_place(const Gap *gap, const DbResult *result, size_t row)
{
    size_t i = 0;
    for (; i < gap->places.count; i++)
        if (db_integer(result, row, 2) == gap->places.places[i].partition &&
            strcmp(db_text(result, row, 0), gap->items[i].service) == 0 &&
            strcmp(db_text(result, row, 1), gap->items[i].topic) == 0)
            break;
    return i;
}

static bool load_positions(Session *session, Gap *gap)
{
    static const DbStatement statement = {
        "gap-positions", "select service, topic, partition, next_offset from handled_positions"};
    DbResult *result = NULL;
    if (!database_run(session->database, &statement, NULL, 0, &result, &session->error))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        const size_t i = gap_find_place(gap, result, row);
        if (i < gap->places.count)
            gap->items[i].position = db_integer(result, row, 3);
    }
    db_result_release(&result);
    return true;
}

/* Ends of a rewind that is not over: the groups are set back already, and say nothing. */
static bool load_begun(Session *session, Gap *gap)
{
    static const DbStatement statement = {
        "gap-begun", "select p.service, p.topic, p.partition, p.end_offset from replay_places p,"
                     " replay_horizon h where h.at_ms < 9223372036854775807"};
    DbResult *result = NULL;
    if (!database_run(session->database, &statement, NULL, 0, &result, &session->error))
        return false;
    gap->is_begun = db_result_rows(result) > 0;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        const size_t i = gap_find_place(gap, result, row);
        if (i < gap->places.count && gap->items[i].end < db_integer(result, row, 3))
            gap->items[i].end = db_integer(result, row, 3);
    }
    db_result_release(&result);
    return true;
}

/* A group is never set forward: what Kafka did not see published is published by reading again. */
static void measure(Gap *gap)
{
    for (size_t i = 0; i < gap->places.count; i++) {
        GapPlace *item = &gap->items[i];
        const KafkaPlace *place = &gap->places.places[i];
        if (item->end > place->end)
            item->end = place->end; /* the topic is a new one */
        if (item->position >= item->end) {
            item->position = item->end;
            continue;
        }
        const int64_t first = place->first < item->end ? place->first : item->end;
        if (item->position < first)
            item->gone_count = first - item->position;
        gap->record_count += item->end - item->position;
        gap->gone_count += item->gone_count;
    }
}

bool gap_find(Session *session, Gap *gap)
{
    if (!kafka_reader_open(session, &gap->reader) || !add_places(session, gap))
        return false;
    for (size_t i = 0; i < gap->places.count; i++)
        gap->items[i].end =
            gap->places.places[i].committed > 0 ? gap->places.places[i].committed : 0;
    if (!load_positions(session, gap) || !load_begun(session, gap))
        return false;
    measure(gap);
    return true;
}

void gap_release(Gap *gap)
{
    kafka_reader_release(&gap->reader);
}
