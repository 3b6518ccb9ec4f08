/* claim_json.c - one table of a line's members serves both directions. */
#include "claim/claim_json.h"

#include "claim/json_writer.h"
#include "claim/strict_json.h"

#include <string.h>

typedef enum MemberKind { MEMBER_INT32, MEMBER_INT64, MEMBER_BOOLEAN, MEMBER_TEXT } MemberKind;

/* Members at their default (0, false, "") are not written: most of a line's mostly are. */
typedef struct Member {
    const char *key;
    MemberKind kind;
    size_t offset;
    size_t size_max; /* of a text, with its NUL */
} Member;

#define INT32(key_, member)                                                                        \
    {                                                                                              \
        (key_), MEMBER_INT32, offsetof(Line, member), 0                                            \
    }
#define INT64(key_, member)                                                                        \
    {                                                                                              \
        (key_), MEMBER_INT64, offsetof(Line, member), 0                                            \
    }
#define TEXT(key_, member)                                                                         \
    {                                                                                              \
        (key_), MEMBER_TEXT, offsetof(Line, member), sizeof((Line){0}.member)                      \
    }

/* Besides these: the words of status, reason and check, and the PoE's day. */
static const Member members[] = {
    INT32("n", number),
    TEXT("code", code),
    {"product", MEMBER_BOOLEAN, offsetof(Line, is_product), 0},
    TEXT("sub", subscription_id),
    TEXT("slot", slot),
    INT64("due", deadline_at_ms),
    INT64("official", official_at_ms),
    INT64("ended", ended_at_ms),
    TEXT("over", supersedes),
    TEXT("under", superseded_by),
};
enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

static const char *const check_names[] = {
    [CHECK_NONE] = "none",   [CHECK_PASSED] = "passed",     [CHECK_WAITS] = "waits",
    [CHECK_ASKED] = "asked", [CHECK_APPROVED] = "approved",
};

static void write_number(JsonWriter *writer, const char *key, int64_t value)
{
    if (value != 0)
        writer_member_integer(writer, key, value);
}

static void write_member(JsonWriter *writer, const Member *member, const Line *line)
{
    const char *place = (const char *)line + member->offset;
    switch (member->kind) {
    case MEMBER_INT32:
        write_number(writer, member->key, *(const int32_t *)(const void *)place);
        break;
    case MEMBER_INT64:
        write_number(writer, member->key, *(const int64_t *)(const void *)place);
        break;
    case MEMBER_BOOLEAN:
        write_number(writer, member->key, *(const bool *)place ? 1 : 0);
        break;
    case MEMBER_TEXT:
        if (place[0] != '\0')
            writer_member_text(writer, member->key, place);
        break;
    }
}

static void write_line(JsonWriter *writer, const Line *line)
{
    writer_open(writer, '{');
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        write_member(writer, &members[i], line);
    writer_member_text(writer, "status", line_status_name(line->status));
    if (line->reason != CODE_NONE)
        writer_member_text(writer, "reason", code_name(line->reason));
    if (line->check != CHECK_NONE)
        writer_member_text(writer, "check", check_names[line->check]);
    if (line->poe_day != DAY_NONE)
        writer_member_integer(writer, "poe", line->poe_day);
    writer_close(writer, '}');
}

const char *claim_lines_encode(const Claim *claim, Arena *arena)
{
    JsonWriter writer;
    writer_init(&writer, arena, 16 + 320 * claim->line_count);
    writer_open(&writer, '[');
    for (size_t i = 0; i < claim->line_count; i++)
        write_line(&writer, &claim->lines[i]);
    writer_close(&writer, ']');
    return writer_finish(&writer, NULL);
}

/* Absent is the default; of another type, or too long, is not ours. */
static bool read_integer(const json_t *item, const char *key, int64_t min, int64_t max,
                         int64_t *ret_value)
{
    const json_t *value = json_object_get(item, key);
    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < min ||
        json_integer_value(value) > max)
        return false;
    *ret_value = json_integer_value(value);
    return true;
}

static bool read_text(const json_t *item, const Member *member, char *place)
{
    const json_t *value = json_object_get(item, member->key);
    if (value == NULL)
        return true;
    const size_t size = json_string_length(value); /* 0 for what is no text */
    if (size == 0 || size >= member->size_max)
        return false;
    memcpy(place, json_string_value(value), size + 1);
    return true;
}

static bool read_member(const json_t *item, const Member *member, Line *line)
{
    void *place = (char *)line + member->offset;
    int64_t value = 0;
    bool good = false;
    switch (member->kind) {
    case MEMBER_INT32:
        good = read_integer(item, member->key, INT32_MIN, INT32_MAX, &value);
        *(int32_t *)place = (int32_t)value;
        break;
    case MEMBER_INT64:
        good = read_integer(item, member->key, INT64_MIN, INT64_MAX, &value);
        *(int64_t *)place = value;
        break;
    case MEMBER_BOOLEAN:
        good = read_integer(item, member->key, 0, 1, &value);
        *(bool *)place = value == 1;
        break;
    case MEMBER_TEXT:
        good = read_text(item, member, place);
        break;
    }
    return good;
}

