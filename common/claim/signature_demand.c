/* signature_demand.c - who must have signed what: a row per event type; see EVENTS section 5. */
#include "claim/signature_demand.h"

#include <string.h>
#include <strings.h>

static const char submission_topic[] = "claim-submission";
static const char expiry_topic[] = "opt-out-expiry";

static const char *const level_names[] = {
    [SIGNATURES_NONE] = "none",
    [SIGNATURES_INTERNAL] = "internal",
    [SIGNATURES_PRIVILEGED] = "privileged",
};

const char *signature_level_name(SignatureLevel level)
{
    return level_names[level];
}

bool signature_level_from_name(const char *name, SignatureLevel *ret_level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *ret_level = (SignatureLevel)i;
            return true;
        }
    }
    return false;
}

typedef struct DemandRow {
    bool is_internal;     /* only the system itself says it, wherever it stands */
    unsigned roles;       /* privileged: one of them */
    ActorType only_actor; /* privileged only where this is the actor; NONE: always */
} DemandRow;

/* Zeros: partners and customers say it, and nobody need sign. */
static const DemandRow demands[EVENT_TYPE_COUNT] = {
    [EVENT_CLAIM_SUBMITTED] = {.roles = SIGNATURE_NOBODY},
    [EVENT_CLAIM_RESUBMITTED] = {.roles = SIGNATURE_NOBODY},
    [EVENT_CLAIM_WITHDRAWN] = {.roles = SIGNATURE_NOBODY},
    [EVENT_EVIDENCE_ADDED] = {.roles = SIGNATURE_NOBODY},
    [EVENT_COMMENT_ADDED] = {.roles = SIGNATURE_NOBODY},
    [EVENT_CLAIM_REVIEWED] = {.roles = SIGNATURE_REVIEWER | SIGNATURE_OPERATOR},
    [EVENT_DISASSOCIATED] = {.roles = SIGNATURE_NOBODY},
    [EVENT_IMPORTED] = {.roles = SIGNATURE_IMPORTER | SIGNATURE_OPERATOR},
    [EVENT_ANSWER_DUE] = {.is_internal = true},
    [EVENT_REMINDER_DUE] = {.is_internal = true},
    [EVENT_CLAIM_RECEIVED] = {.is_internal = true},
    [EVENT_RECHECK_DUE] = {.is_internal = true},
    [EVENT_NOTICE_REQUESTED] = {.is_internal = true},
    [EVENT_NOTICE_RETRY_DUE] = {.is_internal = true},
    [EVENT_CUSTOMER_OPTED_OUT] = {.roles = SIGNATURE_OPERATOR, .only_actor = ACTOR_OPERATOR},
    [EVENT_WINDOW_OPENED] = {.is_internal = true},
    [EVENT_WINDOW_EXTENDED] = {.roles = SIGNATURE_OPERATOR},
    [EVENT_WINDOW_CLOSED] = {.is_internal = true},
    [EVENT_KEPT_DUE] = {.is_internal = true},
    [EVENT_SUBSCRIPTION_CHANGED] = {.is_internal = true},
};

static bool begins_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool source_is_worker(const char *source)
{
    return begins_with(source, "cpor/");
}

bool source_is_own(const char *source)
{
    return source_is_worker(source) || begins_with(source, "urn:cpor:");
}

/* On opt-out-expiry it is claim-submission's, so internal there. */
bool saying_is_handed_on(const Saying *saying)
{
    return event_type_is_handed_on(saying->type) && strcmp(saying->topic, expiry_topic) == 0;
}

static bool is_internal(const Saying *saying)
{
    return demands[saying->type].is_internal || saying_is_handed_on(saying);
}

unsigned signature_demand(SignatureLevel level, const Saying *saying)
{
    const DemandRow *row = &demands[saying->type];
    if (level == SIGNATURES_NONE)
        return SIGNATURE_NOBODY;
    if (is_internal(saying) || source_is_worker(saying->source))
        return SIGNATURE_WORKER;
    if (level == SIGNATURES_PRIVILEGED && row->roles != SIGNATURE_NOBODY &&
        (row->only_actor == ACTOR_NONE || row->only_actor == saying->actor))
        return row->roles;
    return source_is_own(saying->source) ? SIGNATURE_ANYBODY : SIGNATURE_NOBODY;
}

unsigned signature_demand_unknown(SignatureLevel level, const char *source)
{
    if (level == SIGNATURES_NONE)
        return SIGNATURE_NOBODY;
    if (source_is_worker(source))
        return SIGNATURE_WORKER;
    return source_is_own(source) ? SIGNATURE_ANYBODY : SIGNATURE_NOBODY;
}

unsigned signature_demand_reference(SignatureLevel level)
{
    return level == SIGNATURES_PRIVILEGED ? SIGNATURE_IMPORTER : SIGNATURE_NOBODY;
}

bool source_may_say(const Saying *saying, const char **ret_why)
{
    const bool is_own = source_is_own(saying->source);
    if (is_internal(saying)) {
        *ret_why = "only the system itself says this; publish what partners, customers and"
                   " operators say (the contract's table of events)";
        return is_own;
    }
    *ret_why = "sources that begin with cpor/ or urn:cpor: are the system's own; give ce_source"
               " the name of your program";
    return !is_own || strcmp(saying->topic, submission_topic) != 0 ||
           strcmp(saying->source, SOURCE_CPORCTL) == 0;
}

const char *signature_roles_label(unsigned roles)
{
    unsigned highest = SIGNATURE_MAIL;
    if (roles == SIGNATURE_ANYBODY)
        return "any";
    while (highest != 0 && (roles & highest) == 0)
        highest >>= 1;
    return signature_role_name(highest);
}
