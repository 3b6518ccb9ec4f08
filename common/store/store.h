/*
 * store.h - the middle of every worker's step, once: load and lock claims, tell new events from
 * redelivered ones, note each change with its cause and outcomes, save all of it set-based.
 *
 * One Work is one batch: events in log order, the claims they concern, the changes made to them.
 * The order of calls is work_init, work_decode, work_begin, work_want…, work_load, then for each
 * event work_meet and a change or an ignore, at last work_save (which commits and hands the
 * outcomes to the batch) or work_rollback.
 */
#pragma once

#include "claim/calendar.h"
#include "claim/event.h"
#include "claim/signature_demand.h"
#include "claim/slot_book.h"
#include "claim/token.h"
#include "runtime/metrics.h"
#include "runtime/text_map.h"
#include "runtime/timer_index.h"
#include "runtime/worker.h"

/* Lives as long as the worker. */
typedef struct Store {
    Worker *worker; /* borrowed */
    TimerIndex *timers;
    CalendarSet *calendars;
    const char *default_country; /* borrowed from the configuration */
    int business_day_count, reminder_day_count;
    int64_t timers_silent_until_mono_ms; /* after an error: leave Redis alone until then */
    bool unarmed[TIMER_SHARD_COUNT];     /* has timers that Redis never heard of: fill it anew */
    EventKeys *event_keys;
    EventGate gate;
    Metric *calendars_ending;
    Metric *events_duplicate, *events_replayed, *events_ignored, *timers_unarmed;
} Store;

/* store_replay - for WorkerSpec: the gap of this service, and how far all have come. */
MUST_CHECK bool store_replay(Worker *worker, Replay *ret_replay, Error *reterr);

/* store_attempts - likewise: records that killed workers; see store_attempt.c. */
extern const WorkerAttempts store_attempts;

/* attempts_aside - note a record as put aside, also where an operator does it (cporctl dlq skip).
 *
 * In:      place  texts: service, topic, partition, offset.
 * Errors:  as database_run. Cost: one round trip. */
enum { ATTEMPTS_PLACE_COUNT = 4 };
MUST_CHECK bool attempts_aside(Database *database, const char *const place[ATTEMPTS_PLACE_COUNT],
                               Error *reterr);

/* store_starting - likewise: where this service's partitions begin, or may go on; position.h. */
MUST_CHECK bool store_starting(Worker *worker, KafkaStart *starts, size_t count, Error *reterr);

/* store_published - likewise: note what is published, for the day that the group is forgotten. */
MUST_CHECK bool store_published(Worker *worker, KafkaStart *starts, size_t count, Error *reterr);

/* clang-format off */
/* Rows for a service's table of settings: what a Store reads. */
#define STORE_CONFIG_ITEMS                                                                         \
    {"CPOR_REDIS_URL", "redis://127.0.0.1:6379", CONFIG_SECRET, 0, 0,                              \
     "index of timers; disposable"},                                                               \
    {"CPOR_REDIS_PREFIX", "cpor:", CONFIG_TEXT, 0, 0, "prefix of every key in Redis"},             \
    {"CPOR_REDIS_TIMEOUT_MS", "1000", CONFIG_INTEGER, 10, 60000, "of one command"},                \
    {"CPOR_DEFAULT_COUNTRY", "US", CONFIG_TEXT, 0, 0,                                              \
     "calendar where neither customer nor tenant has a country with a file"},                      \
    {"CPOR_BUSINESS_DAYS", "5", CONFIG_INTEGER, 1, 30,                                             \
     "length of the customer's window and of the partner's time to answer"},                       \
    {"CPOR_ANSWER_REMINDER_DAYS", "1", CONFIG_INTEGER, 0, 30,                                      \
     "business days before the partner's answer falls due an event reminds it; 0: none"},          \
    {"CPOR_EVENT_KEYS", "", CONFIG_SECRET, 0, 0,                                                   \
     "keys of events, id:role:secret[,id:role:secret...]; the first of role worker signs, all"     \
     " verify; roles worker, operator, reviewer, importer, mail"},                                 \
    {"CPOR_DEMAND_SIGNATURES", "", CONFIG_TEXT, 0, 0,                                              \
     "none, internal (what workers say) or privileged (also reviewers, importers, operators);"     \
     " empty: privileged in production, else none"}

