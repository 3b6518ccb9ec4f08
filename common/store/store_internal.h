/* store_internal.h - between the files of the store. */
#pragma once

#include "store/position.h"
#include "store/store.h"

/* What the history says of an event that was handled before. */
typedef struct Cause {
    const char *dead_letter; /* "CODE: detail" if it ended there; else NULL */
    const char **outcomes;   /* of each of its moves, in order */
    size_t count, room;
} Cause;

/* causes_load - what the history says of the work's events; sets those apart whose name is another
 * event's. Cost: one round trip, rarely two. */
MUST_CHECK bool causes_load(Work *work, Error *reterr);

/* claim_key - "tenant/claim", the key of the work's maps of claims. */
void claim_key(const char *tenant_id, const char *claim_id,
               char ret_key[UUID_SIZE + CLAIM_ID_SIZE]);

/* claim_copy - a deep enough copy: lines and findings arrays are its own. */
Claim *claim_copy(const Claim *claim, Arena *arena);

/* work_add_entry - a loaded or created claim takes part; its ids must be set. Borrows entry.
 * work_add_move - a new move, all else zero, to be filled by the caller; borrows the texts. Both
 * live in the work's arena. */
void work_add_entry(Work *work, Entry *entry);
Move *work_add_move(Work *work, const Event *event, const char *tenant_id, const char *claim_id,
                    int64_t at_ms);

/* A dead letter's row of history says so in `ignored`. */
#define DEAD_LETTER_MARK "dead letter: "
/* That of an opt-out which became one after it was kept; its first row says that it was. */
#define KEPT_IN_VAIN_MARK "kept in vain"
void work_dead_letter_again(Work *work, const Event *event, const char *code_and_detail);

/* positions_load - lock and read those of the batch's partitions; positions_save - move them. */
MUST_CHECK bool positions_load(Work *work, Error *reterr);
MUST_CHECK bool positions_save(Work *work, Error *reterr);

/* position_is_past - the record was handled, whether it left a row of history or not. */
bool position_is_past(const Work *work, const Record *record);

/* attempts_begin - this worker is given partitions: where each begins, and whether those before us
 * died there. Then records are taken singly. */
MUST_CHECK bool attempts_begin(Worker *worker, const KafkaStart *starts, size_t count,
                               Error *reterr);

/* kept_save - rows and timers of what was kept, applied or expired. */
MUST_CHECK bool kept_save(Work *work, Error *reterr);

/* A timer that a claim wants, as a row. */
typedef struct TimerRow {
    TimerKind kind;
    int64_t due_at_ms;
} TimerRow;
enum { CLAIM_TIMER_COUNT_MAX = CLAIM_LINE_COUNT_MAX + 4 };

/* claim_timers - which timers the claim's state asks for; a function of the claim alone. */
size_t claim_timers(const Claim *claim, TimerRow ret_rows[CLAIM_TIMER_COUNT_MAX]);
