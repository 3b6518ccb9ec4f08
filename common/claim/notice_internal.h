/* notice_internal.h - what the files of notice.h share. */
#pragma once

#include "claim/language.h"
#include "claim/notice.h"
#include "claim/template.h"

enum { NOTICE_COLUMN_COUNT_MAX = 74 }; /* of the plain text: 78, and room to quote it */

typedef enum NoticePart {
    NOTICE_SUBJECT,
    NOTICE_TEXT,
    NOTICE_HTML,
    NOTICE_PART_COUNT,
} NoticePart;

/* Index of a value; in the order of the tables in notice_templates.c. */
typedef enum NoticeName {
    NOTICE_PARTNER_NAME,
    NOTICE_MPN_ID,
    NOTICE_TENANT_NAME,
    NOTICE_TENANT_ID,
    NOTICE_DOMAIN,
    NOTICE_CONTACT_NAME,
    NOTICE_CLAIM_ID,
    NOTICE_CLAIM_NAME,
    NOTICE_DEADLINE,
    NOTICE_OPT_OUT_URL,
    NOTICE_PROGRAMME_ADDRESS,
    NOTICE_SHARES_DATA,
    NOTICE_ITEMS,
    NOTICE_ITEM_NAME,
    NOTICE_ITEM_DETAIL,
    NOTICE_NAME_COUNT,
} NoticeName;

enum { NOTICE_ITEM_COLUMN_COUNT = 2 };

typedef Template *NoticeParts[NOTICE_PART_COUNT];

struct NoticeTemplates {
    LanguageSet *languages;
    NoticeParts parts[LANGUAGE_COUNT_MAX]; /* parallel to the languages */
};

/*
 * notice_clean - a text from outside as one line of well-formed UTF-8: control characters, bidi
 * overrides and bad bytes become blanks, runs of blanks one, none at the ends; past
 * point_count_max characters an ellipsis. Borrowed from the arena.
 */
const char *notice_clean(const char *text, size_t point_count_max, Arena *arena);

/*
 * notice_wrap - lines of at most NOTICE_COLUMN_COUNT_MAX columns (a wide character takes two),
 * broken at blanks, or where Chinese and Japanese may be. What follows is indented to where the
 * text of the line begins: behind "- ", or behind a label and two blanks or more. A word that is
 * too long is cut, but never a link or an address. Borrowed from the arena.
 */
const char *notice_wrap(const char *text, Arena *arena);

/* notice_date_text - a Date header's value: "Sun, 22 Nov 2026 20:04:21 +0900". */
const char *notice_date_text(const Zone *zone, int64_t date_ms, Arena *arena);
