/* event.c - from a record to an event: what it says it is, and whether its topic may carry that. */
#include "claim/event.h"

#include "claim/event_internal.h"
#include "claim/uuid.h"

#include <string.h>

typedef struct TypeRow {
    const char *name;
    const char *topic; /* where upstream or a worker first puts it */
    bool is_handed_on; /* claim-submission puts it, as it came, into opt-out-expiry too */
} TypeRow;

static const char submission_topic[] = "claim-submission";
static const char validation_topic[] = "claim-validation";
static const char notification_topic[] = "customer-notification";
static const char expiry_topic[] = "opt-out-expiry";

static const TypeRow types[EVENT_TYPE_COUNT] = {
    [EVENT_CLAIM_SUBMITTED] = {"cpor.claim.submitted.v1", submission_topic, false},
    [EVENT_CLAIM_RESUBMITTED] = {"cpor.claim.resubmitted.v1", submission_topic, false},
    [EVENT_CLAIM_WITHDRAWN] = {"cpor.claim.withdrawn.v1", submission_topic, true},
    [EVENT_EVIDENCE_ADDED] = {"cpor.claim.evidence-added.v1", submission_topic, true},
    [EVENT_COMMENT_ADDED] = {"cpor.claim.comment-added.v1", submission_topic, false},
    [EVENT_CLAIM_REVIEWED] = {"cpor.claim.reviewed.v1", submission_topic, false},
    [EVENT_DISASSOCIATED] = {"cpor.association.disassociated.v1", submission_topic, true},
    [EVENT_IMPORTED] = {"cpor.association.imported.v1", submission_topic, true},
    [EVENT_ANSWER_DUE] = {"cpor.claim.answer-due.v1", submission_topic, false},
    [EVENT_REMINDER_DUE] = {"cpor.claim.reminder-due.v1", submission_topic, false},
    [EVENT_CLAIM_RECEIVED] = {"cpor.claim.received.v1", validation_topic, false},
    [EVENT_RECHECK_DUE] = {"cpor.claim.recheck-due.v1", validation_topic, false},
    [EVENT_NOTICE_REQUESTED] = {"cpor.notice.requested.v1", notification_topic, false},
    [EVENT_NOTICE_RETRY_DUE] = {"cpor.notice.retry-due.v1", notification_topic, false},
    [EVENT_CUSTOMER_OPTED_OUT] = {"cpor.customer.opted-out.v1", expiry_topic, false},
    [EVENT_WINDOW_OPENED] = {"cpor.window.opened.v1", expiry_topic, false},
    [EVENT_WINDOW_EXTENDED] = {"cpor.window.extended.v1", expiry_topic, false},
    [EVENT_WINDOW_CLOSED] = {"cpor.window.closed.v1", expiry_topic, false},
    [EVENT_KEPT_DUE] = {"cpor.opt-out.kept-due.v1", expiry_topic, false},
    [EVENT_SUBSCRIPTION_CHANGED] = {"cpor.subscription.changed.v1", expiry_topic, false},
};

static const char *const actor_names[] = {
    [ACTOR_NONE] = NULL,           [ACTOR_PARTNER] = "partner",   [ACTOR_REVIEWER] = "reviewer",
    [ACTOR_CUSTOMER] = "customer", [ACTOR_OPERATOR] = "operator", [ACTOR_SYSTEM] = "system",
};

static const char *const state_names[] = {
    [SUBSCRIPTION_NONE] = NULL,         [SUBSCRIPTION_ACTIVE] = "ACTIVE",
    [SUBSCRIPTION_GRACE] = "GRACE",     [SUBSCRIPTION_SUSPENDED] = "SUSPENDED",
    [SUBSCRIPTION_EXPIRED] = "EXPIRED", [SUBSCRIPTION_DELETED] = "DELETED",
};

const char *event_type_name(EventType type)
{
    return types[type].name;
}

const char *event_type_topic(EventType type)
{
    return types[type].topic;
}

const char *actor_type_name(ActorType type)
{
    return actor_names[type];
}

const char *subscription_state_name(SubscriptionState state)
{
    return state_names[state];
}

SubscriptionState subscription_state_from_name(const char *name)
{
    for (size_t i = 1; i < sizeof state_names / sizeof state_names[0]; i++) {
        if (strcmp(state_names[i], name) == 0)
            return (SubscriptionState)i;
    }
    return SUBSCRIPTION_NONE;
}

static bool topic_carries(const char *topic, const TypeRow *row)
{
    return strcmp(topic, row->topic) == 0 ||
           (row->is_handed_on && strcmp(topic, expiry_topic) == 0);
}

