/* document_fields.c - DOMAIN section 2 as tables; rows sorted by name, as canonical JSON is. */
#include "claim/document_fields.h"

enum {
    TEXT_MAX = 256, /* of every text for which the contract names no other limit */
    NAME_MAX = 128,
    URI_MAX = 2048,
    SHA256_HEX_SIZE = 64,
    ACTIVITY_COUNT_MAX = 3,
    ZONE_NAME_MAX = sizeof((Claim){0}.time_zone) - 1,
};

#define AT(member) offsetof(DocumentDraft, document.member)

static const FieldRow contact_rows[] = {
    FIELD_ROW("email", EMAIL, true, 0, 0, AT(contact.email)),
    FIELD_ROW("name", TEXT, true, 1, TEXT_MAX, AT(contact.name)),
    FIELD_ROW("title", TEXT, true, 1, TEXT_MAX, AT(contact.title)),
    FIELD_ROW_END,
};

/* Whether a technical contact must be there is a rule's business; half of one is a bad field. */
static const FieldRow technical_contact_rows[] = {
    FIELD_ROW("email", EMAIL, true, 0, 0, AT(technical_contact.email)),
    FIELD_ROW("name", TEXT, true, 1, TEXT_MAX, AT(technical_contact.name)),
    FIELD_ROW("title", TEXT, true, 1, TEXT_MAX, AT(technical_contact.title)),
    FIELD_ROW_END,
};

static const FieldRow customer_rows[] = {
    FIELD_ROW_OF("contact", OBJECT, true, 0, 0, FIELD_UNSTORED, contact_rows),
    FIELD_ROW("country", COUNTRY, false, 0, 0, AT(country)),
    FIELD_ROW("domain", DOMAIN, true, 0, 0, AT(domain)),
    FIELD_ROW("locale", LOCALE, false, 0, 0, AT(locale)),
    FIELD_ROW("name", TEXT, false, 1, TEXT_MAX, AT(customer_name)),
    FIELD_ROW_OF("technical_contact", OBJECT, false, 0, 0, AT(has_technical_contact),
                 technical_contact_rows),
    FIELD_ROW("tenant_id", GUID, true, 0, 0, AT(tenant_id)),
    FIELD_ROW("time_zone", TIME_ZONE, false, 1, ZONE_NAME_MAX, AT(time_zone)),
    FIELD_ROW_END,
};

static const FieldRow partner_contact_rows[] = {
    FIELD_ROW("email", EMAIL, true, 0, 0, AT(partner_contact.email)),
    FIELD_ROW("name", TEXT, true, 1, TEXT_MAX, AT(partner_contact.name)),
    FIELD_ROW_END,
};

static const FieldRow partner_rows[] = {
    FIELD_ROW_OF("contact", OBJECT, true, 0, 0, FIELD_UNSTORED, partner_contact_rows),
    FIELD_ROW("name", TEXT, false, 1, TEXT_MAX, AT(partner_name)),
    FIELD_ROW_END,
};

/* All three are asked for by REVENUE_FIELDS_MISSING, and only of a revenue association. */
static const FieldRow revenue_rows[] = {
    FIELD_ROW("customer_name", TEXT, false, 1, TEXT_MAX, AT(revenue_customer)),
    FIELD_ROW("dynamics_seller_name", TEXT, false, 1, TEXT_MAX, AT(revenue_seller)),
    FIELD_ROW("isv_solution_name", TEXT, false, 1, TEXT_MAX, AT(revenue_solution)),
    FIELD_ROW_END,
};

const FieldRow document_line_rows[] = {
    [LINE_ROW_LINE] =
        FIELD_ROW("line", INTEGER, true, 1, LINE_NUMBER_MAX, offsetof(DocumentLine, number)),
    [LINE_ROW_PRODUCT] =
        FIELD_ROW("product", CODE, true, 1, PRODUCT_CODE_SIZE - 1, offsetof(DocumentLine, product)),
    [LINE_ROW_SUBSCRIPTION_ID] =
        FIELD_ROW("subscription_id", GUID, false, 0, 0, offsetof(DocumentLine, subscription_id)),
    [LINE_ROW_WORKLOAD] = FIELD_ROW("workload", CODE, true, 1, PRODUCT_CODE_SIZE - 1,
                                    offsetof(DocumentLine, workload)),
    FIELD_ROW_END,
};

