/* dlq_value.c - see dlq_value.h. */
#include "dlq_value.h"

#include "output.h"

#include "claim/text_check.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { INDENT = 2, DUMP_WIDTH = 16 };

bool value_is_json(const void *value, size_t value_size)
{
    if (value == NULL || memchr(value, '\0', value_size) != NULL)
        return false;
    json_t *root = json_loadb(value, value_size,
                              JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    json_decref(root);
    return root != NULL;
}

bool value_is_text(const void *value, size_t value_size)
{
    return text_is_message(value, value_size, 0, INT64_MAX);
}

/* ---- JSON ---- */

/* Only white space between the tokens is changed: what the workers refused is still to be seen, a
 * duplicate key or a strange number. */
typedef struct Indenter {
    JsonWriter *out;
    size_t depth;
} Indenter;

static void indent_line(const Indenter *indenter)
{
    writer_append(indenter->out, "\n", 1);
    for (size_t i = 0; i < indenter->depth * INDENT; i++)
        writer_append(indenter->out, " ", 1);
}

/* The string that begins at text, with its quotes. */
static size_t string_size(const char *text)
{
    size_t size = 1;
    while (text[size] != '"')
        size += text[size] == '\\' ? 2 : 1;
    return size + 1;
}

static const char *skip_blank(const char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* One token; returns what is behind it and its blanks. Empty brackets stay together. */
static const char *indent_token(Indenter *indenter, const char *text)
{
    size_t size = 1;
    if (*text == '"')
        size = string_size(text);
    const bool closes = *text == '}' || *text == ']';
    const bool opens = *text == '{' || *text == '[';
    if (closes) {
        indenter->depth--;
        indent_line(indenter);
    }
    writer_append(indenter->out, text, size);
    const char *next = skip_blank(text + size);
    if (opens && (*next == '}' || *next == ']')) {
        writer_append(indenter->out, next, 1);
        return skip_blank(next + 1);
    }
    indenter->depth += opens;
    if (opens || *text == ',')
        indent_line(indenter);
    if (*text == ':')
        writer_append(indenter->out, " ", 1);
    return next;
}

static const char *indented(Session *session, const char *text, size_t size_max, size_t *ret_size)
{
    JsonWriter writer;
    Indenter indenter = {.out = &writer};
    writer_init(&writer, &session->arena, strlen(text) + 64);
    text = skip_blank(text);
    while (*text != '\0' && (size_max == 0 || writer.size <= size_max))
        text = indent_token(&indenter, text);
    return writer_finish(&writer, ret_size);
}

/* Control characters that JSON's texts may hold as they are: DEL, and C1. */
static void print_clean_lines(Session *session, const char *text)
{
    while (*text != '\0') {
        const size_t size = strcspn(text, "\n");
        printf("%s\n", output_clean(session, arena_copy(&session->arena, text, size)));
        text += size + (text[size] == '\n');
    }
}

static void print_json(Session *session, const void *value, size_t value_size, size_t size_max)
{
    size_t size = 0;
    const char *text =
        indented(session, arena_copy(&session->arena, value, value_size), size_max, &size);
    const bool is_cut = size_max != 0 && size > size_max;
    size_t end = is_cut ? size_max : size;
    while (is_cut && end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    print_clean_lines(session, arena_copy(&session->arena, text, end));
    if (is_cut)
        printf("… (%zu bytes in all; --full shows them)\n", value_size);
}

/* ---- bytes ---- */

static void print_dump_line(const unsigned char *bytes, size_t offset, size_t size)
{
    printf("%08zx ", offset);
    for (size_t i = 0; i < DUMP_WIDTH; i++) {
        if (i < size)
            printf("%s%02x", i == DUMP_WIDTH / 2 ? "  " : " ", bytes[i]);
        else
            printf("%s", i == DUMP_WIDTH / 2 ? "    " : "   ");
    }
    printf("  |");
    for (size_t i = 0; i < size; i++)
        putchar(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.');
    printf("|\n");
}

static void print_dump(const unsigned char *bytes, size_t size, size_t size_max)
{
    const size_t end = size_max != 0 && size > size_max ? size_max : size;
    for (size_t i = 0; i < end; i += DUMP_WIDTH)
        print_dump_line(bytes + i, i, end - i < DUMP_WIDTH ? end - i : DUMP_WIDTH);
    if (end < size)
        printf("… (%zu bytes in all; --full shows them)\n", size);
}

void value_print(Session *session, const void *value, size_t value_size, size_t size_max)
{
    if (value_is_json(value, value_size))
        print_json(session, value, value_size, size_max);
    else
        print_dump(value, value_size, size_max);
}

/* ---- for programs ---- */

void value_write_hex(JsonWriter *writer, const void *value, size_t value_size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = value;
    if (value == NULL) {
        writer_text(writer, NULL);
        return;
    }
    char *text = arena_new(writer->arena, 2 * value_size + 1);
    for (size_t i = 0; i < value_size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    writer_text_sized(writer, text, 2 * value_size);
}

void value_write_text(JsonWriter *writer, const char *key, const void *value, size_t value_size)
{
    const bool is_text = value != NULL && value_is_text(value, value_size);
    writer_key(writer, key);
    if (is_text)
        writer_text_sized(writer, value, value_size);
    else
        writer_text(writer, NULL);
    writer_key(writer, arena_printf(writer->arena, "%s_hex", key));
    value_write_hex(writer, is_text ? NULL : value, value_size);
}
