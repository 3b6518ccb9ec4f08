/* event.h - what comes in: the envelope and the data of every event type, as one plain value. */
#pragma once

#include "claim/document.h"
#include "claim/strict_json.h"
#include "runtime/record.h"

/* Rows of the table in event.c: name, topic, how its data is decoded. */
typedef enum EventType {
    EVENT_NONE = 0,
    /* cpor.claim-submission */
    EVENT_CLAIM_SUBMITTED,   /* cpor.claim.submitted.v1 */
    EVENT_CLAIM_RESUBMITTED, /* cpor.claim.resubmitted.v1 */
    EVENT_CLAIM_WITHDRAWN, /* cpor.claim.withdrawn.v1; handed on to cpor.opt-out-expiry as it is */
    EVENT_EVIDENCE_ADDED,  /* cpor.claim.evidence-added.v1; likewise */
    EVENT_COMMENT_ADDED,   /* cpor.claim.comment-added.v1 */
    EVENT_CLAIM_REVIEWED,  /* cpor.claim.reviewed.v1 */
    EVENT_DISASSOCIATED,   /* cpor.association.disassociated.v1; handed on likewise */
    EVENT_IMPORTED,        /* cpor.association.imported.v1; handed on likewise */
    EVENT_ANSWER_DUE,      /* cpor.claim.answer-due.v1: wake-up {tenant_id, claim_id, due_at} */
    EVENT_REMINDER_DUE,    /* cpor.claim.reminder-due.v1: wake-up {tenant_id, claim_id, due_at} */
    /* cpor.claim-validation */
    EVENT_CLAIM_RECEIVED, /* cpor.claim.received.v1 {tenant_id, claim_id, revision} */
    EVENT_RECHECK_DUE,    /* cpor.claim.recheck-due.v1: wake-up {tenant_id, claim_id, due_at} */
    /* cpor.customer-notification */
    EVENT_NOTICE_REQUESTED, /* cpor.notice.requested.v1 {tenant_id, claim_id, revision} */
    EVENT_NOTICE_RETRY_DUE, /* cpor.notice.retry-due.v1: wake-up {tenant_id, claim_id, due_at} */
    /* cpor.opt-out-expiry */
    EVENT_CUSTOMER_OPTED_OUT, /* cpor.customer.opted-out.v1 */
    EVENT_WINDOW_OPENED,   /* cpor.window.opened.v1 {tenant_id, claim_id, revision, deadline_at} */
    EVENT_WINDOW_EXTENDED, /* cpor.window.extended.v1 */
    EVENT_WINDOW_CLOSED,   /* cpor.window.closed.v1: wake-up {tenant_id, due_at} */
    EVENT_KEPT_DUE,        /* cpor.opt-out.kept-due.v1: wake-up {tenant_id, claim_id, due_at} */
    EVENT_SUBSCRIPTION_CHANGED, /* cpor.subscription.changed.v1 {tenant_id, subscription_id, state}
                                 */
    EVENT_TYPE_COUNT,
} EventType;

typedef enum ActorType {
    ACTOR_NONE = 0,
    ACTOR_PARTNER,
    ACTOR_REVIEWER,
    ACTOR_CUSTOMER,
    ACTOR_OPERATOR,
    ACTOR_SYSTEM,
} ActorType;

typedef struct Actor {
    ActorType type;
    const char *id; /* "" when absent */
} Actor;

typedef enum Verdict { VERDICT_NONE = 0, VERDICT_APPROVE, VERDICT_REJECT, VERDICT_ASK } Verdict;

typedef enum SubscriptionState {
    SUBSCRIPTION_NONE = 0,
    SUBSCRIPTION_ACTIVE,
    SUBSCRIPTION_GRACE,
    SUBSCRIPTION_SUSPENDED,
    SUBSCRIPTION_EXPIRED,
    SUBSCRIPTION_DELETED,
} SubscriptionState;

/* One decoded record. Fields that its type does not have are zero. Everything is borrowed from
 * the batch (record) or its arena. */
