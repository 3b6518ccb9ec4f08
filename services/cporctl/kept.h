/* kept.h - opt-outs that wait for their claim, and how long. */
#pragma once

#include "claim_find.h"

/* An opt-out that waits for its claim. Texts are borrowed from the session's arena. */
typedef struct KeptOptOut {
    int64_t received_at_ms, until_ms;
    const char *lines; /* "all", or numbers */
} KeptOptOut;

typedef struct KeptOptOuts {
    KeptOptOut *list;
    size_t count;
} KeptOptOuts;

/* kept_load - those of one claim, oldest first. Errors: in session->error. */
MUST_CHECK bool kept_load(Session *session, const ClaimName *name, KeptOptOuts *ret_kept);

/* kept_print - a line for each: an opt-out waits for this claim. */
void kept_print(Session *session, const KeptOptOuts *kept);

/* kept_until_ms - the instant after which a kept opt-out becomes a dead letter; by the setting
 * CPOR_KEPT_OPT_OUT_DAYS, which the command must have. */
int64_t kept_until_ms(const Session *session, int64_t received_at_ms);
