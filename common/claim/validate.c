/* validate.c - applies the rule table to a claim: findings, moves, holds and waits. */
#include "claim/rules_internal.h"
#include "claim/transition.h"

#include <stdio.h>
#include <string.h>

/* What the claim's rules found, before anything is moved. */
typedef struct ClaimFindings {
    Finding *findings;
    size_t count;
    bool refused;        /* by something that is there */
    bool record_missing; /* by something that is not there (yet) */
} ClaimFindings;

static ClaimFindings claim_rules_try(const RuleContext *context)
{
    const ClaimDocument *document = context->input->document;
    ClaimFindings found = {0};
    found.findings = arena_new(context->arena, (document->finding_count + rules_of_claim_count) *
                                                   sizeof *found.findings);
    for (size_t i = 0; i < document->finding_count; i++) {
        found.findings[found.count++] = document->findings[i];
        found.refused = true;
    }
    for (size_t i = 0; i < rules_of_claim_count; i++) {
        const Code code = rules_of_claim[i].code;
        Finding finding = {.code = code, .kind = code_row(code)->kind};
        if (!rules_of_claim[i].finds(context, NULL, &finding))
            continue;
        found.findings[found.count++] = finding;
        if (rule_is_missing_record(context, code))
            found.record_missing = true;
        else if (finding.kind == FINDING_REFUSAL)
            found.refused = true;
    }
    return found;
}

static Code claim_refusal(const ClaimFindings *found)
{
    Code first = CODE_NONE;
    for (size_t i = 0; i < found->count; i++)
        if (found->findings[i].kind == FINDING_REFUSAL &&
            (first == CODE_NONE || found->findings[i].code < first))
            first = found->findings[i].code;
    return first;
}

/* What a refused line might have waited for is moot. */
static void drop_waits(Claim *claim, const Line *line)
{
    size_t kept = 0;
    for (size_t i = 0; i < claim->finding_count; i++)
        if (claim->findings[i].kind != FINDING_WAIT || claim->findings[i].line != line->number)
            claim->findings[kept++] = claim->findings[i];
    claim->finding_count = kept;
}

/*
 * Try the rules of one line; a wait that ran out is a refusal. A refusal of the whole claim is
 * every line's reason: those codes stand first in the table.
 */
static void line_rules_try(const RuleContext *context, const LineFacts *facts, Claim *claim,
                           Line *line, bool wait_is_over, Code claim_reason)
{
    Code refusal = claim_reason;
    bool waits = false, asks = false;
    for (size_t i = 0; i < rules_of_line_count; i++) {
        const Code code = rules_of_line[i].code;
        Finding finding = {.code = code, .kind = code_row(code)->kind, .line = line->number};
        if (!rules_of_line[i].finds(context, facts, &finding))
            continue;
        if (code == CODE_SUBSCRIPTION_NOT_ON_TENANT && !facts->foreign)
            finding.kind = FINDING_WAIT; /* not known at all: it may come */
        if (finding.kind == FINDING_WAIT && wait_is_over)
            finding.kind = FINDING_REFUSAL;
        if (finding.kind == FINDING_REFUSAL && refusal == CODE_NONE)
            refusal = code;
        waits |= finding.kind == FINDING_WAIT;
        asks |= finding.kind == FINDING_QUESTION;
        claim_add_finding(claim, context->arena, &finding);
    }
    if (refusal != CODE_NONE) {
        drop_waits(claim, line);
        line->check = CHECK_NONE;
        (void)!line_move(line, LINE_REFUSE, refusal, 0);
        return;
    }
    line->check = waits ? CHECK_WAITS : asks ? CHECK_ASKED : CHECK_PASSED;
}

static void line_take_facts(Line *line, const LineFacts *facts)
{
    line->poe_day = facts->poe_day;
    memcpy(line->slot, facts->slot, sizeof line->slot);
    if (facts->subscription != NULL && !facts->foreign)
        snprintf(line->subscription_id, sizeof line->subscription_id, "%s",
                 facts->subscription->subscription_id);
}

/* Drop the findings that this validation finds anew: all, or those of lines that wait. A reviewer's
 * are nothing that a rule would find again. */
