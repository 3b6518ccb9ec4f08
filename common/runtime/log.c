/* log.c - one event, one line, one write(2). */
#include "log.h"

#include "clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LOG_TEXT_SIZE = 2000,
    LOG_LINE_SIZE = 2400,    /* below PIPE_BUF: lines of several processes on one pipe do not mix */
    LOG_OWN_TEXT_SIZE = 900, /* of log_error's caller, so that the error's text still fits */
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARNING] = "warning",
    [LOG_ERROR] = "error",
};

/* Written once by log_init before threads start, read by all. */
static struct {
    const char *service;
    const char *instance;
    LogLevel level;
} log_settings = {.service = "-", .instance = "-", .level = LOG_INFO};

bool log_init(const char *service, const char *instance, const char *level, Error *reterr)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (strcmp(level_names[i], level) == 0) {
            log_settings.service = service;
            log_settings.instance = instance;
            log_settings.level = (LogLevel)i;
            return true;
        }
    }
    return error_set(reterr, ERROR_FATAL,
                     "read log level \"%.40s\": must be debug, info, warning or error", level);
}

/* Copy text; whatever is not printable ASCII becomes \n, \t or \xNN, so that neither a line
 * nor a terminal's escape sequence can be forged. Cut before an escape that does not fit. */
static size_t log_escape(const char *text, char *line, size_t room)
{
    size_t size = 0;
    for (const char *c = text; *c != '\0'; c++) {
        char escape[5] = {*c, '\0'};
        if (*c == '\n')
            memcpy(escape, "\\n", 3);
        else if (*c == '\t')
            memcpy(escape, "\\t", 3);
        else if (*c < 0x20 || *c > 0x7e)
            snprintf(escape, sizeof escape, "\\x%02x", (unsigned)(unsigned char)*c);
        const size_t escape_size = strlen(escape);
        if (size + escape_size > room)
            break;
        memcpy(line + size, escape, escape_size);
        size += escape_size;
    }
    return size;
}

/* What cannot be written is lost: a full or closed standard error must not stop a worker. */
static void log_put(const char *line, size_t size)
{
    ssize_t written;
    do
        written = write(STDERR_FILENO, line, size);
    while (written < 0 && errno == EINTR);
}

static void log_line(LogLevel level, const char *event, const char *text)
{
    char time[CLOCK_TEXT_SIZE], head[320], line[LOG_LINE_SIZE];
    snprintf(head, sizeof head, "time=%s level=%s service=%.64s instance=%.64s event=%.64s%s",
             clock_format(clock_wall_now(), time), level_names[level], log_settings.service,
             log_settings.instance, event, text[0] == '\0' ? "" : " ");
    size_t size = log_escape(head, line, sizeof head);
    size += log_escape(text, line + size, LOG_TEXT_SIZE);
    line[size++] = '\n';
    log_put(line, size);
}

void log_write(LogLevel level, const char *event, const char *format, ...)
{
    if (level < log_settings.level)
        return;
    char text[LOG_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_line(level, event, text);
}

/* The inside of a "…" value: quotes and backslashes are escaped. */
static void log_quote(const char *text, char *quoted, size_t room)
{
    size_t size = 0;
    for (const char *c = text; *c != '\0' && size + 3 <= room; c++) {
        if (*c == '"' || *c == '\\')
            quoted[size++] = '\\';
        quoted[size++] = *c;
    }
    quoted[size] = '\0';
}

void log_error(LogLevel level, const char *event, const Error *error, const char *format, ...)
{
    if (level < log_settings.level)
        return;
    char own[LOG_OWN_TEXT_SIZE], quoted[2 * ERROR_TEXT_SIZE], text[LOG_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(own, sizeof own, format, arguments);
    va_end(arguments);
    log_quote(error->text, quoted, sizeof quoted);
    snprintf(text, sizeof text, "%s%sclass=%s%s%s error=\"%s\"", own, own[0] == '\0' ? "" : " ",
             error_class_name(error->class), error->code[0] == '\0' ? "" : " code=", error->code,
             quoted);
    log_line(level, event, text);
}