/* Rows for the services that sign or verify opt-out links. */
#define TOKEN_CONFIG_ITEMS                                                                         \
    {"CPOR_OPT_OUT_KEYS", TOKEN_DEVELOPMENT_KEYS, CONFIG_SECRET, 0, 0,                             \
     "keys of opt-out links, id:secret[,id:secret...]; the first signs, all verify"},              \
    {"CPOR_PROGRAMME_ADDRESS", "partner-programme@cpor.example", CONFIG_TEXT, 0, 0,                \
     "where customers write who cannot use the link"}
/* clang-format on */

#define TOKEN_DEVELOPMENT_KEYS "dev:for-development-only-not-a-secret"

/* store_open_token_keys - from the settings. Production refuses weak ones before: production.h. */
MUST_CHECK bool store_open_token_keys(Worker *worker, TokenKeys **ret_keys, Error *reterr);

/*
 * store_open - calendars, Redis and metrics of a service, from its settings; borrows the worker.
 *
 * Errors:  FATAL  calendars that cannot be read, none of CPOR_DEFAULT_COUNTRY, a bad
 *          CPOR_REDIS_URL, a Redis that refuses the login or a right, is a cluster or, in
 *          production, evicts. One that is away is no error: it is connected at first use.
 */
MUST_CHECK bool store_open(Store *store, Worker *worker, Error *reterr);
void store_close(Store *store); /* also after a failed open */

/* store_open_signatures / store_close_signatures - keys and gate, of store_open: all that the
 * worker sends from then on is signed. Errors:  FATAL  bad keys or no such level; a level other
 * than none without a key of a worker. */
MUST_CHECK bool store_open_signatures(Store *store, Error *reterr);
void store_close_signatures(Store *store);

/*
 * store_reload - read the calendars anew; deadlines that were given stay. Between batches.
 *
 * Errors:  FATAL  as store_open: then the calendars of before stay.
 */
MUST_CHECK bool store_reload(Store *store, Error *reterr);

/* store_watch_calendars - set the gauge of calendars that end within 60 days of business time now.
 * Past a calendar's end notices of its country wait. */
void store_watch_calendars(Store *store);

/* A claim in a batch. Owned by the Work's arena. */
typedef struct Entry {
    Claim *claim;
    Claim *was; /* as it stands in the database; NULL: new */
    char content_hash[65];
    const char *new_document; /* canonical document of a new revision, to be saved; or NULL */
    bool is_changed;
} Entry;

/* One row of history to be, with what it publishes. */
typedef struct Move {
    const Event *event;
    const char *tenant_id, *claim_id;
    int64_t at_ms;
    int32_t sequence;
    ClaimStatus from, to;
    Code reason;
    const char *lines;   /* JSON of what moved, or NULL */
    const char *ignored; /* why nothing changed, or NULL */
    Outcome *outcomes;
    size_t outcome_count, outcome_room;
} Move;

typedef struct Attachment {
    const Event *event;
    const char *kind, *body;
} Attachment;

/* An opt-out whose claim is not known; see store_kept.c. */
typedef struct Kept {
    const Event *event;
    int64_t due_at_ms; /* then it is a dead letter; 0: never */
    bool is_stored;    /* read from the database, not of this batch */
    bool is_done;      /* applied or expired */
    const Event *expired_by;
} Kept;

typedef struct Work {
    Store *store;
    Batch *batch;
    Arena *arena;
    Database *database;

    Event *events; /* decoded, in log order; dead letters are left out */
    size_t event_count;

    TextMap claims; /* tenant/claim -> Entry */
    TextMap wanted; /* tenant/claim -> itself */
    const char **wanted_tenants, **wanted_ids;
    size_t wanted_count, wanted_room;
    Entry **entries;
    size_t entry_count, entry_room;
    TextMap causes; /* cause key with coordinates -> Cause; see store_cause.c */
    TextMap names;  /* cause key -> what it stands for; likewise */
    SlotBook slots;
    TextMap positions; /* topic/partition -> Position, see store_position.c */
    bool is_partial;   /* the batch is saved piece by piece: its positions decide nothing */
    bool is_last;      /* of the pieces: the batch is over with it */
    bool is_chunk;     /* of one record, which is not over with it: its position stays */
    bool settles;      /* the records' settling is looked for in the history too */

    Move **moves;
    size_t move_count, move_room;
    Attachment *attachments;
    size_t attachment_count, attachment_room;
    Kept **kept;
    size_t kept_count, kept_room;
} Work;

/* work_init - an empty unit of work over a batch; everything in it lives in the batch's arena. */
void work_init(Work *work, Store *store, Batch *batch);

