/* submit_wait.h - what became of the claims that were published. */
#pragma once

#include "submit_check.h"

typedef struct SubmitWait SubmitWait;

/* submit_wait_new - an empty list. Ends the process where there is no memory, as arenas do. */
SubmitWait *submit_wait_new(void);
void submit_wait_free(SubmitWait **place);

/* submit_wait_add - one more claim to wait for; copied. Some 150 bytes each. */
void submit_wait_add(SubmitWait *wait, const SubmitDocument *document);

/*
 * submit_wait_run - until each claim has left SUBMITTED, or its event turned out to change nothing.
 *
 * Out:     ret_left_count  claims that were still waited for when the time was over.
 * Errors:  in session->error.
 */
MUST_CHECK bool submit_wait_run(Session *session, SubmitWait *wait, int64_t timeout_ms,
                                size_t *ret_left_count);

/* submit_wait_print - a line per claim, then how many there are of each status.
 * Returns: how many were refused as a whole (CLAIM_IMMUTABLE) or ignored. */
size_t submit_wait_print(Session *session, const SubmitWait *wait);

/* submit_wait_print_json - an array. Returns: likewise. */
size_t submit_wait_print_json(const SubmitWait *wait);
