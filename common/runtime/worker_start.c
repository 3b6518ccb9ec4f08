/* worker_start.c - the partitions that the group gave us, as the service knows them. */
#include "worker_internal.h"

#include "log.h"

enum { NOTE_IDLE_MS = 1000 };

bool worker_starting(void *context, KafkaStart *starts, size_t count, Error *reterr)
{
    Worker *worker = context;
    worker->note_mono_ms = clock_mono_now() + NOTE_IDLE_MS;
    if (worker->spec->starting(worker, starts, count, reterr))
        return true;
    database_rollback(worker->database);
    return false;
}

/* A server that took another one's place may not have all that the first one had. */
bool worker_check_connected(void *context, Error *reterr)
{
    Worker *worker = context;
    return worker->kafka == NULL || worker->spec->starting == NULL ||
           kafka_ask_running(worker->kafka, worker_starting, worker, reterr);
}

static bool note_published(void *context, KafkaStart *starts, size_t count, Error *reterr)
{
    Worker *worker = context;
    return worker->spec->published(worker, starts, count, reterr);
}

void worker_note_published(Worker *worker, bool is_leaving)
{
    Error error = {0};
    if (worker->spec->published == NULL || worker->note_mono_ms == 0 ||
        (!is_leaving && clock_mono_now() < worker->note_mono_ms))
        return;
    worker->note_mono_ms = 0;
    if (kafka_ask_running(worker->kafka, note_published, worker, &error))
        return;
    database_rollback(worker->database);
    log_error(LOG_WARNING, "published-not-noted", &error, "leaving=%d", is_leaving);
    worker->note_mono_ms = clock_mono_now() + NOTE_IDLE_MS;
}

void worker_has_published(Worker *worker)
{
    worker->note_mono_ms = clock_mono_now() + NOTE_IDLE_MS;
}