#define POE_AT(member) offsetof(PoeDraft, poe.member)

/* Nothing is required: the POE_ rules ask for what a line needs. `covers` may hold as many lines
 * as a claim has; `signed_by` may be empty: not signed. */
const FieldRow document_poe_rows[] = {
    FIELD_ROW("covers", ARRAY, false, 0, CLAIM_LINE_COUNT_MAX, offsetof(PoeDraft, covers)),
    FIELD_ROW("document_id", TEXT, false, 1, TEXT_MAX, POE_AT(document_id)),
    FIELD_ROW("kind", TEXT, false, 1, TEXT_MAX, FIELD_UNSTORED),
    FIELD_ROW("media_type", MEDIA_TYPE, false, 0, 0, FIELD_UNSTORED),
    FIELD_ROW("public_sector_disclosure", BOOLEAN, false, 0, 0, POE_AT(public_sector_disclosure)),
    FIELD_ROW("sha256", HEX, false, SHA256_HEX_SIZE, SHA256_HEX_SIZE, FIELD_UNSTORED),
    FIELD_ROW("signed_by", TEXT, false, 0, TEXT_MAX, POE_AT(signed_by)),
    FIELD_ROW("signed_on", DATE, false, 0, 0, POE_AT(signed_on)),
    FIELD_ROW("size", INTEGER, false, 0, INT64_MAX, FIELD_UNSTORED),
    FIELD_ROW("uri", URI, false, 1, URI_MAX, FIELD_UNSTORED),
    FIELD_ROW_END,
};

const FieldRow document_comment_rows[] = {
    FIELD_ROW("at", INSTANT, false, 0, 0, offsetof(CommentDraft, at_ms)),
    FIELD_ROW("author", TEXT, false, 1, TEXT_MAX, offsetof(CommentDraft, author)),
    FIELD_ROW("text", MESSAGE, true, 1, COMMENT_TEXT_SIZE_MAX, offsetof(CommentDraft, text)),
    FIELD_ROW_END,
};

/* `program` may be any text: a rule judges it (WRONG_PROGRAM). */
const FieldRow document_rows[] = {
    FIELD_ROW("activities", SET, true, 1, ACTIVITY_COUNT_MAX, offsetof(DocumentDraft, activities)),
    FIELD_ROW("claim_id", CLAIM_ID, true, 1, CLAIM_ID_SIZE - 1, AT(claim_id)),
    FIELD_ROW("claim_name", TEXT, true, 1, NAME_MAX, AT(claim_name)),
    FIELD_ROW_OF("comments", ARRAY, false, 0, CLAIM_COMMENT_COUNT_MAX,
                 offsetof(DocumentDraft, comments), document_comment_rows),
    FIELD_ROW_OF("customer", OBJECT, true, 0, 0, FIELD_UNSTORED, customer_rows),
    FIELD_ROW_OF("lines", ARRAY, true, 1, CLAIM_LINE_COUNT_MAX, offsetof(DocumentDraft, lines),
                 document_line_rows),
    FIELD_ROW("mpn_id", DIGITS, true, 1, MPN_ID_SIZE - 1, AT(mpn_id)),
    FIELD_ROW_OF("partner", OBJECT, true, 0, 0, FIELD_UNSTORED, partner_rows),
    FIELD_ROW_OF("poe", ARRAY, false, 0, CLAIM_POE_COUNT_MAX, offsetof(DocumentDraft, poe),
                 document_poe_rows),
    FIELD_ROW("program", TEXT, false, 1, TEXT_MAX, AT(program)),
    FIELD_ROW_OF("revenue", OBJECT, false, 0, 0, FIELD_UNSTORED, revenue_rows),
    FIELD_ROW_WORD("solution_area", true, AT(solution_area), field_solution_areas),
    FIELD_ROW_END,
};

const FieldRow document_revision_row =
    FIELD_ROW("revision", INTEGER, true, 2, INT32_MAX, AT(revision));
