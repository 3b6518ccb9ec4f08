/* signing.c - see signing.h. */
#include "signing.h"

enum { ROLE_COUNT = 6 };

bool demand_read(Session *session, SignatureLevel *ret_level)
{
    const char *name = config_text(session->config, "CPOR_DEMAND_SIGNATURES");
    bool is_production;
    if (!session_is_production(session, &is_production))
        return false;
    *ret_level = is_production ? SIGNATURES_PRIVILEGED : SIGNATURES_NONE;
    return *name == '\0' || signature_level_from_name(name, ret_level) ||
           error_set(&session->error, ERROR_FATAL,
                     "read CPOR_DEMAND_SIGNATURES \"%.40s\": must be none, internal or"
                     " privileged, as the workers have it",
                     name);
}

bool signing_open(Session *session, Signing *ret_signing)
{
    *ret_signing = (Signing){.keys = NULL};
    return demand_read(session, &ret_signing->level) &&
           event_keys_open(config_text(session->config, "CPOR_EVENT_KEYS"), &ret_signing->keys,
                           &session->error);
}

void signing_close(Signing *signing)
{
    event_keys_release(&signing->keys);
}

/* The first role of which there is a key. */
static SignatureRole best_role(const EventKeys *keys, EventType type)
{
    const SignatureRole wanted[ROLE_COUNT] = {
        type == EVENT_CLAIM_REVIEWED ? SIGNATURE_REVIEWER : SIGNATURE_OPERATOR,
        SIGNATURE_OPERATOR,
        SIGNATURE_REVIEWER,
        SIGNATURE_IMPORTER,
        SIGNATURE_MAIL,
        SIGNATURE_WORKER,
    };
    const unsigned roles = event_keys_roles(keys);
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if ((roles & (unsigned)wanted[i]) != 0)
            return wanted[i];
    return SIGNATURE_NOBODY;
}

bool signing_sign(const Signing *signing, EventType type, const SignedRecord *record,
                  char ret_signature[SIGNATURE_SIZE], Error *reterr)
{
    const SignatureRole role = best_role(signing->keys, type);
    const Saying saying = {.type = type,
                           .actor = ACTOR_OPERATOR, /* whose opt-outs this tool publishes */
                           .source = record->source,
                           .topic = event_type_topic(type)};
    const unsigned demanded = signature_demand(signing->level, &saying);
    if (demanded != SIGNATURE_NOBODY && (demanded & (unsigned)role) == 0)
        return error_set(reterr, ERROR_FATAL,
                         "sign %s: the workers demand it (CPOR_DEMAND_SIGNATURES), and no key of"
                         " CPOR_EVENT_KEYS may say this; give id:operator:secret, as the workers"
                         " have it",
                         record->type);
    (void)!signature_sign(signing->keys, role, record, ret_signature); /* "" where there is none */
    return true;
}
