/*
 * template.h - texts with placeholders, read from files and checked at start.
 *
 * {{name}} is a value; {{#name}}…{{/name}} stands when it is there (a list: once for each row),
 * {{^name}}…{{/name}} when it is not. A line that holds one section tag and nothing else leaves
 * no empty line behind. There is nothing more to it: no logic, no includes, no comments.
 */
#pragma once

#include "claim/json_writer.h"
#include "runtime/error.h"

#include <stddef.h>

enum {
    TEMPLATE_SIZE_MAX = 64 * 1024,
    TEMPLATE_DEPTH_MAX = 4, /* sections in sections */
};

typedef enum TemplateKind {
    TEMPLATE_TEXT, /* as a section: there when not "" */
    TEMPLATE_FLAG, /* only as a section */
    TEMPLATE_LIST, /* only as a section, once for each row */
    TEMPLATE_ITEM, /* a text of the list's current row; the names after the list are its columns */
} TemplateKind;

/* What a template may say; an array is ended by a name NULL. Borrowed for the template's life. */
typedef struct TemplateName {
    const char *name;
    TemplateKind kind;
    bool is_required; /* template_check_required asks for it */
} TemplateName;

/* Parallel to the names; those of items are not read. Texts are borrowed for the call. */
typedef struct TemplateValue {
    const char *text;
    bool flag;
    const char *const *cells; /* row_count rows of as many cells as the list has items */
    size_t row_count;
} TemplateValue;

typedef enum TemplateForm {
    TEMPLATE_PLAIN, /* values as they are */
    TEMPLATE_HTML,  /* & < > " ' of values escaped: fit for text and for quoted attributes */
} TemplateForm;

typedef struct Template Template;

/*
 * template_open - read <folder>/<file_name> and check it.
 *
 * In:      names  what may be in it; borrowed as long as the template lives.
 * Errors:  FATAL  no such file, over TEMPLATE_SIZE_MAX, not UTF-8, control characters, an unknown
 *          placeholder or one in the wrong place, a section that is not closed: which file, which
 *          line, which placeholder, what is allowed.
 */
MUST_CHECK bool template_open(const char *folder, const char *file_name, const TemplateName *names,
                              Template **ret_template, Error *reterr);

/*
 * template_check_required - are all required names in it?
 *
 * Errors:  FATAL  one is not: which, and in which file.
 */
MUST_CHECK bool template_check_required(const Template *template, Error *reterr);

/*
 * template_check_says - does it show every text that is given? For what must stand in each of a
 * template's faces, not only somewhere in the file.
 *
 * In:      values  of the required names: a text must be shown, and of a list each item of the
 *                  first row; no text may be a part of another.
 *          where   for the error: "in {{#ask}}".
 * Errors:  FATAL  one is not: which, in which file, and where.
 */
MUST_CHECK bool template_check_says(const Template *template, const TemplateValue *values,
                                    const char *where, Error *reterr);

/* template_release - free it and set the pointer to NULL; it may be NULL before. */
void template_release(Template **template);

/* template_render - append to a text. Thread-safe: a template does not change. */
void template_render(const Template *template, TemplateForm form, const TemplateValue *values,
                     JsonWriter *text);
