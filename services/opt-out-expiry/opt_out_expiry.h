/* opt_out_expiry.h - the worker that alone moves a line whose window is open or was. */
#pragma once

#include "claim/transition.h"
#include "page.h"
#include "store/store.h"

/* The timer loop's memory: when each shard is worth a look. */
typedef struct TimerLoop {
    int64_t next_due_at_ms[TIMER_SHARD_COUNT]; /* business; INT64_MAX: nothing known */
    int64_t asked_mono_ms[TIMER_SHARD_COUNT];
    int64_t filled_checked_mono_ms, swept_mono_ms, kept_counted_mono_ms;
    int64_t redis_silent_until_mono_ms;
    Metric *lateness, *released, *swept, *rebuilt, *overdue;
} TimerLoop;

typedef struct Expiry {
    Store store;
    TokenKeys *keys;
    OptOutPage *page;
    HttpRoute routes[3];
    TimerLoop timers;
    Arena tick_arena, chunk_arena;
    int64_t kept_ms; /* how long an opt-out is kept for its claim */
    Metric *honoured_late, *kept, *kept_now;
    Metric *tokens_invalid[TOKEN_VERDICT_COUNT]; /* of events */
    Metric *links_refused[TOKEN_VERDICT_COUNT];  /* by the page; none is of the last two */
} Expiry;

extern const ConfigItem expiry_config_items[];

/* The functions of the service's WorkerSpec: what they must do is in runtime/worker.h. */
bool expiry_open(Worker *worker, void *state, Error *reterr);
bool expiry_handle(Worker *worker, void *state, Batch *batch, Error *reterr);
bool expiry_tick(Worker *worker, void *state, int *ret_next_ms, Error *reterr);
bool expiry_reload(Worker *worker, void *state, Error *reterr);
void expiry_close(Worker *worker, void *state);
const HttpRoute *expiry_routes(Worker *worker, void *state);

/* What one batch decides with. */
typedef struct Deciding {
    Expiry *expiry;
    Work *work;
    TextMap tenants;       /* tenant -> TenantEntries: its claims of this batch */
    TextMap standings;     /* tenant/subscription -> state's name, as the log has it so far */
    TextMap records;       /* tenant/subscription -> state's name in the reference data (imports) */
    TextMap same_contacts; /* tenant/claim/revision of links mailed to the contact of now */
    const char **changed_standings; /* keys whose state this batch changed */
    size_t changed_count, changed_room;
    bool takes_all;   /* what was too much was settled; whatever is due now is taken */
    bool is_too_much; /* more is due than one transaction takes: nothing else was loaded */
    bool may_keep;    /* alone with what makes claims: an unknown claim is unknown to all */
} Deciding;

/* All claims of a tenant that the batch knows, in no order. */
typedef struct TenantEntries {
    Entry **entries;
    size_t count, room;
} TenantEntries;

/* Where a line stands in the order. */
typedef struct DueKey {
    int64_t deadline_at_ms;
    int32_t poe_day;
    int64_t first_submitted_at_ms;
    const char *claim_id;
    int32_t line;
} DueKey;

/* ---- expiry_db.c ---- */

/* expiry_load - lock and load what the batch's events name, what their receipts settle, and who
 * holds the slots concerned. */
MUST_CHECK bool expiry_load(Deciding *deciding, Error *reterr);

/* expiry_load_chunk - the first lines in order that the event settles, and what they are judged by.
 * ret_count: lines; ret_last: the last of them. */
MUST_CHECK bool expiry_load_chunk(Deciding *deciding, const Event *event, DueKey *ret_last,
                                  size_t *ret_count, Error *reterr);

/* expiry_must_keep - an opt-out of the batch has no claim: load anew with may_keep. */
bool expiry_must_keep(const Deciding *deciding);

/* expiry_save - standings; before work_save. */
MUST_CHECK bool expiry_save(Deciding *deciding, Error *reterr);

/* deciding_add_entry - make a created claim known to its tenant. */
void deciding_add_entry(Deciding *deciding, Entry *entry);
TenantEntries *deciding_tenant(const Deciding *deciding, const char *tenant_id);

/* deciding_standing - a subscription's state as the log has it; SUBSCRIPTION_NONE: nothing said. */
SubscriptionState deciding_standing(const Deciding *deciding, const char *tenant_id,
                                    const char *subscription_id);
void deciding_set_standing(Deciding *deciding, const char *tenant_id, const char *subscription_id,
                           SubscriptionState state);

/* ---- settle.c ---- */

/*
 * settle - decide every line of the tenant whose window closed before this record's receipt, in
 * the order (deadline, newest PoE, first submitted, claim id, line).
 *
 * In:      last    up to this line and no further; NULL: all that is loaded.
 * Source: the log decides every race: whatever is received after a deadline finds the line as the
 *         deadline left it.
 */
void settle(Deciding *deciding, const Event *event, const DueKey *last);

/* ---- settle_chunk.c ---- */

/* Claims that one transaction settles; where a batch has more due it is cut into smaller ones, and
 * where a single record has, settle_in_chunks goes before it. */
enum {
    SETTLE_CLAIM_COUNT_MAX = 1000,
    SETTLE_CHUNK_LINE_COUNT = 500,
    OUTCOME_COUNT_MAX = 4000,
};

/*
 * settle_in_chunks - settle what the batch's only record settles, a chunk of lines and a
 * transaction at a time, in order; the record itself, and the outcomes of it all, are left to
 * expiry_decide, which finds them in the history.
 *
 * Again:   safe: what is settled is not due any more.
 */
MUST_CHECK bool settle_in_chunks(Expiry *expiry, const Batch *batch, Error *reterr);

/* ---- token_contact.c ---- */

/* expiry_load_contacts - compare the contacts of earlier revisions that links of the batch name
 * with those of the claims' current ones. After work_load; one query, usually none. */
MUST_CHECK bool expiry_load_contacts(Deciding *deciding, Error *reterr);

/* expiry_has_contact - a link of that revision went to the claim's contact of now. */
bool expiry_has_contact(const Deciding *deciding, const Claim *claim, int32_t revision);

/* ---- decide.c ---- */

/* expiry_decide - settle, then apply one record. Errors: of the database. */
MUST_CHECK bool expiry_decide(Deciding *deciding, const Event *event, Error *reterr);

/* ---- import.c ---- */
void expiry_import(Deciding *deciding, const Event *event);
