/* status.h - a claim as `cporctl status` shows it. */
#pragma once

#include "kept.h"

#include "claim/claim.h"

typedef struct ClaimView {
    Claim claim;          /* the columns that are shown; version 0: there is no such claim */
    const Zone *zone;     /* of the customer; of the calendar; else UTC */
    const char *shown_as; /* to the partner: "Approved, customer may opt out until …" */
    KeptOptOuts kept;
} ClaimView;

/* status_shown_as - the words that the partner reads. zone may be NULL: UTC. Pure but for the
 * arena. */
const char *status_shown_as(const Claim *claim, const Zone *zone, Arena *arena);

/* status_load_claim - the columns that are shown. Out: claim  version 0: there is no such claim;
 * its other members are left as they were. Errors: in session->error. */
MUST_CHECK bool status_load_claim(Session *session, const ClaimName *name, Claim *claim);

/* status_print_text / status_print_json - the whole view. */
void status_print_text(Session *session, const ClaimView *view);
void status_print_json(Session *session, const ClaimView *view);
