/* signing.h - what this tool publishes is signed with the operator's keys, as the workers ask. */
#pragma once

#include "cporctl.h"

#include "claim/signature_demand.h"

typedef struct Signing {
    EventKeys *keys;
    SignatureLevel level; /* what the workers demand, as far as this tool was told */
} Signing;

/* demand_read - what the workers demand, from CPOR_DEMAND_SIGNATURES; empty is none.
 * Errors:  in session->error. FATAL  no such level. */
MUST_CHECK bool demand_read(Session *session, SignatureLevel *ret_level);

/* signing_open - from settings_signing. Errors: in session->error. FATAL  bad keys, no such level.
 */
MUST_CHECK bool signing_open(Session *session, Signing *ret_signing);
void signing_close(Signing *signing);

/*
 * signing_sign - with the first key of the role that fits best: a review with a reviewer's, all
 * else with an operator's; without such a key with any other.
 *
 * In:      type    names->type is its name; topic, key and value are the record's.
 * Out:     ret_signature  "": there is no key, and none is demanded.
 * Errors:  FATAL  a signature is demanded that none of the keys can give.
 */
MUST_CHECK bool signing_sign(const Signing *signing, EventType type, const SignedRecord *record,
                             char ret_signature[SIGNATURE_SIZE], Error *reterr);
