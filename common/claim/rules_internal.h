/* rules_internal.h - between the rule table and the functions that its rows name. */
#pragma once

#include "claim/rules.h"

/* What is looked up once for a line, before its rules are tried. */
typedef struct LineFacts {
    const DocumentLine *entry;        /* of the document; never NULL */
    size_t index;                     /* of entry, for JSON pointers */
    const Product *product;           /* NULL: not in the catalogue */
    bool product_fits;                /* known, of the claim's area, valid on the submission date */
    const Subscription *subscription; /* the one to be judged, or NULL */
    bool ambiguous;                   /* several could be meant, none is named */
    bool foreign;                     /* named, and another tenant's */
    const Poe *poe;                   /* of the document, then of the evidence */
    size_t poe_count;
    unsigned poe_faults;
    int32_t poe_day;
    char slot[SLOT_SIZE];
} LineFacts;

typedef struct RuleContext {
    const RuleInput *input;
    const Claim *claim;
    int32_t submission_day;
    const LineFacts *lines; /* parallel to claim->lines */
    Arena *arena;
} RuleContext;

/* A row's function: does the rule find something? Fills path and message, perhaps claim_id. */
typedef bool RuleFinder(const RuleContext *context, const LineFacts *line, Finding *ret_finding);

typedef struct Rule {
    Code code;
    RuleFinder *finds;
} Rule;

/* In the order of the contract's table. */
extern const Rule rules_of_claim[];
extern const size_t rules_of_claim_count;
extern const Rule rules_of_line[];
extern const size_t rules_of_line_count;

/* rules_line_facts - look up what the rules of one line need. */
LineFacts rules_line_facts(const RuleContext *context, const Line *line);

/* rule_is_missing_record - the finding rests only on a record that is not there (yet). */
bool rule_is_missing_record(const RuleContext *context, Code code);
