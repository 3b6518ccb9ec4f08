/* outbound.h - what goes out: the body of every event that a worker publishes. Pure. */
#pragma once

#include "claim/event.h"

/* Each returns an Outcome whose texts are in the arena; cause is the record that it came from. */

/* outbound_status - cpor.claim.status-changed.v1 of the claim as it is now (its sequence too). */
Outcome outbound_status(const Claim *claim, ClaimStatus previous, int64_t at_ms,
                        const Record *cause, Arena *arena);

/* outbound_reminder - cpor.claim.answer-reminder.v1: what the partner still has to answer, and
 * until when. Its id is the UUIDv5 of tenant_id/claim_id/reminder/<deadline_at as published>. */
Outcome outbound_reminder(const Claim *claim, int64_t at_ms, const Record *cause, Arena *arena);

/* outbound_official / outbound_ended - for one line of a claim, on association-official. */
Outcome outbound_official(const Claim *claim, const Line *line, const Record *cause, Arena *arena);
Outcome outbound_ended(const Claim *claim, const Line *line, const Record *cause, Arena *arena);

/* outbound_challenged - tells the holder (claim, line); never names the challenger, whose
 * association id only makes the event's id. deadline_at_ms is the challenger's. */
Outcome outbound_challenged(const Claim *holder, const Line *line, const char *challenger_id,
                            int64_t at_ms, int64_t deadline_at_ms, const Record *cause,
                            Arena *arena);

/* outbound_claim_event - an internal event about a claim: {tenant_id, claim_id, revision[,
 * deadline_at]}; EVENT_CLAIM_RECEIVED, EVENT_NOTICE_REQUESTED, EVENT_WINDOW_OPENED.
 * Its id is the UUIDv5 of tenant_id/claim_id/<type name>/revision. */
Outcome outbound_claim_event(EventType type, const Claim *claim, int64_t at_ms, const Record *cause,
                             Arena *arena);

/* outbound_recheck - EVENT_RECHECK_DUE for a claim, woken by something other than its timer;
 * waker makes the id unique (e.g. "subscription/0/4711"). */
Outcome outbound_recheck(const char *tenant_id, const char *claim_id, int64_t at_ms,
                         const char *waker, const Record *cause, Arena *arena);

/* outbound_wake - what a timer appends. due_at_ms is the timer's, fired_at_ms makes the id unique;
 * EVENT_WINDOW_CLOSED (claim_id ""), EVENT_ANSWER_DUE, EVENT_RECHECK_DUE. */
Outcome outbound_wake(EventType type, const char *tenant_id, const char *claim_id,
                      int64_t due_at_ms, int64_t fired_at_ms, Arena *arena);

/* outbound_subscription - EVENT_SUBSCRIPTION_CHANGED; waker as above. */
Outcome outbound_subscription(const char *tenant_id, const char *subscription_id,
                              SubscriptionState state, const char *waker, const Record *cause,
                              Arena *arena);

/* outbound_forward - a partner's event handed on to opt-out-expiry as it came: type, data and a
 * deterministic id of the original's (source, id). */
Outcome outbound_forward(const Event *event, Arena *arena);

/*
 * outcomes_encode / outcomes_decode - the outcomes of one move as a JSON array, kept in its
 * history row, so that a redelivered record publishes the very same bytes.
 */
const char *outcomes_encode(const Outcome *outcomes, size_t count, Arena *arena);
MUST_CHECK bool outcomes_decode(const char *text, const Record *cause, Arena *arena,
                                Outcome **ret_outcomes, size_t *ret_count, Error *reterr);
