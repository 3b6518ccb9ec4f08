/* field.c - reads one member at a time: absent, bad, or stored. */
#include "claim/field.h"

#include "claim/text_check.h"
#include "runtime/clock.h"

#include <string.h>

/* A reader of values that are no texts; slot NULL: check only. */
typedef bool ValueRead(const FieldRow *row, const json_t *value, void *slot);

typedef struct KindRow {
    const char *what; /* ends the sentence "It must be ..." */
    const char *unit; /* not NULL: min and max belong into the sentence */
    TextCheck *check; /* texts; NULL: others */
    ValueRead *read;
} KindRow;

static bool read_date(const FieldRow *row, const json_t *value, void *slot)
{
    (void)row;
    int32_t day = 0;
    const char *text = json_string_value(value);
    if (text == NULL || !clock_date_parse(text, json_string_length(value), &day))
        return false;
    if (slot != NULL)
        *(int32_t *)slot = day;
    return true;
}

static bool read_instant(const FieldRow *row, const json_t *value, void *slot)
{
    (void)row;
    int64_t at_ms = 0;
    const char *text = json_string_value(value);
    if (text == NULL || !clock_parse(text, json_string_length(value), &at_ms))
        return false;
    if (slot != NULL)
        *(int64_t *)slot = at_ms;
    return true;
}

static bool read_integer(const FieldRow *row, const json_t *value, void *slot)
{
    if (!json_is_integer(value)) /* 1.0 is none */
        return false;
    const int64_t number = json_integer_value(value);
    if (number < row->min || number > row->max)
        return false;
    if (slot != NULL)
        *(int32_t *)slot = (int32_t)number;
    return true;
}

static bool read_boolean(const FieldRow *row, const json_t *value, void *slot)
{
    (void)row;
    if (!json_is_boolean(value))
        return false;
    if (slot != NULL)
        *(bool *)slot = json_is_true(value);
    return true;
}

static bool read_word(const FieldRow *row, const json_t *value, void *slot)
{
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) != json_string_length(value))
        return false;
    for (const FieldWord *word = row->words; word->name != NULL; word++) {
        if (strcmp(word->name, text) == 0) {
            *(int *)slot = word->value;
            return true;
        }
    }
    return false;
}

static bool read_object(const FieldRow *row, const json_t *value, void *slot)
{
    (void)row;
    if (slot != NULL) /* even a bad one is there: no rule shall ask for it as well */
        *(bool *)slot = true;
    return json_is_object(value);
}

/* Stored even when it has too many items: the first ones are read all the same. */
static bool read_array(const FieldRow *row, const json_t *value, void *slot)
{
    if (!json_is_array(value))
        return false;
    *(const json_t **)slot = value;
    const int64_t count = (int64_t)json_array_size(value);
    return count >= row->min && count <= row->max;
}

static const char plain_what[] = "text without control characters or bidirectional overrides";
static const char message_what[] = "text without control characters (but for line feeds and tabs) "
                                   "or bidirectional overrides";