/* A word of a table; "" when absent. */
static const char *word(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));
    return text == NULL ? "" : text;
}

static bool read_check(const json_t *item, Line *line)
{
    const char *name = word(item, "check");
    for (size_t i = 0; i < sizeof check_names / sizeof check_names[0]; i++) {
        if (strcmp(check_names[i], name) == 0) {
            line->check = (LineCheck)i;
            return true;
        }
    }
    return json_object_get(item, "check") == NULL;
}

static bool read_reason(const json_t *item, Line *line)
{
    return json_object_get(item, "reason") == NULL ||
           code_from_name(word(item, "reason"), &line->reason);
}

static bool read_line(const json_t *item, Line *line)
{
    int64_t poe_day = DAY_NONE;
    bool good = json_is_object(item);
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        good = good && read_member(item, &members[i], line);
    good = good && line_status_from_name(word(item, "status"), &line->status) &&
           read_reason(item, line) && read_check(item, line) &&
           read_integer(item, "poe", INT32_MIN, INT32_MAX, &poe_day);
    line->poe_day = (int32_t)poe_day;
    return good;
}

static bool reject_row(const char *what, Error *reterr)
{
    return error_set(reterr, ERROR_FATAL,
                     "read %s of a claim's row: not as this program writes them", what);
}

bool claim_lines_decode(const char *text, Arena *arena, Claim *claim, Error *reterr)
{
    JSON_AUTO root = json_loads(text, 0, NULL);
    if (!json_is_array(root))
        return reject_row("lines", reterr);
    const size_t count = json_array_size(root);
    Line *lines = arena_new(arena, count * sizeof *lines);
    for (size_t i = 0; i < count; i++) {
        if (!read_line(json_array_get(root, i), &lines[i]))
            return reject_row("lines", reterr);
    }
    claim->lines = lines;
    claim->line_count = count;
    return true;
}

static void write_given(JsonWriter *writer, const char *key, const char *text)
{
    if (text != NULL)
        writer_member_text(writer, key, text);
}

static void write_finding(JsonWriter *writer, const Finding *finding)
{
    writer_open(writer, '{');
    writer_member_text(writer, "code", code_name(finding->code));
    writer_member_text(writer, "kind", finding_kind_name(finding->kind));
    write_number(writer, "line", finding->line);
    write_given(writer, "path", finding->path);
    write_given(writer, "text", finding->message);
    write_given(writer, "claim", finding->claim_id);
    writer_close(writer, '}');
}

const char *claim_findings_encode(const Claim *claim, Arena *arena)
{
    JsonWriter writer;
    writer_init(&writer, arena, 16 + 256 * claim->finding_count);
    writer_open(&writer, '[');
    for (size_t i = 0; i < claim->finding_count; i++)
        write_finding(&writer, &claim->findings[i]);
    writer_close(&writer, ']');
    return writer_finish(&writer, NULL);
}

static bool read_kind(const json_t *item, Finding *finding)
{
    for (FindingKind kind = FINDING_REFUSAL; kind <= FINDING_WAIT; kind++) {
        if (strcmp(finding_kind_name(kind), word(item, "kind")) == 0) {
            finding->kind = kind;
            return true;
        }
    }
    return false;
}

static const char *copy_text(const json_t *item, const char *key, Arena *arena)
{
    const char *text = json_string_value(json_object_get(item, key));
    return text == NULL ? NULL : arena_text(arena, text);
}

static bool read_finding(const json_t *item, Arena *arena, Finding *finding)
{
    int64_t line = 0;
    const bool good = code_from_name(word(item, "code"), &finding->code) &&
                      read_kind(item, finding) && read_integer(item, "line", 0, INT32_MAX, &line);
    finding->line = (int32_t)line;
    finding->path = copy_text(item, "path", arena);
    finding->message = copy_text(item, "text", arena);
    finding->claim_id = copy_text(item, "claim", arena);
    return good;
}

bool claim_findings_decode(const char *text, Arena *arena, Claim *claim, Error *reterr)
{
    JSON_AUTO root = json_loads(text, 0, NULL);
    if (!json_is_array(root))
        return reject_row("findings", reterr);
    const size_t count = json_array_size(root);
    Finding *findings = arena_new(arena, count * sizeof *findings);
    for (size_t i = 0; i < count; i++) {
        if (!read_finding(json_array_get(root, i), arena, &findings[i]))
            return reject_row("findings", reterr);
    }
    claim->findings = findings;
    claim->finding_count = claim->finding_room = count;
    return true;
}
