/* notice_wrap.c - the plain text's lines: how wide a character is, and where a line may end. */
#include "claim/notice_internal.h"

#include <string.h>

enum { LABEL_COLUMN_MAX = 34 };

typedef struct Range {
    uint32_t first, last;
} Range;

/* Unicode's wide and full-width blocks, coarsely: too wide is harmless. */
static const Range wide_ranges[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};
/* Those without blanks between words: Chinese and Japanese, not Korean. */
static const Range unspaced_ranges[] = {
    {0x2e80, 0x312f}, {0x3190, 0x9fff}, {0xf900, 0xfaff}, {0xff00, 0xffef}, {0x20000, 0x3fffd}};

/* What may not begin a line, and what may not end one. */
static const char no_begin[] = ".,:;!?)]}%、。，．・：；？！」』）］｝〉》】〕ー々…"
                               "ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
static const char no_end[] = "([{「『（［｛〈《【〔";

static size_t character_size(const char *at)
{
    const unsigned char c = (unsigned char)*at;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static uint32_t character_code(const char *at)
{
    const size_t size = character_size(at);
    uint32_t code = (unsigned char)*at & (size == 1 ? 0x7fu : 0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3fu);
    return code;
}

static bool is_in(uint32_t code, const Range *ranges, size_t count)
{
    if (code < ranges[0].first) /* most of it */
        return false;
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

static size_t column_count(const char *at)
{
    return is_in(character_code(at), wide_ranges, sizeof wide_ranges / sizeof wide_ranges[0]) ? 2
                                                                                              : 1;
}

static bool is_unspaced(const char *at)
{
    return is_in(character_code(at), unspaced_ranges,
                 sizeof unspaced_ranges / sizeof unspaced_ranges[0]);
}

static bool is_one_of(const char *at, const char *set)
{
    char character[5] = "";
    memcpy(character, at, character_size(at));
    return strstr(set, character) != NULL;
}

static const char *character_before(const char *at)
{
    do
        at--;
    while (((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

/* May a line end before this character, which is not the first? */
static bool may_break(const char *at)
{
    const char *before = character_before(at);
    if (*at == ' ')
        return false;
    if (*before == ' ')
        return true;
    return (is_unspaced(before) || is_unspaced(at)) && !is_one_of(at, no_begin) &&
           !is_one_of(before, no_end);
}

/* A line's text begins behind its blanks and "- ", or behind a label and two blanks or more. */
static void find_body(const char *line, const char *end, const char **ret_body, size_t *ret_column)
{
    const char *at = line + strspn(line, " ");
    at += strncmp(at, "- ", 2) == 0 ? 2 : 0;
    size_t column = (size_t)(at - line);
    *ret_body = at;
    *ret_column = column;
    for (; at < end && column <= LABEL_COLUMN_MAX; at += character_size(at)) {
        if (at >= line + 2 && at[0] != ' ' && at[-1] == ' ' && at[-2] == ' ') {
            *ret_body = at;
            *ret_column = column;
        }
        column += column_count(at);
    }
}

/* Cut, they would lead nowhere. */
static bool is_link(const char *at, const char *end)
{
    const size_t size = strcspn(at, " \n");
    const char *stop = at + size < end ? at + size : end;
    return memmem(at, (size_t)(stop - at), "://", 3) != NULL ||
           memchr(at, '@', (size_t)(stop - at)) != NULL;
}

/* Where the row that begins here ends; room columns are left for it. No row ends before body. */
static const char *row_end(const char *row, const char *body, const char *end, size_t room)
{
    const char *end_last = NULL; /* the last place at which it may end */
    const char *word = body > row ? body : row;
    size_t column = 0;
    for (const char *at = row; at < end; at += character_size(at)) {
        if (at > word && may_break(at)) {
            end_last = at;
            if (at[-1] == ' ')
                word = at;
        }
        column += column_count(at);
        if (column <= room || *at == ' ' || at <= body)
            continue;
        if (end_last != NULL)
            return end_last;
        if (!is_link(word, end) && at > row)
            return at;
    }
    return end;
}

static void put_line(JsonWriter *text, const char *line, const char *end)
{
    static const char blanks[] = "                                  ";
    const char *body = NULL;
    size_t indent = 0, room = NOTICE_COLUMN_COUNT_MAX;
    find_body(line, end, &body, &indent);
    indent = indent <= LABEL_COLUMN_MAX ? indent : LABEL_COLUMN_MAX;
    while (line < end) {
        const char *stop = row_end(line, body, end, room);
        size_t size = (size_t)(stop - line);
        while (size > 0 && line[size - 1] == ' ')
            size--;
        writer_append(text, line, size);
        line = stop + strspn(stop, " ");
        if (line >= end)
            break;
        writer_append(text, "\n", 1);
        writer_append(text, blanks, indent);
        room = NOTICE_COLUMN_COUNT_MAX - indent;
    }
}

const char *notice_wrap(const char *text, Arena *arena)
{
    JsonWriter wrapped;
    writer_init(&wrapped, arena, strlen(text) * 2);
    while (*text != '\0') {
        const char *end = text + strcspn(text, "\n");
        put_line(&wrapped, text, end);
        if (*end == '\n')
            writer_append(&wrapped, "\n", 1);
        text = end + (*end == '\n' ? 1 : 0);
    }
    return writer_finish(&wrapped, NULL);
}
