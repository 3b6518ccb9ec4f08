/*
 * worker_poison.c - the one record that a worker cannot take: found, put aside, passed.
 *
 * It shows in one of two ways. An error says so (error_poison: the database refuses what the record
 * makes), or workers die of it, one after another, at the same place. Both lead to the same:
 * records are taken one by one, until the one is met alone. Then a dead letter of its coordinates
 * takes its place, and the log goes on. What fails with an error that heals is no killer, whatever
 * its record is, or an outage with impatient restarts would put an opt-out aside.
 */
#include "log.h"
#include "worker_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* More than one batch, so that the one that killed is met again in them. */
enum { SINGLE_BATCH_COUNT = 4, ASIDE_ROW_MAX = 10, TRY_COUNT_MAX = 20 };

void worker_take_singly(Worker *worker)
{
    const int64_t count_max = config_integer(worker->config, "CPOR_BATCH_COUNT_MAX");
    worker->single_count =
        SINGLE_BATCH_COUNT * (size_t)(count_max > 0 ? count_max : worker->spec->batch_count_max);
    log_write(LOG_WARNING, "records-taken-singly", "count=%zu", worker->single_count);
}

void worker_poison_cut(Worker *worker)
{
    if (worker->single_count > 0 && worker->batch.record_count > 0)
        batch_cut(&worker->batch, 1);
}

/* A record that is refused alone is tried again before it is put aside. Where one after another is
 * refused it is not they that are wrong (a migration is, a right): ever more tries, with back-off,
 * give people the time to see it, and the log still goes on. */
static size_t try_count_max(const Worker *worker)
{
    const size_t row = worker->aside_count;
    if (row <= ASIDE_ROW_MAX)
        return 2;
    return row - ASIDE_ROW_MAX < TRY_COUNT_MAX ? 2 + row - ASIDE_ROW_MAX : TRY_COUNT_MAX;
}

bool worker_poison_find(Worker *worker, Error *error)
{
    if (!error_is_poison(error) || worker->is_aside)
        return false;
    if (worker->batch.record_count > 1) {
        log_error(LOG_WARNING, "poison", error, "records=%zu", worker->batch.record_count);
        worker_take_singly(worker);
        batch_cut(&worker->batch, 1);
        return true;
    }
    if (++worker->refused_count < try_count_max(worker)) {
        error->class = ERROR_RETRY;
        return false;
    }
    snprintf(worker->aside_why, sizeof worker->aside_why, "%s", error->text);
    worker->is_aside = true;
    return true;
}

/* A dead letter that holds nothing of the record: what kills us may kill others. */
static bool put_aside(Worker *worker, Error *reterr)
{
    Batch *batch = &worker->batch;
    const Record *record = &batch->records[0];
    if (worker->spec->attempts != NULL &&
        !worker->spec->attempts->put_aside(worker, record, reterr)) {
        database_rollback(worker->database);
        return false;
    }
    Record *place = arena_new(batch->arena, sizeof *place);
    *place = (Record){.topic = record->topic,
                      .partition = record->partition,
                      .offset = record->offset,
                      .timestamp_ms = record->timestamp_ms,
                      .receipt_at_ms = record->receipt_at_ms};
    batch_add_dead_letter(batch, place, "POISON", worker->aside_why);
    log_write(LOG_ERROR, "record-put-aside",
              "topic=%s partition=%" PRId32 " offset=%" PRId64 " why=\"%s\" advice=\"it is a dead"
              " letter of its coordinates: cporctl dlq list --reason POISON\"",
              record->topic, record->partition, record->offset, worker->aside_why);
    return true;
}

static bool ask_trying(Worker *worker, Error *reterr)
{
    bool kills = false;
    if (!worker->spec->attempts->trying(worker, &worker->batch.records[0], &kills, reterr)) {
        database_rollback(worker->database);
        return false;
    }
    worker->is_tried = true;
    worker->is_aside = kills;
    if (kills)
        snprintf(worker->aside_why, sizeof worker->aside_why,
                 "workers died, again and again, with this record at work alone");
    return true;
}

bool worker_poison_try(Worker *worker, bool *ret_aside, Error *reterr)
{
    const bool asks = worker->single_count > 0 && worker->batch.record_count == 1 &&
                      !worker->is_tried && !worker->is_aside && worker->spec->attempts != NULL;
    *ret_aside = false;
    if (asks && !ask_trying(worker, reterr))
        return false;
    *ret_aside = worker->is_aside;
    return !worker->is_aside || put_aside(worker, reterr);
}

void worker_poison_lived(Worker *worker)
{
    Error error = {0};
    if (!worker->is_tried || worker->is_aside)
        return;
    if (worker->spec->attempts->lived(worker, &worker->batch.records[0], &error)) {
        worker->is_tried = false;
        return;
    }
    database_rollback(worker->database);
    log_error(LOG_DEBUG, "lived-not-noted", &error, "records=1");
}

void worker_poison_end(Worker *worker)
{
    if (worker->single_count > 0)
        worker->single_count--;
    worker->aside_count = worker->is_aside ? worker->aside_count + 1 : 0;
    worker->refused_count = 0;
    worker->is_tried = worker->is_aside = false;
}

void worker_release(Worker *worker)
{
    Error error = {0};
    if (worker->spec->attempts == NULL || worker->database == NULL ||
        worker->spec->attempts->released(worker, &error))
        return;
    database_rollback(worker->database);
    log_error(LOG_INFO, "release-not-noted", &error, "instance=%s", worker->instance);
}
