/* outbound_json.h - the bodies of outgoing events, members in the order of the contract. */
#pragma once

#include "claim/outbound.h"

/* The data of one event each, as compact JSON, NUL-terminated and borrowed from the arena; ret_size
 * as for writer_finish. Instants are business time, 0 is null.
 *
 * status_body - all of a claim: claim-status; previous CLAIM_NONE: its first event. */
const char *status_body(const Claim *claim, ClaimStatus previous, int64_t at_ms, Arena *arena,
                        size_t *ret_size);

/* reminder_body - the questions that are still open, and until when. */
const char *reminder_body(const Claim *claim, Arena *arena, size_t *ret_size);

/* official_body, ended_body - one line of the claim became official, or its association ended. */
const char *official_body(const Claim *claim, const Line *line, Arena *arena, size_t *ret_size);
const char *ended_body(const Claim *claim, const Line *line, Arena *arena, size_t *ret_size);

/* challenged_body - a rival would take the holder's line over at deadline_at_ms; not which. */
const char *challenged_body(const Claim *holder, const Line *line, int64_t deadline_at_ms,
                            Arena *arena, size_t *ret_size);

/* Members that are NULL, "" or 0 are left out. */
typedef struct InternalBody {
    const char *tenant_id, *claim_id;
    int32_t revision;
    int64_t deadline_at_ms, due_at_ms;
    const char *subscription_id, *state;
} InternalBody;

/* internal_body - between workers; text and ret_size as above. */
const char *internal_body(const InternalBody *body, Arena *arena, size_t *ret_size);
