/* worker_metrics.c - what every worker counts. */
#include "worker_internal.h"

#include <stdio.h>
#include <string.h>

void worker_metrics_open(Worker *worker)
{
    WorkerMetrics *m = &worker->metrics;
    m->consumed = (WorkerCounters){.name = "records_consumed_total",
                                   .label = "topic",
                                   .help = "records whose batch was published"};
    m->published = (WorkerCounters){
        .name = "outcomes_published_total", .label = "topic", .help = "events that became visible"};
    m->dead_letters = (WorkerCounters){.name = "dead_letters_total",
                                       .label = "reason",
                                       .help = "records that can never be processed"};
    m->batches = metrics_counter("batches_total", "", "batches published");
    m->batch_retries = metrics_counter("batch_retries_total", "", "tries that ended in RETRY");
    m->batches_lost =
        metrics_counter("batches_lost_total", "", "batches left because of a rebalance");
    m->tick_retries = metrics_counter("tick_retries_total", "", "ticks that ended in RETRY");
    m->lag = metrics_gauge("consumer_lag", "", "records between our position and the log's end");
    m->in_flight = metrics_gauge("records_in_flight", "", "records of the batch in hand");
    m->handle_seconds = metrics_histogram("batch_handle_seconds", "", "decode, load, decide, save");
    m->publish_seconds = metrics_histogram("publish_seconds", "", "one Kafka transaction");
    for (const char *const *topic = worker->spec->input_topics; *topic != NULL; topic++)
        worker_count(&m->consumed, *topic, 0); /* a series starts at 0, not with its first event */
}

void worker_count(WorkerCounters *counters, const char *value, int64_t count)
{
    size_t i = 0;
    while (i < counters->count && strcmp(counters->entries[i].value, value) != 0)
        i++;
    if (i == counters->count) {
        char labels[METRICS_LABELS_SIZE];
        if (i == WORKER_COUNTER_COUNT_MAX)
            return; /* topics and reasons are few; a bug must not make series without end */
        snprintf(counters->entries[i].value, sizeof counters->entries[i].value, "%s", value);
        snprintf(labels, sizeof labels, "%s=\"%.60s\"", counters->label, value);
        counters->entries[i].metric = metrics_counter(counters->name, labels, counters->help);
        counters->count++;
    }
    metric_add(counters->entries[i].metric, count);
}

void worker_count_published(Worker *worker)
{
    WorkerMetrics *m = &worker->metrics;
    const Batch *batch = &worker->batch;
    for (size_t i = 0; i < batch->record_count; i++)
        worker_count(&m->consumed, batch->records[i].topic, 1);
    for (size_t i = 0; i < batch->outcome_count; i++)
        worker_count(&m->published, batch->outcomes[i].topic, 1);
    for (size_t i = 0; i < batch->dead_letter_count; i++)
        worker_count(&m->dead_letters, batch->dead_letters[i].reason, 1);
    metric_add(m->batches, 1);
}
