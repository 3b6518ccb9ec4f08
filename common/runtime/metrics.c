/* metrics.c - a fixed table of metrics: found under a lock, moved by atomics. */
#include "metrics.h"

#include "log.h"
#include "metrics_process.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_NAME_SIZE = 64, BUCKET_COUNT = 19 };

/* Upper bounds in milliseconds, and as the label's text in seconds; the last one is unbounded. */
static const struct {
    int64_t limit_ms;
    const char *text;
} buckets[BUCKET_COUNT] = {
    {1, "0.001"},    {2, "0.002"},    {5, "0.005"},      {10, "0.01"},        {25, "0.025"},
    {50, "0.05"},    {100, "0.1"},    {250, "0.25"},     {500, "0.5"},        {1000, "1"},
    {2500, "2.5"},   {5000, "5"},     {10000, "10"},     {30000, "30"},       {60000, "60"},
    {300000, "300"}, {900000, "900"}, {3600000, "3600"}, {INT64_MAX, "+Inf"},
};

typedef enum MetricKind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } MetricKind;

static const char *const kind_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

struct Metric {
    char name[METRICS_NAME_SIZE]; /* without prefix */
    char labels[METRICS_LABELS_SIZE];
    const char *help;
    MetricKind kind;
    _Atomic int64_t value;                       /* counter, gauge; histogram: sum of ms */
    _Atomic int64_t bucket_counts[BUCKET_COUNT]; /* histogram: not cumulative */
};

/* Entries below count never change their identity, so that a found pointer needs no lock. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static Metric table[METRICS_COUNT_MAX];
static size_t table_count;

/* Takes what found no place; never rendered. */
static Metric overflow_metric;
static bool overflow_logged;

static Metric *metric_refuse(const char *name, const char *labels, const char *reason)
{
    if (!overflow_logged)
        log_write(LOG_ERROR, "metric-refused", "name=%s labels={%s} reason=\"%s\"", name, labels,
                  reason);
    overflow_logged = true;
    return &overflow_metric;
}

static Metric *metric_make(MetricKind kind, const char *name, const char *labels, const char *help)
{
    if (table_count == METRICS_COUNT_MAX)
        return metric_refuse(name, labels, "too many metrics");
    if (strlen(name) >= METRICS_NAME_SIZE || strlen(labels) >= METRICS_LABELS_SIZE)
        return metric_refuse(name, labels, "name or labels too long");
    Metric *metric = &table[table_count++];
    snprintf(metric->name, sizeof metric->name, "%s", name);
    snprintf(metric->labels, sizeof metric->labels, "%s", labels);
    metric->help = help;
    metric->kind = kind;
    return metric;
}

/* One family (name) has one kind: a second one would make the whole page unreadable. */
static Metric *metric_find(MetricKind kind, const char *name, const char *labels, const char *help)
{
    for (size_t i = 0; i < table_count; i++) {
        Metric *metric = &table[i];
        if (strcmp(metric->name, name) != 0)
            continue;
        if (metric->kind != kind)
            return metric_refuse(name, labels, "another kind under the same name");
        if (strcmp(metric->labels, labels) == 0)
            return metric;
    }
    return metric_make(kind, name, labels, help);
}

static Metric *metric_get(MetricKind kind, const char *name, const char *labels, const char *help)
{
    pthread_mutex_lock(&table_lock);
    Metric *metric = metric_find(kind, name, labels, help);
    pthread_mutex_unlock(&table_lock);
    return metric;
}

Metric *metrics_counter(const char *name, const char *labels, const char *help)
{
    return metric_get(METRIC_COUNTER, name, labels, help);
}

Metric *metrics_gauge(const char *name, const char *labels, const char *help)
{
    return metric_get(METRIC_GAUGE, name, labels, help);
}

Metric *metrics_histogram(const char *name, const char *labels, const char *help)
{
    return metric_get(METRIC_HISTOGRAM, name, labels, help);
}

void metric_add(Metric *metric, int64_t count)
{
    atomic_fetch_add_explicit(&metric->value, count, memory_order_relaxed);
}

void metric_set(Metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe_ms(Metric *metric, int64_t milliseconds)
{
    const int64_t observed_ms = milliseconds < 0 ? 0 : milliseconds;
    size_t i = 0;
    while (observed_ms > buckets[i].limit_ms)
        i++;
    atomic_fetch_add_explicit(&metric->bucket_counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, observed_ms, memory_order_relaxed);
}

int64_t metric_value(const Metric *metric)
{
    if (metric->kind != METRIC_HISTOGRAM)
        return atomic_load_explicit(&metric->value, memory_order_relaxed);
    int64_t count = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        count += atomic_load_explicit(&metric->bucket_counts[i], memory_order_relaxed);
    return count;
}

/* The count is the last bucket's: read once, so that the two always agree on the page. */
static void render_histogram(FILE *file, const Metric *metric)
{
    const char *comma = metric->labels[0] == '\0' ? "" : ",";
    const char *open = metric->labels[0] == '\0' ? "" : "{";
    const char *close = metric->labels[0] == '\0' ? "" : "}";
    const int64_t sum_ms = atomic_load_explicit(&metric->value, memory_order_relaxed);
    int64_t count = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        count += atomic_load_explicit(&metric->bucket_counts[i], memory_order_relaxed);
        fprintf(file, "cpor_%s_bucket{%s%sle=\"%s\"} %" PRId64 "\n", metric->name, metric->labels,
                comma, buckets[i].text, count);
    }
    fprintf(file, "cpor_%s_sum%s%s%s %" PRId64 ".%03d\n", metric->name, open, metric->labels, close,
            sum_ms / 1000, (int)(sum_ms % 1000));
    fprintf(file, "cpor_%s_count%s%s%s %" PRId64 "\n", metric->name, open, metric->labels, close,
            count);
}

static void render_metric(FILE *file, const Metric *metric)
{
    if (metric->kind == METRIC_HISTOGRAM) {
        render_histogram(file, metric);
        return;
    }
    const bool bare = metric->labels[0] == '\0';
    fprintf(file, "cpor_%s%s%s%s %" PRId64 "\n", metric->name, bare ? "" : "{", metric->labels,
            bare ? "" : "}", metric_value(metric));
}

/* A family's head comes once, its metrics together: the format asks for both. */
static void render_family(FILE *file, size_t first, size_t count)
{
    const Metric *head = &table[first];
    for (size_t i = 0; i < first; i++)
        if (strcmp(table[i].name, head->name) == 0)
            return;
    fprintf(file, "# HELP cpor_%s %s\n# TYPE cpor_%s %s\n", head->name, head->help, head->name,
            kind_names[head->kind]);
    for (size_t i = first; i < count; i++)
        if (strcmp(table[i].name, head->name) == 0)
            render_metric(file, &table[i]);
}

bool metrics_render(char **ret_text, size_t *ret_size, Error *reterr)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        return error_set(reterr, ERROR_RETRY, "render metrics: out of memory");
    pthread_mutex_lock(&table_lock);
    const size_t count = table_count;
    pthread_mutex_unlock(&table_lock);
    for (size_t i = 0; i < count; i++)
        render_family(file, i, count);
    metrics_process_render(file);
    const bool broken = ferror(file) != 0;
    if (fclose(file) != 0 || broken) {
        free(text);
        return error_set(reterr, ERROR_RETRY, "render metrics: out of memory");
    }
    *ret_text = text;
    *ret_size = size;
    return true;
}
