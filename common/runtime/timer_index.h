/*
 * timer_index.h - when to wake what: an index in Redis of rows that live in PostgreSQL.
 *
 * A claimed timer moves from the set of timers to the set of leases; it goes back when its lease
 * runs out, unless it was armed again meanwhile: then the newer instant wins. Not thread-safe;
 * the process must ignore SIGPIPE (hiredis 0.14). All functions: RETRY when Redis is away, times
 * out, or refuses, whatever it says: the next call connects again. Refusals are counted by reason,
 * redis_refused_total. timer_index_check alone knows FATAL ones.
 */
#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TIMER_SHARD_COUNT = 16,
    TIMER_MEMBER_SIZE = 160, /* with NUL; printable ASCII */
    TIMER_BATCH_COUNT_MAX = 2000,
    TIMER_POLICY_SIZE = 64,
};

typedef struct TimerIndex TimerIndex;

typedef struct Timer {
    int64_t due_at_ms; /* business time */
    char member[TIMER_MEMBER_SIZE];
} Timer;

/*
 * timer_index_open - remember where Redis is; connects at first use, and again after errors.
 *
 * In:      url         redis://[user:password@]host:port[/db].
 *          prefix      of every key, e.g. "cpor:"; keys are `{prefix}timers:{shard}`.
 *          timeout_ms  of each command and of connecting.
 */
MUST_CHECK bool timer_index_open(const char *url, const char *prefix, int timeout_ms,
                                 TimerIndex **ret_index, Error *reterr);
void timer_index_release(TimerIndex **index);

/*
 * timer_index_check - is this a Redis that timers can live in? For who starts, or is asked by
 * people: later nothing that Redis says ends anybody.
 *
 * Out:     ret_policy  its maxmemory-policy, see redis_policy_evicts; "": it does not tell.
 * Errors:  FATAL  it refuses the login or a right, or is a cluster; RETRY  as everywhere.
 */
MUST_CHECK bool timer_index_check(TimerIndex *index, char ret_policy[TIMER_POLICY_SIZE],
                                  Error *reterr);

/* timer_shard - shard of a tenant id: stable for ever (FNV-1a of the text, modulo). Pure. */
int timer_shard(const char *tenant_id);

/*
 * timer_index_arm - add timers to one shard or move them; pipelined.
 *
 * In:      timers  count entries of the same shard, count unbounded (sent in chunks).
 * Errors:  RETRY  Redis unreachable; some may be armed. Again: safe.
 */
MUST_CHECK bool timer_index_arm(TimerIndex *index, int shard, const Timer *timers, size_t count,
                                Error *reterr);

/*
 * timer_index_claim - lease the timers of a shard that are due, oldest first.
 *
 * In:      now_ms      business time; due means due_at_ms <= now_ms.
 *          lease_ms    business-independent: wall milliseconds by the store's own clock.
 *          count_max   1..TIMER_BATCH_COUNT_MAX.
 * Out:     ret_timers  array of count_max, [0, *ret_count) filled, ordered by due_at_ms.
 *          ret_next_due_at_ms  earliest due instant of what is left in the shard and not leased,
 *                      INT64_MAX if none: a quiet loop need not ask again before it, but should
 *                      every lease_ms or so: only a claim brings back leases that ran out, of an
 *                      instance that died.
 * Errors:  RETRY  Redis unreachable or timed out; nothing leased, or the lease runs out.
 * Cost:    one round trip (EVALSHA; EVAL after NOSCRIPT).
 */
MUST_CHECK bool timer_index_claim(TimerIndex *index, int shard, int64_t now_ms, int lease_ms,
                                  size_t count_max, Timer *ret_timers, size_t *ret_count,
                                  int64_t *ret_next_due_at_ms, Error *reterr);

/*
 * timer_index_remove - forget leased timers whose wake-ups are in the log; one that was armed
 * again meanwhile stays, even with the same due instant: waking twice is harmless, never is not.
 */
MUST_CHECK bool timer_index_remove(TimerIndex *index, int shard, const Timer *timers, size_t count,
                                   Error *reterr);

/*
 * timer_index_is_filled - whether the shard's marker names the Redis instance (run_id) that
 * answers now. false: fill it from PostgreSQL with timer_index_arm, then mark it filled; the
 * marker says meanwhile that filling began.
 *
 * timer_index_mark_filled - the shard is filled. RETRY when Redis was emptied or restarted since
 * filling began: what was armed is lost, ask timer_index_is_filled and fill again.
 */
MUST_CHECK bool timer_index_is_filled(TimerIndex *index, int shard, bool *ret_filled,
                                      Error *reterr);
MUST_CHECK bool timer_index_mark_filled(TimerIndex *index, int shard, Error *reterr);

/* timer_index_is_marked - as timer_index_is_filled, but only asks: for who looks on. */
MUST_CHECK bool timer_index_is_marked(TimerIndex *index, int shard, bool *ret_marked,
                                      Error *reterr);

/* timer_index_unmark - take the shard's marker away, so that it is filled anew: for timers that
 * could not be armed while Redis was away. Again: safe. */
MUST_CHECK bool timer_index_unmark(TimerIndex *index, int shard, Error *reterr);

/* timer_index_count - timers in a shard, leased ones among them (one armed again counts twice). */
MUST_CHECK bool timer_index_count(TimerIndex *index, int shard, int64_t *ret_count, Error *reterr);
