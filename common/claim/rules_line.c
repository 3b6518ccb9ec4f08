/* rules_line.c - rules about one line: product, subscription, slot, proof of execution. */
#include "claim/rules_internal.h"

#include <stdio.h>
#include <string.h>

static const char *line_path(const RuleContext *context, const LineFacts *line, const char *field)
{
    return arena_printf(context->arena, "/lines/%zu/%s", line->index, field);
}

static bool found(Finding *ret_finding, const char *path, const char *message)
{
    ret_finding->path = path;
    ret_finding->message = message;
    return true;
}

void slot_of(SolutionArea area, unsigned activities, const char *code, const char *subscription_id,
             char ret_slot[SLOT_SIZE])
{
    ret_slot[0] = '\0';
    if (area == AREA_MICROSOFT_365)
        snprintf(ret_slot, SLOT_SIZE, "%s", code);
    else if (subscription_id[0] != '\0')
        snprintf(ret_slot, SLOT_SIZE, "%s/%s", subscription_id,
                 (activities & ACTIVITY_REVENUE_ASSOCIATION) ? "REVENUE" : "RECORD");
}

/* ---- facts ---- */

static const Subscription *subscription_by_id(const RuleInput *input, const char *id)
{
    for (size_t i = 0; i < input->subscription_count; i++)
        if (strcmp(input->subscriptions[i].subscription_id, id) == 0)
            return &input->subscriptions[i];
    return NULL;
}

/* None is named: one that is in use, if it is the only one; else the oldest is judged. */
static const Subscription *subscription_by_product(const RuleInput *input, const Claim *claim,
                                                   const char *product, bool *ret_ambiguous)
{
    const Subscription *oldest = NULL, *in_use = NULL;
    size_t in_use_count = 0;
    for (size_t i = 0; i < input->subscription_count; i++) {
        const Subscription *it = &input->subscriptions[i];
        if (strcmp(it->tenant_id, claim->tenant_id) != 0 || strcmp(it->product, product) != 0)
            continue;
        if (oldest == NULL || it->starts_on < oldest->starts_on)
            oldest = it;
        if (it->provisioned && subscription_is_current(it->state)) {
            in_use = it;
            in_use_count++;
        }
    }
    *ret_ambiguous = in_use_count > 1;
    if (*ret_ambiguous)
        return NULL;
    return in_use != NULL ? in_use : oldest;
}

static void facts_find_subscription(const RuleContext *context, LineFacts *facts)
{
    const DocumentLine *entry = facts->entry;
    if (entry->subscription_id != NULL) {
        facts->subscription = subscription_by_id(context->input, entry->subscription_id);
        facts->foreign = facts->subscription != NULL &&
                         strcmp(facts->subscription->tenant_id, context->claim->tenant_id) != 0;
    } else if (facts->product_fits) {
        facts->subscription = subscription_by_product(context->input, context->claim,
                                                      entry->product, &facts->ambiguous);
    }
}

static size_t document_line_index(const ClaimDocument *document, int32_t number)
{
    for (size_t i = 0; i < document->line_count; i++)
        if (document->lines[i].number == number)
            return i;
    return 0;
}

static void facts_judge_poe(const RuleContext *context, int32_t number, LineFacts *facts)
{
    const RuleInput *input = context->input;
    const size_t count = input->document->poe_count + input->evidence_count;
    Poe *poe = arena_new(context->arena, (count + 1) * sizeof *poe);
    if (input->document->poe_count > 0)
        memcpy(poe, input->document->poe, input->document->poe_count * sizeof *poe);
    if (input->evidence_count > 0)
        memcpy(poe + input->document->poe_count, input->evidence,
               input->evidence_count * sizeof *poe);
    facts->poe = poe;
    facts->poe_count = count;
    facts->poe_day =
        poe_newest(poe, count, number, context->submission_day, input->zone, &facts->poe_faults);
}

LineFacts rules_line_facts(const RuleContext *context, const Line *line)
{
    const ClaimDocument *document = context->input->document;
    LineFacts facts = {.index = document_line_index(document, line->number)};
    facts.entry = &document->lines[facts.index];
    const bool is_product = facts.entry->product != NULL;
    const char *code = is_product ? facts.entry->product : facts.entry->workload;
    const SolutionArea area = document->solution_area;
    facts.product = code == NULL ? NULL : catalogue_find(context->input->catalogue, code);
    facts.product_fits = facts.product != NULL && facts.product->solution_area == area &&
                         is_product == (area == AREA_BUSINESS_APPLICATIONS) &&
                         product_is_valid(facts.product, context->submission_day);
    if (area == AREA_BUSINESS_APPLICATIONS)
        facts_find_subscription(context, &facts);
    if (facts.product_fits && document->activities_readable)
        slot_of(area, document->activities, code,
                facts.subscription == NULL || facts.foreign ? ""
                                                            : facts.subscription->subscription_id,
                facts.slot);
    facts_judge_poe(context, line->number, &facts);
    return facts;
}

