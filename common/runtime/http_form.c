/* http_form.c - the fields of a form body. */
#include "http_form.h"

#include <microhttpd.h>
#include <string.h>

/* In place; false when a decoded NUL would hide the rest. */
static bool form_decode(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if (*c == '+')
            *c = ' ';
    return MHD_http_unescape(text) == strlen(text);
}

static bool form_add(HttpForm *form, char *pair)
{
    if (form->count == HTTP_FORM_FIELD_COUNT_MAX)
        return false;
    char *value = strchr(pair, '=');
    if (value != NULL)
        *value++ = '\0';
    else
        value = pair + strlen(pair);
    if (!form_decode(pair) || !form_decode(value))
        return false;
    form->fields[form->count++] = (HttpFormField){.name = pair, .value = value};
    return true;
}

bool http_form_parse(const char *body, size_t body_size, HttpForm *ret_form)
{
    ret_form->count = 0;
    if (body_size > HTTP_BODY_SIZE_MAX || memchr(body, '\0', body_size) != NULL)
        return false;
    memcpy(ret_form->text, body, body_size);
    ret_form->text[body_size] = '\0';
    char *rest = ret_form->text;
    for (char *pair; (pair = strsep(&rest, "&")) != NULL;)
        if (pair[0] != '\0' && !form_add(ret_form, pair))
            return false;
    return true;
}

const char *http_form_value(const HttpForm *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}
