/*
 * store_position.c - how far each partition is handled, in the database that holds what was done.
 *
 * History tells a record that was handled only if it left a row. One that changed nothing leaves
 * none; a zombie (paused, or cut off from Kafka alone) would decide it again on what its successor
 * has made of the world since, and could not publish what follows. The position, locked before
 * anything is read and moved with the same commit, says that the record is over.
 */
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

static const char *position_key(Arena *arena, const char *topic, int64_t partition)
{
    return arena_printf(arena, "%s/%lld", topic, (long long)partition);
}

/* The last record of each partition in the batch; records of one partition are in log order. */
static void last_records(Work *work, TextMap *ret_last)
{
    text_map_init(ret_last, work->arena);
    for (size_t i = 0; i < work->batch->record_count; i++) {
        Record *record = &work->batch->records[i];
        text_map_put(ret_last, position_key(work->arena, record->topic, record->partition), record);
    }
}

bool positions_load(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "positions-select",
        "select p.topic, p.partition, p.next_offset, p.received_at_ms from positions p"
        " join unnest($2::text[], $3::integer[]) as w(topic, partition) on p.topic = w.topic"
        " and p.partition = w.partition where p.service = $1"
        " order by p.topic, p.partition for update of p"};
    TextMap last;
    DbColumn topics, partitions;
    DbResult *result = NULL;
    last_records(work, &last);
    db_column_init(&topics, work->arena);
    db_column_init(&partitions, work->arena);
    for (size_t i = 0; i < work->batch->record_count; i++) {
        const Record *record = &work->batch->records[i];
        if (text_map_get(&last, position_key(work->arena, record->topic, record->partition)) !=
            record)
            continue;
        db_column_add_text(&topics, record->topic);
        db_column_add_integer(&partitions, record->partition);
    }
    const char *parameters[] = {worker_service(work->store->worker), db_column_literal(&topics),
                                db_column_literal(&partitions)};
    text_map_init(&work->positions, work->arena);
    if (!database_run(work->database, &statement, parameters, 3, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        Position *position = arena_new(work->arena, sizeof *position);
        position->next_offset = db_integer(result, row, 2);
        position->received_at_ms = db_integer(result, row, 3);
        text_map_put(&work->positions,
                     position_key(work->arena, db_text(result, row, 0), db_integer(result, row, 1)),
                     position);
    }
    db_result_release(&result);
    return true;
}

/* A topic that is made anew counts from 0 again, but its records come later. */
bool position_is_past(const Work *work, const Record *record)
{
    const Position *position =
        text_map_get(&work->positions, position_key(work->arena, record->topic, record->partition));
    return position != NULL && record->offset < position->next_offset &&
           record->receipt_at_ms <= position->received_at_ms;
}

/* The group's offset: of this batch nothing is published. */
static int64_t published_before(const Work *work, const Record *record)
{
    const int64_t offset =
        kafka_published_offset(worker_kafka(work->store->worker), record->topic, record->partition);
    return offset < 0 ? 0 : offset;
}

bool positions_save(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "positions-upsert",
        "insert into positions as p (service, topic, partition, next_offset, received_at_ms,"
        " published_offset, last_timestamp_ms) select $1, * from unnest($2::text[],"
        " $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])"
        " on conflict (service, topic, partition) do update set next_offset ="
        " excluded.next_offset, received_at_ms = excluded.received_at_ms,"
        " published_offset = excluded.published_offset,"
        " last_timestamp_ms = excluded.last_timestamp_ms"
        " where excluded.next_offset > p.next_offset or excluded.received_at_ms >"
        " p.received_at_ms"};
    enum { COLUMN_COUNT = 6 };
    TextMap last;
    DbColumn columns[COLUMN_COUNT];
    const char *parameters[1 + COLUMN_COUNT] = {worker_service(work->store->worker)};
    last_records(work, &last);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        db_column_init(&columns[i], work->arena);
    for (size_t i = 0; i < work->batch->record_count; i++) {
        const Record *record = &work->batch->records[i];
        if (text_map_get(&last, position_key(work->arena, record->topic, record->partition)) !=
            record)
            continue;
        db_column_add_text(&columns[0], record->topic);
        db_column_add_integer(&columns[1], record->partition);
        db_column_add_integer(&columns[2], record->offset + 1);
        db_column_add_integer(&columns[3], record->receipt_at_ms);
        db_column_add_integer(&columns[4], published_before(work, record));
        db_column_add_integer(&columns[5], record->timestamp_ms);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        parameters[1 + i] = db_column_literal(&columns[i]);
    return database_run(work->database, &statement, parameters, 1 + COLUMN_COUNT, NULL, reterr);
}
