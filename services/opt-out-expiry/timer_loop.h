/* timer_loop.h - the timers of the worker: claim what is due, append its wake-up, forget it. */
#pragma once

#include "opt_out_expiry.h"

/* clang-format off */
#define TIMER_CONFIG_ITEMS                                                                         \
    {"CPOR_TIMER_DELAY_MS", "20", CONFIG_INTEGER, 0, 60000,                                        \
     "wake-ups go out so long (wall) after the due instant, so that small clock differences cost " \
     "no second round"},                                                                           \
    {"CPOR_TIMER_LEASE_MS", "10000", CONFIG_INTEGER, 100, 600000,                                  \
     "a claimed timer whose claimer died is due again after this"},                                \
    {"CPOR_TIMER_POLL_MS", "200", CONFIG_INTEGER, 5, 60000,                                        \
     "longest time between two looks at a shard"},                                                 \
    {"CPOR_TIMER_SWEEP_SECONDS", "15", CONFIG_INTEGER, 1, 3600,                                    \
     "between two looks in PostgreSQL for timers that Redis lost"},                                \
    {"CPOR_TIMER_RELEASE_MAX", "4000", CONFIG_INTEGER, 1, 100000,                                  \
     "wake-ups appended between two batches: windows of one midnight come as a herd"}
/* clang-format on */

/* timer_loop_open - nothing known yet, so every shard is asked at once; makes the metrics. */
void timer_loop_open(TimerLoop *loop);

/* timer_loop_note - windows that a batch opened: their shards are worth a look at the deadline. */
void timer_loop_note(TimerLoop *loop, const Work *work);