static const KindRow kinds[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = {plain_what, "characters", text_is_plain, NULL},
    [FIELD_MESSAGE] = {message_what, "characters", text_is_message, NULL},
    [FIELD_SAID] = {"text that is not blank, without control characters (but for line feeds and "
                    "tabs) or bidirectional overrides",
                    "characters", text_is_said, NULL},
    [FIELD_CLAIM_ID] = {"letters, digits, dots, underscores and hyphens", "of them",
                        text_is_claim_id, NULL},
    [FIELD_DIGITS] = {"text of digits", "of them", text_is_digits, NULL},
    [FIELD_GUID] = {"a GUID, like 6f1c2d3e-0000-4000-8000-000000000001", NULL, text_is_guid, NULL},
    [FIELD_DOMAIN] = {"a DNS name in its ASCII form, like contoso.example, at most 253 characters",
                      NULL, text_is_domain, NULL},
    [FIELD_EMAIL] = {"an e-mail address in ASCII, like name@contoso.example, at most 254 "
                     "characters",
                     NULL, text_is_email, NULL},
    [FIELD_COUNTRY] = {"a country's two capital letters (ISO 3166-1), like KR", NULL,
                       text_is_country, NULL},
    [FIELD_LOCALE] = {"a language tag (BCP 47), like ko-KR", NULL, text_is_locale, NULL},
    [FIELD_TIME_ZONE] = {"the name of an IANA time zone, like Asia/Seoul", NULL, text_is_zone_name,
                         NULL},
    [FIELD_CODE] = {"a catalogue code of A-Z, 0-9 and underscores", "characters", text_is_code,
                    NULL},
    [FIELD_HEX] = {"a SHA-256 in hexadecimal digits", "of them", text_is_hex, NULL},
    [FIELD_MEDIA_TYPE] = {"a media type, like application/pdf", NULL, text_is_media_type, NULL},
    [FIELD_URI] = {"a URI of printable ASCII characters without spaces", "characters", text_is_uri,
                   NULL},
    [FIELD_DATE] = {"a date, like 2026-11-30", NULL, NULL, read_date},
    [FIELD_INSTANT] = {"an RFC 3339 instant, like 2026-11-30T15:00:00.000Z", NULL, NULL,
                       read_instant},
    [FIELD_INTEGER] = {"an integer without a fraction", "", NULL, read_integer},
    [FIELD_BOOLEAN] = {"true or false", NULL, NULL, read_boolean},
    [FIELD_WORD] = {"one of", NULL, NULL, read_word},
    [FIELD_OBJECT] = {"an object", NULL, NULL, read_object},
    [FIELD_ARRAY] = {"an array", "items", NULL, read_array},
    [FIELD_SET] = {"an array of different words", "items", NULL, read_array},
};

const FieldWord field_solution_areas[] = {
    {"MICROSOFT_365", AREA_MICROSOFT_365},
    {"BUSINESS_APPLICATIONS", AREA_BUSINESS_APPLICATIONS},
    {NULL, 0},
};

const json_t *field_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

const char *field_pointer(const FieldPath *at, const char *suffix, Arena *arena)
{
    const char *tail = suffix == NULL ? "" : arena_printf(arena, "/%s", suffix);
    for (; at != NULL; at = at->parent) {
        tail = at->name != NULL ? arena_printf(arena, "/%s%s", at->name, tail)
                                : arena_printf(arena, "/%zu%s", at->index, tail);
    }
    return tail;
}

/* Room for one more finding, or NULL past the maximum. */
static Finding *add_finding(FieldReader *reader)
{
    if (reader->finding_count == CLAIM_FINDING_COUNT_MAX)
        return NULL;
    if (reader->finding_count == reader->finding_room) {
        const size_t room = reader->finding_room == 0 ? 8 : reader->finding_room * 2;
        Finding *findings = arena_new(reader->arena, room * sizeof *findings);
        if (reader->finding_count > 0)
            memcpy(findings, reader->findings, reader->finding_count * sizeof *findings);
        reader->findings = findings;
        reader->finding_room = room;
    }
    return &reader->findings[reader->finding_count++];
}

void field_report(FieldReader *reader, Code code, const FieldPath *at, const char *what)
{
    Finding *finding = add_finding(reader);
    if (finding == NULL)
        return;
    const char *form = code == CODE_FIELD_MISSING ? "This field is required: it" : "This field";
    *finding = (Finding){
        .code = code,
        .kind = FINDING_REFUSAL,
        .path = field_pointer(at, NULL, reader->arena),
        .message = arena_printf(reader->arena, "%s %s.", form, what),
    };
}

static const char *list_words(const FieldWord *words, Arena *arena)
{
    const char *list = words->name;
    for (words++; words->name != NULL; words++)
        list = arena_printf(arena, "%s, %s", list, words->name);
    return list;
}