/* work_decode - decode records into events; what cannot be decoded becomes a dead letter.
 * Records for which skip returns true (reference topics) are left to the caller; NULL: none.
 * Errors:  FATAL  a newer worker's event; see event_decode. */
MUST_CHECK bool work_decode(Work *work, bool (*skip)(const Record *record), Error *reterr);

/* work_begin - the database transaction of this unit of work. Errors: as database_begin. */
MUST_CHECK bool work_begin(Work *work, Error *reterr);

/* work_want - name a claim to be loaded and locked by the next work_load. Twice is once. */
void work_want(Work *work, const char *tenant_id, const char *claim_id);

/*
 * work_load - lock the wanted claims in key order, load them, then look up which events were
 * handled before. (In this order: what a zombie committed while we waited for its locks is seen.)
 * May be called again with further wanted claims.
 */
MUST_CHECK bool work_load(Work *work, Error *reterr);

/* work_load_slots - holders and contenders of the slots, into work->slots. */
typedef struct SlotWanted {
    const char *tenant_id, *slot, *mpn_id;
} SlotWanted;
MUST_CHECK bool work_load_slots(Work *work, const SlotWanted *wanted, size_t count, Error *reterr);

/* work_entry - a loaded or created claim, or NULL: no such claim. */
Entry *work_entry(Work *work, const char *tenant_id, const char *claim_id);

typedef enum Meeting {
    MEETING_NEW,       /* decide it */
    MEETING_REPLAYED,  /* this very record was handled before a crash: its outcomes are published */
    MEETING_DUPLICATE, /* (source, id) came before at other coordinates: changes, publishes nothing
                        */
    MEETING_REUSED, /* (source, id) names another event: a dead letter, ID_REUSED. No opt-out is */
} Meeting;

/* work_meet - is this event new? Call once per event, in order; counts and publishes as needed. */
Meeting work_meet(Work *work, const Event *event);

/* work_was_handled - like work_meet, but only asks: publishes, counts and remembers nothing. */
Meeting work_was_handled(Work *work, const Event *event);

/*
 * work_settling - the event as the cause of what its receipt settles, which is nobody's act and has
 * a key of its own in the history: a record can be half settled when a crash comes, and what it
 * settled says nothing of whether it was applied.
 * work_resume - publish what this very record settled before a crash; then settle on. Needs
 * settles.
 */
const Event *work_settling(Work *work, const Event *event);
void work_resume(Work *work, const Event *event);

/* settling_key - the key of work_settling, for whoever looks into the history. */
void settling_key(const Event *event, Arena *arena, char ret_key[UUID_SIZE]);

/* work_was_dead - this very record was made a dead letter before a crash (and left a row). */
bool work_was_dead(const Work *work, const Event *event);

/* work_create - a claim that does not exist yet; the caller fills it. */
Entry *work_create(Work *work, const char *tenant_id, const char *claim_id);

/* A change of one claim by one event: begin, mutate entry->claim, end. */
typedef struct Change {
    Work *work;
    const Event *event;
    Entry *entry;
    int64_t at_ms;
    Line *was_lines;
    size_t was_line_count;
    Finding *was_findings;
    size_t was_finding_count;
    ClaimStatus was_status;
    char was_mpn_id[MPN_ID_SIZE];
    bool gives_associations; /* the caller adds association events itself, in an order of its own */
    Move *move;
} Change;

/* at_ms: the instant of the move (receipt of the cause, acceptance, or the deadline). */
Change change_begin(Work *work, const Event *event, Entry *entry, int64_t at_ms);

/* change_add - publish something more with this move (status and association events come by
 * themselves, before it). */
void change_add(Change *change, const Outcome *outcome);

typedef enum ChangeKind {
    CHANGE_IF_MOVED,  /* a status event and a history row only if a line or the status moved */
    CHANGE_IF_TOLD,   /* likewise, or if the partner has other findings than before */
    CHANGE_PUBLISHED, /* always a status event (an extension, findings again, a new revision) */
    CHANGE_SILENT,    /* a history row, no status event (evidence, comments) */
} ChangeKind;

/*
 * change_end - settle the claim, derive outcomes, note the move.
 *
 * Outcomes: the status event, an association event per line that became OFFICIAL or ENDED,
 * a notice request when claim_wants_notice; starts the partner's days when a question opened.
 * Returns: false when nothing moved (CHANGE_IF_MOVED, CHANGE_IF_TOLD): nothing is noted; the caller
 * may ignore.
 */
bool change_end(Change *change, ChangeKind kind);

