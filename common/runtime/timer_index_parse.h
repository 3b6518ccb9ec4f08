/* timer_index_parse.h - what Redis answers as timers; what others put into our sets is none. Pure.
 */
#pragma once

#include "timer_index.h"

#include <hiredis/hiredis.h>

enum { NUMBER_SIZE = 24 };

/* timer_is_valid - a member of 1..TIMER_MEMBER_SIZE-1 printable ASCII, an instant that a score
 * keeps exactly. */
bool timer_is_valid(const Timer *timer);

/*
 * timer_claim_parse - the answer of SCRIPT_CLAIM.
 *
 * Out:     as timer_index_claim; ret_timers may be half filled when it is false.
 * Returns: false: something in it is no timer of ours.
 */
bool timer_claim_parse(const redisReply *reply, size_t count_max, Timer *ret_timers,
                       size_t *ret_count, int64_t *ret_next_due_at_ms);
