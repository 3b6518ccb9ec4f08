/* language.c - a folder's languages by its file names; words are a template whose sections are
 * written out one at a time. */
#include "claim/language.h"

#include "claim/text_check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FILE_NAME_SIZE = 80 };

/* "<prefix><locale><extension>" */
static const struct {
    const char *prefix, *extension;
} files[] = {
    {"notice.", ".subject"}, {"notice.", ".txt"}, {"notice.", ".html"},
    {"page.", ".html"},      {"words.", ".txt"},
};
enum { FILE_COUNT = sizeof files / sizeof files[0] };

typedef enum Word {
    WORD_NAME,
    WORD_COUNTRIES,
    WORD_WEEKDAYS,
    WORD_MONTHS,
    WORD_END_OF_DAY,
    WORD_INSTANT,
    WORD_FIRST_OF_MONTH,
    WORD_WEEKDAY,
    WORD_DAY,
    WORD_MONTH,
    WORD_YEAR,
    WORD_HOUR,
    WORD_MINUTE,
    WORD_OFFSET,
    WORD_ZONE,
    WORD_COUNT,
} Word;

static const TemplateName names[WORD_COUNT + 1] = {
    [WORD_NAME] = {"language_name", TEMPLATE_FLAG, true},
    [WORD_COUNTRIES] = {"countries", TEMPLATE_FLAG, true},
    [WORD_WEEKDAYS] = {"weekdays", TEMPLATE_FLAG, true},
    [WORD_MONTHS] = {"months", TEMPLATE_FLAG, true},
    [WORD_END_OF_DAY] = {"end_of_day", TEMPLATE_FLAG, true},
    [WORD_INSTANT] = {"instant", TEMPLATE_FLAG, true},
    [WORD_FIRST_OF_MONTH] = {"first_of_month", TEMPLATE_FLAG, false}, /* 1er novembre */
    [WORD_WEEKDAY] = {"weekday", TEMPLATE_TEXT, false},
    [WORD_DAY] = {"day", TEMPLATE_TEXT, true},
    [WORD_MONTH] = {"month", TEMPLATE_TEXT, true},
    [WORD_YEAR] = {"year", TEMPLATE_TEXT, true},
    [WORD_HOUR] = {"hour", TEMPLATE_TEXT, true},
    [WORD_MINUTE] = {"minute", TEMPLATE_TEXT, true},
    [WORD_OFFSET] = {"offset", TEMPLATE_TEXT, true},
    [WORD_ZONE] = {"zone", TEMPLATE_TEXT, true},
};

/* ---- which there are ---- */

static const char *file_name(size_t index, const char *locale, char ret_name[FILE_NAME_SIZE])
{
    snprintf(ret_name, FILE_NAME_SIZE, "%s%s%s", files[index].prefix, locale,
             files[index].extension);
    return ret_name;
}

/* The locale in a file's name, as a part of it; size 0: it is no template's. */
static size_t locale_in_name(const char *name, const char **ret_locale)
{
    const char *dot = strchr(name, '.');
    const char *extension = dot == NULL ? NULL : strchr(dot + 1, '.');
    for (size_t i = 0; extension != NULL && i < FILE_COUNT; i++) {
        if (strncmp(name, files[i].prefix, (size_t)(dot + 1 - name)) != 0 ||
            strlen(files[i].prefix) != (size_t)(dot + 1 - name) ||
            strcmp(extension, files[i].extension) != 0)
            continue;
        *ret_locale = dot + 1;
        return (size_t)(extension - dot - 1);
    }
    return 0;
}

/* The language whose locale is the first size bytes of a tag; count when there is none. */
static size_t language_index(const LanguageSet *set, const char *tag, size_t size)
{
    size_t i = 0;
    while (i < set->count && (strlen(set->languages[i].locale) != size ||
                              strncasecmp(set->languages[i].locale, tag, size) != 0))
        i++;
    return i;
}

static bool language_add(LanguageSet *set, const char *name, Error *reterr)
{
    const char *locale = NULL;
    const size_t size = locale_in_name(name, &locale);
    if (size == 0 || language_index(set, locale, size) < set->count)
        return true;
    if (!text_is_locale(locale, size, 0, 0))
        return error_set(reterr, ERROR_FATAL,
                         "read template %.200s: its second part is no locale such as en or ko-KR",
                         name);
    if (set->count == LANGUAGE_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "read templates: more than %d locales",
                         LANGUAGE_COUNT_MAX);
    memcpy(set->languages[set->count++].locale, locale, size);
    return true;
}

static int compare_languages(const void *left, const void *right)
{
    return strcmp(((const Language *)left)->locale, ((const Language *)right)->locale);
}

