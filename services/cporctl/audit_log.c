/* audit_log.c - replays what was published; see audit_log.h. */
#include "audit_log.h"

#include "workers.h"

#include "claim/uuid.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_MS = 500, NAME_SIZE = 256 };

static const AuditResult checks[LOG_CHECK_COUNT] = {
    [LOG_COMPLETE] = {"log-complete", "what was published is kept from its start", 0, {{0}}},
    [LOG_READABLE] = {"log-readable",
                      "every published event can be read, under its own id",
                      0,
                      {{0}}},
    [LOG_OFFICIAL_ONCE] = {"log-official-once",
                           "an association becomes official once, and ends once",
                           0,
                           {{0}}},
    [LOG_ONE_HOLDER] = {"log-one-holder", "never two holders of a slot at once", 0, {{0}}},
    [LOG_SWAP] = {"log-swap-order", "at a swap ended comes right before official", 0, {{0}}},
    [LOG_DEADLINE] = {"log-official-before-deadline",
                      "no association was published as official before its deadline",
                      0,
                      {{0}}},
    [LOG_STATUS_REPEATS] = {"log-status-repeats", "a change of status is published once", 0, {{0}}},
    [LOG_CONSUMED] = {"log-consumed",
                      "what the workers consumed is handled in the database",
                      0,
                      {{0}}},
    [LOG_HOLDERS] = {"log-holders-differ",
                     "who replays the log knows who holds which slot",
                     0,
                     {{0}}},
    [LOG_HISTORY] = {"log-official-unexplained",
                     "every published official association is in the history, and the reverse",
                     0,
                     {{0}}},
    [LOG_STATUS_GAP] = {"log-status-gap",
                        "every change of a claim's status is published",
                        0,
                        {{0}}},
};

/* ---- reading one event ---- */

/* One event as it is being taken. */
typedef struct Taking {
    AuditLog *log;
    const KafkaRecord *record;
    const KafkaPlace *place;
    const json_t *data;
    const char *tenant_id, *claim_id;
} Taking;

static const char *text_of(const Taking *taking, const char *name)
{
    const char *text = json_string_value(json_object_get(taking->data, name));
    return text == NULL ? "" : text;
}

static int64_t instant_of(const Taking *taking, const char *name)
{
    int64_t at_ms = 0;
    const char *text = text_of(taking, name);
    return clock_parse(text, strlen(text), &at_ms) ? at_ms : 0;
}

/* With the record's coordinates behind it. */
#define TELL(taking, check, format, ...)                                                           \
    audit_add((taking)->log->session, &(taking)->log->results[check], (taking)->tenant_id,         \
              (taking)->claim_id, format " (%s/%d@%" PRId64 ")", __VA_ARGS__,                      \
              (taking)->place->topic, (taking)->place->partition, (taking)->record->offset)

static bool type_is(const KafkaRecord *record, const char *type)
{
    return record->type != NULL && record->type_size == strlen(type) &&
           memcmp(record->type, type, record->type_size) == 0;
}

/* A consumer that drops known ids must be able to rely on them. */
static void check_id(const Taking *taking, const char *name)
{
    const KafkaRecord *record = taking->record;
    char id[UUID_SIZE];
    uuid_event(name, id);
    if (record->id == NULL || record->id_size != UUID_SIZE - 1 ||
        memcmp(record->id, id, UUID_SIZE - 1) != 0)
        TELL(taking, LOG_READABLE, "ce_id is not %s, the id of %s", id, name);
}

/* ---- association-official ---- */

static AuditKey slot_key(const Taking *taking)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s/%s", taking->tenant_id, text_of(taking, "slot"));
    return audit_key_from_text(name);
}

static void take_swap(const Taking *taking, const AuditKey *id, bool is_official)
{
    LogSwap *swap = &taking->log->swaps[taking->record->place_index];
    AuditKey supersedes;
    const bool wants =
        is_official && audit_key_from_uuid(text_of(taking, "supersedes"), &supersedes);
    const bool fits = swap->is_open && is_official && memcmp(&swap->by, id, sizeof *id) == 0;
    if (swap->is_open && !fits)
        audit_add(taking->log->session, &taking->log->results[LOG_SWAP], swap->tenant_id,
                  swap->claim_id,
                  "ended by a successor that did not come next, but %s/%d@%" PRId64 " did",
                  taking->place->topic, taking->place->partition, taking->record->offset);
    if (wants && !(fits && memcmp(&swap->ended, &supersedes, sizeof supersedes) == 0))
        TELL(taking, LOG_SWAP, "supersedes %s, whose end does not stand right before it",
             text_of(taking, "supersedes"));
    swap->is_open = false;
}

