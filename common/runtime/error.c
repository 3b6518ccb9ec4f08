/* error.c - one caller-owned error value, three classes. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void error_fill(Error *reterr, ErrorClass class, const char *code, const char *format,
                       va_list arguments) PRINTF_LIKE(4, 0);
static void error_fill(Error *reterr, ErrorClass class, const char *code, const char *format,
                       va_list arguments)
{
    if (reterr == NULL)
        return;
    reterr->class = class;
    snprintf(reterr->code, sizeof reterr->code, "%s", code);
    vsnprintf(reterr->text, sizeof reterr->text, format, arguments);
}

bool error_set(Error *reterr, ErrorClass class, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_fill(reterr, class, "", format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_code(Error *reterr, ErrorClass class, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_fill(reterr, class, code, format, arguments);
    va_end(arguments);
    return false;
}

bool error_reject(Error *reterr, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_fill(reterr, ERROR_REJECT, code, format, arguments);
    va_end(arguments);
    return false;
}

static const char poison[] = "POISON";

bool error_poison(Error *reterr, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_fill(reterr, ERROR_FATAL, poison, format, arguments);
    va_end(arguments);
    return false;
}

bool error_is_poison(const Error *error)
{
    return error->class == ERROR_FATAL && strcmp(error->code, poison) == 0;
}

const char *error_class_name(ErrorClass class)
{
    switch (class) {
    case ERROR_NONE:
        return "none";
    case ERROR_RETRY:
        return "retry";
    case ERROR_REJECT:
        return "reject";
    case ERROR_FATAL:
        return "fatal";
    }
    return "none";
}
