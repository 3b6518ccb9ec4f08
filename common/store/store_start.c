/* store_start.c - where a service's partitions begin: the database and the log must fit. */
#include "runtime/log.h"
#include "store/store_internal.h"

#include <string.h>

/* Of a partition, in the database. */
static Position position_of(const DbResult *result, const KafkaStart *start, const char *service)
{
    for (size_t row = 0; row < db_result_rows(result); row++)
        if (db_integer(result, row, 1) == start->partition &&
            strcmp(db_text(result, row, 0), start->topic) == 0)
            return (Position){.next_offset = db_integer(result, row, 2),
                              .published_offset = db_integer(result, row, 3),
                              .last_timestamp_ms = db_integer(result, row, 4)};
    return (Position){.next_offset = position_may_be_missing(service) ? -1 : 0};
}

static bool start_one(KafkaStart *start, const Position *position, Error *reterr)
{
    switch (position_compare(position, start->committed_offset, start->low_offset,
                             start->high_offset)) {
    case POSITION_AS_GROUP:
        return true;
    case POSITION_AS_SAVED:
        start->start_offset = position->published_offset;
        start->last_timestamp_ms = position->last_timestamp_ms;
        log_write(LOG_WARNING, "start-at-position", "topic=%s partition=%d offset=%lld text=\"%s\"",
                  start->topic, start->partition, (long long)start->start_offset,
                  "the group has no offset: Kafka forgets a group that was idle for longer than"
                  " offsets.retention.minutes");
        return true;
    case POSITION_OLD_DATABASE:
        break;
    }
    return error_set(reterr, ERROR_FATAL,
                     "start %s/%d: its outcomes are published up to offset %lld, the database knows"
                     " of %lld: it is older than the log (it was restored, or failed over without"
                     " its last commits): stop all workers, then cporctl rewind",
                     start->topic, start->partition, (long long)start->committed_offset,
                     (long long)position->next_offset);
}

static bool start_all(const char *service, const DbResult *result, KafkaStart *starts, size_t count,
                      Error *reterr)
{
    for (size_t i = 0; i < count; i++) {
        const Position position = position_of(result, &starts[i], service);
        if (!start_one(&starts[i], &position, reterr))
            return false;
    }
    return true;
}

/* The group's offset was read before: what it names was saved by then. */
bool store_starting(Worker *worker, KafkaStart *starts, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "positions-start",
        "select topic, partition, next_offset, published_offset, last_timestamp_ms from"
        " handled_positions where service = $1"};
    Database *database = worker_database(worker);
    const char *service = worker_service(worker);
    DbResult *result = NULL;
    const bool done = database_begin(database, reterr) &&
                      database_run(database, &statement, &service, 1, &result, reterr) &&
                      start_all(service, result, starts, count, reterr) &&
                      database_commit(database, reterr);
    db_result_release(&result);
    return done &&
           (count == 0 || starts[0].is_running || attempts_begin(worker, starts, count, reterr));
}

bool store_published(Worker *worker, KafkaStart *starts, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "positions-published",
        "update positions p set published_offset = u.published_offset from unnest($2::text[],"
        " $3::integer[], $4::bigint[]) as u(topic, partition, published_offset)"
        " where p.service = $1 and p.topic = u.topic and p.partition = u.partition"
        " and p.published_offset < u.published_offset"};
    Database *database = worker_database(worker);
    Arena arena;
    DbColumn columns[3];
    arena_init(&arena);
    for (size_t i = 0; i < 3; i++)
        db_column_init(&columns[i], &arena);
    for (size_t i = 0; i < count; i++) {
        db_column_add_text(&columns[0], starts[i].topic);
        db_column_add_integer(&columns[1], starts[i].partition);
        db_column_add_integer(&columns[2], starts[i].committed_offset);
    }
    const char *parameters[] = {worker_service(worker), db_column_literal(&columns[0]),
                                db_column_literal(&columns[1]), db_column_literal(&columns[2])};
    const bool done = database_begin(database, reterr) &&
                      database_run(database, &statement, parameters, 4, NULL, reterr) &&
                      database_commit(database, reterr);
    arena_deinit(&arena);
    return done;
}