static bool folder_list(const char *folder, LanguageSet *set, Error *reterr)
{
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return error_set(reterr, ERROR_FATAL, "read templates in %.200s: %s", folder,
                         strerror(errno));
    bool good = true;
    for (const struct dirent *entry; good && (entry = readdir(directory)) != NULL;)
        good = language_add(set, entry->d_name, reterr);
    closedir(directory);
    qsort(set->languages, set->count, sizeof set->languages[0], compare_languages);
    return good;
}

/* Half a language would be a notice whose link leads to a page in another one. */
static bool check_whole(const char *folder, const Language *language, Error *reterr)
{
    char name[FILE_NAME_SIZE], path[4096];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, file_name(i, language->locale, name));
        if (access(path, R_OK) != 0)
            return error_set(reterr, ERROR_FATAL,
                             "read templates in %.200s: the language %s has no %s (%s)", folder,
                             language->locale, name, strerror(errno));
    }
    return true;
}

/* ---- words ---- */

/* One section, without the blanks around it. */
static char *section_text(const Language *language, TemplateValue *values, Word section,
                          Arena *arena)
{
    JsonWriter text;
    writer_init(&text, arena, 0);
    values[section].flag = true;
    template_render(language->words, TEMPLATE_PLAIN, values, &text);
    values[section].flag = false;
    size_t size = 0;
    const char *begin = writer_finish(&text, &size);
    while (size > 0 && strchr(" \t\n", begin[size - 1]) != NULL)
        size--;
    const size_t blank_size = strspn(begin, " \t\n");
    return arena_copy(arena, begin + (size == 0 ? 0 : blank_size),
                      size == 0 ? 0 : size - blank_size);
}

/* The words of a section in order; at most room of them are kept, all are counted. */
static size_t section_words(LanguageSet *set, const Language *language, Word section,
                            const char **ret_words, size_t room)
{
    TemplateValue values[WORD_COUNT] = {0};
    char *rest = section_text(language, values, section, &set->arena);
    size_t count = 0;
    for (char *word; (word = strsep(&rest, " \t\n")) != NULL;) {
        if (word[0] == '\0')
            continue;
        if (count < room)
            ret_words[count] = word;
        count++;
    }
    return count;
}

static bool read_names(LanguageSet *set, const Language *language, Word section,
                       const char **ret_words, size_t wanted, Error *reterr)
{
    const size_t count = section_words(set, language, section, ret_words, wanted);
    if (count == wanted)
        return true;
    return error_set(reterr, ERROR_FATAL,
                     "read template words.%s.txt: {{#%s}} holds %zu words, it must be %zu",
                     language->locale, names[section].name, count, wanted);
}

static bool read_countries(LanguageSet *set, Language *language, Error *reterr)
{
    enum { COUNTRY_COUNT_MAX = 250 };
    language->countries = arena_new(&set->arena, COUNTRY_COUNT_MAX * sizeof *language->countries);
    language->country_count =
        section_words(set, language, WORD_COUNTRIES, language->countries, COUNTRY_COUNT_MAX);
    for (size_t i = 0; i < language->country_count; i++) {
        const char *country = i < COUNTRY_COUNT_MAX ? language->countries[i] : "too many";
        if (!text_is_country(country, strlen(country), 0, 0))
            return error_set(reterr, ERROR_FATAL,
                             "read template words.%s.txt: {{#countries}}: \"%.20s\" is no country "
                             "such as KR",
                             language->locale, country);
    }
    return true;
}

/* What a date must show in either form, whatever its order. */
static bool check_dates(const Language *language, Error *reterr)
{
    static const Word forms[] = {WORD_END_OF_DAY, WORD_INSTANT};
    static const char *const places[] = {"in {{#end_of_day}}", "in {{#instant}}"};
    for (size_t i = 0; i < 2; i++) {
        TemplateValue values[WORD_COUNT] = {
            [WORD_DAY].text = "<day>",       [WORD_MONTH].text = "<month>",
            [WORD_YEAR].text = "<year>",     [WORD_ZONE].text = "<zone>",
            [WORD_OFFSET].text = "<offset>",
        };
        values[forms[i]].flag = true;
        values[WORD_HOUR].text = forms[i] == WORD_INSTANT ? "<hour>" : "";
        values[WORD_MINUTE].text = forms[i] == WORD_INSTANT ? "<minute>" : "";
        if (!template_check_says(language->words, values, places[i], reterr))
            return false;
    }
    return true;
}

