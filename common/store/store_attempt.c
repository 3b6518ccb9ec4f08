/*
 * store_attempt.c - how often workers died at a place of the log, and which record was at work.
 *
 * A row for each partition of a service, written when a worker is given the partition and when it
 * gives it back. One that is still held by a process that is no more was held when that died. What
 * was put aside at or behind the place where a partition begins is forgotten: it comes again, or is
 * of a topic that was made anew. Which
 * record it died of is known only where records are taken singly: then each is named before it is
 * handled. The usual case costs nothing.
 */
#include "store/store_internal.h"

#include <stdio.h>

enum { DEATH_COUNT_SUSPECT = 3, TRYING_COUNT_MAX = 3 };

static bool run_once(Worker *worker, const DbStatement *statement, const char *const *parameters,
                     size_t count, DbResult **ret_result, Error *reterr)
{
    Database *database = worker_database(worker);
    return database_begin(database, reterr) &&
           database_run(database, statement, parameters, count, ret_result, reterr) &&
           database_commit(database, reterr);
}

/* This very process: its successor has the instance's name, too. */
static const char *holder_name(const Worker *worker, Arena *arena)
{
    return arena_printf(arena, "%s/%lld", worker_instance(worker),
                        (long long)worker_started_at_ms(worker));
}

bool attempts_begin(Worker *worker, const KafkaStart *starts, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "attempts-begin",
        "insert into attempts as a (service, topic, partition, at_offset, holder)"
        " select $1, topic, partition, at_offset, $2"
        " from unnest($3::text[], $4::integer[], $5::bigint[]) as u(topic, partition, at_offset)"
        " on conflict (service, topic, partition) do update set at_offset = excluded.at_offset,"
        " holder = excluded.holder, aside_offset = (case when a.aside_offset >= excluded.at_offset"
        " then null else a.aside_offset end), death_count ="
        " (case when a.at_offset = excluded.at_offset then a.death_count else 0 end)"
        " + (case when a.holder in ('', excluded.holder) then 0 else 1 end)"
        " returning death_count >= $6::integer or"
        " (trying_count > 0 and trying_offset >= at_offset)"};
    Arena arena;
    DbColumn columns[3];
    DbResult *result = NULL;
    bool is_suspect = false;
    arena_init(&arena);
    for (size_t i = 0; i < 3; i++)
        db_column_init(&columns[i], &arena);
    for (size_t i = 0; i < count; i++) {
        const KafkaStart *start = &starts[i];
        db_column_add_text(&columns[0], start->topic);
        db_column_add_integer(&columns[1], start->partition);
        db_column_add_integer(&columns[2], start->start_offset >= 0 ? start->start_offset
                                                                    : start->committed_offset);
    }
    const char *parameters[] = {
        worker_service(worker),         holder_name(worker, &arena),
        db_column_literal(&columns[0]), db_column_literal(&columns[1]),
        db_column_literal(&columns[2]), arena_printf(&arena, "%d", DEATH_COUNT_SUSPECT)};
    const bool done = run_once(worker, &statement, parameters, 6, &result, reterr);
    for (size_t row = 0; done && row < db_result_rows(result); row++)
        is_suspect |= db_text(result, row, 0)[0] == 't';
    db_result_release(&result);
    arena_deinit(&arena);
    if (done && is_suspect)
        worker_take_singly(worker);
    return done;
}

/* service, topic, partition, offset. */
enum { PLACE_COUNT = ATTEMPTS_PLACE_COUNT, PLACE_TEXT_SIZE = 24 };
typedef struct Place {
    char partition[PLACE_TEXT_SIZE], offset[PLACE_TEXT_SIZE];
    const char *parameters[PLACE_COUNT];
} Place;

static void place_init(Place *place, const Worker *worker, const Record *record)
{
    snprintf(place->partition, sizeof place->partition, "%d", record->partition);
    snprintf(place->offset, sizeof place->offset, "%lld", (long long)record->offset);
    place->parameters[0] = worker_service(worker);
    place->parameters[1] = record->topic;
    place->parameters[2] = place->partition;
    place->parameters[3] = place->offset;
}

static bool attempts_trying(Worker *worker, const Record *record, bool *ret_kills, Error *reterr)
{
    static const DbStatement statement = {
        "attempts-trying",
        "insert into attempts as a (service, topic, partition, at_offset, holder, trying_offset,"
        " trying_count) values ($1, $2, $3::integer, $4::bigint, '', $4::bigint, 1)"
        " on conflict (service, topic, partition) do update set trying_count ="
        " (case when a.trying_offset = excluded.trying_offset then a.trying_count else 0 end) + 1,"
        " trying_offset = excluded.trying_offset"
        " returning trying_count"};
    Place place = {.parameters = {NULL}};
    DbResult *result = NULL;
    place_init(&place, worker, record);
    if (!run_once(worker, &statement, place.parameters, PLACE_COUNT, &result, reterr))
        return false;
    *ret_kills = db_integer(result, 0, 0) > TRYING_COUNT_MAX;
    db_result_release(&result);
    return true;
}

static bool attempts_lived(Worker *worker, const Record *record, Error *reterr)
{
    static const DbStatement statement = {
        "attempts-lived", "update attempts set trying_count = 0 where service = $1 and topic = $2"
                          " and partition = $3::integer and trying_offset = $4::bigint"};
    Place place = {.parameters = {NULL}};
    place_init(&place, worker, record);
    return run_once(worker, &statement, place.parameters, PLACE_COUNT, NULL, reterr);
}

bool attempts_aside(Database *database, const char *const place[PLACE_COUNT], Error *reterr)
{
    static const DbStatement statement = {
        "attempts-aside",
        "insert into attempts as a (service, topic, partition, at_offset, holder, aside_offset)"
        " values ($1, $2, $3::integer, $4::bigint, '', $4::bigint) on conflict"
        " (service, topic, partition) do update set aside_offset = excluded.aside_offset"};
    return database_run(database, &statement, place, PLACE_COUNT, NULL, reterr);
}

/* The position stays: should we die before the dead letter is in the log, the record comes again
 * and is put aside again. Until the position moves on, this tells why the log is ahead of it. */
static bool attempts_put_aside(Worker *worker, const Record *record, Error *reterr)
{
    Place place = {.parameters = {NULL}};
    place_init(&place, worker, record);
    Database *database = worker_database(worker);
    return database_begin(database, reterr) && attempts_aside(database, place.parameters, reterr) &&
           database_commit(database, reterr);
}

static bool attempts_released(Worker *worker, Error *reterr)
{
    static const DbStatement statement = {
        "attempts-released", "update attempts set holder = '' where service = $1 and holder = $2"};
    Arena arena;
    arena_init(&arena);
    const char *parameters[] = {worker_service(worker), holder_name(worker, &arena)};
    const bool done = run_once(worker, &statement, parameters, 2, NULL, reterr);
    arena_deinit(&arena);
    return done;
}

const WorkerAttempts store_attempts = {
    .trying = attempts_trying,
    .lived = attempts_lived,
    .put_aside = attempts_put_aside,
    .released = attempts_released,
};
