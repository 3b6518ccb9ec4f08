/*
 * document.h - the claim document as it was sent: decoded leniently, judged by rules.
 *
 * A field that is absent or cannot be read is NULL / 0 / DAY_NONE here and has a finding
 * FIELD_MISSING or FIELD_INVALID with its JSON pointer; every other rule is still tried.
 */
#pragma once

#include "claim/claim.h"

#include <jansson.h>

typedef struct Contact {
    const char *name, *title, *email;
} Contact;

typedef struct DocumentLine {
    int32_t number; /* 0: not readable */
    const char *workload, *product;
    const char *subscription_id; /* lower case */
} DocumentLine;

typedef struct Poe {
    const char *document_id;
    const char *signed_by; /* NULL or "": not signed */
    int32_t signed_on;     /* days since 1970, or DAY_NONE */
    const int32_t *covers;
    size_t cover_count;
    bool public_sector_disclosure;
    int64_t received_at_ms; /* receipt of the event that brought it; set by the caller */
    int32_t index;          /* in /poe, or -1 when appended by evidence */
} Poe;

typedef struct ClaimDocument {
    const char *claim_id, *claim_name, *mpn_id;
    const char *tenant_id, *domain;
    Contact contact;
    bool has_technical_contact;
    Contact technical_contact;
    const char *customer_name, *country, *locale, *time_zone;
    Contact partner_contact;
    const char *partner_name;
    SolutionArea solution_area;
    unsigned activities;
    bool activities_readable; /* false: has a FIELD finding, ACTIVITY_INVALID is not tried */
    const char *program;      /* any text; NULL when absent or unreadable */
    DocumentLine *lines;
    size_t line_count;
    Poe *poe;
    size_t poe_count;
    const char *revenue_seller, *revenue_customer, *revenue_solution;
    size_t comment_count;
    int32_t revision;  /* a resubmission's; 0 when absent or unreadable */
    Finding *findings; /* FIELD_* only */
    size_t finding_count;
} ClaimDocument;

/*
 * document_decode - read a claim document; total: whatever cannot be read becomes findings.
 *
 * In:      root      a JSON object, borrowed; texts of the result are copies in the arena.
 *          is_revision  a resubmission: `revision` must be an integer from 2.
 *          zone_is_valid  says whether a text names an IANA zone; NULL: any text will do.
 * Limits:  50 lines, 20 PoE, 100 comments, CLAIM_FINDING_COUNT_MAX findings; names 256 characters.
 * Source:  DOMAIN section 2.
 */
typedef bool ZoneCheck(const void *context, const char *zone);
void document_decode(const json_t *root, bool is_revision, ZoneCheck *zone_check,
                     const void *zone_context, Arena *arena, ClaimDocument *ret_document);

/* poe_decode_array - the `poe` array of evidence; false with the JSON pointer of the first bad
 * field. Lines that it covers are checked by the caller. */
bool poe_decode_array(const json_t *array, Arena *arena, Poe **ret_poe, size_t *ret_count,
                      const char **ret_bad_path);

/*
 * document_canonical - canonical JSON of the known fields: sorted keys, compact, ids and domain
 * folded, `activities` sorted, null members left out, `revision` left out.
 * Two contents are the same when this text is. Idempotent: canonical(parse(canonical)) is equal.
 */
const char *document_canonical(const json_t *root, Arena *arena, size_t *ret_size);
