/* timer_index_script.h - the Lua texts that Redis runs for timer_index.c. */
#pragma once

/*
 * Lease timers that are due.
 *
 * KEYS     timers, leases
 * ARGV     business now in ms, lease in ms, most timers to lease
 * Returns  { earliest due instant left or '', { member, due, member, due, … } }
 */
extern const char timer_script_claim[];

/*
 * Is the shard filled by this instance of Redis? If not, note that filling begins.
 *
 * KEYS     marker      ARGV  run_id      Returns  1 or 0
 */
extern const char timer_script_is_filled[];

/*
 * Mark the shard filled, unless the note that filling began is gone: then the store was emptied
 * meanwhile, and so were the timers armed before.
 *
 * KEYS     marker      ARGV  run_id      Returns  1 or 0
 */
extern const char timer_script_mark_filled[];
