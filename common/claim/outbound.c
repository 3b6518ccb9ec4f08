/* outbound.c - the envelope of every event that goes out: topic, key, deterministic id. */
#include "claim/outbound.h"

#include "claim/outbound_json.h"
#include "claim/uuid.h"
#include "runtime/clock.h"

#include <string.h>

/* Ids are made of names; see EVENTS section 1. */
static const char *event_id(Arena *arena, const char *name)
{
    char id[UUID_SIZE];
    uuid_event(name, id);
    return arena_copy(arena, id, UUID_SIZE - 1);
}

/* The outcome's texts may outlive the claim: they are copies. claim_id "": no subject. */
static Outcome new_outcome(const char *topic, const char *type, const char *tenant_id,
                           const char *claim_id, const char *id_name, Arena *arena)
{
    return (Outcome){
        .topic = topic,
        .key = arena_text(arena, tenant_id),
        .type = type,
        .id = event_id(arena, id_name),
        .subject = claim_id[0] == '\0' ? NULL : arena_text(arena, claim_id),
    };
}

static Outcome new_claim_outcome(const char *topic, const char *type, const Claim *claim,
                                 const char *id_name, Arena *arena)
{
    return new_outcome(topic, type, claim->tenant_id, claim->claim_id, id_name, arena);
}