typedef struct Event {
    EventType type;
    const Record *record;
    const char *source, *id;
    char cause_key[UUID_SIZE]; /* uuid_cause(source, id); event_set_apart makes another one */
    char digest[UUID_SIZE];    /* of type and data: two events of one (source, id) are the same one,
                                * or two to which their publisher gave the same name */
    bool is_set_apart;
    int64_t receipt_at_ms;

    char tenant_id[UUID_SIZE];
    char claim_id[CLAIM_ID_SIZE]; /* "" where the type has none */
    Actor actor;
    const int32_t *lines; /* NULL: all of them */
    size_t line_count;
    const char *reason; /* free text of withdrawal, disassociation, extension, verdict, or an
                         * opt-out's comment; NULL when absent or blank */
    int32_t revision;
    int64_t at_ms; /* deadline_at of an extension / opening, due_at of a wake-up, official_at */

    const char *proof; /* id of the key that signed it; NULL: nobody is proved */

    const char *data; /* types that are handed on to opt-out-expiry: all their data, as it came,
                       * unknown members too; else NULL */
    const ClaimDocument *document; /* submitted, resubmitted */
    const char *canonical;         /* likewise: document_canonical */
    char content_hash[65];         /* likewise: SHA-256 of canonical, hex */
    const char *token;             /* opted-out; NULL if absent */
    const char *comment;           /* canonical JSON of a comment-added's comment */
    const char *evidence;          /* canonical JSON array of evidence-added's poe */
    const Poe *poe;                /* evidence */
    size_t poe_count;
    Verdict verdict;
    const Finding *findings; /* reviewer's */
    size_t finding_count;
    const char *subscription_id; /* subscription-changed, imported; or NULL */
    SubscriptionState subscription_state;
    struct {
        const char *mpn_id, *domain, *product, *workload;
        SolutionArea solution_area;
        unsigned activities;
        int32_t line, poe_signed_on;
    } import; /* official_at in at_ms */
} Event;

/* What an event decoder needs to know of the installation. */
typedef struct EventContext {
    ZoneCheck *zone_is_valid;
    const void *zone_context;
    const struct EventGate *gate; /* signature_demand.h; NULL: nobody asks who signed */
} EventContext;

/*
 * event_decode - one record to one event: envelope (binary or structured CloudEvents, or friendly
 * input on claim-submission), then data. Total: a value or a dead letter, but for FATAL.
 *
 * Errors:  REJECT; code is the first that applies of TOO_LARGE HEADER_MISSING UNKNOWN_TYPE
 *          SOURCE_INVALID SIGNATURE_INVALID NOT_JSON TOO_DEEP FIELD_INVALID (the signature of an
 *          operator's opt-out is asked for last: its data says whose it is); the text names the
 *          JSON pointer or header and what it may be. A type that belongs to another topic is
 *          UNKNOWN_TYPE.
 *          FATAL  a type that is not known, of somebody who has a key: a newer release.
 * Source:  EVENTS sections 1, 3, 4, 5; ADR 21.
 */
MUST_CHECK bool event_decode(const Record *record, const EventContext *context, Arena *arena,
                             Event *ret_event, Error *reterr);

/* event_set_apart - its (source, id) names another event: a key of its own, by its content. */
void event_set_apart(Event *event, Arena *arena);

/* evidence_fits - every line that an evidence-added's PoE covers is one of the claim's. */
bool evidence_fits(const Event *event, const Claim *claim);

/* event_names_line - is the event about this line? One without lines is about all of them. */
bool event_names_line(const Event *event, int32_t number);

/* The words of the contract; static, NULL for the _NONE of each enum. A state's name that is not
 * known is SUBSCRIPTION_NONE. */
const char *event_type_name(EventType type);
bool event_type_is_handed_on(EventType type); /* claim-submission puts it into opt-out-expiry too */
bool event_type_is_known(const char *name);   /* on whatever topic */
const char *event_type_topic(EventType type); /* where upstream or a worker first puts it */
const char *actor_type_name(ActorType type);
const char *subscription_state_name(SubscriptionState state);
SubscriptionState subscription_state_from_name(const char *name);
