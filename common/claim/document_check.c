/* document_check.c - the rules that need nothing but the document and the catalogue. */
#include "claim/rules_internal.h"

#include <stdio.h>
#include <string.h>

/* Every other rule looks at a record of the reference topics, or at other claims. */
static bool needs_document_only(Code code)
{
    static const Code codes[] = {
        CODE_WRONG_PROGRAM,
        CODE_ACTIVITY_INVALID,
        CODE_TECHNICAL_CONTACT_MISSING,
        CODE_REVENUE_FIELDS_MISSING,
        CODE_PRODUCT_UNKNOWN,
        CODE_DUPLICATE_OWN_CLAIM, /* against an empty slot book: within the document */
        CODE_POE_MISSING,
        CODE_POE_NOT_SIGNED,
        CODE_POE_DATE_MISSING,
        CODE_POE_TOO_OLD,
        CODE_POE_DATE_IN_FUTURE,
        CODE_POE_LINE_NOT_COVERED,
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return false;
}

typedef struct Findings {
    Finding *findings;
    size_t count, room;
} Findings;

static void findings_add(Findings *findings, Arena *arena, const Finding *finding)
{
    findings->findings = arena_grow(arena, findings->findings, sizeof *findings->findings,
                                    findings->count, &findings->room);
    findings->findings[findings->count++] = *finding;
}

static void try_rules(const RuleContext *context, const Rule *rules, size_t count,
                      const LineFacts *facts, int32_t line, Findings *findings)
{
    for (size_t i = 0; i < count; i++) {
        const Code code = rules[i].code;
        Finding finding = {.code = code, .kind = code_row(code)->kind, .line = line};
        if (needs_document_only(code) && rules[i].finds(context, facts, &finding))
            findings_add(findings, context->arena, &finding);
    }
}

/* As the claim will be when it is received. */
static Claim claim_of(const ClaimDocument *document, int64_t at_ms, Arena *arena)
{
    Claim claim = {.first_submitted_at_ms = at_ms,
                   .solution_area = document->solution_area,
                   .activities = document->activities};
    snprintf(claim.tenant_id, sizeof claim.tenant_id, "%s",
             document->tenant_id == NULL ? "" : document->tenant_id);
    snprintf(claim.claim_id, sizeof claim.claim_id, "%s",
             document->claim_id == NULL ? "" : document->claim_id);
    snprintf(claim.mpn_id, sizeof claim.mpn_id, "%s",
             document->mpn_id == NULL ? "" : document->mpn_id);
    claim.lines = arena_new(arena, (document->line_count + 1) * sizeof *claim.lines);
    for (size_t i = 0; i < document->line_count; i++)
        if (document->lines[i].number != 0)
            claim.lines[claim.line_count++].number = document->lines[i].number;
    return claim;
}

void document_check(const ClaimDocument *document, const Catalogue *catalogue, const Zone *zone,
                    int64_t at_ms, Arena *arena, Finding **ret_findings, size_t *ret_count)
{
    static const RulePolicy policy = {.review = REVIEW_NONE};
    SlotBook slots;
    Findings findings = {0};
    const Claim claim = claim_of(document, at_ms, arena);
    slot_book_init(&slots, arena);
    for (size_t i = 0; i < document->poe_count; i++)
        document->poe[i].received_at_ms = at_ms;
    const RuleInput input = {.document = document,
                             .catalogue = catalogue,
                             .slots = &slots,
                             .zone = zone,
                             .policy = &policy};
    RuleContext context = {.input = &input, .claim = &claim, .arena = arena};
    context.submission_day = zone_local_day(zone, at_ms);
    LineFacts *facts = arena_new(arena, (claim.line_count + 1) * sizeof *facts);
    for (size_t i = 0; i < claim.line_count; i++)
        facts[i] = rules_line_facts(&context, &claim.lines[i]);
    context.lines = facts;
    for (size_t i = 0; i < document->finding_count; i++)
        findings_add(&findings, arena, &document->findings[i]);
    try_rules(&context, rules_of_claim, rules_of_claim_count, NULL, 0, &findings);
    for (size_t i = 0; i < claim.line_count; i++)
        try_rules(&context, rules_of_line, rules_of_line_count, &facts[i], claim.lines[i].number,
                  &findings);
    *ret_findings = findings.findings;
    *ret_count = findings.count;
}
