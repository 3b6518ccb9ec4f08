/* review.c - a reviewer's verdict: approve, reject or ask, for some lines or for all. */
#include "claim_submission.h"

#include "claim/transition.h"

#include <string.h>

static bool names_line(const Event *event, int32_t number)
{
    for (size_t i = 0; i < event->line_count; i++)
        if (event->lines[i] == number)
            return true;
    return event->lines == NULL;
}

static bool line_fits(const Event *event, const Line *line)
{
    return line->status == LINE_UNDER_REVIEW && names_line(event, line->number);
}

static size_t count_fitting(const Event *event, const Claim *claim)
{
    size_t count = 0;
    for (size_t i = 0; i < claim->line_count; i++)
        if (line_fits(event, &claim->lines[i]))
            count += event->verdict != VERDICT_APPROVE || claim->lines[i].slot[0] != '\0';
    return count;
}

/* An approval answers the questions and ends the waits of its lines; it cannot reach a contact. */
static void drop_answered(Claim *claim, const Event *event)
{
    size_t kept = 0;
    for (size_t i = 0; i < claim->finding_count; i++) {
        const Finding *finding = &claim->findings[i];
        const bool answered =
            finding->line == 0 ? event->lines == NULL : names_line(event, finding->line);
        if (finding->kind == FINDING_REFUSAL || finding->code == CODE_CONTACT_UNREACHABLE ||
            !answered)
            claim->findings[kept++] = *finding;
    }
    claim->finding_count = kept;
}

static void approve(Claim *claim, const Event *event)
{
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        if (line_fits(event, line) && line->slot[0] != '\0')
            line->check = CHECK_APPROVED;
    }
    drop_answered(claim, event);
    claim->grace = false;
}

static void add_finding(Claim *claim, Arena *arena, Code code, int32_t line, const char *message)
{
    const Finding finding = {
        .code = code, .kind = code_row(code)->kind, .line = line, .message = message};
    claim_add_finding(claim, arena, &finding);
}

/* What the reviewer says of each line, beside the reason that every refused line has. */
static void add_own_findings(Claim *claim, const Event *event, Arena *arena, Code code)
{
    for (size_t i = 0; i < event->finding_count; i++)
        add_finding(claim, arena, code, event->findings[i].line, event->findings[i].message);
}

static void reject(Claim *claim, const Event *event, Arena *arena)
{
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        if (!line_fits(event, line))
            continue;
        add_finding(claim, arena, CODE_REVIEWER_REJECTED, line->number, event->reason);
        (void)!line_move(line, LINE_REFUSE, CODE_REVIEWER_REJECTED, event->receipt_at_ms);
    }
    add_own_findings(claim, event, arena, CODE_REVIEWER_REJECTED);
}

static void ask(Claim *claim, const Event *event, Arena *arena)
{
    add_own_findings(claim, event, arena, CODE_REVIEWER_QUESTION);
    for (size_t i = 0; event->finding_count == 0 && i < event->line_count; i++)
        add_finding(claim, arena, CODE_REVIEWER_QUESTION, event->lines[i], event->reason);
    if (event->finding_count == 0 && event->line_count == 0)
        add_finding(claim, arena, CODE_REVIEWER_QUESTION, 0, event->reason);
}

void submission_review(Work *work, const Event *event, Entry *entry)
{
    Claim *claim = entry->claim;
    if (event->revision != claim->revision) {
        work_ignore(work, event, "the verdict is about another revision");
        return;
    }
    if (claim->validated_at_ms == 0 || count_fitting(event, claim) == 0) {
        work_ignore(work, event, "no such line is under review with a known slot");
        return;
    }
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    switch (event->verdict) {
    case VERDICT_APPROVE:
        approve(claim, event);
        break;
    case VERDICT_REJECT:
        reject(claim, event, work->arena);
        break;
    case VERDICT_ASK:
        ask(claim, event, work->arena);
        break;
    case VERDICT_NONE:
        break;
    }
    change_end(&change, CHANGE_PUBLISHED);
}
