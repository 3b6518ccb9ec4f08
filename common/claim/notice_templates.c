/* notice_templates.c - a folder's notices, one language for each locale in the file names. */
#include "claim/notice_internal.h"

#include "claim/text_check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char prefix[] = "notice.";
static const char *const extensions[NOTICE_PART_COUNT] = {".subject", ".txt", ".html"};

/* A notice that does not say who, what, until when and how to opt out must not go out. The subject
 * is free. */
static const TemplateName names[NOTICE_NAME_COUNT + 1] = {
    [NOTICE_PARTNER_NAME] = {"partner_name", TEMPLATE_TEXT, true},
    [NOTICE_MPN_ID] = {"mpn_id", TEMPLATE_TEXT, false},
    [NOTICE_TENANT_NAME] = {"tenant_name", TEMPLATE_TEXT, false},
    [NOTICE_TENANT_ID] = {"tenant_id", TEMPLATE_TEXT, true},
    [NOTICE_DOMAIN] = {"domain", TEMPLATE_TEXT, true},
    [NOTICE_CONTACT_NAME] = {"contact_name", TEMPLATE_TEXT, false},
    [NOTICE_CLAIM_ID] = {"claim_id", TEMPLATE_TEXT, true},
    [NOTICE_CLAIM_NAME] = {"claim_name", TEMPLATE_TEXT, false},
    [NOTICE_DEADLINE] = {"deadline", TEMPLATE_TEXT, true},
    [NOTICE_OPT_OUT_URL] = {"opt_out_url", TEMPLATE_TEXT, true},
    [NOTICE_PROGRAMME_ADDRESS] = {"programme_address", TEMPLATE_TEXT, true},
    [NOTICE_SHARES_DATA] = {"shares_data", TEMPLATE_FLAG, true},
    [NOTICE_ITEMS] = {"items", TEMPLATE_LIST, true},
    [NOTICE_ITEM_NAME] = {"name", TEMPLATE_ITEM, true},
    [NOTICE_ITEM_DETAIL] = {"detail", TEMPLATE_ITEM, false},
};

static NoticeLanguage *language_find(NoticeTemplates *templates, const char *locale, size_t size)
{
    for (size_t i = 0; i < templates->count; i++) {
        NoticeLanguage *language = &templates->languages[i];
        if (strlen(language->locale) == size && strncasecmp(language->locale, locale, size) == 0)
            return language;
    }
    return NULL;
}

/* The locale in "notice.<locale>.<extension>", as a part of file_name; size 0: no notice's file. */
static size_t locale_size(const char *file_name)
{
    const size_t prefix_size = sizeof prefix - 1;
    if (strncmp(file_name, prefix, prefix_size) != 0)
        return 0;
    const char *dot = strchr(file_name + prefix_size, '.');
    for (size_t i = 0; dot != NULL && i < NOTICE_PART_COUNT; i++) {
        if (strcmp(dot, extensions[i]) == 0)
            return (size_t)(dot - file_name) - prefix_size;
    }
    return 0;
}

static bool language_add(NoticeTemplates *templates, const char *file_name, Error *reterr)
{
    const size_t size = locale_size(file_name);
    const char *locale = file_name + sizeof prefix - 1;
    if (size == 0 || language_find(templates, locale, size) != NULL)
        return true;
    if (!text_is_locale(locale, size, 0, 0))
        return error_set(reterr, ERROR_FATAL,
                         "read template %.200s: its second part is no locale such as en or ko-KR",
                         file_name);
    if (templates->count == NOTICE_LOCALE_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "read templates: more than %d locales",
                         NOTICE_LOCALE_COUNT_MAX);
    memcpy(templates->languages[templates->count++].locale, locale, size);
    return true;
}

static bool folder_list(const char *folder, NoticeTemplates *templates, Error *reterr)
{
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return error_set(reterr, ERROR_FATAL, "read templates in %.200s: %s", folder,
                         strerror(errno));
    bool good = true;
    for (const struct dirent *entry; good && (entry = readdir(directory)) != NULL;)
        good = language_add(templates, entry->d_name, reterr);
    closedir(directory);
    return good;
}

static bool language_open(const char *folder, NoticeLanguage *language, Error *reterr)
{
    for (size_t i = 0; i < NOTICE_PART_COUNT; i++) {
        char file_name[64];
        snprintf(file_name, sizeof file_name, "%s%s%s", prefix, language->locale, extensions[i]);
        if (!template_open(folder, file_name, names, &language->parts[i], reterr) ||
            (i != NOTICE_SUBJECT && !template_check_required(language->parts[i], reterr)))
            return false;
    }
    return true;
}

bool notice_templates_open(const char *folder, NoticeTemplates **ret_templates, Error *reterr)
{
    NoticeTemplates *made __attribute__((cleanup(notice_templates_release))) =
        calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(reterr, ERROR_FATAL, "read templates: out of memory");
    if (!folder_list(folder, made, reterr))
        return false;
    made->english = language_find(made, "en", 2);
    if (made->english == NULL)
        return error_set(reterr, ERROR_FATAL,
                         "read templates in %.200s: no notice.en.txt (every other language falls "
                         "back to it)",
                         folder);
    for (size_t i = 0; i < made->count; i++) {
        if (!language_open(folder, &made->languages[i], reterr))
            return false;
    }
    *ret_templates = made;
    made = NULL;
    return true;
}

void notice_templates_release(NoticeTemplates **templates)
{
    if (*templates == NULL)
        return;
    for (size_t i = 0; i < (*templates)->count; i++) {
        for (size_t part = 0; part < NOTICE_PART_COUNT; part++)
            template_release(&(*templates)->languages[i].parts[part]);
    }
    free(*templates);
    *templates = NULL;
}

/* Where a customer named no language: of the countries whose language has templates here. */
static const char *country_language(const char *country)
{
    return strcmp(country, "KR") == 0 ? "ko" : "en";
}

const NoticeLanguage *notice_language(const NoticeTemplates *templates, const char *locale,
                                      const char *country)
{
    const char *wanted = locale[0] != '\0' ? locale : country_language(country);
    for (size_t i = 0; i < templates->count; i++) {
        if (strcasecmp(templates->languages[i].locale, wanted) == 0)
            return &templates->languages[i];
    }
    const size_t language_size = strcspn(wanted, "-_");
    for (size_t i = 0; i < templates->count; i++) {
        const char *have = templates->languages[i].locale;
        if (strlen(have) == language_size && strncasecmp(have, wanted, language_size) == 0)
            return &templates->languages[i];
    }
    return templates->english;
}
