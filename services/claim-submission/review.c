/* review.c - a reviewer's verdict: approve, reject or ask, for some lines or for all. */
#include "claim_submission.h"

#include "claim/transition.h"

#include <string.h>

static bool line_fits(const Event *event, const Line *line)
{
    return line->status == LINE_UNDER_REVIEW && event_names_line(event, line->number);
}

static size_t count_fitting(const Event *event, const Claim *claim)
{
    size_t count = 0;
    for (size_t i = 0; i < claim->line_count; i++)
        if (line_fits(event, &claim->lines[i]))
            count += event->verdict != VERDICT_APPROVE || claim->lines[i].slot[0] != '\0';
    return count;
}

/* An approval answers the questions and ends the waits of the lines that it approves, without lines
 * those about the claim too. It gives no line a slot, and it cannot reach a contact. */
static bool approval_answers(const Claim *claim, const Event *event, const Finding *finding)
{
    if (finding->kind == FINDING_REFUSAL || finding->code == CODE_CONTACT_UNREACHABLE)
        return false;
    const Line *line = finding->line == 0 ? NULL : claim_line(claim, finding->line);
    if (line == NULL)
        return event->lines == NULL;
    return line_fits(event, line) && line->check == CHECK_APPROVED;
}

/* True when it approved a line that waited for a reviewer, for an answer or for a record. */
static bool approve(Claim *claim, const Event *event)
{
    bool any = false;
    size_t kept = 0;
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        if (!line_fits(event, line) || line->slot[0] == '\0')
            continue;
        any |=
            line->check != CHECK_APPROVED && (line->check != CHECK_PASSED || claim->review_pending);
        line->check = CHECK_APPROVED;
    }
    for (size_t i = 0; i < claim->finding_count; i++)
        if (!approval_answers(claim, event, &claim->findings[i]))
            claim->findings[kept++] = claim->findings[i];
    claim->finding_count = kept;
    claim->grace = false;
    return any;
}

/* A line that the claim does not have cannot be answered for: then it is about the claim. Once is
 * enough: what is told already is not told again. */
static void add_finding(Claim *claim, Arena *arena, Code code, int32_t number, const char *message)
{
    const int32_t line = claim_line(claim, number) == NULL ? 0 : number;
    for (size_t i = 0; i < claim->finding_count; i++)
        if (claim->findings[i].code == code && claim->findings[i].line == line &&
            strcmp(claim->findings[i].message, message) == 0)
            return;
    const Finding finding = {
        .code = code, .kind = code_row(code)->kind, .line = line, .message = message};
    claim_add_finding(claim, arena, &finding);
}

/* What more the reviewer has to say of a refused line; 0: of the claim. */
static void add_details(Claim *claim, const Event *event, Arena *arena, int32_t number)
{
    for (size_t i = 0; i < event->finding_count; i++) {
        const Line *line = claim_line(claim, event->findings[i].line);
        if ((line == NULL ? 0 : line->number) == number)
            add_finding(claim, arena, CODE_REVIEWER_REJECTED, number, event->findings[i].message);
    }
}

static void reject(Claim *claim, const Event *event, Arena *arena)
{
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        if (!line_fits(event, line))
            continue;
        add_finding(claim, arena, CODE_REVIEWER_REJECTED, line->number, event->reason);
        add_details(claim, event, arena, line->number);
        (void)!line_move(line, LINE_REFUSE, CODE_REVIEWER_REJECTED, event->receipt_at_ms);
    }
    add_details(claim, event, arena, 0);
}

/* The verdict's findings ask what its reason asks: there, or (line 0) of a line that can answer. */
static bool findings_say_reason(const Claim *claim, const Event *event, int32_t number)
{
    for (size_t i = 0; i < event->finding_count; i++) {
        const Line *line = claim_line(claim, event->findings[i].line);
        const bool is_there = number == 0 ? line == NULL || line_fits(event, line)
                                          : line != NULL && line->number == number;
        if (is_there && strcmp(event->findings[i].message, event->reason) == 0)
            return true;
    }
    return false;
}

/* The reason is asked of the lines that the verdict names, else of the claim. */
static void ask(Claim *claim, const Event *event, Arena *arena)
{
    for (size_t i = 0; i < event->finding_count; i++)
        add_finding(claim, arena, CODE_REVIEWER_QUESTION, event->findings[i].line,
                    event->findings[i].message);
    for (size_t i = 0; i < event->line_count; i++)
        if (claim_line(claim, event->lines[i]) != NULL &&
            !findings_say_reason(claim, event, event->lines[i]))
            add_finding(claim, arena, CODE_REVIEWER_QUESTION, event->lines[i], event->reason);
    if (event->lines == NULL && !findings_say_reason(claim, event, 0))
        add_finding(claim, arena, CODE_REVIEWER_QUESTION, 0, event->reason);
}

/* What is published of the findings; a wait is not. */
static size_t count_told(const Claim *claim)
{
    size_t count = 0;
    for (size_t i = 0; i < claim->finding_count; i++)
        count += claim->findings[i].kind != FINDING_WAIT;
    return count;
}

/* A verdict only takes findings away, or only adds some: their number tells whether it did. */
static void decide(Work *work, const Event *event, Entry *entry)
{
    Claim *claim = entry->claim;
    const size_t told_count = count_told(claim);
    bool approved = false;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    switch (event->verdict) {
    case VERDICT_APPROVE:
        approved = approve(claim, event);
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
    if (change_end(&change, count_told(claim) == told_count ? CHANGE_IF_MOVED : CHANGE_PUBLISHED))
        return;
    if (approved) /* it counts as soon as the question that holds the line is answered */
        (void)change_end(&change, CHANGE_SILENT);
    else
        work_ignore(work, event, "the verdict changes nothing");
}

void submission_review(Work *work, const Event *event, Entry *entry)
{
    const Claim *claim = entry->claim;
    if (event->revision != claim->revision)
        work_ignore(work, event, "the verdict is about another revision");
    else if (claim->validated_at_ms == 0 || count_fitting(event, claim) == 0)
        work_ignore(work, event, "no such line is under review with a known slot");
    else
        decide(work, event, entry);
}
