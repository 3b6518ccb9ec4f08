/* event_fields.c - the data of every event but the submissions, as tables (EVENTS section 3). */
#include "claim/document_fields.h"
#include "claim/event_internal.h"

enum {
    ACTOR_ID_MAX = 128,
    AUTHOR_MAX = 256,
    TOKEN_MAX = 4096,
    REVIEW_FINDING_COUNT_MAX = 100,
};

#define AT(member) offsetof(EventDraft, member)
#define TENANT FIELD_ROW("tenant_id", GUID, true, 0, 0, AT(tenant_id))
#define CLAIM FIELD_ROW("claim_id", CLAIM_ID, true, 1, CLAIM_ID_SIZE - 1, AT(claim_id))
#define LINES FIELD_ROW("lines", ARRAY, false, 1, CLAIM_LINE_COUNT_MAX, AT(lines))
#define ACTOR(rows) FIELD_ROW_OF("actor", OBJECT, true, 0, 0, FIELD_UNSTORED, rows)
#define REVISION FIELD_ROW("revision", INTEGER, true, 1, INT32_MAX, AT(revision))
#define INSTANT(name) FIELD_ROW(name, INSTANT, true, 0, 0, AT(at_ms))
/* blank where it may be absent: the same as absent, and no reason to refuse an event */
#define OPTIONAL_REASON(name) FIELD_ROW(name, MESSAGE, false, 0, COMMENT_TEXT_SIZE_MAX, AT(reason))
#define REASON(name) FIELD_ROW(name, SAID, true, 1, COMMENT_TEXT_SIZE_MAX, AT(reason))

static const FieldWord partner_words[] = {{"partner", ACTOR_PARTNER}, {NULL, 0}};
static const FieldWord reviewer_words[] = {{"reviewer", ACTOR_REVIEWER}, {NULL, 0}};
static const FieldWord operator_words[] = {{"operator", ACTOR_OPERATOR}, {NULL, 0}};
static const FieldWord customer_words[] = {
    {"customer", ACTOR_CUSTOMER}, {"operator", ACTOR_OPERATOR}, {NULL, 0}};

static const FieldRow partner_rows[] = {
    FIELD_ROW("id", DIGITS, true, 1, MPN_ID_SIZE - 1, AT(actor.id)),
    FIELD_ROW_WORD("type", true, AT(actor.type), partner_words),
    FIELD_ROW_END,
};
static const FieldRow reviewer_rows[] = {
    FIELD_ROW("id", TEXT, true, 1, ACTOR_ID_MAX, AT(actor.id)),
    FIELD_ROW_WORD("type", true, AT(actor.type), reviewer_words),
    FIELD_ROW_END,
};
static const FieldRow operator_rows[] = {
    FIELD_ROW("id", TEXT, true, 1, ACTOR_ID_MAX, AT(actor.id)),
    FIELD_ROW_WORD("type", true, AT(actor.type), operator_words),
    FIELD_ROW_END,
};
/* A customer need not say who it is: an empty id is as good as none. */
static const FieldRow customer_rows[] = {
    FIELD_ROW("id", TEXT, false, 0, ACTOR_ID_MAX, AT(actor.id)),
    FIELD_ROW_WORD("type", true, AT(actor.type), customer_words),
    FIELD_ROW_END,
};

static const FieldRow withdrawn_rows[] = {
    ACTOR(partner_rows), CLAIM, LINES, OPTIONAL_REASON("reason"), TENANT, FIELD_ROW_END,
};

static const FieldRow evidence_rows[] = {
    ACTOR(partner_rows),
    CLAIM,
    FIELD_ROW_OF("poe", ARRAY, true, 1, CLAIM_POE_COUNT_MAX, AT(poe), document_poe_rows),
    TENANT,
    FIELD_ROW_END,
};

static const FieldRow comment_rows[] = {
    FIELD_ROW("at", INSTANT, false, 0, 0, FIELD_UNSTORED),
    FIELD_ROW("author", TEXT, false, 1, AUTHOR_MAX, FIELD_UNSTORED),
    FIELD_ROW("text", SAID, true, 1, COMMENT_TEXT_SIZE_MAX, AT(comment.text)),
    FIELD_ROW_END,
};
static const FieldRow comment_added_rows[] = {
    CLAIM,
    FIELD_ROW_OF("comment", OBJECT, true, 0, 0, FIELD_UNSTORED, comment_rows),
    TENANT,
    FIELD_ROW_END,
};

static const FieldWord verdict_words[] = {
    {"APPROVE", VERDICT_APPROVE}, {"REJECT", VERDICT_REJECT}, {"ASK", VERDICT_ASK}, {NULL, 0}};