/* work_ignore - a history row: the event changed nothing, and why. */
void work_ignore(Work *work, const Event *event, const char *why);

/*
 * work_dead_letter - the event can never be applied: a dead letter, and a row of history that makes
 * a redelivered record one again. (What its receipt settled before has rows of its own.)
 */
void work_dead_letter(Work *work, const Event *event, const char *code, const char *detail);

/* work_attach - keep evidence or a comment with the claim. */
void work_attach(Work *work, const Event *event, const char *kind, const char *body);

/* work_note - a move without a claim's change (an opt-out kept, a holder told). */
Move *work_note(Work *work, const Event *event, const char *tenant_id, const char *claim_id,
                int64_t at_ms);
void move_add(Work *work, Move *move, const Outcome *outcome);

/* ---- opt-outs that came before their claims ---- */

/* Who makes claims share it; who keeps an opt-out for want of a claim is alone. */
typedef enum KeptLock { KEPT_LOCK_MAKE, KEPT_LOCK_KEEP } KeptLock;

typedef struct ClaimName {
    const char *tenant_id, *claim_id;
} ClaimName;

/* work_run_names - a statement whose $1 and $2 are the names' tenants (uuid[]) and claims (text[]).
 * Owns: the caller releases *ret_result. Cost: one round trip. */
MUST_CHECK bool work_run_names(Work *work, const DbStatement *statement, const ClaimName *names,
                               size_t count, DbResult **ret_result, Error *reterr);

/* work_run_documents - rows of tenant_id, claim_id, document: each claim's current revision. A
 * claim that is named twice has one row. Owns: the caller releases *ret_result. Cost: one round
 * trip. */
MUST_CHECK bool work_run_documents(Work *work, Entry *const *entries, size_t count,
                                   DbResult **ret_result, Error *reterr);

/* work_lock_kept - until the end of the transaction. Before work_load: who waits for it must hold
 * no claim, or two would wait for each other. */
MUST_CHECK bool work_lock_kept(Work *work, KeptLock lock, Error *reterr);

/* work_load_kept - what is kept for these claims, locked; in order of receipt. */
MUST_CHECK bool work_load_kept(Work *work, const ClaimName *names, size_t count, Error *reterr);

/* work_keep - keep an opt-out until due_at_ms, with a row of history. Needs KEPT_LOCK_KEEP. */
void work_keep(Work *work, const Event *event, int64_t due_at_ms);

/* work_apply_kept - the event has made this claim: what was kept for it and had not expired at the
 * event's receipt is applied, in its own name; creation, the event's move, publishes it. Needs
 * KEPT_LOCK_MAKE and work_load_kept. */
void work_apply_kept(Work *work, const Event *event, Entry *entry, Move *creation);

/* work_expire_kept - what was kept for the event's claim until its receipt is a dead letter now.
 * work_replay_expired - the same dead letters again, for an event that was handled before. */
void work_expire_kept(Work *work, const Event *event);
MUST_CHECK bool work_replay_expired(Work *work, const Event *event, Error *reterr);

/*
 * work_save - write every change in a few statements, commit, arm the new timers in Redis (best
 * effort: PostgreSQL has them), and add the outcomes to the batch, in order.
 *
 * Errors:  RETRY  also when somebody else moved a claim meanwhile: nothing is saved.
 */
MUST_CHECK bool work_save(Work *work, Error *reterr);

/* work_rollback - after an error: give the locks back; the worker forgets the outcomes. */
void work_rollback(Work *work);

/* ---- timers ---- */

typedef enum TimerKind {
    TIMER_WINDOW,
    TIMER_ANSWER,
    TIMER_REMINDER,
    TIMER_RECHECK,
    TIMER_NOTICE,
    TIMER_KEPT,
    TIMER_KIND_COUNT
} TimerKind;

/* The words of the table timers; static. */
const char *timer_kind_name(TimerKind kind);
bool timer_kind_from_name(const char *name, TimerKind *ret_kind); /* false: no such word */

/* timer_member - what Redis keeps: kind, tenant, and claim (a window: deadline) in one text. */
void timer_member(TimerKind kind, const char *tenant_id, const char *claim_id, int64_t due_at_ms,
                  char ret_member[TIMER_MEMBER_SIZE]);
/* timer_parse - take a member apart; false when it is none of ours. */
bool timer_parse(const char *member, TimerKind *ret_kind, char ret_tenant_id[UUID_SIZE],
                 char ret_claim_id[CLAIM_ID_SIZE]);