static void take_official(const Taking *taking, const AuditKey *id, const char *id_text)
{
    AuditLog *log = taking->log;
    bool is_new = false;
    LogAssociation *association = audit_map_put(&log->associations, id, &is_new);
    if (!is_new) {
        TELL(taking, LOG_OFFICIAL_ONCE, "association %s was official before", id_text);
        return;
    }
    association->official_at_ms = instant_of(taking, "official_at");
    association->offset = taking->record->offset;
    association->place_index = (int32_t)taking->record->place_index;
    if (association->official_at_ms < instant_of(taking, "deadline_at"))
        TELL(taking, LOG_DEADLINE, "association %s is official at %s, its deadline is %s", id_text,
             text_of(taking, "official_at"), text_of(taking, "deadline_at"));
    const AuditKey slot = slot_key(taking);
    AuditKey *holder = audit_map_put(&log->slots, &slot, NULL);
    char holder_text[UUID_SIZE];
    static const AuditKey none;
    if (memcmp(holder, &none, sizeof none) != 0)
        TELL(taking, LOG_ONE_HOLDER, "association %s takes slot %s, which %s holds", id_text,
             text_of(taking, "slot"), audit_key_format(holder, holder_text));
    *holder = *id;
}

static void take_ended(const Taking *taking, const AuditKey *id, const char *id_text)
{
    AuditLog *log = taking->log;
    LogSwap *swap = &log->swaps[taking->record->place_index];
    LogAssociation *association = audit_map_get(&log->associations, id);
    const AuditKey slot = slot_key(taking);
    AuditKey *holder = audit_map_get(&log->slots, &slot);
    if (audit_key_from_uuid(text_of(taking, "superseded_by"), &swap->by)) {
        swap->is_open = true;
        swap->ended = *id;
        snprintf(swap->tenant_id, sizeof swap->tenant_id, "%s", taking->tenant_id);
        snprintf(swap->claim_id, sizeof swap->claim_id, "%s", taking->claim_id);
    }
    if (association == NULL || association->is_ended) {
        TELL(taking, LOG_OFFICIAL_ONCE, "association %s ended, but %s", id_text,
             association == NULL ? "never was official" : "had ended before");
        return;
    }
    association->is_ended = true;
    if (instant_of(taking, "ended_at") < association->official_at_ms)
        TELL(taking, LOG_DEADLINE, "association %s ended at %s, before it was official", id_text,
             text_of(taking, "ended_at"));
    if (holder == NULL || memcmp(holder, id, sizeof *id) != 0)
        TELL(taking, LOG_ONE_HOLDER, "association %s ended in slot %s, which it did not hold",
             id_text, text_of(taking, "slot"));
    else
        *holder = (AuditKey){{0}};
}

static void take_association(const Taking *taking)
{
    const bool is_official = type_is(taking->record, "cpor.association.official.v1");
    const char *id_text = text_of(taking, "association_id");
    char name[NAME_SIZE];
    AuditKey id;
    if ((!is_official && !type_is(taking->record, "cpor.association.ended.v1")) ||
        !audit_key_from_uuid(id_text, &id)) {
        TELL(taking, LOG_READABLE, "%s", "no event of this topic");
        return;
    }
    snprintf(name, sizeof name, "%s/%s", id_text, is_official ? "official" : "ended");
    check_id(taking, name);
    take_swap(taking, &id, is_official);
    if (is_official)
        take_official(taking, &id, id_text);
    else
        take_ended(taking, &id, id_text);
}

/* ---- claim-status ---- */

static void take_sequence(const Taking *taking, LogClaim *claim, int32_t sequence)
{
    const int64_t ahead = (int64_t)sequence - claim->seen - 2;
    const bool came =
        sequence <= claim->seen || (ahead >= 0 && ahead < 64 && (claim->ahead >> ahead & 1) != 0);
    claim->offset = taking->record->offset;
    claim->place_index = (int32_t)taking->record->place_index;
    claim->last = sequence > claim->last ? sequence : claim->last;
    if (came) {
        TELL(taking, LOG_STATUS_REPEATS, "change %d was published before", sequence);
        return;
    }
    if (ahead >= 0) { /* more than 64 ahead: the gap shows, what comes twice behind it does not */
        claim->ahead |= ahead < 64 ? (uint64_t)1 << ahead : 0;
        return;
    }
    claim->seen = sequence;
    while ((claim->ahead & 1) != 0) {
        claim->ahead >>= 1;
        claim->seen++;
    }
    claim->ahead >>= 1;
}

static void take_status(const Taking *taking)
{
    const json_t *sequence = json_object_get(taking->data, "sequence");
    const json_int_t number = json_integer_value(sequence); /* 0 for what is no integer */
    char name[NAME_SIZE];
    if (type_is(taking->record, "cpor.association.challenged.v1") ||
        type_is(taking->record, "cpor.claim.answer-reminder.v1"))
        return; /* no change of status */
    if (!type_is(taking->record, "cpor.claim.status-changed.v1") || number < 1 ||
        number > INT32_MAX) {
        TELL(taking, LOG_READABLE, "%s", "no event of this topic");
        return;
    }
    snprintf(name, sizeof name, "%s/%s/status/%d", taking->tenant_id, taking->claim_id,
             (int)number);
    check_id(taking, name);
    snprintf(name, sizeof name, "%s/%s", taking->tenant_id, taking->claim_id);
    const AuditKey key = audit_key_from_text(name);
    take_sequence(taking, audit_map_put(&taking->log->claims, &key, NULL), (int32_t)number);
}

