/* outbound_json.h - the bodies of outgoing events, members in the order of the contract. */
#pragma once

#include "claim/outbound.h"

const char *status_body(const Claim *claim, ClaimStatus previous, int64_t at_ms, Arena *arena,
                        size_t *ret_size);
const char *official_body(const Claim *claim, const Line *line, Arena *arena, size_t *ret_size);
const char *ended_body(const Claim *claim, const Line *line, Arena *arena, size_t *ret_size);
const char *challenged_body(const Claim *holder, const Line *line, int64_t deadline_at_ms,
                            Arena *arena, size_t *ret_size);

/* Members that are NULL, "" or 0 are left out. */
typedef struct InternalBody {
    const char *tenant_id, *claim_id;
    int32_t revision;
    int64_t deadline_at_ms, due_at_ms;
    const char *subscription_id, *state;
} InternalBody;
const char *internal_body(const InternalBody *body, Arena *arena, size_t *ret_size);
