/* strict_json.c - jansson's parser with the contract's limits around it. */
#include "claim/strict_json.h"

#include "claim/claim_file.h"
#include "runtime/arena.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_SIZE_MAX = 1024 * 1024 };

void json_release(json_t **root)
{
    json_decref(*root);
    *root = NULL;
}

/* The parser's own text quotes the value, which may be somebody's name: only our words go out. */
static const char *parse_cause(enum json_error_code code)
{
    static const struct {
        enum json_error_code code;
        const char *cause;
    } causes[] = {
        {json_error_invalid_utf8, "not UTF-8"},
        {json_error_premature_end_of_input, "it ends too early"},
        {json_error_end_of_input_expected, "something follows the value"},
        {json_error_duplicate_key, "an object has a key twice"},
        {json_error_null_byte_in_key, "a key has a NUL character"},
        {json_error_null_character, "a NUL character"},
    };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].code == code)
            return causes[i].cause;
    }
    return "bad syntax, or a lone surrogate";
}

static bool reject_parse(const json_error_t *parse_error, Error *reterr)
{
    const enum json_error_code code = json_error_code(parse_error);
    if (code == json_error_out_of_memory) /* says nothing about the record */
        return error_set(reterr, ERROR_RETRY, "parse value: out of memory");
    if (code == json_error_stack_overflow)
        return error_reject(reterr, "TOO_DEEP", "parse value: deeper than %d", JSON_DEPTH_MAX);
    return error_reject(reterr, "NOT_JSON", "parse value: %s (line %d, column %d)",
                        parse_cause(code), parse_error->line, parse_error->column);
}

static bool depth_is_within(const json_t *value, int depth_max)
{
    if (!json_is_object(value) && !json_is_array(value))
        return true;
    if (depth_max == 0)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!depth_is_within(json_array_get(value, i), depth_max - 1))
            return false;
    }
    /* jansson's iterator wants a pointer to mutable, though it only reads */
    json_t *object = json_is_object(value) ? (json_t *)(uintptr_t)value : NULL;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        if (!depth_is_within(json_object_iter_value(at), depth_max - 1))
            return false;
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(const char *text, size_t size, size_t i)
{
    while (i < size && is_digit(text[i]))
        i++;
    return i;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? and nothing else. */
static bool is_json_number(const char *text, size_t size)
{
    size_t i = size > 0 && text[0] == '-' ? 1 : 0;
    size_t end = skip_digits(text, size, i);
    if (end == i || (text[i] == '0' && end > i + 1))
        return false;
    if (end < size && text[end] == '.') {
        i = end + 1;
        end = skip_digits(text, size, i);
        if (end == i)
            return false;
    }
    if (end < size && (text[end] == 'e' || text[end] == 'E')) {
        i = end + 1;
        if (i < size && (text[i] == '+' || text[i] == '-'))
            i++;
        end = skip_digits(text, size, i);
        if (end == i)
            return false;
    }
    return end == size;
}

/* The end of the run of characters of which numbers (and misspelt words) are made. */
static size_t token_end(const char *text, size_t size, size_t i)
{
    while (i < size && (is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'z') ||
                        (text[i] >= 'A' && text[i] <= 'Z') ||
                        (text[i] != '\0' && strchr("+-.", text[i]) != NULL)))
        i++;
    return i;
}

static size_t string_end(const char *text, size_t size, size_t i)
{
    for (i++; i < size && text[i] != '"'; i++) {
        if (text[i] == '\\')
            i++;
    }
    return i + 1;
}

/* A number that jansson may not be able to hold becomes 0.5, of the same length: it is JSON, but
 * no integer that any field could want, so the field rules refuse it and name its path. */
static void tame_numbers(char *text, size_t size)
{
    enum { SAFE_DIGIT_COUNT = 18 };
    for (size_t i = 0; i < size;) {
        if (text[i] == '"') {
            i = string_end(text, size, i);
            continue;
        }
        const size_t end = token_end(text, size, i);
        const size_t token_size = end - i;
        const bool risky = token_size > SAFE_DIGIT_COUNT ||
                           memchr(text + i, 'e', token_size) != NULL ||
                           memchr(text + i, 'E', token_size) != NULL;
        if (risky && is_json_number(text + i, token_size)) {
            memset(text + i, ' ', token_size);
            memcpy(text + i, "0.5", 3);
        }
        i = end > i ? end : i + 1;
    }
}

static const size_t parse_flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;

/* New reference, or NULL. */
static json_t *parse(const char *text, size_t size, json_error_t *ret_error)
{
    json_t *root = json_loadb(text, size, parse_flags, ret_error);
    if (root != NULL || json_error_code(ret_error) != json_error_numeric_overflow)
        return root;
    Arena arena;
    arena_init(&arena);
    char *copy = arena_copy(&arena, text, size);
    tame_numbers(copy, size);
    root = json_loadb(copy, size, parse_flags, ret_error);
    arena_deinit(&arena);
    return root;
}

bool json_decode_strict(const void *text, size_t text_size, json_t **ret_root, Error *reterr)
{
    if (text_size > EVENT_SIZE_MAX)
        return error_reject(reterr, "TOO_LARGE", "read value: %zu bytes, at most %d are allowed",
                            text_size, EVENT_SIZE_MAX);
    if (text == NULL || text_size == 0)
        return error_reject(reterr, "NOT_JSON", "parse value: it is empty");
    /* jansson skips a NUL that follows a number or a word: found by the fuzzer */
    if (memchr(text, '\0', text_size) != NULL)
        return error_reject(reterr, "NOT_JSON", "parse value: it has a NUL byte");
    json_error_t parse_error;
    JSON_AUTO root = parse(text, text_size, &parse_error);
    if (root == NULL)
        return reject_parse(&parse_error, reterr);
    if (json_is_null(root))
        return error_reject(reterr, "NOT_JSON", "parse value: it is null");
    if (!depth_is_within(root, JSON_DEPTH_MAX))
        return error_reject(reterr, "TOO_DEEP", "parse value: deeper than %d", JSON_DEPTH_MAX);
    if (!json_is_object(root))
        return error_reject(reterr, "FIELD_INVALID", "read value: it must be a JSON object");
    *ret_root = json_incref(root);
    return true;
}

static bool file_read(const char *path, char **ret_text, size_t *ret_size, Error *reterr)
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash - path < PATH_MAX)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return claim_file_read(folder, slash == NULL ? path : slash + 1, FILE_SIZE_MAX, ret_text,
                           ret_size, reterr);
}

bool json_read_file(const char *path, json_t **ret_root, Error *reterr)
{
    char *text = NULL;
    size_t size = 0;
    json_error_t cause = {.line = 1, .text = "a NUL byte"};
    if (!file_read(path, &text, &size, reterr))
        return false;
    const bool has_nul = memchr(text, '\0', size) != NULL; /* jansson skips some */
    json_t *root = has_nul ? NULL : json_loadb(text, size, JSON_REJECT_DUPLICATES, &cause);
    free(text);
    if (root == NULL)
        return error_set(reterr, ERROR_FATAL, "read %s: %s (line %d)", path, cause.text,
                         cause.line);
    *ret_root = root;
    return true;
}
