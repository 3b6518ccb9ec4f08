/* notice_templates.c - a folder's notices, one language for each locale in the file names. */
#include "claim/notice_internal.h"

#include <stdio.h>
#include <stdlib.h>

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

/* What a notice must say, however the customer is addressed and whatever is shared. */
static bool check_says(const Template *template, Error *reterr)
{
    static const char *const cells[NOTICE_ITEM_COLUMN_COUNT] = {"<name>", ""};
    static const struct {
        const char *where, *contact_name;
        bool shares_data;
    } rows[] = {
        {"with {{#shares_data}}", "<contact>", true},
        {"with {{^shares_data}}", "<contact>", false},
        {"without {{contact_name}}", "", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TemplateValue values[NOTICE_NAME_COUNT] = {
            [NOTICE_CONTACT_NAME].text = rows[i].contact_name,
            [NOTICE_SHARES_DATA].flag = rows[i].shares_data,
            [NOTICE_ITEMS] = {.cells = cells, .row_count = 1},
        };
        for (size_t name = 0; name < NOTICE_NAME_COUNT; name++) {
            if (names[name].kind == TEMPLATE_TEXT && names[name].is_required)
                values[name].text = names[name].name;
        }
        if (!template_check_says(template, values, rows[i].where, reterr))
            return false;
    }
    return true;
}

static bool parts_open(const char *folder, const char *locale, NoticeParts *ret_parts,
                       Error *reterr)
{
    for (size_t i = 0; i < NOTICE_PART_COUNT; i++) {
        char file_name[64];
        Template **part = &(*ret_parts)[i];
        snprintf(file_name, sizeof file_name, "notice.%s%s", locale, extensions[i]);
        if (!template_open(folder, file_name, names, part, reterr) ||
            (i != NOTICE_SUBJECT &&
             (!template_check_required(*part, reterr) || !check_says(*part, reterr))))
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
    if (!language_set_open(folder, &made->languages, reterr))
        return false;
    for (size_t i = 0; i < made->languages->count; i++) {
        if (!parts_open(folder, made->languages->languages[i].locale, &made->parts[i], reterr))
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
    for (size_t i = 0; i < LANGUAGE_COUNT_MAX; i++) {
        for (size_t part = 0; part < NOTICE_PART_COUNT; part++)
            template_release(&(*templates)->parts[i][part]);
    }
    language_set_release(&(*templates)->languages);
    free(*templates);
    *templates = NULL;
}