/* What the row's value must be; never says what it was, which may be somebody's name. */
static const char *describe(const FieldRow *row, Arena *arena)
{
    const KindRow *kind = &kinds[row->kind];
    if (row->kind == FIELD_WORD)
        return arena_printf(arena, "must be %s %s", kind->what, list_words(row->words, arena));
    if (kind->unit == NULL)
        return arena_printf(arena, "must be %s", kind->what);
    const char *gap = kind->unit[0] == '\0' ? "" : " ";
    if (row->min == row->max)
        return arena_printf(arena, "must be %s, exactly %lld%s%s", kind->what, (long long)row->min,
                            gap, kind->unit);
    return arena_printf(arena, "must be %s, %lld to %lld%s%s", kind->what, (long long)row->min,
                        (long long)row->max, gap, kind->unit);
}

bool field_text_is_valid(const FieldRow *row, const json_t *value)
{
    TextCheck *check = kinds[row->kind].check;
    return check != NULL && json_is_string(value) &&
           check(json_string_value(value), json_string_length(value), row->min, row->max);
}

bool field_is_folded(FieldKind kind)
{
    return kind == FIELD_GUID || kind == FIELD_DOMAIN;
}

char *field_copy(const json_t *value, bool folded, Arena *arena)
{
    char *text = arena_copy(arena, json_string_value(value), json_string_length(value));
    for (char *at = text; folded && *at != '\0'; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    return text;
}

static bool read_text(FieldReader *reader, const FieldRow *row, const json_t *value, void *slot)
{
    if (!field_text_is_valid(row, value))
        return false;
    const char *text = field_copy(value, field_is_folded(row->kind), reader->arena);
    if (row->kind == FIELD_TIME_ZONE && reader->zone_check != NULL &&
        !reader->zone_check(reader->zone_context, text))
        return false;
    if (slot != NULL)
        *(const char **)slot = text;
    return true;
}

static void read_value(FieldReader *reader, const FieldRow *row, const json_t *value,
                       const FieldPath *at, void *target)
{
    void *slot = row->offset == FIELD_UNSTORED ? NULL : (char *)target + row->offset;
    const KindRow *kind = &kinds[row->kind];
    const bool good =
        kind->check != NULL ? read_text(reader, row, value, slot) : kind->read(row, value, slot);
    if (!good)
        field_report(reader, CODE_FIELD_INVALID, at, describe(row, reader->arena));
    else if (row->kind == FIELD_OBJECT)
        fields_read(reader, row->members, value, at, target);
}

void field_read(FieldReader *reader, const FieldRow *row, const json_t *object, const FieldPath *at,
                void *target)
{
    const FieldPath path = {.parent = at, .name = row->name};
    const json_t *value = field_member(object, row->name); /* null is as good as absent */
    if (value != NULL)
        read_value(reader, row, value, &path, target);
    else if (row->required)
        field_report(reader, CODE_FIELD_MISSING, &path, describe(row, reader->arena));
}

void fields_read(FieldReader *reader, const FieldRow *rows, const json_t *object,
                 const FieldPath *at, void *target)
{
    for (const FieldRow *row = rows; row->name != NULL; row++)
        field_read(reader, row, object, at, target);
}

bool fields_read_activities(FieldReader *reader, const json_t *array, const FieldPath *at,
                            unsigned *ret_activities)
{
    enum { ACTIVITY_COUNT = 3 };
    unsigned activities = 0;
    bool good = json_array_size(array) <= ACTIVITY_COUNT;
    for (size_t i = 0; i < json_array_size(array) && i < ACTIVITY_COUNT; i++) {
        const json_t *item = json_array_get(array, i);
        const char *text = json_string_value(item);
        const bool readable = text != NULL && strlen(text) == json_string_length(item);
        const unsigned bit = readable ? activity_from_name(text) : 0;
        if (bit == 0 || (activities & bit) != 0) {
            const FieldPath path = {.parent = at, .index = i};
            field_report(reader, CODE_FIELD_INVALID, &path,
                         "must be one of USAGE, PRE_SALES, REVENUE_ASSOCIATION, each once");
            good = false;
        }
        activities |= bit;
    }
    *ret_activities = activities;
    return good && activities != 0;
}
