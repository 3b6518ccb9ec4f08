/* http_form.h - the fields of a form body (application/x-www-form-urlencoded). */
#pragma once

#include "http.h"

enum { HTTP_FORM_FIELD_COUNT_MAX = 32 };

typedef struct HttpFormField {
    const char *name, *value; /* decoded, borrowed from the form */
} HttpFormField;

typedef struct HttpForm {
    size_t count;
    HttpFormField fields[HTTP_FORM_FIELD_COUNT_MAX];
    char text[HTTP_BODY_SIZE_MAX + 1]; /* what the fields point into */
} HttpForm;

/*
 * http_form_parse - split and decode a form body.
 *
 * Returns: false when it has a NUL byte, encoded or not, or more than HTTP_FORM_FIELD_COUNT_MAX
 *          fields, or is longer than HTTP_BODY_SIZE_MAX.
 */
MUST_CHECK bool http_form_parse(const char *body, size_t body_size, HttpForm *ret_form);

/* http_form_value - the first field of a name, borrowed from the form; NULL if absent. */
const char *http_form_value(const HttpForm *form, const char *name);
