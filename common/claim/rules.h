/*
 * rules.h - what a claim is checked against, as a table of rules; and validation, which applies it.
 *
 * Pure: everything that a rule may look at is in RuleInput. Rules are rows in the order of the
 * contract's table; a new rule is a new row and its function.
 */
#pragma once

#include "claim/calendar.h"
#include "claim/catalogue.h"
#include "claim/document.h"
#include "claim/reference.h"
#include "claim/slot_book.h"

#define RULES_VERSION "2026.1"

typedef enum ReviewPolicy { REVIEW_NONE = 0, REVIEW_ALL, REVIEW_PROGRAMS } ReviewPolicy;

/* Settings of the installation. */
typedef struct RulePolicy {
    bool contact_at_customer; /* CONTACT_NOT_AT_CUSTOMER is tried */
    int64_t grace_ms;         /* for a missing partner or tenant record */
    int64_t wait_ms;          /* for a subscription: seven days */
    int64_t recheck_ms;       /* between looks: a day */
    ReviewPolicy review;
    unsigned review_programs; /* REVIEW_PROGRAMS: bits of Program */
} RulePolicy;

/* Everything that rules may look at; borrowed for the call. */
typedef struct RuleInput {
    const ClaimDocument *document;
    const Poe *evidence; /* appended later; may be NULL */
    size_t evidence_count;
    const Partner *partner;            /* NULL: no such record */
    const Tenant *tenant;              /* NULL: no such record */
    const Subscription *subscriptions; /* all of the tenant's, and all that lines name */
    size_t subscription_count;
    const Catalogue *catalogue;
    const SlotBook *slots;
    const Zone *zone; /* in which the customer's days end */
    const RulePolicy *policy;
} RuleInput;

/*
 * claim_validate - try every rule, then move lines and set findings, holds and waits.
 *
 * In:      claim   its lines are those of the document; a claim SUBMITTED, or waiting (a re-check:
 *                  only lines that wait are judged again; a claim in grace is judged anew).
 *          at_ms   receipt instant of what caused it.
 * Ends with claim_settle; sets validated_at_ms, recheck_at_ms, rules_version.
 */
void claim_validate(Claim *claim, const RuleInput *input, int64_t at_ms, Arena *arena);

/*
 * document_check - the findings that a document will have whatever the reference data say: its
 * fields, programme, activities, products, contacts that its products ask for, two lines in one
 * slot, proofs of execution. For whoever is about to publish it.
 *
 * In:      document  its poe get at_ms as their receipt.
 *          zone      of the customer, as far as it is known.
 *          at_ms     when it would be received.
 * Out:     ret_findings  in the arena, in the order of the contract's table per claim and line.
 */
void document_check(const ClaimDocument *document, const Catalogue *catalogue, const Zone *zone,
                    int64_t at_ms, Arena *arena, Finding **ret_findings, size_t *ret_count);

/*
 * poe_newest - the newest signed_on among good PoE that cover the line, or DAY_NONE.
 *
 * In:      submission_day  local day of the first submission.
 *          zone            for the local day of each PoE's receipt.
 * Out:     ret_faults      bit (1 << (code - CODE_POE_MISSING)) for each POE_ code that applies
 *                          when none is good; 0 when one is.
 */
int32_t poe_newest(const Poe *poe, size_t count, int32_t line, int32_t submission_day,
                   const Zone *zone, unsigned *ret_faults);

/* poe_fault_index - which document is to be mended: the `index` of the first PoE that covers the
 * line and has this fault; -1 where none has, or it came as evidence. The rest as poe_newest. */
int32_t poe_fault_index(const Poe *poe, size_t count, int32_t line, int32_t submission_day,
                        const Zone *zone, Code code);

/* day_year_before - the same day a year ago; 29 February becomes the 28th. */
int32_t day_year_before(int32_t day);

/* programs_needed - enrolments that area and activities ask for; 0 for revenue association. */
unsigned programs_needed(SolutionArea area, unsigned activities);

/* slot_of - the slot of a line; "" when the subscription is not known. */
void slot_of(SolutionArea area, unsigned activities, const char *code, const char *subscription_id,
             char ret_slot[SLOT_SIZE]);
