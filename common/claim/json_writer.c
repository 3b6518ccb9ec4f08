/* json_writer.c - see json_writer.h. */
#include "claim/json_writer.h"

#include "runtime/clock.h"

#include <string.h>

void writer_init(JsonWriter *writer, Arena *arena, size_t size_hint)
{
    *writer = (JsonWriter){.arena = arena, .room = size_hint < 64 ? 64 : size_hint};
    writer->text = arena_new(arena, writer->room);
}

/* One byte more than asked for is always left, for the NUL. */
static char *writer_reserve(JsonWriter *writer, size_t size)
{
    if (writer->room - writer->size <= size) {
        const size_t room = (writer->room + size) * 2;
        char *text = arena_new(writer->arena, room);
        memcpy(text, writer->text, writer->size);
        writer->text = text;
        writer->room = room;
    }
    return writer->text + writer->size;
}

void writer_append(JsonWriter *writer, const char *bytes, size_t size)
{
    memcpy(writer_reserve(writer, size), bytes, size);
    writer->size += size;
}

static void writer_byte(JsonWriter *writer, char byte)
{
    *writer_reserve(writer, 1) = byte;
    writer->size++;
}

static void writer_separate(JsonWriter *writer)
{
    if (writer->wants_comma)
        writer_byte(writer, ',');
    writer->wants_comma = true;
}

void writer_open(JsonWriter *writer, char bracket)
{
    writer_separate(writer);
    writer_byte(writer, bracket);
    writer->wants_comma = false;
}

void writer_close(JsonWriter *writer, char bracket)
{
    writer_byte(writer, bracket);
    writer->wants_comma = true;
}

void writer_key(JsonWriter *writer, const char *key)
{
    writer_separate(writer);
    writer_byte(writer, '"');
    writer_append(writer, key, strlen(key));
    writer_append(writer, "\":", 2);
    writer->wants_comma = false;
}

/* 0: as it is; 'u': \u00XX; else the letter after the backslash. */
static char escape_letter(unsigned char c)
{
    static const char letters[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";
    if (c < 0x20)
        return letters[c];
    return c == '"' || c == '\\' ? (char)c : '\0';
}

static void writer_escape(JsonWriter *writer, unsigned char c, char letter)
{
    static const char digits[] = "0123456789abcdef";
    if (letter != 'u') {
        writer_append(writer, (const char[]){'\\', letter}, 2);
        return;
    }
    writer_append(writer, (const char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
}

void writer_text_sized(JsonWriter *writer, const char *text, size_t text_size)
{
    writer_separate(writer);
    writer_byte(writer, '"');
    size_t done = 0; /* written so far; what needs no escape goes out in runs */
    for (size_t i = 0; i < text_size; i++) {
        const char letter = escape_letter((unsigned char)text[i]);
        if (letter == '\0')
            continue;
        writer_append(writer, text + done, i - done);
        writer_escape(writer, (unsigned char)text[i], letter);
        done = i + 1;
    }
    writer_append(writer, text + done, text_size - done);
    writer_byte(writer, '"');
}

void writer_text(JsonWriter *writer, const char *text)
{
    if (text == NULL)
        writer_raw(writer, "null", 4);
    else
        writer_text_sized(writer, text, strlen(text));
}

void writer_raw(JsonWriter *writer, const char *text, size_t text_size)
{
    writer_separate(writer);
    writer_append(writer, text, text_size);
}

void writer_integer(JsonWriter *writer, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    writer_raw(writer, digits + at, sizeof digits - at);
}

void writer_boolean(JsonWriter *writer, bool value)
{
    writer_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void writer_instant(JsonWriter *writer, int64_t at_ms)
{
    char text[CLOCK_TEXT_SIZE];
    writer_text(writer, at_ms == 0 ? NULL : clock_format(at_ms, text));
}

const char *writer_finish(JsonWriter *writer, size_t *ret_size)
{
    *writer_reserve(writer, 0) = '\0';
    if (ret_size != NULL)
        *ret_size = writer->size;
    return writer->text;
}

void writer_member_text(JsonWriter *writer, const char *key, const char *text)
{
    writer_key(writer, key);
    writer_text(writer, text);
}

void writer_member_or_null(JsonWriter *writer, const char *key, const char *text)
{
    writer_member_text(writer, key, text == NULL || text[0] == '\0' ? NULL : text);
}

void writer_member_integer(JsonWriter *writer, const char *key, int64_t value)
{
    writer_key(writer, key);
    writer_integer(writer, value);
}

void writer_member_instant(JsonWriter *writer, const char *key, int64_t at_ms)
{
    writer_key(writer, key);
    writer_instant(writer, at_ms);
}