static bool language_open(const char *folder, LanguageSet *set, Language *language, Error *reterr)
{
    char name[FILE_NAME_SIZE];
    TemplateValue values[WORD_COUNT] = {0};
    if (!check_whole(folder, language, reterr) ||
        !template_open(folder, file_name(FILE_COUNT - 1, language->locale, name), names,
                       &language->words, reterr) ||
        !template_check_required(language->words, reterr) || !check_dates(language, reterr))
        return false;
    language->name = section_text(language, values, WORD_NAME, &set->arena);
    return read_names(set, language, WORD_WEEKDAYS, language->weekdays, LANGUAGE_WEEKDAY_COUNT,
                      reterr) &&
           read_names(set, language, WORD_MONTHS, language->months, LANGUAGE_MONTH_COUNT, reterr) &&
           read_countries(set, language, reterr);
}

/* The language that names a country; count when none does. */
static size_t country_language(const LanguageSet *set, const char *country)
{
    for (size_t i = 0; i < set->count; i++) {
        const Language *language = &set->languages[i];
        for (size_t j = 0; j < language->country_count; j++) {
            if (strcmp(language->countries[j], country) == 0)
                return i;
        }
    }
    return set->count;
}

static bool check_countries(const LanguageSet *set, Error *reterr)
{
    for (size_t i = 0; i < set->count; i++) {
        const Language *language = &set->languages[i];
        for (size_t j = 0; j < language->country_count; j++) {
            const size_t other = country_language(set, language->countries[j]);
            if (other != i)
                return error_set(reterr, ERROR_FATAL,
                                 "read template words.%s.txt: {{#countries}}: %s is in "
                                 "words.%s.txt, too",
                                 language->locale, language->countries[j],
                                 set->languages[other].locale);
        }
    }
    return true;
}

bool language_set_open(const char *folder, LanguageSet **ret_set, Error *reterr)
{
    LanguageSet *made __attribute__((cleanup(language_set_release))) = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(reterr, ERROR_FATAL, "read templates: out of memory");
    arena_init(&made->arena);
    if (!folder_list(folder, made, reterr))
        return false;
    made->english_index = language_index(made, "en", 2);
    if (made->english_index == made->count)
        return error_set(reterr, ERROR_FATAL,
                         "read templates in %.200s: no notice.en.txt (every other language falls "
                         "back to it)",
                         folder);
    for (size_t i = 0; i < made->count; i++) {
        if (!language_open(folder, made, &made->languages[i], reterr))
            return false;
    }
    if (!check_countries(made, reterr))
        return false;
    *ret_set = made;
    made = NULL;
    return true;
}

void language_set_release(LanguageSet **set)
{
    if (*set == NULL)
        return;
    for (size_t i = 0; i < (*set)->count; i++)
        template_release(&(*set)->languages[i].words);
    arena_deinit(&(*set)->arena);
    free(*set);
    *set = NULL;
}

/* ---- use ---- */

size_t language_find(const LanguageSet *set, const char *locale, const char *country)
{
    if (locale[0] == '\0') {
        const size_t index = country_language(set, country);
        return index < set->count ? index : set->english_index;
    }
    for (size_t size = strlen(locale); size > 0; size--) {
        if (locale[size] != '\0' && locale[size] != '-' && locale[size] != '_')
            continue;
        const size_t index = language_index(set, locale, size);
        if (index < set->count)
            return index;
    }
    return set->english_index;
}

const char *language_instant_text(const Language *language, const Zone *zone, int64_t at_ms,
                                  Arena *arena)
{
    const bool is_end = zone_day_start(zone, zone_local_day(zone, at_ms)) == at_ms;
    ZoneTime time;
    zone_local_time(zone, is_end ? at_ms - 1 : at_ms, &time);
    const int offset_minutes = (time.offset_s < 0 ? -time.offset_s : time.offset_s) / 60;
    TemplateValue values[WORD_COUNT] = {
        [WORD_WEEKDAY].text = language->weekdays[time.weekday],
        [WORD_DAY].text = arena_printf(arena, "%d", time.day_of_month),
        [WORD_MONTH].text = language->months[time.month - 1],
        [WORD_YEAR].text = arena_printf(arena, "%d", time.year),
        [WORD_HOUR].text = arena_printf(arena, "%02d", time.hour),
        [WORD_MINUTE].text = arena_printf(arena, "%02d", time.minute),
        [WORD_FIRST_OF_MONTH].flag = time.day_of_month == 1,
        [WORD_OFFSET].text = arena_printf(arena, "UTC%c%02d:%02d", time.offset_s < 0 ? '-' : '+',
                                          offset_minutes / 60, offset_minutes % 60),
        [WORD_ZONE].text = zone_name(zone),
    };
    return section_text(language, values, is_end ? WORD_END_OF_DAY : WORD_INSTANT, arena);
}
