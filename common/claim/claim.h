/*
 * claim.h - a claim with its lines and findings, and the two functions that every move ends with.
 *
 * Plain data in an arena. Functions are pure: no I/O, no clock, no logging; they cannot fail.
 */
#pragma once

#include "claim/calendar.h"
#include "claim/codes.h"
#include "runtime/arena.h"

#include <stdint.h>

enum {
    CLAIM_ID_SIZE = 65,
    UUID_SIZE = 37,
    MPN_ID_SIZE = 13,
    DOMAIN_SIZE = 254,
    SLOT_SIZE = 64,
    PRODUCT_CODE_SIZE = 64,
    RULES_VERSION_SIZE = 16,
    TRACEPARENT_SIZE = 56, /* of W3C's version 00, with its NUL */
    CLAIM_LINE_COUNT_MAX = 50,
    CLAIM_POE_COUNT_MAX = 20,
    CLAIM_COMMENT_COUNT_MAX = 100,
    CLAIM_FINDING_SIZE_MAX = 128 * 1024, /* of all messages: an event has 256 KiB */
    CLAIM_FINDING_COUNT_MAX = 500,       /* what a claim may collect; see claim_add_finding */
};

#define DAY_NONE INT32_MIN /* "no date"; older than any */

/* What the last validation found of a line; the status alone cannot say why it is UNDER_REVIEW. */
typedef enum LineCheck {
    CHECK_NONE = 0, /* not validated yet */
    CHECK_PASSED,   /* passed; UNDER_REVIEW only while a question or a review holds the claim */
    CHECK_WAITS,    /* for a record of the reference topics */
    CHECK_ASKED,    /* a question about this line is open */
    CHECK_APPROVED, /* by a reviewer: no review holds it any more */
} LineCheck;

typedef struct Line {
    int32_t number;
    LineStatus status;
    Code reason;
    LineCheck check;
    char code[PRODUCT_CODE_SIZE]; /* workload or product; "" when it could not be read */
    bool is_product;
    char subscription_id[UUID_SIZE]; /* named or resolved; "" while unknown */
    char slot[SLOT_SIZE];            /* "" while unknown */
    int32_t poe_day;                 /* newest good PoE that covers it, or DAY_NONE */
    int64_t deadline_at_ms;          /* 0: no window yet */
    int64_t official_at_ms, ended_at_ms;
    char supersedes[UUID_SIZE], superseded_by[UUID_SIZE]; /* association ids, or "" */
} Line;

typedef struct Finding {
    Code code;
    FindingKind kind; /* REFUSAL, QUESTION, or WAIT (kept, not published) */
    int32_t line;     /* 0: about the claim */
    const char *path; /* JSON pointer, or NULL */
    const char *message;
    const char *claim_id; /* of an own duplicate, or NULL */
} Finding;

typedef enum Origin { ORIGIN_CLAIM = 0, ORIGIN_LEGACY } Origin;

typedef struct Claim {
    char tenant_id[UUID_SIZE];
    char claim_id[CLAIM_ID_SIZE];
    char mpn_id[MPN_ID_SIZE]; /* "" when it could not be read */
    char domain[DOMAIN_SIZE]; /* likewise */
    SolutionArea solution_area;
    unsigned activities; /* bits of Activity */
    Origin origin;

    int32_t revision;
    int32_t sequence; /* changes published, from 1 */
    int64_t version;  /* of the row: grows with each save; 0 = not stored yet */
    ClaimStatus status;
    Code reason; /* of the line that moved last */

    int64_t first_submitted_at_ms;
    int64_t received_at_ms;         /* receipt of the current revision */
    int64_t validated_at_ms;        /* first validation of the current revision; 0 = none yet */
    int64_t answer_due_at_ms;       /* PARTNER_ACTION_REQUIRED: end of the partner's days; else 0 */
    int64_t reminder_at_ms;         /* likewise: when the partner is reminded; 0: not, or done */
    int64_t recheck_at_ms;          /* a line or the claim waits: next look; else 0 */
    int64_t notified_at_ms;         /* 0: not yet */
    int32_t notice_revision;        /* revision for which a notice was asked for; 0 = none */
    int64_t notice_retry_at_ms;     /* the mail server said "later": when to try again; else 0 */
    int64_t notice_failed_since_ms; /* first temporary refusal of this revision; 0 = none */
    int32_t notice_failure_count;
    bool grace;          /* waits for a partner's or tenant's record, nothing reported yet */
    bool review_pending; /* a reviewer's verdict is awaited for this revision */

    char calendar_id[CALENDAR_ID_SIZE];
    char calendar_version[CALENDAR_VERSION_SIZE];
    char time_zone[64];      /* in which the customer's days end; "" until validated */
    char country[3];         /* of the customer, else of the tenant; chooses the calendar; or "" */
    char partner_country[3]; /* chooses the calendar of the partner's answer; or "" */

    char rules_version[RULES_VERSION_SIZE];
    char traceparent[TRACEPARENT_SIZE]; /* of the record that brought the document; or "" */

    Line *lines;
    size_t line_count;
    Finding *findings;
    size_t finding_count, finding_room;
} Claim;

/* claim_line - the line with this number, or NULL. */
Line *claim_line(const Claim *claim, int32_t number);

/* line_is_live - before OFFICIAL and not refused, declined, withdrawn or ended. */
bool line_is_live(const Line *line);

/* claim_add_finding - append (texts borrowed from the arena). Past the maximum a question, and what
 * is about the claim, replaces the last finding that holds nothing; any other is dropped: the
 * line's reason says it. */
void claim_add_finding(Claim *claim, Arena *arena, const Finding *finding);

/* claim_has_question - a question is open: about the claim while any line is before OPT_OUT_OPEN,
 * or about such a line. A question about a refused, withdrawn or declined line holds nothing. */
bool claim_has_question(const Claim *claim);

/* claim_finding_is_open - the finding is a question that still holds the claim. */
bool claim_finding_is_open(const Claim *claim, const Finding *finding);

/*
 * claim_settle - after any change of lines or findings: hold or release the lines that passed,
 * then derive the claim's status. Every handler's last step; idempotent.
 *
 * A question holds the whole claim: VALIDATED lines go back to UNDER_REVIEW until it is answered;
 * when none is open (and no review is awaited), lines that passed become VALIDATED.
 * Sets claim->status; the caller compares it with what it was. Cost: O(lines + findings).
 */
void claim_settle(Claim *claim);

/* claim_wants_notice - some line is VALIDATED, none UNDER_REVIEW, and no notice was asked for
 * in this revision. */
bool claim_wants_notice(const Claim *claim);

/* claim_deadline - the latest deadline of its lines, 0 if none. */
int64_t claim_deadline(const Claim *claim);

/* association_id - UUIDv5 of tenant_id/claim_id/line/N. */
void association_id(const Claim *claim, int32_t line, char ret_id[UUID_SIZE]);
