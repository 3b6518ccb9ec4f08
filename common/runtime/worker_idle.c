/* worker_idle.c - a worker without partitions does nothing, and nothing fails: it says so. */
#include "worker_internal.h"

#include "log.h"

bool worker_idle_look(WorkerIdle *idle, bool has_partitions, int64_t now_mono_ms,
                      int64_t *ret_seconds)
{
    if (has_partitions || !idle->is_idle) {
        *idle = (WorkerIdle){.is_idle = !has_partitions,
                             .since_mono_ms = now_mono_ms,
                             .next_mono_ms = now_mono_ms + WORKER_IDLE_MS};
        return false;
    }
    if (now_mono_ms < idle->next_mono_ms)
        return false;
    idle->next_mono_ms = now_mono_ms + WORKER_IDLE_MS;
    *ret_seconds = (now_mono_ms - idle->since_mono_ms) / 1000;
    return true;
}

void worker_watch_partitions(Worker *worker)
{
    static const char none_left[] =
        "the group gave it none: the others have them all; a spare, which"
        " takes over when one of them ends, may stay so";
    static const char not_in[] = "the group has not let it in: look whether the brokers run, and at"
                                 " the log of the one that coordinates the group";
    int64_t seconds;
    if (worker_idle_look(&worker->idle, kafka_has_partitions(worker->kafka), clock_mono_now(),
                         &seconds))
        log_write(LOG_WARNING, "no-partitions", "seconds=%lld text=\"%s\"", (long long)seconds,
                  kafka_is_assigned(worker->kafka) ? none_left : not_in);
}
