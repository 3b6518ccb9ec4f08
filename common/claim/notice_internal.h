/* notice_internal.h - what the files of notice.h share. */
#pragma once

#include "claim/notice.h"
#include "claim/template.h"

enum {
    NOTICE_LOCALE_SIZE = 36, /* RFC 5646 expects no longer tag than 35 */
    NOTICE_LOCALE_COUNT_MAX = 64,
};

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

typedef struct NoticeLanguage {
    char locale[NOTICE_LOCALE_SIZE]; /* as in the file names */
    Template *parts[NOTICE_PART_COUNT];
} NoticeLanguage;

struct NoticeTemplates {
    size_t count;
    const NoticeLanguage *english;
    NoticeLanguage languages[NOTICE_LOCALE_COUNT_MAX];
};

/* notice_language - that of a locale, of its language, or of a country's; else English. */
const NoticeLanguage *notice_language(const NoticeTemplates *templates, const char *locale,
                                      const char *country);

/*
 * notice_clean - a text from outside as one line of well-formed UTF-8: control characters, bidi
 * overrides and bad bytes become blanks, runs of blanks one, none at the ends; past
 * point_count_max characters an ellipsis. Borrowed from the arena.
 */
const char *notice_clean(const char *text, size_t point_count_max, Arena *arena);

/*
 * notice_deadline_text - "Monday, 30 November 2026, 24:00 (UTC+09:00, Asia/Seoul)" in the words of
 * the language; in one without words here "2026-11-30, 24:00 (…)".
 */
const char *notice_deadline_text(const char *locale, const Zone *zone, int64_t deadline_at_ms,
                                 Arena *arena);

/* notice_date_text - a Date header's value: "Sun, 22 Nov 2026 20:04:21 +0900". */
const char *notice_date_text(const Zone *zone, int64_t date_ms, Arena *arena);
