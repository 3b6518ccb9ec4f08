/* error.h - one caller-owned error value, three classes; only the worker loop acts on the class. */
#pragma once

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))

enum { ERROR_CODE_SIZE = 32, ERROR_TEXT_SIZE = 480 };

typedef enum ErrorClass {
    ERROR_NONE = 0,
    ERROR_RETRY,  /* the world failed and may heal: the same batch is taken again, after a pause */
    ERROR_REJECT, /* this record is bad for ever: dead letter, go on */
    ERROR_FATAL,  /* set-up or our own fault: one log line, exit 1. With code "POISON": no set-up is
                     wrong, the batch's data cannot be taken; without one of its records it can */
} ErrorClass;

typedef struct Error {
    ErrorClass class;
    char code[ERROR_CODE_SIZE]; /* REJECT: the dead-letter code; see error_poison; else empty */
    char text[ERROR_TEXT_SIZE]; /* "verb object: cause (what to do)" */
} Error;

/*
 * error_set - fill an error; written once, by the lowest frame that knows the cause.
 *
 * In:      class   what the worker loop shall do.
 *          format  printf format of "verb object: cause"; cut at ERROR_TEXT_SIZE.
 * Out:     reterr  overwritten; may be NULL (nothing is done).
 * Returns: false, always, so that `return error_set(...)` reads as one step.
 */
bool error_set(Error *reterr, ErrorClass class, const char *format, ...) PRINTF_LIKE(3, 4);

/* error_set_code - likewise, with a code. */
bool error_set_code(Error *reterr, ErrorClass class, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/*
 * error_reject - fill a REJECT error with its dead-letter code.
 *
 * In:      code    one of the codes of the event contract, e.g. "NOT_JSON".
 * Returns: false, always.
 */
bool error_reject(Error *reterr, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * error_poison - fill a FATAL error of which the records in hand are the cause, not the set-up: its
 * code is "POISON", and the loop puts aside the one record that makes it (worker.h).
 *
 * Returns: false, always.
 */
bool error_poison(Error *reterr, const char *format, ...) PRINTF_LIKE(2, 3);

/* error_is_poison - the error came from error_poison. */
bool error_is_poison(const Error *error);

/* error_class_name - "retry", "reject", "fatal" or "none", for log lines. */
const char *error_class_name(ErrorClass class);
