/* claim_json.h - lines and findings as JSON texts: how a claim's row keeps them. Pure. */
#pragma once

#include "claim/claim.h"

/* claim_lines_encode / _decode - every field of every Line; short keys. Decode fails only on a
 * row that this project did not write: FATAL. */
const char *claim_lines_encode(const Claim *claim, Arena *arena);
MUST_CHECK bool claim_lines_decode(const char *text, Arena *arena, Claim *claim, Error *reterr);
const char *claim_findings_encode(const Claim *claim, Arena *arena);
MUST_CHECK bool claim_findings_decode(const char *text, Arena *arena, Claim *claim, Error *reterr);
