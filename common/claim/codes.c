/* codes.c - the tables of words; the order of the rows is that of the enums. */
#include "claim/codes.h"

#include <string.h>

#define REFUSAL(word, whole) [CODE_##word] = {#word, FINDING_REFUSAL, whole}
#define QUESTION(word, whole) [CODE_##word] = {#word, FINDING_QUESTION, whole}
#define WAIT(word) [CODE_##word] = {#word, FINDING_WAIT, false}
#define REASON(word) [CODE_##word] = {#word, FINDING_NONE, false}

static const CodeRow code_rows[CODE_COUNT] = {
    [CODE_NONE] = {NULL, FINDING_NONE, false},
    REFUSAL(FIELD_MISSING, true),
    REFUSAL(FIELD_INVALID, true),
    REFUSAL(WRONG_PROGRAM, true),
    REFUSAL(ACTIVITY_INVALID, true),
    REFUSAL(PARTNER_UNKNOWN, true),
    REFUSAL(MPN_NOT_LOCATION, true),
    REFUSAL(MPN_NOT_ENROLLED, true),
    REFUSAL(DOMAIN_TENANT_MISMATCH, true),
    QUESTION(CONTACT_NOT_AT_CUSTOMER, true),
    REFUSAL(TECHNICAL_CONTACT_MISSING, true),
    REFUSAL(REVENUE_FIELDS_MISSING, true),
    REFUSAL(PRODUCT_UNKNOWN, false),
    WAIT(PRODUCT_NOT_ON_TENANT),
    QUESTION(SUBSCRIPTION_AMBIGUOUS, false),
    /* another tenant's is refused at once; only one that is not known at all waits first, which
     * the rule decides */
    REFUSAL(SUBSCRIPTION_NOT_ON_TENANT, false),
    REFUSAL(SUBSCRIPTION_NOT_DYNAMICS, false),
    REFUSAL(SUBSCRIPTION_PRODUCT_MISMATCH, false),
    REFUSAL(SUBSCRIPTION_CSP, false),
    WAIT(SUBSCRIPTION_NOT_PROVISIONED),
    REFUSAL(SUBSCRIPTION_INACTIVE, false),
    REFUSAL(DUPLICATE_OWN_CLAIM, false),
    REFUSAL(COMPETING_CLAIM_OLDER_POE, false),
    QUESTION(POE_MISSING, false),
    QUESTION(POE_NOT_SIGNED, false),
    QUESTION(POE_DATE_MISSING, false),
    QUESTION(POE_TOO_OLD, false),
    QUESTION(POE_DATE_IN_FUTURE, false),
    QUESTION(POE_LINE_NOT_COVERED, false),
    QUESTION(POE_DISCLOSURE_MISSING, true),
    REFUSAL(REVIEWER_REJECTED, false),
    QUESTION(REVIEWER_QUESTION, false),
    QUESTION(CONTACT_UNREACHABLE, true),
    REFUSAL(NO_PARTNER_RESPONSE, true),
    REASON(NOT_CARRIED_OVER),
    REASON(CUSTOMER_DECLINED),
    REASON(PARTNER_REQUEST),
    REASON(PARTNER_DISASSOCIATED),
    REASON(SUPERSEDED),
    REASON(SUBSCRIPTION_ENDED),
};

static const char *const claim_status_names[CLAIM_STATUS_COUNT] = {
    [CLAIM_NONE] = NULL,
    [CLAIM_SUBMITTED] = "SUBMITTED",
    [CLAIM_UNDER_REVIEW] = "UNDER_REVIEW",
    [CLAIM_PARTNER_ACTION_REQUIRED] = "PARTNER_ACTION_REQUIRED",
    [CLAIM_VALIDATED] = "VALIDATED",
    [CLAIM_OPT_OUT_OPEN] = "OPT_OUT_OPEN",
    [CLAIM_OFFICIAL] = "OFFICIAL",
    [CLAIM_REJECTED] = "REJECTED",
    [CLAIM_WITHDRAWN] = "WITHDRAWN",
    [CLAIM_ENDED] = "ENDED",
};