/* ---- the logs ---- */

static void say_progress(AuditLog *log)
{
    const int64_t now_mono_ms = clock_mono_now();
    log->record_count++;
    if (now_mono_ms - log->said_mono_ms < PROGRESS_MS || isatty(STDERR_FILENO) != 1)
        return;
    log->said_mono_ms = now_mono_ms;
    fprintf(stderr, "\r%" PRId64 " of some %" PRId64 " published records read ", log->record_count,
            log->record_total);
}

static bool take_event(AuditLog *log, const KafkaPlaces *places, const KafkaRecord *record,
                       void (*take)(const Taking *taking))
{
    json_t *root =
        record->value == NULL ? NULL : json_loadb(record->value, record->value_size, 0, NULL);
    Taking taking = {
        .log = log, .record = record, .place = &places->places[record->place_index], .data = root};
    taking.tenant_id = text_of(&taking, "tenant_id");
    taking.claim_id = text_of(&taking, "claim_id");
    if (root == NULL || *taking.tenant_id == '\0')
        TELL(&taking, LOG_READABLE, "%s", "no JSON of a tenant's event");
    else
        take(&taking);
    json_decref(root);
    say_progress(log);
    return true;
}

static bool take_official_record(void *context, const KafkaRecord *record)
{
    AuditLog *log = context;
    return take_event(log, &log->official, record, take_association);
}

static bool take_status_record(void *context, const KafkaRecord *record)
{
    AuditLog *log = context;
    return take_event(log, &log->status, record, take_status);
}

static bool open_inputs(AuditLog *log)
{
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++)
        for (size_t i = 0; worker->topics[i] != NULL; i++)
            if (!kafka_reader_add(log->reader, worker->topics[i], &log->inputs))
                return false;
    return true;
}

bool audit_log_open(AuditLog *log, Session *session)
{
    log->session = session;
    memcpy(log->results, checks, sizeof checks);
    audit_map_init(&log->associations, sizeof(LogAssociation));
    audit_map_init(&log->slots, sizeof(AuditKey));
    audit_map_init(&log->claims, sizeof(LogClaim));
    audit_map_init(&log->differences, 0);
    audit_map_init(&log->before, 0);
    if (!kafka_reader_open(session, &log->reader) ||
        !kafka_reader_add(log->reader, "association-official", &log->official) ||
        !kafka_reader_add(log->reader, "claim-status", &log->status) || !open_inputs(log))
        return false;
    log->swaps = arena_new(&session->arena, (log->official.count + 1) * sizeof *log->swaps);
    return true;
}

void audit_log_close(AuditLog *log)
{
    kafka_reader_release(&log->reader);
    audit_map_deinit(&log->associations);
    audit_map_deinit(&log->slots);
    audit_map_deinit(&log->claims);
    audit_map_deinit(&log->differences);
    audit_map_deinit(&log->before);
}

/* Where the log's beginning is gone nothing can be said of what it held. */
static void note_start(AuditLog *log, KafkaPlaces *places)
{
    for (size_t i = 0; i < places->count; i++) {
        KafkaPlace *place = &places->places[i];
        if (place->first > place->next)
            audit_add(log->session, &log->results[LOG_COMPLETE], "", "",
                      "%s/%d begins at offset %" PRId64 " (its retention must be -1)", place->topic,
                      place->partition, place->first);
        if (place->first > place->next)
            place->next = place->first;
        log->record_total += place->end - place->next;
    }
}

static bool read_ends(AuditLog *log, KafkaPlaces *places)
{
    if (!kafka_reader_ends(log->reader, places->places, places->count))
        return false;
    note_start(log, places);
    return true;
}

/* The inputs of one worker after another, as they were added. */
static bool read_committed_offsets(AuditLog *log)
{
    size_t first = 0;
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++) {
        size_t count = 0;
        for (size_t i = 0; worker->topics[i] != NULL; i++) {
            const char *topic = log->inputs.places[first + count].topic;
            while (first + count < log->inputs.count &&
                   strcmp(log->inputs.places[first + count].topic, topic) == 0)
                count++;
        }
        if (!kafka_reader_committed(log->reader, worker->service, log->inputs.places + first,
                                    count))
            return false;
        first += count;
    }
    return true;
}

bool audit_log_read(AuditLog *log)
{
    const bool done = read_ends(log, &log->official) && read_ends(log, &log->status) &&
                      read_committed_offsets(log) &&
                      kafka_reader_read(log->reader, log->official.places, log->official.count,
                                        take_official_record, log) &&
                      kafka_reader_read(log->reader, log->status.places, log->status.count,
                                        take_status_record, log);
    if (log->said_mono_ms != 0)
        fprintf(stderr, "\r%60s\r", "");
    log->said_mono_ms = 0;
    return done;
}
