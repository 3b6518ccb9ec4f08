/*
 * field.h - members of JSON objects as rows of a table: one row says what a member may be, where
 * its value goes, and (by their order) how canonical JSON writes the object.
 */
#pragma once

#include "claim/document.h"

typedef enum FieldKind {
    FIELD_TEXT = 0, /* kinds of text: see text_check.h; stored as const char * */
    FIELD_MESSAGE,
    FIELD_SAID,
    FIELD_CLAIM_ID,
    FIELD_DIGITS,
    FIELD_GUID,   /* folded to lower case */
    FIELD_DOMAIN, /* likewise */
    FIELD_EMAIL,
    FIELD_COUNTRY,
    FIELD_LOCALE,
    FIELD_TIME_ZONE, /* and the installation knows it */
    FIELD_CODE,
    FIELD_HEX,
    FIELD_MEDIA_TYPE,
    FIELD_URI,
    FIELD_DATE,    /* int32_t day */
    FIELD_INSTANT, /* int64_t ms */
    FIELD_INTEGER, /* int32_t; one whose max is above INT32_MAX is checked but not stored */
    FIELD_BOOLEAN, /* bool */
    FIELD_WORD,    /* int: the word's value */
    FIELD_OBJECT,  /* bool: it is there, well-formed or not */
    FIELD_ARRAY,   /* const json_t *, borrowed; its items are read by the caller */
    FIELD_SET,     /* likewise; canonical JSON sorts its texts */
    FIELD_KIND_COUNT,
} FieldKind;

typedef struct FieldWord {
    const char *name; /* NULL: end of the table */
    int value;
} FieldWord;

typedef struct FieldRow {
    const char *name; /* NULL: end of the table; rows are sorted by it */
    FieldKind kind;
    bool required;
    int64_t min, max;               /* of characters, of the value, or of items */
    size_t offset;                  /* in the reader's target, or FIELD_UNSTORED */
    const struct FieldRow *members; /* of OBJECT and of an ARRAY's items; else NULL */
    const FieldWord *words;         /* of WORD */
} FieldRow;

#define FIELD_UNSTORED SIZE_MAX
#define FIELD_ROW(name_, kind_, required_, min_, max_, offset_)                                    \
    {                                                                                              \
        .name = (name_), .kind = FIELD_##kind_, .required = (required_), .min = (min_),            \
        .max = (max_), .offset = (offset_)                                                         \
    }
#define FIELD_ROW_OF(name_, kind_, required_, min_, max_, offset_, members_)                       \
    {                                                                                              \
        .name = (name_), .kind = FIELD_##kind_, .required = (required_), .min = (min_),            \
        .max = (max_), .offset = (offset_), .members = (members_)                                  \
    }
#define FIELD_ROW_WORD(name_, required_, offset_, words_)                                          \
    {                                                                                              \
        .name = (name_), .kind = FIELD_WORD, .required = (required_), .offset = (offset_),         \
        .words = (words_)                                                                          \
    }
#define FIELD_ROW_END                                                                              \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Where a value is, from the leaf up; becomes a JSON pointer only when something is wrong. Names
 * come from the tables alone, and none has a '~' or a '/', so nothing needs RFC 6901's escapes. */
typedef struct FieldPath {
    const struct FieldPath *parent; /* NULL: below the root */
    const char *name;               /* NULL: index counts */
    size_t index;
} FieldPath;

/* Collects findings; goes on after each. */
typedef struct FieldReader {
    Arena *arena;
    ZoneCheck *zone_check; /* NULL: any name will do */
    const void *zone_context;
    Finding *findings;
    size_t finding_count, finding_room;
} FieldReader;

/* fields_read - read object's members into target; what is missing or bad becomes findings, and
 * its place in target is left as it was. at: NULL for the root. */
void fields_read(FieldReader *reader, const FieldRow *rows, const json_t *object,
                 const FieldPath *at, void *target);

/* field_read - likewise, one member of an object. */
void field_read(FieldReader *reader, const FieldRow *row, const json_t *object, const FieldPath *at,
                void *target);

/* field_report - a finding; what: "must be ..." ends the sentence. Past the maximum of findings
 * it is dropped. */
void field_report(FieldReader *reader, Code code, const FieldPath *at, const char *what);

/* field_pointer - at as JSON pointer; suffix NULL or one more member's name. */
const char *field_pointer(const FieldPath *at, const char *suffix, Arena *arena);

/* field_text_is_valid - a text value is what the row wants (no zone look-up). */
bool field_text_is_valid(const FieldRow *row, const json_t *value);
bool field_is_folded(FieldKind kind);

/* field_member - a member of object, NULL when absent or null. */
const json_t *field_member(const json_t *object, const char *name);

/* field_copy - a copy in the arena; folded: ASCII letters in lower case. */
char *field_copy(const json_t *value, bool folded, Arena *arena);

extern const FieldWord field_solution_areas[];

/* fields_read_activities - an array of known, unique words as bits; false with findings. */
bool fields_read_activities(FieldReader *reader, const json_t *array, const FieldPath *at,
                            unsigned *ret_activities);