Outcome outbound_status(const Claim *claim, ClaimStatus previous, int64_t at_ms,
                        const Record *cause, Arena *arena)
{
    const char *name =
        arena_printf(arena, "%s/%s/status/%d", claim->tenant_id, claim->claim_id, claim->sequence);
    Outcome outcome =
        new_claim_outcome("claim-status", "cpor.claim.status-changed.v1", claim, name, arena);
    outcome.at_ms = at_ms;
    outcome.cause = cause;
    outcome.body = status_body(claim, previous, at_ms, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_reminder(const Claim *claim, int64_t at_ms, const Record *cause, Arena *arena)
{
    char deadline[CLOCK_TEXT_SIZE];
    const char *name = arena_printf(arena, "%s/%s/reminder/%s", claim->tenant_id, claim->claim_id,
                                    clock_format(claim->answer_due_at_ms, deadline));
    Outcome outcome =
        new_claim_outcome("claim-status", "cpor.claim.answer-reminder.v1", claim, name, arena);
    outcome.at_ms = at_ms;
    outcome.cause = cause;
    outcome.body = reminder_body(claim, arena, &outcome.body_size);
    return outcome;
}

/* "<association id>/<what>". */
static const char *association_name(const Claim *claim, const Line *line, const char *what,
                                    Arena *arena)
{
    char id[UUID_SIZE];
    association_id(claim, line->number, id);
    return arena_printf(arena, "%s/%s", id, what);
}

Outcome outbound_official(const Claim *claim, const Line *line, const Record *cause, Arena *arena)
{
    Outcome outcome =
        new_claim_outcome("association-official", "cpor.association.official.v1", claim,
                          association_name(claim, line, "official", arena), arena);
    outcome.at_ms = line->official_at_ms;
    outcome.cause = cause;
    outcome.body = official_body(claim, line, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_ended(const Claim *claim, const Line *line, const Record *cause, Arena *arena)
{
    Outcome outcome = new_claim_outcome("association-official", "cpor.association.ended.v1", claim,
                                        association_name(claim, line, "ended", arena), arena);
    outcome.at_ms = line->ended_at_ms;
    outcome.cause = cause;
    outcome.body = ended_body(claim, line, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_challenged(const Claim *holder, const Line *line, const char *challenger_id,
                            int64_t at_ms, int64_t deadline_at_ms, const Record *cause,
                            Arena *arena)
{
    const char *what = arena_printf(arena, "challenged/%s", challenger_id);
    Outcome outcome = new_claim_outcome("claim-status", "cpor.association.challenged.v1", holder,
                                        association_name(holder, line, what, arena), arena);
    outcome.at_ms = at_ms;
    outcome.cause = cause;
    outcome.body = challenged_body(holder, line, deadline_at_ms, arena, &outcome.body_size);
    return outcome;
}

/* An event from worker to worker: its topic and name are those of its type. */
static Outcome new_internal(EventType type, const char *tenant_id, const char *claim_id,
                            const char *id_name, Arena *arena)
{
    return new_outcome(event_type_topic(type), event_type_name(type), tenant_id, claim_id, id_name,
                       arena);
}

Outcome outbound_claim_event(EventType type, const Claim *claim, int64_t at_ms, const Record *cause,
                             Arena *arena)
{
    const char *name = arena_printf(arena, "%s/%s/%s/%d", claim->tenant_id, claim->claim_id,
                                    event_type_name(type), claim->revision);
    Outcome outcome = new_internal(type, claim->tenant_id, claim->claim_id, name, arena);
    const InternalBody body = {
        .tenant_id = claim->tenant_id,
        .claim_id = claim->claim_id,
        .revision = claim->revision,
        .deadline_at_ms = type == EVENT_WINDOW_OPENED ? claim_deadline(claim) : 0,
    };
    outcome.at_ms = at_ms;
    outcome.cause = cause;
    outcome.body = internal_body(&body, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_recheck(const char *tenant_id, const char *claim_id, int64_t at_ms,
                         const char *waker, const Record *cause, Arena *arena)
{
    const char *name = arena_printf(arena, "%s/%s/%s/%s", tenant_id, claim_id,
                                    event_type_name(EVENT_RECHECK_DUE), waker);
    Outcome outcome = new_internal(EVENT_RECHECK_DUE, tenant_id, claim_id, name, arena);
    const InternalBody body = {.tenant_id = tenant_id, .claim_id = claim_id, .due_at_ms = at_ms};
    outcome.at_ms = at_ms;
    outcome.cause = cause;
    outcome.body = internal_body(&body, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_wake(EventType type, const char *tenant_id, const char *claim_id,
                      int64_t due_at_ms, int64_t fired_at_ms, Arena *arena)
{
    const char *name =
        arena_printf(arena, "%s/%s/%s/%lld/%lld", tenant_id, claim_id, event_type_name(type),
                     (long long)due_at_ms, (long long)fired_at_ms);
    Outcome outcome = new_internal(type, tenant_id, claim_id, name, arena);
    const InternalBody body = {
        .tenant_id = tenant_id, .claim_id = claim_id, .due_at_ms = due_at_ms};
    outcome.at_ms = fired_at_ms;
    outcome.body = internal_body(&body, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_subscription(const char *tenant_id, const char *subscription_id,
                              SubscriptionState state, const char *waker, const Record *cause,
                              Arena *arena)
{
    const EventType type = EVENT_SUBSCRIPTION_CHANGED;
    const char *name = arena_printf(arena, "%s/%s/%s/%s/%s", tenant_id, subscription_id,
                                    event_type_name(type), subscription_state_name(state), waker);
    Outcome outcome = new_internal(type, tenant_id, "", name, arena);
    const InternalBody body = {.tenant_id = tenant_id,
                               .subscription_id = subscription_id,
                               .state = subscription_state_name(state)};
    outcome.at_ms = cause == NULL ? 0 : cause->receipt_at_ms;
    outcome.cause = cause;
    outcome.body = internal_body(&body, arena, &outcome.body_size);
    return outcome;
}

Outcome outbound_forward(const Event *event, Arena *arena)
{
    const char *name = arena_printf(arena, "forward/%s", event->cause_key);
    Outcome outcome = new_internal(event->type, event->tenant_id, event->claim_id, name, arena);
    outcome.topic = event_type_topic(EVENT_CUSTOMER_OPTED_OUT); /* the log that decides */
    outcome.at_ms = event->receipt_at_ms;
    outcome.cause = event->record;
    outcome.proof = event->proof;
    outcome.body = event->data;
    outcome.body_size = strlen(event->data);
    return outcome;
}
