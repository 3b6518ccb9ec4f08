/* store_replay.c - what a restored database has forgotten; written by cporctl rewind, moved on by
 * cporctl replay. See runtime/replay.h. */
#include "store/store_internal.h"

static bool load_places(Worker *worker, Replay *ret_replay, Error *reterr)
{
    static const DbStatement statement = {
        "replay-places", "select topic, partition, end_offset, end_at_ms from replay_places"
                         " where service = $1 order by topic, partition"};
    const char *service = worker_service(worker);
    Arena *arena = worker_lasting(worker);
    DbResult *result = NULL;
    if (!database_run(worker_database(worker), &statement, &service, 1, &result, reterr))
        return false;
    const size_t count = db_result_rows(result);
    ReplayPlace *places = arena_new(arena, (count + 1) * sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = (ReplayPlace){.topic = arena_text(arena, db_text(result, i, 0)),
                                  .partition = (int32_t)db_integer(result, i, 1),
                                  .end_offset = db_integer(result, i, 2),
                                  .end_at_ms = db_integer(result, i, 3)};
    db_result_release(&result);
    ret_replay->places = places;
    ret_replay->place_count = count;
    return true;
}

static bool load_horizon(Worker *worker, Replay *ret_replay, Error *reterr)
{
    static const DbStatement statement = {"replay-horizon", "select at_ms from replay_horizon"};
    DbResult *result = NULL;
    if (!database_run(worker_database(worker), &statement, NULL, 0, &result, reterr))
        return false;
    ret_replay->horizon_at_ms = db_result_rows(result) == 0 ? INT64_MAX : db_integer(result, 0, 0);
    db_result_release(&result);
    return true;
}

bool store_replay(Worker *worker, Replay *ret_replay, Error *reterr)
{
    return database_begin(worker_database(worker), reterr) &&
           (ret_replay->places != NULL || load_places(worker, ret_replay, reterr)) &&
           load_horizon(worker, ret_replay, reterr) &&
           database_commit(worker_database(worker), reterr);
}
