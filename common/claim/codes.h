/* codes.h - the words of the domain: statuses, findings and reasons, activities; each a table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Shown to partners; who moves it is in transition.h. */
typedef enum ClaimStatus {
    CLAIM_NONE = 0, /* not known: before the first event */
    CLAIM_SUBMITTED,
    CLAIM_UNDER_REVIEW,
    CLAIM_PARTNER_ACTION_REQUIRED,
    CLAIM_VALIDATED,
    CLAIM_OPT_OUT_OPEN,
    CLAIM_OFFICIAL,
    CLAIM_REJECTED,
    CLAIM_WITHDRAWN,
    CLAIM_ENDED,
    CLAIM_STATUS_COUNT,
} ClaimStatus;

typedef enum LineStatus {
    LINE_UNDER_REVIEW = 0,
    LINE_REJECTED,
    LINE_VALIDATED,
    LINE_OPT_OUT_OPEN,
    LINE_OFFICIAL,
    LINE_DECLINED,
    LINE_WITHDRAWN,
    LINE_ENDED,
    LINE_STATUS_COUNT,
} LineStatus;

/* Findings in the order of the contract's table: a line refused by several has the first as its
 * reason. Then the reasons that are no findings. */
typedef enum Code {
    CODE_NONE = 0,
    CODE_FIELD_MISSING,
    CODE_FIELD_INVALID,
    CODE_WRONG_PROGRAM,
    CODE_ACTIVITY_INVALID,
    CODE_PARTNER_UNKNOWN,
    CODE_MPN_NOT_LOCATION,
    CODE_MPN_NOT_ENROLLED,
    CODE_DOMAIN_TENANT_MISMATCH,
    CODE_CONTACT_NOT_AT_CUSTOMER,
    CODE_TECHNICAL_CONTACT_MISSING,
    CODE_REVENUE_FIELDS_MISSING,
    CODE_PRODUCT_UNKNOWN,
    CODE_PRODUCT_NOT_ON_TENANT,
    CODE_SUBSCRIPTION_AMBIGUOUS,
    CODE_SUBSCRIPTION_NOT_ON_TENANT,
    CODE_SUBSCRIPTION_NOT_DYNAMICS,
    CODE_SUBSCRIPTION_PRODUCT_MISMATCH,
    CODE_SUBSCRIPTION_CSP,
    CODE_SUBSCRIPTION_NOT_PROVISIONED,
    CODE_SUBSCRIPTION_INACTIVE,
    CODE_DUPLICATE_OWN_CLAIM,
    CODE_COMPETING_CLAIM_OLDER_POE,
    CODE_POE_MISSING,
    CODE_POE_NOT_SIGNED,
    CODE_POE_DATE_MISSING,
    CODE_POE_TOO_OLD,
    CODE_POE_DATE_IN_FUTURE,
    CODE_POE_LINE_NOT_COVERED,
    CODE_POE_DISCLOSURE_MISSING,
    CODE_REVIEWER_REJECTED,
    CODE_REVIEWER_QUESTION,
    CODE_CONTACT_UNREACHABLE,
    CODE_NO_PARTNER_RESPONSE,
    CODE_NOT_CARRIED_OVER,
    CODE_CUSTOMER_DECLINED,
    CODE_PARTNER_REQUEST,
    CODE_PARTNER_DISASSOCIATED,
    CODE_SUPERSEDED,
    CODE_SUBSCRIPTION_ENDED,
    CODE_COUNT,
} Code;

typedef enum FindingKind {
    FINDING_NONE = 0, /* a reason only */
    FINDING_REFUSAL,
    FINDING_QUESTION,
    FINDING_WAIT, /* internal: waits, and becomes a refusal; published as "refusal" only then */
} FindingKind;

typedef struct CodeRow {
    const char *name;
    FindingKind kind; /* as the contract's table says; WAIT rows become refusals in time */
    bool whole_claim; /* a finding of the claim, not of a line */
} CodeRow;

/* code_row - the table's row. code < CODE_COUNT. */
const CodeRow *code_row(Code code);
const char *code_name(Code code); /* NULL for CODE_NONE */

/* ..._from_name - false when the word is not known. Linear in the table. */
bool code_from_name(const char *name, Code *ret_code);
const char *claim_status_name(ClaimStatus status); /* NULL for CLAIM_NONE */
bool claim_status_from_name(const char *name, ClaimStatus *ret_status);
const char *line_status_name(LineStatus status);
bool line_status_from_name(const char *name, LineStatus *ret_status);
const char *finding_kind_name(FindingKind kind); /* "refusal", "question" */

typedef enum SolutionArea {
    AREA_UNKNOWN = 0,
    AREA_MICROSOFT_365,
    AREA_BUSINESS_APPLICATIONS,
} SolutionArea;

typedef enum Activity { /* a set: bits */
                        ACTIVITY_USAGE = 1,
                        ACTIVITY_PRE_SALES = 2,
                        ACTIVITY_REVENUE_ASSOCIATION = 4,
} Activity;

typedef enum Program { /* a set: bits; also a partner's enrolments */
                       PROGRAM_OSU_M365 = 1,
                       PROGRAM_OSU_BIZAPPS = 2,
                       PROGRAM_OSA_SELL = 4,
} Program;

/* The words of the contract, to and from values; a set's functions take and give one bit.
 * Names are static; NULL for a value without one. */
const char *solution_area_name(SolutionArea area);
SolutionArea solution_area_from_name(const char *name); /* AREA_UNKNOWN when unknown */
unsigned activity_from_name(const char *name);          /* 0 when unknown */
const char *activity_name(unsigned bit);
unsigned program_from_name(const char *name); /* 0 when unknown */
