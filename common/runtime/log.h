/* log.h - one line per event on standard error: key=value, a machine and a person can read it. */
#pragma once

#include "error.h"

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR } LogLevel;

/*
 * log_init - set level and name once, before threads start.
 *
 * In:      service, instance  borrowed for ever; written into each line.
 *          level              "debug", "info", "warning" or "error".
 * Errors:  FATAL  unknown level.
 */
MUST_CHECK bool log_init(const char *service, const char *instance, const char *level,
                         Error *reterr);

/*
 * log_write - one line: time=… level=… service=… instance=… event=… then format's text.
 *
 * In:      event   a fixed word, e.g. "batch-retry"; the thing to grep for.
 *          format  `key=value key="quoted value"` text; line feeds and control characters in the
 *                  result are escaped, so that input can never forge a line. Cut at 2,000 bytes.
 * Cost:    one write(2); thread-safe.
 */
void log_write(LogLevel level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

/* log_error - log an Error: event, class, code and text, after the caller's own key=value text. */
void log_error(LogLevel level, const char *event, const Error *error, const char *format, ...)
    PRINTF_LIKE(4, 5);
