/* document_fields.h - the tables of the claim document's fields, and what they are read into. */
#pragma once

#include "claim/field.h"

enum { LINE_NUMBER_MAX = 9999, COMMENT_TEXT_SIZE_MAX = 4000 };

typedef struct DocumentDraft {
    ClaimDocument document;
    const json_t *activities, *lines, *poe, *comments; /* arrays; NULL when absent or none */
} DocumentDraft;

typedef struct PoeDraft {
    Poe poe;
    const json_t *covers;
} PoeDraft;

typedef struct CommentDraft {
    const char *author, *text;
    int64_t at_ms;
} CommentDraft;

/* Rows of document_line_rows, which are read one by one: what a line needs depends on it. */
enum { LINE_ROW_LINE = 0, LINE_ROW_PRODUCT, LINE_ROW_SUBSCRIPTION_ID, LINE_ROW_WORKLOAD };

extern const FieldRow document_rows[];         /* DocumentDraft */
extern const FieldRow document_line_rows[];    /* DocumentLine */
extern const FieldRow document_poe_rows[];     /* PoeDraft */
extern const FieldRow document_comment_rows[]; /* CommentDraft */
extern const FieldRow document_revision_row;   /* DocumentDraft */

/* poe_read_array - the first 20 of a `poe` array; those that are bad have findings. */
void poe_read_array(FieldReader *reader, const json_t *array, const FieldPath *at, Poe **ret_poe,
                    size_t *ret_count);

/* canonical_array / canonical_object - canonical JSON of what only has such parts of a document:
 * evidence, a comment. ret_size may be NULL. */
const char *canonical_array(const json_t *array, const FieldRow *rows, Arena *arena);
const char *canonical_object(const json_t *object, const FieldRow *rows, Arena *arena,
                             size_t *ret_size);
