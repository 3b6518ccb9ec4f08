/* language.h - the languages of the templates' folder: which there are, and the words of each. */
#pragma once

#include "claim/template.h"
#include "claim/zone.h"
#include "runtime/arena.h"

enum {
    LANGUAGE_LOCALE_SIZE = 36, /* RFC 5646 expects no longer tag than 35 */
    LANGUAGE_COUNT_MAX = 64,
    LANGUAGE_WEEKDAY_COUNT = 7,
    LANGUAGE_MONTH_COUNT = 12,
};

/* Texts are borrowed from the set. */
typedef struct Language {
    char locale[LANGUAGE_LOCALE_SIZE]; /* as in the file names */
    Template *words;
    const char *name;                             /* of the language, in it */
    const char *weekdays[LANGUAGE_WEEKDAY_COUNT]; /* Sunday first */
    const char *months[LANGUAGE_MONTH_COUNT];
    const char **countries; /* whose people are written to in it, unless they say otherwise */
    size_t country_count;
} Language;

/* Ordered by locale. */
typedef struct LanguageSet {
    Arena arena;
    size_t count, english_index;
    Language languages[LANGUAGE_COUNT_MAX];
} LanguageSet;

/*
 * language_set_open - look which languages a folder has, and read words.<locale>.txt of each.
 *
 * A language is there when any of its files is, and then all of them must be:
 * notice.<locale>.{subject,txt,html}, page.<locale>.html, words.<locale>.txt.
 *
 * Errors:  FATAL  no such folder, no English, a file is missing, a country in two languages, too
 *          few or too many names, a placeholder as in template_open: which file, what is wrong.
 */
MUST_CHECK bool language_set_open(const char *folder, LanguageSet **ret_set, Error *reterr);
void language_set_release(LanguageSet **set);

/*
 * language_find - the index of the language to write in.
 *
 * In:      locale   BCP 47, or "": itself, else without its last part, and so on (RFC 4647:
 *                   look-up), else English.
 *          country  ISO 3166-1 or "": chooses where locale is "".
 */
size_t language_find(const LanguageSet *set, const char *locale, const char *country);

/*
 * language_instant_text - an instant as a person reads it: "Monday, 30 November 2026, 20:30
 * (UTC+05:30, Asia/Kolkata)". A day's first instant reads as the end of the day before, with that
 * day's offset. Borrowed from the arena.
 */
const char *language_instant_text(const Language *language, const Zone *zone, int64_t at_ms,
                                  Arena *arena);