/* ---- rules ---- */

static bool product_unknown(const RuleContext *context, const LineFacts *line, Finding *ret_finding)
{
    const bool named = line->entry->product != NULL || line->entry->workload != NULL;
    if (!named || line->product_fits || context->input->document->solution_area == AREA_UNKNOWN)
        return false;
    return found(ret_finding,
                 line_path(context, line, line->entry->product != NULL ? "product" : "workload"),
                 "Not in the catalogue of this solution area on the day of submission; use a code "
                 "of the catalogue.");
}

static bool is_bizapps(const RuleContext *context)
{
    return context->input->document->solution_area == AREA_BUSINESS_APPLICATIONS;
}

static bool product_not_on_tenant(const RuleContext *context, const LineFacts *line,
                                  Finding *ret_finding)
{
    if (!is_bizapps(context) || !line->product_fits || line->ambiguous ||
        line->subscription != NULL || line->entry->subscription_id != NULL)
        return false;
    return found(ret_finding, line_path(context, line, "product"),
                 "The tenant has no subscription of this product; a new one can take some days "
                 "to show. Claim again when the customer has it.");
}

static bool subscription_ambiguous(const RuleContext *context, const LineFacts *line,
                                   Finding *ret_finding)
{
    if (!line->ambiguous)
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "The tenant has several subscriptions of this product; resubmit with the "
                 "subscription_id that is meant.");
}

static bool subscription_not_on_tenant(const RuleContext *context, const LineFacts *line,
                                       Finding *ret_finding)
{
    if (!is_bizapps(context) || line->entry->subscription_id == NULL ||
        (line->subscription != NULL && !line->foreign))
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "The tenant has no subscription with this ID; ask the customer for the right "
                 "one.");
}

/* The subscription that the next rules judge: known, and this tenant's. */
static const Subscription *own_subscription(const LineFacts *line)
{
    return line->foreign ? NULL : line->subscription;
}

static bool subscription_not_dynamics(const RuleContext *context, const LineFacts *line,
                                      Finding *ret_finding)
{
    const Subscription *subscription = own_subscription(line);
    if (subscription == NULL)
        return false;
    const Product *product = catalogue_find(context->input->catalogue, subscription->product);
    if (product != NULL && product->solution_area == AREA_BUSINESS_APPLICATIONS)
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "This subscription is not one of Dynamics 365 or Power Platform; name one that "
                 "is.");
}

static bool subscription_product_mismatch(const RuleContext *context, const LineFacts *line,
                                          Finding *ret_finding)
{
    const Subscription *subscription = own_subscription(line);
    if (subscription == NULL || !line->product_fits ||
        strcmp(subscription->product, line->entry->product) == 0)
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "This subscription is of another product than the line's; correct one of the "
                 "two.");
}

static bool subscription_csp(const RuleContext *context, const LineFacts *line,
                             Finding *ret_finding)
{
    const Subscription *subscription = own_subscription(line);
    if (subscription == NULL || subscription->channel != CHANNEL_CSP)
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "This subscription was bought through CSP, which has a programme of its own; name "
                 "one bought through volume licensing or web direct.");
}

static bool subscription_not_provisioned(const RuleContext *context, const LineFacts *line,
                                         Finding *ret_finding)
{
    const Subscription *subscription = own_subscription(line);
    if (subscription == NULL || subscription->provisioned)
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "The subscription was not provisioned in time; claim again when it is.");
}

static bool subscription_inactive(const RuleContext *context, const LineFacts *line,
                                  Finding *ret_finding)
{
    const Subscription *subscription = own_subscription(line);
    if (subscription == NULL || subscription_is_current(subscription->state))
        return false;
    return found(ret_finding, line_path(context, line, "subscription_id"),
                 "The subscription is neither active nor in its grace period; claim again when the "
                 "customer has renewed it, or name another one.");
}

/* An earlier line of this claim in the same slot, that is not already out of the claim. */
static bool earlier_line_has_slot(const RuleContext *context, const LineFacts *line)
{
    for (size_t i = 0; i < context->claim->line_count; i++) {
        const LineFacts *other = &context->lines[i];
        const LineStatus status = context->claim->lines[i].status;
        if (other->index < line->index && strcmp(other->slot, line->slot) == 0 &&
            status != LINE_WITHDRAWN && status != LINE_DECLINED)
            return true;
    }
    return false;
}

