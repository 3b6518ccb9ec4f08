/* document_canonical.c - one text for all spellings of the same content. */
#include "claim/document_fields.h"
#include "claim/json_writer.h"

#include <stdlib.h>
#include <string.h>

static int append_dump(const char *bytes, size_t size, void *writer)
{
    writer_append(writer, bytes, size);
    return 0;
}

/* A value of an unexpected type is kept as it is, but for the order of its keys. */
static void write_any(JsonWriter *writer, const json_t *value)
{
    if (json_is_string(value)) {
        writer_text_sized(writer, json_string_value(value), json_string_length(value));
        return;
    }
    writer_raw(writer, "", 0); /* the comma, where one is due */
    json_dump_callback(value, append_dump, writer, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

static void write_object(JsonWriter *writer, const FieldRow *rows, const json_t *object);

/* What the rows do not name has no place in canonical JSON, at any level. */
static void write_items(JsonWriter *writer, const FieldRow *rows, const json_t *array)
{
    writer_open(writer, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (rows != NULL && json_is_object(item))
            write_object(writer, rows, item);
        else
            write_any(writer, item);
    }
    writer_close(writer, ']');
}

static int compare_texts(const void *left, const void *right)
{
    const json_t *const *a = left, *const *b = right;
    const size_t a_size = json_string_length(*a), b_size = json_string_length(*b);
    const int order =
        memcmp(json_string_value(*a), json_string_value(*b), a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* A set has no order; when something in it is no text, it is no set, and stays as it is. */
static void write_set(JsonWriter *writer, const json_t *array)
{
    const size_t count = json_array_size(array);
    const json_t **items = arena_new(writer->arena, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = json_array_get(array, i);
        if (!json_is_string(items[i])) {
            write_any(writer, array);
            return;
        }
    }
    qsort(items, count, sizeof *items, compare_texts);
    writer_open(writer, '[');
    for (size_t i = 0; i < count; i++)
        write_any(writer, items[i]);
    writer_close(writer, ']');
}

static void write_value(JsonWriter *writer, const FieldRow *row, const json_t *value)
{
    if (row->kind == FIELD_OBJECT && json_is_object(value))
        write_object(writer, row->members, value);
    else if (row->kind == FIELD_SET && json_is_array(value))
        write_set(writer, value);
    else if (row->kind == FIELD_ARRAY && json_is_array(value))
        write_items(writer, row->members, value);
    else if (field_is_folded(row->kind) && field_text_is_valid(row, value))
        writer_text(writer, field_copy(value, true, writer->arena));
    else
        write_any(writer, value);
}

static void write_object(JsonWriter *writer, const FieldRow *rows, const json_t *object)
{
    writer_open(writer, '{');
    for (const FieldRow *row = rows; row->name != NULL; row++) {
        const json_t *value = field_member(object, row->name);
        if (value == NULL)
            continue;
        writer_key(writer, row->name);
        write_value(writer, row, value);
    }
    writer_close(writer, '}');
}

const char *canonical_array(const json_t *array, const FieldRow *rows, Arena *arena)
{
    JsonWriter writer;
    writer_init(&writer, arena, 512);
    write_items(&writer, rows, array);
    return writer_finish(&writer, NULL);
}

const char *canonical_object(const json_t *object, const FieldRow *rows, Arena *arena,
                             size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 2048);
    write_object(&writer, rows, object);
    return writer_finish(&writer, ret_size);
}

const char *document_canonical(const json_t *root, Arena *arena, size_t *ret_size)
{
    return canonical_object(root, document_rows, arena, ret_size);
}
