/* answer.c - the end of the partner's days, before the first record that was received after it. */
#include "claim_submission.h"

#include "claim/transition.h"

void submission_settle_answer(Work *work, const Event *event, Entry *entry)
{
    Claim *claim = entry->claim;
    if (claim->status != CLAIM_PARTNER_ACTION_REQUIRED || claim->answer_due_at_ms == 0 ||
        claim->answer_due_at_ms >= event->receipt_at_ms)
        return;
    const int64_t due_at_ms = claim->answer_due_at_ms;
    Event *settling = arena_new(work->arena, sizeof *settling);
    *settling = *event; /* the same cause: who reads the record again publishes this too */
    settling->actor = (Actor){.type = ACTOR_SYSTEM, .id = ""};
    settling->reason = NULL;
    Change change = change_begin(work, settling, entry, due_at_ms);
    const Finding finding = {.code = CODE_NO_PARTNER_RESPONSE,
                             .kind = FINDING_REFUSAL,
                             .message = "No answer came in time; claim anew when you have one."};
    claim_add_finding(claim, work->arena, &finding);
    for (size_t i = 0; i < claim->line_count; i++)
        (void)!line_move(&claim->lines[i], LINE_REFUSE, CODE_NO_PARTNER_RESPONSE, due_at_ms);
    (void)change_end(&change, CHANGE_IF_MOVED);
}
