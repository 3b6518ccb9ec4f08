/* claim.c - a claim's status follows from its lines and findings, here and nowhere else. */
#include "claim/claim.h"

#include "claim/uuid.h"

#include <stdio.h>
#include <string.h>

Line *claim_line(const Claim *claim, int32_t number)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].number == number)
            return &claim->lines[i];
    return NULL;
}

/* A line that a question or a wait can still hold. */
static bool line_is_before_window(const Line *line)
{
    return line->status == LINE_UNDER_REVIEW || line->status == LINE_VALIDATED;
}

bool line_is_live(const Line *line)
{
    return line_is_before_window(line) || line->status == LINE_OPT_OUT_OPEN;
}

static bool claim_is_full(const Claim *claim, const Finding *finding)
{
    size_t size = strlen(finding->message == NULL ? "" : finding->message);
    for (size_t i = 0; i < claim->finding_count; i++)
        size += claim->findings[i].message == NULL ? 0 : strlen(claim->findings[i].message);
    return claim->finding_count >= CLAIM_FINDING_COUNT_MAX || size > CLAIM_FINDING_SIZE_MAX;
}

/* Of those that hold nothing the last about a line, which has its reason; else the last. */
static size_t claim_spare_finding(const Claim *claim)
{
    size_t spare = claim->finding_count;
    for (size_t i = claim->finding_count; i-- > 0;) {
        if (claim_finding_is_open(claim, &claim->findings[i]))
            continue;
        if (claim->findings[i].line != 0)
            return i;
        if (spare == claim->finding_count)
            spare = i;
    }
    return spare == claim->finding_count ? claim->finding_count - 1 : spare;
}

static void claim_remove_finding(Claim *claim, size_t index)
{
    claim->finding_count--;
    memmove(&claim->findings[index], &claim->findings[index + 1],
            (claim->finding_count - index) * sizeof *claim->findings);
}

/* A question must not be lost: its line would wait for an answer that nobody was asked for. */
void claim_add_finding(Claim *claim, Arena *arena, const Finding *finding)
{
    const bool must_stay = finding->kind == FINDING_QUESTION || finding->line == 0;
    while (must_stay && claim->finding_count > 0 && claim_is_full(claim, finding))
        claim_remove_finding(claim, claim_spare_finding(claim));
    if (claim_is_full(claim, finding))
        return;
    claim->findings = arena_grow(arena, claim->findings, sizeof *claim->findings,
                                 claim->finding_count, &claim->finding_room);
    claim->findings[claim->finding_count++] = *finding;
}

static bool claim_has_line_before_window(const Claim *claim)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (line_is_before_window(&claim->lines[i]))
            return true;
    return false;
}

bool claim_finding_is_open(const Claim *claim, const Finding *finding)
{
    if (finding->kind != FINDING_QUESTION)
        return false;
    const Line *line = finding->line == 0 ? NULL : claim_line(claim, finding->line);
    return line == NULL ? claim_has_line_before_window(claim) : line_is_before_window(line);
}

bool claim_has_question(const Claim *claim)
{
    if (!claim_has_line_before_window(claim))
        return false;
    for (size_t i = 0; i < claim->finding_count; i++)
        if (claim_finding_is_open(claim, &claim->findings[i]))
            return true;
    return false;
}

/* A question holds every line that passed; a review those that no reviewer approved. */
static void claim_hold_or_release(Claim *claim, bool asked)
{
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        const bool passed = line->check == CHECK_APPROVED ||
                            (line->check == CHECK_PASSED && !claim->review_pending);
        if (line->status == LINE_VALIDATED && (asked || !passed))
            line->status = LINE_UNDER_REVIEW;
        else if (!asked && line->status == LINE_UNDER_REVIEW && passed)
            line->status = LINE_VALIDATED;
    }
}

/* The first that any line has decides; then all WITHDRAWN; else REJECTED. */
static ClaimStatus claim_status_of_lines(const Claim *claim)
{
    static const struct {
        LineStatus line;
        ClaimStatus claim;
    } order[] = {
        {LINE_UNDER_REVIEW, CLAIM_UNDER_REVIEW},
        {LINE_VALIDATED, CLAIM_VALIDATED},
        {LINE_OPT_OUT_OPEN, CLAIM_OPT_OUT_OPEN},
        {LINE_OFFICIAL, CLAIM_OFFICIAL},
        {LINE_ENDED, CLAIM_ENDED},
    };
    size_t counts[LINE_STATUS_COUNT] = {0};
    for (size_t i = 0; i < claim->line_count; i++)
        counts[claim->lines[i].status]++;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (counts[order[i].line] > 0)
            return order[i].claim;
    if (claim->line_count > 0 && counts[LINE_WITHDRAWN] == claim->line_count)
        return CLAIM_WITHDRAWN;
    return CLAIM_REJECTED;
}

void claim_settle(Claim *claim)
{
    const bool asked = claim_has_question(claim);
    if (claim->validated_at_ms != 0)
        claim_hold_or_release(claim, asked || claim->grace);

    claim->status = claim_status_of_lines(claim);
    const bool waits = claim->status == CLAIM_UNDER_REVIEW;
    if (asked)
        claim->status = CLAIM_PARTNER_ACTION_REQUIRED;
    else if (claim->validated_at_ms == 0 && (waits || claim->line_count == 0))
        claim->status = CLAIM_SUBMITTED;

    if (claim->status != CLAIM_PARTNER_ACTION_REQUIRED)
        claim->answer_due_at_ms = claim->reminder_at_ms = 0;
    bool any_waits = false, any_open = false;
    for (size_t i = 0; i < claim->line_count; i++) {
        const Line *line = &claim->lines[i];
        any_waits |= line->status == LINE_UNDER_REVIEW && line->check == CHECK_WAITS;
        any_open |= line->status == LINE_UNDER_REVIEW && line->check != CHECK_WAITS;
    }
    if (!any_waits)
        claim->recheck_at_ms = 0;
    if (!any_open) /* what comes after a wait is validated once more, and reviewed then */
        claim->review_pending = false;
    if (claim->status != CLAIM_VALIDATED)
        claim->notice_retry_at_ms = 0;
}

bool claim_wants_notice(const Claim *claim)
{
    return claim->status == CLAIM_VALIDATED && claim->notice_revision < claim->revision;
}

int64_t claim_deadline(const Claim *claim)
{
    int64_t latest = 0;
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].deadline_at_ms > latest)
            latest = claim->lines[i].deadline_at_ms;
    return latest;
}

void association_id(const Claim *claim, int32_t line, char ret_id[UUID_SIZE])
{
    char name[UUID_SIZE + CLAIM_ID_SIZE + 32];
    snprintf(name, sizeof name, "%s/%s/line/%d", claim->tenant_id, claim->claim_id, line);
    uuid_event(name, ret_id);
}
