/* database_column.c - a column of a set as the text of a PostgreSQL array literal. */
#include "database.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_ROOM_FIRST = 256 };

void db_column_init(DbColumn *column, Arena *arena)
{
    *column = (DbColumn){.arena = arena};
}

/* The old text stays in the arena until its reset: doubling wastes at most as much as is used. */
static void column_reserve(DbColumn *column, size_t more)
{
    if (column->room - column->size >= more)
        return;
    size_t room = column->room == 0 ? COLUMN_ROOM_FIRST : 2 * column->room;
    while (room - column->size < more)
        room *= 2;
    char *grown = arena_new(column->arena, room);
    if (column->size > 0)
        memcpy(grown, column->text, column->size);
    column->text = grown;
    column->room = room;
}

/* "{" before the first element, "," before each other; room for size bytes and the closing "}". */
static void column_start_element(DbColumn *column, size_t size)
{
    column_reserve(column, size + 3);
    column->text[column->size++] = column->count == 0 ? '{' : ',';
    column->count++;
}

static void column_append(DbColumn *column, const char *text, size_t size)
{
    memcpy(column->text + column->size, text, size);
    column->size += size;
}

/* Always quoted: an unquoted NULL, a blank, a comma or a brace would mean something else. */
void db_column_add_text(DbColumn *column, const char *text)
{
    if (text == NULL) {
        db_column_add_null(column);
        return;
    }
    column_start_element(column, 2 * strlen(text) + 2);
    column->text[column->size++] = '"';
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            column->text[column->size++] = '\\';
        column->text[column->size++] = *c;
    }
    column->text[column->size++] = '"';
}

void db_column_add_integer(DbColumn *column, int64_t value)
{
    char text[24];
    const int size = snprintf(text, sizeof text, "%" PRId64, value);
    column_start_element(column, (size_t)size);
    column_append(column, text, (size_t)size);
}

void db_column_add_null(DbColumn *column)
{
    column_start_element(column, 4);
    column_append(column, "NULL", 4);
}

const char *db_column_literal(DbColumn *column)
{
    if (column->count == 0)
        return "{}";
    /* Not counted in size, so that the column may grow on; room for it was reserved. */
    memcpy(column->text + column->size, "}", 2);
    return column->text;
}