static const char *const line_status_names[LINE_STATUS_COUNT] = {
    [LINE_UNDER_REVIEW] = "UNDER_REVIEW", [LINE_REJECTED] = "REJECTED",
    [LINE_VALIDATED] = "VALIDATED",       [LINE_OPT_OUT_OPEN] = "OPT_OUT_OPEN",
    [LINE_OFFICIAL] = "OFFICIAL",         [LINE_DECLINED] = "DECLINED",
    [LINE_WITHDRAWN] = "WITHDRAWN",       [LINE_ENDED] = "ENDED",
};

/* "wait" is never published; a claim's row keeps it. */
static const char *const finding_kind_names[] = {
    [FINDING_NONE] = NULL,
    [FINDING_REFUSAL] = "refusal",
    [FINDING_QUESTION] = "question",
    [FINDING_WAIT] = "wait",
};

static const char *const solution_area_names[] = {
    [AREA_UNKNOWN] = NULL,
    [AREA_MICROSOFT_365] = "MICROSOFT_365",
    [AREA_BUSINESS_APPLICATIONS] = "BUSINESS_APPLICATIONS",
};

/* Sets: the name at index i is that of bit 1 << i. */
static const char *const activity_names[] = {"USAGE", "PRE_SALES", "REVENUE_ASSOCIATION"};
static const char *const program_names[] = {"OSU_M365", "OSU_BIZAPPS", "OSA_SELL"};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The index of name, or count. */
static size_t name_index(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && (names[i] == NULL || strcmp(names[i], name) != 0))
        i++;
    return i;
}

static unsigned bit_from_name(const char *const *names, size_t count, const char *name)
{
    const size_t i = name_index(names, count, name);
    return i < count ? 1u << i : 0;
}

const CodeRow *code_row(Code code)
{
    return &code_rows[code];
}

const char *code_name(Code code)
{
    return code_rows[code].name;
}

bool code_from_name(const char *name, Code *ret_code)
{
    for (size_t i = 1; i < CODE_COUNT; i++) {
        if (strcmp(code_rows[i].name, name) == 0) {
            *ret_code = (Code)i;
            return true;
        }
    }
    return false;
}

const char *claim_status_name(ClaimStatus status)
{
    return claim_status_names[status];
}

bool claim_status_from_name(const char *name, ClaimStatus *ret_status)
{
    const size_t i = name_index(claim_status_names, CLAIM_STATUS_COUNT, name);
    if (i == CLAIM_STATUS_COUNT)
        return false;
    *ret_status = (ClaimStatus)i;
    return true;
}

const char *line_status_name(LineStatus status)
{
    return line_status_names[status];
}

bool line_status_from_name(const char *name, LineStatus *ret_status)
{
    const size_t i = name_index(line_status_names, LINE_STATUS_COUNT, name);
    if (i == LINE_STATUS_COUNT)
        return false;
    *ret_status = (LineStatus)i;
    return true;
}

const char *finding_kind_name(FindingKind kind)
{
    return finding_kind_names[kind];
}

const char *solution_area_name(SolutionArea area)
{
    return solution_area_names[area];
}

SolutionArea solution_area_from_name(const char *name)
{
    const size_t i = name_index(solution_area_names, COUNT_OF(solution_area_names), name);
    return i < COUNT_OF(solution_area_names) ? (SolutionArea)i : AREA_UNKNOWN;
}

unsigned activity_from_name(const char *name)
{
    return bit_from_name(activity_names, COUNT_OF(activity_names), name);
}

const char *activity_name(unsigned bit)
{
    for (size_t i = 0; i < COUNT_OF(activity_names); i++) {
        if (bit == 1u << i)
            return activity_names[i];
    }
    return NULL;
}

unsigned program_from_name(const char *name)
{
    return bit_from_name(program_names, COUNT_OF(program_names), name);
}
