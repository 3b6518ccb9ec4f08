/* dlq_value.h - bytes that may be anything, for people and for programs. */
#pragma once

#include "cporctl.h"

#include "claim/json_writer.h"

/* value_is_json - any JSON value in UTF-8, nothing behind it; duplicate keys are seen through. */
bool value_is_json(const void *value, size_t value_size);

/* value_print - JSON indented, with the bytes' own spelling; else a hex dump. At most size_max
 * bytes of output or dump, then how much is missing; 0: all. */
void value_print(Session *session, const void *value, size_t value_size, size_t size_max);

/* value_is_text - UTF-8 without control characters but tabs and line feeds. */
bool value_is_text(const void *value, size_t value_size);

/* value_write_text - a member key, and beside it key_hex: one has the bytes, the other is null. */
void value_write_text(JsonWriter *writer, const char *key, const void *value, size_t value_size);

/* value_write_hex - a text of hexadecimal digits, or null. */
void value_write_hex(JsonWriter *writer, const void *value, size_t value_size);
