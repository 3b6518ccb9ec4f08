/* clock.h - instants in milliseconds UTC, business time, and their RFC 3339 texts. */
#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CLOCK_TEXT_SIZE = 32, /* "2026-11-30T15:00:00.000Z" and its NUL */
    CLOCK_SPEED_MAX = 1000000,
};

/*
 * Business time = start + (wall - wall_start) x speed. The real clock is {0, 0, 1}.
 * One mapping serves the workers' clocks and the broker's append times alike.
 */
typedef struct Clock {
    int64_t start_at_ms;
    int64_t wall_start_ms;
    int64_t speed;
} Clock;

/*
 * clock_init - read the three settings of the scaled clock; empty ones give the real clock.
 *
 * In:      start, wall_start  RFC 3339 instants or milliseconds since 1970; "" = not set.
 *          speed              1..CLOCK_SPEED_MAX; "" = 1.
 *          production         true refuses every clock but the real one.
 * Errors:  FATAL  a bad value, some set and others not, or a scaled clock in production.
 */
MUST_CHECK bool clock_init(Clock *ret_clock, const char *start, const char *wall_start,
                           const char *speed, bool production, Error *reterr);

/* clock_from_wall - map a wall instant (a broker's append time) to business time. Pure. */
int64_t clock_from_wall(const Clock *clock, int64_t wall_ms);

/* clock_to_wall - the first wall instant whose business time is not before at_ms. Pure. */
int64_t clock_to_wall(const Clock *clock, int64_t at_ms);

/* clock_now - business time now. */
int64_t clock_now(const Clock *clock);

/* clock_wall_now - wall time now, milliseconds since 1970 UTC. */
int64_t clock_wall_now(void);

/* clock_mono_now - monotonic milliseconds, for pauses and time-outs. */
int64_t clock_mono_now(void);

/*
 * clock_format - write an instant as RFC 3339 UTC with milliseconds.
 *
 * In:      at_ms  years 0001..9999; outside of them the nearest end is written.
 * Out:     ret_text  CLOCK_TEXT_SIZE bytes, NUL-terminated.
 * Returns: ret_text.
 */
char *clock_format(int64_t at_ms, char ret_text[CLOCK_TEXT_SIZE]);

/*
 * clock_parse - read an RFC 3339 instant with any offset; fractions below 1 ms round up.
 *
 * In:      text, text_size  need not be NUL-terminated.
 * Returns: false when it is no instant (ret untouched).
 */
MUST_CHECK bool clock_parse(const char *text, size_t text_size, int64_t *ret_at_ms);

/* clock_date_parse - read "YYYY-MM-DD", a real day, as days since 1970-01-01; false when not. */
MUST_CHECK bool clock_date_parse(const char *text, size_t text_size, int32_t *ret_day);

/* clock_date_format - write days since 1970-01-01 as "YYYY-MM-DD" (11 bytes with NUL). */
char *clock_date_format(int32_t day, char ret_text[11]);