static bool duplicate_own_claim(const RuleContext *context, const LineFacts *line,
                                Finding *ret_finding)
{
    if (line->slot[0] == '\0' || context->claim->mpn_id[0] == '\0')
        return false;
    const char *other = slot_book_contender(context->input->slots, context->claim->tenant_id,
                                            line->slot, context->claim->mpn_id);
    if (other == NULL || strcmp(other, context->claim->claim_id) == 0)
        other = earlier_line_has_slot(context, line) ? context->claim->claim_id : NULL;
    if (other == NULL)
        return false;
    ret_finding->claim_id = other;
    return found(ret_finding, arena_printf(context->arena, "/lines/%zu", line->index),
                 "You already hold this slot or have an open claim on it; nothing more need be "
                 "done.");
}

static bool competing_claim_older_poe(const RuleContext *context, const LineFacts *line,
                                      Finding *ret_finding)
{
    if (line->slot[0] == '\0' || line->poe_day == DAY_NONE)
        return false;
    const Holder *holder =
        slot_book_holder(context->input->slots, context->claim->tenant_id, line->slot);
    if (holder == NULL || strcmp(holder->mpn_id, context->claim->mpn_id) == 0 ||
        line->poe_day > holder->poe_day)
        return false;
    return found(ret_finding, arena_printf(context->arena, "/lines/%zu", line->index),
                 "Another partner is of record here with a proof of execution as new or newer; "
                 "claim again with a newer one.");
}

/* ---- proof of execution: one row per code, judged together in poe_newest ---- */

/* The member to be mended, of the first document that has the fault; NULL: the documents. */
static const char *poe_path(const RuleContext *context, const LineFacts *line, Code code,
                            const char *member)
{
    const int32_t index =
        member == NULL ? -1
                       : poe_fault_index(line->poe, line->poe_count, line->entry->number,
                                         context->submission_day, context->input->zone, code);
    return index < 0 ? "/poe" : arena_printf(context->arena, "/poe/%d/%s", index, member);
}

static bool poe_finds(const RuleContext *context, const LineFacts *line, Code code,
                      const char *member, const char *message, Finding *ret_finding)
{
    return (line->poe_faults & (1u << (code - CODE_POE_MISSING))) != 0 &&
           found(ret_finding, poe_path(context, line, code, member), message);
}

#define POE_RULE(function, code, member, message)                                                  \
    static bool function(const RuleContext *context, const LineFacts *line, Finding *ret_finding)  \
    {                                                                                              \
        return poe_finds(context, line, code, member, message, ret_finding);                       \
    }

POE_RULE(poe_missing, CODE_POE_MISSING, NULL,
         "No proof of execution came with the claim; add one that the customer signed and that "
         "covers this line.")
POE_RULE(poe_not_signed, CODE_POE_NOT_SIGNED, "signed_by",
         "The proof of execution for this line is not signed; send it signed by the customer.")
POE_RULE(poe_date_missing, CODE_POE_DATE_MISSING, "signed_on",
         "The proof of execution for this line has no date; give the day on which it was signed.")
POE_RULE(poe_too_old, CODE_POE_TOO_OLD, "signed_on",
         "The proof of execution for this line was signed more than twelve months before the "
         "claim; send a newer one.")
POE_RULE(poe_date_in_future, CODE_POE_DATE_IN_FUTURE, "signed_on",
         "The proof of execution for this line is dated after the day on which it came; correct "
         "the date.")
POE_RULE(poe_line_not_covered, CODE_POE_LINE_NOT_COVERED, NULL,
         "No proof of execution covers this line; name the line in its covers, or add one.")

const Rule rules_of_line[] = {
    {CODE_PRODUCT_UNKNOWN, product_unknown},
    {CODE_PRODUCT_NOT_ON_TENANT, product_not_on_tenant},
    {CODE_SUBSCRIPTION_AMBIGUOUS, subscription_ambiguous},
    {CODE_SUBSCRIPTION_NOT_ON_TENANT, subscription_not_on_tenant},
    {CODE_SUBSCRIPTION_NOT_DYNAMICS, subscription_not_dynamics},
    {CODE_SUBSCRIPTION_PRODUCT_MISMATCH, subscription_product_mismatch},
    {CODE_SUBSCRIPTION_CSP, subscription_csp},
    {CODE_SUBSCRIPTION_NOT_PROVISIONED, subscription_not_provisioned},
    {CODE_SUBSCRIPTION_INACTIVE, subscription_inactive},
    {CODE_DUPLICATE_OWN_CLAIM, duplicate_own_claim},
    {CODE_COMPETING_CLAIM_OLDER_POE, competing_claim_older_poe},
    {CODE_POE_MISSING, poe_missing},
    {CODE_POE_NOT_SIGNED, poe_not_signed},
    {CODE_POE_DATE_MISSING, poe_date_missing},
    {CODE_POE_TOO_OLD, poe_too_old},
    {CODE_POE_DATE_IN_FUTURE, poe_date_in_future},
    {CODE_POE_LINE_NOT_COVERED, poe_line_not_covered},
};
const size_t rules_of_line_count = sizeof rules_of_line / sizeof rules_of_line[0];
