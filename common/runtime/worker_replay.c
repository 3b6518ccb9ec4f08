/* worker_replay.c - the worker's step while a gap is gone through; see replay.h. */
#include "worker_internal.h"

#include "log.h"

enum { REPLAY_LOOK_MS = 500, REPLAY_STALL_MS = 250 };

bool worker_is_replaying(const Worker *worker)
{
    return worker->replay.place_count > 0;
}

bool worker_replays(const Worker *worker, const Record *record)
{
    return replay_has(&worker->replay, record);
}

bool worker_replay_look(Worker *worker, Error *reterr)
{
    if (worker->replay_is_known && replay_is_over(&worker->replay))
        return true;
    if (!worker->replay_is_known)
        worker->replay.horizon_at_ms = INT64_MAX;
    if (worker->spec->replay != NULL && !worker->spec->replay(worker, &worker->replay, reterr)) {
        database_rollback(worker->database);
        worker->replay.horizon_at_ms = INT64_MIN; /* unknown: wait */
        return false;
    }
    if (!replay_is_over(&worker->replay) && !worker->replay_is_known)
        log_write(LOG_INFO, "replaying", "partitions=%zu", worker->replay.place_count);
    if (replay_is_over(&worker->replay) && worker->replay_is_known)
        log_write(LOG_INFO, "replayed", "partitions=%zu", worker->replay.place_count);
    worker->replay_is_known = true;
    if (!replay_is_over(&worker->replay)) /* no tick, but look again */
        worker->tick_mono_ms = clock_mono_now() + REPLAY_LOOK_MS;
    return true;
}

static bool handle_all(Worker *worker, Error *reterr)
{
    if (!worker->spec->handle(worker, worker->state, &worker->batch, reterr))
        return false;
    replay_drop(&worker->replay, &worker->batch);
    return true;
}

/* A piece is saved, and not published: it is of the gap. Read again with the rest it is known. */
static bool handle_piece(Worker *worker, Record *records, size_t count, Error *reterr)
{
    Batch piece = worker->batch;
    piece.records = records;
    piece.record_count = count;
    if (count > worker->replayed_count) {
        if (!worker->spec->handle(worker, worker->state, &piece, reterr))
            return false;
        worker->replayed_count = piece.record_count;
        worker->replay_is_cut = piece.record_count < count;
        worker->replayed_mono_ms = clock_mono_now();
    }
    worker->replay_waits = true;
    return error_set(reterr, ERROR_RETRY,
                     "replay: %zu of %zu records; the others wait for the"
                     " other workers (cporctl replay)",
                     worker->replayed_count, worker->batch.record_count);
}

bool worker_replay_handle(Worker *worker, Error *reterr)
{
    Batch *batch = &worker->batch;
    worker->replay_waits = worker->replay_is_cut = false;
    if (!worker_replay_look(worker, reterr))
        return false;
    if (replay_is_over(&worker->replay))
        return handle_all(worker, reterr);
    Record *records = arena_new(batch->arena, (batch->record_count + 1) * sizeof *records);
    const size_t count = replay_select(&worker->replay, batch, records);
    return count == batch->record_count ? handle_all(worker, reterr)
                                        : handle_piece(worker, records, count, reterr);
}

bool worker_replay_put_back(Worker *worker, bool *ret_done, Error *reterr)
{
    Batch *batch = &worker->batch;
    *ret_done = false;
    if (!worker->replay_is_cut && clock_mono_now() - worker->replayed_mono_ms < REPLAY_STALL_MS)
        return true;
    batch_discard_outcomes(batch);
    Record *records = arena_new(batch->arena, (batch->record_count + 1) * sizeof *records);
    Record *rest = arena_new(batch->arena, (batch->record_count + 1) * sizeof *rest);
    Batch piece = {.records = records, .arena = batch->arena};
    piece.record_count = replay_select(&worker->replay, batch, records);
    if (worker->replay_is_cut && piece.record_count > worker->replayed_count)
        piece.record_count = worker->replayed_count; /* the handler's first ones */
    if (piece.record_count != worker->replayed_count)
        return true; /* the horizon has moved meanwhile */
    const size_t rest_count = replay_rest(batch, records, piece.record_count, rest);
    *ret_done = (piece.record_count == 0 || kafka_publish_piece(worker->kafka, &piece, reterr)) &&
                kafka_put_back(worker->kafka, batch, rest, rest_count, reterr);
    worker->replay_waits = *ret_done;
    return *ret_done;
}