static const FieldRow reviewed_rows[] = {
    ACTOR(reviewer_rows),
    CLAIM,
    FIELD_ROW("findings", ARRAY, false, 0, REVIEW_FINDING_COUNT_MAX, AT(findings)),
    LINES,
    OPTIONAL_REASON("reason"), /* but for APPROVE: event_data.c */
    REVISION,
    TENANT,
    FIELD_ROW_WORD("verdict", true, AT(verdict), verdict_words),
    FIELD_ROW_END,
};

static const FieldRow disassociated_rows[] = {
    ACTOR(partner_rows), CLAIM, LINES, REASON("reason"), TENANT, FIELD_ROW_END,
};

static const FieldRow imported_rows[] = {
    FIELD_ROW("activities", SET, true, 1, 3, AT(activities)),
    CLAIM,
    FIELD_ROW("domain", DOMAIN, true, 0, 0, AT(domain)),
    FIELD_ROW("line", INTEGER, true, 1, LINE_NUMBER_MAX, AT(line)),
    FIELD_ROW("mpn_id", DIGITS, true, 1, MPN_ID_SIZE - 1, AT(mpn_id)),
    INSTANT("official_at"),
    FIELD_ROW("poe_signed_on", DATE, false, 0, 0, AT(poe_signed_on)),
    FIELD_ROW("product", CODE, false, 1, PRODUCT_CODE_SIZE - 1, AT(product)),
    FIELD_ROW_WORD("solution_area", true, AT(solution_area), field_solution_areas),
    FIELD_ROW("subscription_id", GUID, false, 0, 0, AT(subscription_id)),
    TENANT,
    FIELD_ROW("workload", CODE, false, 1, PRODUCT_CODE_SIZE - 1, AT(workload)),
    FIELD_ROW_END,
};

static const FieldRow opted_out_rows[] = {
    ACTOR(customer_rows),
    CLAIM,
    OPTIONAL_REASON("comment"),
    LINES,
    TENANT,
    FIELD_ROW("token", TEXT, false, 0, TOKEN_MAX, AT(token)), /* a bad one: TOKEN_INVALID */
    FIELD_ROW_END,
};

static const FieldRow extended_rows[] = {
    ACTOR(operator_rows), CLAIM,  INSTANT("deadline_at"), LINES,
    REASON("reason"),     TENANT, FIELD_ROW_END,
};

static const FieldRow claim_wake_rows[] = {CLAIM, INSTANT("due_at"), TENANT, FIELD_ROW_END};
static const FieldRow tenant_wake_rows[] = {INSTANT("due_at"), TENANT, FIELD_ROW_END};
static const FieldRow revision_rows[] = {CLAIM, REVISION, TENANT, FIELD_ROW_END};
static const FieldRow opened_rows[] = {
    CLAIM, INSTANT("deadline_at"), REVISION, TENANT, FIELD_ROW_END,
};

static const FieldWord state_words[] = {
    {"ACTIVE", SUBSCRIPTION_ACTIVE},       {"GRACE", SUBSCRIPTION_GRACE},
    {"SUSPENDED", SUBSCRIPTION_SUSPENDED}, {"EXPIRED", SUBSCRIPTION_EXPIRED},
    {"DELETED", SUBSCRIPTION_DELETED},     {NULL, 0}};
static const FieldRow subscription_rows[] = {
    FIELD_ROW_WORD("state", true, AT(subscription_state), state_words),
    FIELD_ROW("subscription_id", GUID, true, 0, 0, AT(subscription_id)),
    TENANT,
    FIELD_ROW_END,
};

const FieldRow *const event_data_rows[EVENT_TYPE_COUNT] = {
    [EVENT_CLAIM_WITHDRAWN] = withdrawn_rows,   [EVENT_EVIDENCE_ADDED] = evidence_rows,
    [EVENT_COMMENT_ADDED] = comment_added_rows, [EVENT_CLAIM_REVIEWED] = reviewed_rows,
    [EVENT_DISASSOCIATED] = disassociated_rows, [EVENT_IMPORTED] = imported_rows,
    [EVENT_ANSWER_DUE] = claim_wake_rows,       [EVENT_CLAIM_RECEIVED] = revision_rows,
    [EVENT_RECHECK_DUE] = claim_wake_rows,      [EVENT_NOTICE_REQUESTED] = revision_rows,
    [EVENT_NOTICE_RETRY_DUE] = claim_wake_rows, [EVENT_CUSTOMER_OPTED_OUT] = opted_out_rows,
    [EVENT_WINDOW_OPENED] = opened_rows,        [EVENT_WINDOW_EXTENDED] = extended_rows,
    [EVENT_WINDOW_CLOSED] = tenant_wake_rows,   [EVENT_SUBSCRIPTION_CHANGED] = subscription_rows,
    [EVENT_REMINDER_DUE] = claim_wake_rows,     [EVENT_KEPT_DUE] = claim_wake_rows,
};
