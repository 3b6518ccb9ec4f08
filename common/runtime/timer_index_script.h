/* timer_index_script.h - the Lua texts that Redis runs for timer_index.c. */
#pragma once

typedef enum ScriptId {
    /*
     * Lease timers that are due.
     *
     * KEYS     timers, leases
     * ARGV     business now in ms, lease in ms, most timers to lease
     * Returns  { earliest due instant left or '', { member, due, member, due, … } }
     */
    SCRIPT_CLAIM,
    /*
     * Is the shard filled by this instance of Redis? If not, note that filling begins.
     *
     * KEYS     marker      ARGV  run_id      Returns  1 or 0
     */
    SCRIPT_IS_FILLED,
    /* The same question without the note. */
    SCRIPT_IS_MARKED,
    /*
     * Mark the shard filled, unless the note that filling began is gone: then the store was
     * emptied meanwhile, and so were the timers armed before.
     *
     * KEYS     marker      ARGV  run_id      Returns  1 or 0
     */
    SCRIPT_MARK_FILLED,
    SCRIPT_COUNT,
} ScriptId;

extern const char *const timer_scripts[SCRIPT_COUNT];
