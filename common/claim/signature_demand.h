/* signature_demand.h - which events must be signed, and by whom; which sources may say what. */
#pragma once

#include "claim/event.h"
#include "claim/signature.h"

/* CPOR_DEMAND_SIGNATURES: each level demands what those before it do. */
typedef enum SignatureLevel {
    SIGNATURES_NONE,       /* none: a good signature is kept as a proof, no more */
    SIGNATURES_INTERNAL,   /* internal: what only the system itself says */
    SIGNATURES_PRIVILEGED, /* privileged: and what reviewers, importers and operators say */
} SignatureLevel;

/* signature_level_from_name - "none", "internal", "privileged"; false: no such word. */
MUST_CHECK bool signature_level_from_name(const char *name, SignatureLevel *ret_level);

/* signature_level_name - the same word; static. */
const char *signature_level_name(SignatureLevel level);

/* An event, as far as it is known who may have said it. */
typedef struct Saying {
    EventType type;
    ActorType actor;    /* ACTOR_NONE before the data is read */
    const char *source; /* ce_source */
    const char *topic;  /* short name */
} Saying;

/*
 * signature_demand - the roles of which one must have signed it. Pure; a table in the code.
 *
 * Returns: SIGNATURE_NOBODY  no signature is demanded.
 */
unsigned signature_demand(SignatureLevel level, const Saying *saying);

/* signature_demand_unknown - likewise, of a type that is not known: by its source alone. */
unsigned signature_demand_unknown(SignatureLevel level, const char *source);

/* signature_demand_reference - likewise, of a record of a reference topic. */
unsigned signature_demand_reference(SignatureLevel level);

/*
 * source_may_say - whether the source may say this at all, signed or not: what is internal comes
 * from the system's own sources alone ("cpor/…", "urn:cpor:…", in any case of letters), and what
 * outsiders send to claim-submission never does, so that nobody spends the id of a worker's event.
 *
 * In:      saying   its actor does not matter.
 * Out:     ret_why  what to do, for the dead letter; static; set if false.
 */
bool source_may_say(const Saying *saying, const char **ret_why);

/* saying_is_handed_on - claim-submission has put it, as it came, into opt-out-expiry. */
bool saying_is_handed_on(const Saying *saying);

/* source_is_own - "cpor/…" or "urn:cpor:…", in any case of letters. */
bool source_is_own(const char *source);

/*
 * What event_decode needs to judge who said it. Owned by whoever reads the log; its texts and keys
 * are borrowed as long as it is used.
 */
typedef struct EventGate {
    const EventKeys *keys;
    SignatureLevel level;
    const char *topic_prefix; /* of the installation: topics are signed by their name on the wire */
    /* Called for each refusal; demanded is a set of roles. May be NULL. */
    void (*refused)(void *context, unsigned demanded, SignatureVerdict verdict);
    void *context;
} EventGate;

/*
 * gate_check - whether one of the roles has signed the record.
 *
 * In:      demanded  SIGNATURE_NOBODY: a good signature is a proof, any other is overlooked.
 *          names     type, source and id; topic, key and value are the record's.
 * Out:     ret_signer  its key's id is borrowed from the gate; NULL: nobody is proved.
 * Errors:  REJECT SIGNATURE_INVALID.
 */
MUST_CHECK bool gate_check(const EventGate *gate, unsigned demanded, const Record *record,
                           const SignedRecord *names, Signer *ret_signer, Error *reterr);

/* signature_roles_label - a set of roles as one word, for a metric: "reviewer" also where an
 * operator may too; "any". */
const char *signature_roles_label(unsigned roles);

/* CloudEvents' ce_source of a claim that came without any header, and of cporctl. */
#define SOURCE_FRIENDLY "urn:cpor:friendly"
#define SOURCE_CPORCTL "urn:cpor:cporctl"
