/* forget_claim.h - erases persons' data of one claim, in one transaction. */
#pragma once

#include "cporctl.h"

typedef enum ForgetOutcome {
    FORGET_DONE,    /* erased, or would be */
    FORGET_NOTHING, /* nothing of that person is there (any more) */
    FORGET_NEEDED,  /* the notice is still to be sent to this contact: nothing was changed */
} ForgetOutcome;

typedef struct Forgetting {
    const char *email; /* NULL: everybody whom the claim names */
    const char *operator_id;
    int64_t now_ms; /* business time */
    bool is_dry_run;
} Forgetting;

typedef struct ForgetCounts {
    size_t documents, attachments, history, kept;
    bool findings;
} ForgetCounts;

/*
 * forget_claim - lock the claim, erase, note in the history that it was done, commit.
 *
 * Errors:  in session->error; nothing was changed.
 * Again:   safe: what is erased already is FORGET_NOTHING.
 */
MUST_CHECK bool forget_claim(Session *session, const Forgetting *forgetting, const char *tenant_id,
                             const char *claim_id, ForgetOutcome *ret_outcome,
                             ForgetCounts *ret_counts);