bool event_type_is_handed_on(EventType type)
{
    return types[type].is_handed_on;
}

bool event_type_is_known(const char *name)
{
    for (size_t i = 1; i < EVENT_TYPE_COUNT; i++)
        if (strcmp(types[i].name, name) == 0)
            return true;
    return false;
}

/* EVENT_NONE when nothing of that name belongs on the topic. */
static EventType find_type(const char *name, const char *topic)
{
    for (size_t i = 1; i < EVENT_TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0)
            return topic_carries(topic, &types[i]) ? (EventType)i : EVENT_NONE;
    }
    return EVENT_NONE;
}

/*
 * All its members, known or not: a later version may read more of them than this one. The bytes as
 * they came where they are the data alone: written anew, 0.1 is 0.10000000000000001 and five times
 * as long.
 */
static const char *dump_data(const Envelope *envelope, const Record *record, const json_t *data,
                             Arena *arena)
{
    if (envelope->data == NULL)
        return arena_copy(arena, record->value, record->value_size);
    const size_t size = json_dumpb(data, NULL, 0, JSON_COMPACT);
    char *text = arena_new(arena, size + 1);
    json_dumpb(data, text, size, JSON_COMPACT);
    return text;
}

/* However it was spelt: the order of members, white space and the mode make no other event of it.
 * Of a submission only what is known counts, as everywhere (DOMAIN section 2). */
static void take_digest(const json_t *data, Arena *arena, Event *event)
{
    const char *type = types[event->type].name;
    if (event->document != NULL) {
        uuid_cause(type, event->content_hash, event->digest);
        return;
    }
    const size_t flags = JSON_COMPACT | JSON_SORT_KEYS;
    const size_t size = json_dumpb(data, NULL, 0, flags);
    char *text = arena_new(arena, size + 1);
    json_dumpb(data, text, size, flags);
    uuid_cause(type, text, event->digest);
}

void event_set_apart(Event *event, Arena *arena)
{
    uuid_cause(arena_printf(arena, "reused %s", event->source),
               arena_printf(arena, "%s %s", event->id, event->digest), event->cause_key);
    event->is_set_apart = true;
}

static bool read_event(const Envelope *envelope, const EventContext *context, Arena *arena,
                       Event *event, Error *reterr)
{
    JSON_AUTO root = NULL;
    const json_t *data = envelope->data;
    if (data == NULL) {
        const Record *record = event->record;
        if (!json_decode_strict(record->value, record->value_size, &root, reterr))
            return false;
        data = root;
    }
    if (!event_read_data(data, context, arena, event, reterr))
        return false;
    if (types[event->type].is_handed_on)
        event->data = dump_data(envelope, event->record, data, arena);
    if (event->data != NULL && strlen(event->data) > EVENT_SIZE_MAX)
        return error_reject(reterr, "TOO_LARGE", "data: more than %d bytes when handed on",
                            EVENT_SIZE_MAX);
    event->source = envelope->source;
    event->id = envelope->id != NULL
                    ? envelope->id
                    : arena_printf(arena, "%s/%s", event->tenant_id, event->claim_id);
    uuid_cause(event->source, event->id, event->cause_key);
    take_digest(data, arena, event);
    return true;
}

bool event_decode(const Record *record, const EventContext *context, Arena *arena, Event *ret_event,
                  Error *reterr)
{
    __attribute__((cleanup(envelope_release))) Envelope envelope = {0};
    if (!envelope_read(record, arena, &envelope, reterr))
        return false;
    Event event = {
        .type = find_type(envelope.type, record->topic),
        .record = record,
        .receipt_at_ms = record->receipt_at_ms,
        .actor = {.id = ""},
    };
    if (event.type == EVENT_NONE)
        return event_refuse_type(&envelope, context, record, reterr);
    if (!event_admit(&envelope, context, arena, &event, reterr) ||
        !read_event(&envelope, context, arena, &event, reterr) ||
        !event_admit_actor(&envelope, context, &event, reterr))
        return false;
    *ret_event = event;
    return true;
}

bool evidence_fits(const Event *event, const Claim *claim)
{
    for (size_t i = 0; i < event->poe_count; i++)
        for (size_t j = 0; j < event->poe[i].cover_count; j++)
            if (claim_line(claim, event->poe[i].covers[j]) == NULL)
                return false;
    return true;
}

bool event_names_line(const Event *event, int32_t number)
{
    for (size_t i = 0; i < event->line_count; i++)
        if (event->lines[i] == number)
            return true;
    return event->lines == NULL;
}
