/* metrics.h - counters, gauges and histograms of one process, as Prometheus text. */
#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum { METRICS_COUNT_MAX = 256, METRICS_LABELS_SIZE = 96 };

typedef struct Metric Metric;

/*
 * metrics_counter / metrics_gauge - find or make a metric; the same (name, labels) is the same one.
 *
 * In:      name    without prefix; "cpor_" is put before it. Counters end in _total.
 *          labels  "" or `topic="claim-status"`; part of the identity. Bounded sets only.
 *          help    one line, borrowed for ever.
 * Returns: never NULL; past METRICS_COUNT_MAX a shared overflow metric, which is logged once.
 * Cost:    linear look-up under a lock: call at open, keep the pointer.
 */
Metric *metrics_counter(const char *name, const char *labels, const char *help);
Metric *metrics_gauge(const char *name, const char *labels, const char *help);

/* metrics_histogram - seconds, with fixed buckets from 1 ms to 1 h. */
Metric *metrics_histogram(const char *name, const char *labels, const char *help);

/* metric_add / metric_set / metric_observe_ms - thread-safe, lock-free. */
void metric_add(Metric *metric, int64_t count);
void metric_set(Metric *metric, int64_t value);
void metric_observe_ms(Metric *metric, int64_t milliseconds);

/* metric_value - counter or gauge value, histogram: count of observations. For tests. */
int64_t metric_value(const Metric *metric);

/*
 * metrics_render - Prometheus text exposition of all metrics, process_* ones among them
 * (resident memory, CPU seconds, open fds, start time).
 *
 * Out:     ret_text  heap, NUL-terminated; the caller frees.
 */
MUST_CHECK bool metrics_render(char **ret_text, size_t *ret_size, Error *reterr);
