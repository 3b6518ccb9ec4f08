/* json_writer.h - JSON text straight into an arena, without a tree in between. */
#pragma once

#include "runtime/arena.h"

#include <stdint.h>

/* Commas come by themselves; whoever writes closes what it opened. Borrows the arena. */
typedef struct JsonWriter {
    Arena *arena;
    char *text;
    size_t size, room;
    bool wants_comma; /* a value was written at this level */
} JsonWriter;

/* writer_init - an empty text; size_hint: what it will probably need (it grows). */
void writer_init(JsonWriter *writer, Arena *arena, size_t size_hint);

/* writer_open, writer_close - an object or array; writer_key - the name of its next value. */
void writer_open(JsonWriter *writer, char bracket);   /* '{' or '[' */
void writer_close(JsonWriter *writer, char bracket);  /* '}' or ']' */
void writer_key(JsonWriter *writer, const char *key); /* plain ASCII without '"' and '\' */

/* writer_text - a string, or null for NULL. UTF-8 is written as it is. */
void writer_text(JsonWriter *writer, const char *text);
void writer_text_sized(JsonWriter *writer, const char *text, size_t text_size);
void writer_integer(JsonWriter *writer, int64_t value);
void writer_boolean(JsonWriter *writer, bool value);
void writer_instant(JsonWriter *writer, int64_t at_ms); /* null for 0 */

/* writer_raw - text that is JSON already, as one value. */
void writer_raw(JsonWriter *writer, const char *text, size_t text_size);

/* writer_append - bytes as they are, whatever they mean. */
void writer_append(JsonWriter *writer, const char *bytes, size_t size);

/* writer_finish - the NUL-terminated text, borrowed from the arena; ret_size may be NULL. */
const char *writer_finish(JsonWriter *writer, size_t *ret_size);

/* A member in one line. */
void writer_member_text(JsonWriter *writer, const char *key, const char *text);    /* "" is "" */
void writer_member_or_null(JsonWriter *writer, const char *key, const char *text); /* "" is null */
void writer_member_integer(JsonWriter *writer, const char *key, int64_t value);
void writer_member_instant(JsonWriter *writer, const char *key, int64_t at_ms);
