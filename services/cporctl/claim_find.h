/* claim_find.h - which claim is meant: TENANT_ID CLAIM_ID, or CLAIM_ID of any tenant. */
#pragma once

#include "cporctl.h"

typedef struct ClaimName {
    char tenant_id[40];
    const char *claim_id; /* borrowed from argv */
} ClaimName;

/*
 * claim_find - read the words of the call; where no tenant is given, look for it.
 *
 * In:      session  its database is open.
 * Out:     ret_name  set with EXIT_CODE_DONE. With a tenant given, the claim need not exist.
 * Returns: EXIT_CODE_DONE; else the exit code, and why was told: a bad word, no such claim, or
 *          several.
 */
MUST_CHECK ExitCode claim_find(Session *session, ClaimName *ret_name);

/* claim_words_check - whether the words can be a tenant and a claim; for before connecting.
 * Returns: EXIT_CODE_DONE, or EXIT_CODE_USAGE and why was told. */
MUST_CHECK ExitCode claim_words_check(const Session *session);

/* tenant_word_check - whether a word is a GUID. Returns: as above. */
MUST_CHECK ExitCode tenant_word_check(const Session *session, const char *word);