static void claim_drop_findings(Claim *claim, bool all)
{
    size_t kept = 0;
    for (size_t i = 0; i < claim->finding_count; i++) {
        const Finding *finding = &claim->findings[i];
        const Line *line = finding->line == 0 ? NULL : claim_line(claim, finding->line);
        const bool waits =
            line != NULL && line->status == LINE_UNDER_REVIEW && line->check == CHECK_WAITS;
        if ((!all && !waits) || finding->code == CODE_REVIEWER_QUESTION ||
            finding->code == CODE_REVIEWER_REJECTED)
            claim->findings[kept++] = *finding;
    }
    claim->finding_count = kept;
}

static void claim_set_recheck(Claim *claim, const RulePolicy *policy, int64_t at_ms)
{
    const int64_t since = claim->validated_at_ms;
    if (claim->grace) {
        claim->recheck_at_ms = since + policy->grace_ms;
        return;
    }
    const int64_t looks = (at_ms - since) / policy->recheck_ms + 1;
    const int64_t next = since + looks * policy->recheck_ms;
    const int64_t end = since + policy->wait_ms;
    claim->recheck_at_ms = next < end ? next : end;
}

static bool review_is_wanted(const Claim *claim, const RulePolicy *policy)
{
    if (policy->review == REVIEW_NONE)
        return false;
    return policy->review == REVIEW_ALL ||
           (programs_needed(claim->solution_area, claim->activities) & policy->review_programs);
}

/* A partner's or tenant's record is not there: wait a little, report nothing yet. */
static void claim_wait_in_grace(Claim *claim, const RulePolicy *policy, int64_t at_ms)
{
    claim->grace = true;
    claim_drop_findings(claim, true);
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_UNDER_REVIEW)
            claim->lines[i].check = CHECK_WAITS;
    claim_set_recheck(claim, policy, at_ms);
}

/* All lines are judged in their order, so that an earlier one is known to a later one. */
static void claim_judge_lines(Claim *claim, const RuleContext *context, bool anew,
                              Code claim_reason, int64_t at_ms)
{
    const LineFacts *facts = context->lines;
    const RulePolicy *policy = context->input->policy;
    const bool wait_is_over = at_ms >= claim->validated_at_ms + policy->wait_ms;
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        if (line->status != LINE_UNDER_REVIEW || (!anew && line->check != CHECK_WAITS))
            continue;
        line_take_facts(line, &facts[i]);
        line_rules_try(context, &facts[i], claim, line, wait_is_over, claim_reason);
    }
    claim_set_recheck(claim, policy, at_ms); /* claim_settle clears it where no line waits */
}

void claim_validate(Claim *claim, const RuleInput *input, int64_t at_ms, Arena *arena)
{
    RuleContext context = {.input = input, .claim = claim, .arena = arena};
    context.submission_day = zone_local_day(input->zone, claim->first_submitted_at_ms);
    LineFacts *facts = arena_new(arena, (claim->line_count + 1) * sizeof *facts);
    for (size_t i = 0; i < claim->line_count; i++)
        facts[i] = rules_line_facts(&context, &claim->lines[i]);
    context.lines = facts;

    const bool anew = claim->validated_at_ms == 0 || claim->grace;
    if (claim->validated_at_ms == 0)
        claim->validated_at_ms = at_ms;
    snprintf(claim->rules_version, sizeof claim->rules_version, "%s", RULES_VERSION);
    const ClaimFindings found = claim_rules_try(&context);
    const bool in_grace = anew && found.record_missing && !found.refused &&
                          at_ms < claim->validated_at_ms + input->policy->grace_ms;
    claim->grace = false;
    if (in_grace) {
        claim_wait_in_grace(claim, input->policy, at_ms);
        claim_settle(claim);
        return;
    }
    claim_drop_findings(claim, anew);
    for (size_t i = 0; anew && i < found.count; i++)
        claim_add_finding(claim, arena, &found.findings[i]);
    const Code claim_reason = anew ? claim_refusal(&found) : CODE_NONE;
    claim_judge_lines(claim, &context, anew, claim_reason, at_ms);
    if (claim->line_count == 0)
        claim->reason = claim_reason;
    claim->review_pending = review_is_wanted(claim, input->policy);
    claim_settle(claim);
}
