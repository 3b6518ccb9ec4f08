/* document.c - a claim document from JSON: its tables first, then what a table cannot say. */
#include "claim/document.h"

#include "claim/document_fields.h"

static size_t bounded_count(const json_t *array, size_t count_max)
{
    const size_t count = json_array_size(array); /* 0 for NULL */
    return count < count_max ? count : count_max;
}

/* Item i of an array when it is an object; else NULL and a finding. */
static const json_t *object_item(FieldReader *reader, const json_t *array, const FieldPath *at)
{
    const json_t *item = json_array_get(array, at->index);
    if (json_is_object(item))
        return item;
    field_report(reader, CODE_FIELD_INVALID, at, "must be an object");
    return NULL;
}

/* A line names a workload or a product; a subscription beside a workload says nothing. */
static void read_line_code(FieldReader *reader, const json_t *item, const FieldPath *at,
                           SolutionArea area, DocumentLine *line)
{
    const bool has_workload = field_member(item, "workload") != NULL;
    const bool has_product = field_member(item, "product") != NULL;
    if (has_workload && has_product) {
        field_report(reader, CODE_FIELD_INVALID, at,
                     "must have either a workload or a product, not both");
        return;
    }
    if (!has_workload && !has_product && area == AREA_UNKNOWN) { /* which one, nobody can say */
        field_report(reader, CODE_FIELD_MISSING, at, "must have a workload or a product");
        return;
    }
    if (has_workload || (!has_product && area == AREA_MICROSOFT_365)) {
        field_read(reader, &document_line_rows[LINE_ROW_WORKLOAD], item, at, line);
        return;
    }
    field_read(reader, &document_line_rows[LINE_ROW_PRODUCT], item, at, line);
    field_read(reader, &document_line_rows[LINE_ROW_SUBSCRIPTION_ID], item, at, line);
}

static bool has_line(const ClaimDocument *document, int32_t number)
{
    for (size_t i = 0; i < document->line_count; i++) {
        if (document->lines[i].number == number)
            return true;
    }
    return false;
}

/* A number that was there before is as good as unreadable: the first line keeps it. */
static void read_line(FieldReader *reader, const json_t *item, const FieldPath *at,
                      ClaimDocument *document)
{
    DocumentLine line = {0};
    field_read(reader, &document_line_rows[LINE_ROW_LINE], item, at, &line);
    if (line.number != 0 && has_line(document, line.number)) {
        const FieldPath path = {.parent = at, .name = "line"};
        field_report(reader, CODE_FIELD_INVALID, &path, "must be a number that no other line has");
        line.number = 0;
    }
    read_line_code(reader, item, at, document->solution_area, &line);
    document->lines[document->line_count++] = line;
}

static void read_lines(FieldReader *reader, DocumentDraft *draft)
{
    ClaimDocument *document = &draft->document;
    const FieldPath path = {.name = "lines"};
    const size_t count = bounded_count(draft->lines, CLAIM_LINE_COUNT_MAX);
    document->lines = arena_new(reader->arena, count * sizeof *document->lines);
    for (size_t i = 0; i < count; i++) {
        const FieldPath at = {.parent = &path, .index = i};
        const json_t *item = object_item(reader, draft->lines, &at);
        if (item != NULL)
            read_line(reader, item, &at, document);
        else
            document->lines[document->line_count++] = (DocumentLine){0};
    }
}

static void read_covers(FieldReader *reader, const json_t *covers, const FieldPath *at, Poe *poe)
{
    const FieldPath path = {.parent = at, .name = "covers"};
    const size_t count = bounded_count(covers, CLAIM_LINE_COUNT_MAX);
    int32_t *numbers = arena_new(reader->arena, count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(covers, i);
        const int64_t number = json_integer_value(item); /* 0 for what is none */
        if (number >= 1 && number <= LINE_NUMBER_MAX) {
            numbers[poe->cover_count++] = (int32_t)number;
            continue;
        }
        const FieldPath item_at = {.parent = &path, .index = i};
        field_report(reader, CODE_FIELD_INVALID, &item_at, "must be the number of a line");
    }
    poe->covers = numbers;
}

void poe_read_array(FieldReader *reader, const json_t *array, const FieldPath *at, Poe **ret_poe,
                    size_t *ret_count)
{
    const size_t count = bounded_count(array, CLAIM_POE_COUNT_MAX);
    Poe *poe = arena_new(reader->arena, count * sizeof *poe);
    size_t poe_count = 0;
    for (size_t i = 0; i < count; i++) {
        const FieldPath item_at = {.parent = at, .index = i};
        const json_t *item = object_item(reader, array, &item_at);
        if (item == NULL)
            continue;
        PoeDraft draft = {.poe = {.signed_on = DAY_NONE, .index = (int32_t)i}};
        fields_read(reader, document_poe_rows, item, &item_at, &draft);
        read_covers(reader, draft.covers, &item_at, &draft.poe);
        poe[poe_count++] = draft.poe;
    }
    *ret_poe = poe;
    *ret_count = poe_count;
}

bool poe_decode_array(const json_t *array, Arena *arena, Poe **ret_poe, size_t *ret_count,
                      const char **ret_bad_path)
{
    const FieldPath at = {.name = "poe"};
    FieldReader reader = {.arena = arena};
    Poe *poe = NULL;
    size_t count = 0;
    if (!json_is_array(array) || json_array_size(array) > CLAIM_POE_COUNT_MAX)
        field_report(&reader, CODE_FIELD_INVALID, &at, "must be an array of at most 20 items");
    else
        poe_read_array(&reader, array, &at, &poe, &count);
    if (reader.finding_count > 0) {
        *ret_bad_path = reader.findings[0].path;
        return false;
    }
    for (size_t i = 0; i < count; i++)
        poe[i].index = -1;
    *ret_poe = poe;
    *ret_count = count;
    return true;
}

/* Does this document have line `number`? Where a line cannot be read, nobody can say no. */
static bool line_may_exist(const DocumentDraft *draft, int32_t number)
{
    const ClaimDocument *document = &draft->document;
    return document->line_count < json_array_size(draft->lines) || has_line(document, 0) ||
           document->line_count == 0 || has_line(document, number);
}

static void check_covers(FieldReader *reader, const DocumentDraft *draft, const json_t *covers,
                         const FieldPath *poe_at)
{
    const FieldPath path = {.parent = poe_at, .name = "covers"};
    for (size_t i = 0; i < bounded_count(covers, CLAIM_LINE_COUNT_MAX); i++) {
        const int64_t number = json_integer_value(json_array_get(covers, i));
        const FieldPath at = {.parent = &path, .index = i};
        if (number >= 1 && number <= LINE_NUMBER_MAX && !line_may_exist(draft, (int32_t)number))
            field_report(reader, CODE_FIELD_INVALID, &at, "must be the number of a line");
    }
}

static void read_poe(FieldReader *reader, DocumentDraft *draft)
{
    const FieldPath path = {.name = "poe"};
    poe_read_array(reader, draft->poe, &path, &draft->document.poe, &draft->document.poe_count);
    for (size_t i = 0; i < bounded_count(draft->poe, CLAIM_POE_COUNT_MAX); i++) {
        const FieldPath at = {.parent = &path, .index = i};
        check_covers(reader, draft, json_object_get(json_array_get(draft->poe, i), "covers"), &at);
    }
}

static void read_comments(FieldReader *reader, DocumentDraft *draft)
{
    const FieldPath path = {.name = "comments"};
    const size_t count = bounded_count(draft->comments, CLAIM_COMMENT_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        const FieldPath at = {.parent = &path, .index = i};
        const json_t *item = object_item(reader, draft->comments, &at);
        CommentDraft comment = {0};
        if (item != NULL)
            fields_read(reader, document_comment_rows, item, &at, &comment);
    }
    draft->document.comment_count = count;
}

void document_decode(const json_t *root, bool is_revision, ZoneCheck *zone_check,
                     const void *zone_context, Arena *arena, ClaimDocument *ret_document)
{
    const FieldPath activities_at = {.name = "activities"};
    FieldReader reader = {.arena = arena, .zone_check = zone_check, .zone_context = zone_context};
    DocumentDraft draft = {0};
    fields_read(&reader, document_rows, root, NULL, &draft);
    ClaimDocument *document = &draft.document;
    if (is_revision) /* a submission's is an unknown field */
        field_read(&reader, &document_revision_row, root, NULL, &draft);
    document->activities_readable =
        fields_read_activities(&reader, draft.activities, &activities_at, &document->activities);
    read_lines(&reader, &draft);
    read_poe(&reader, &draft);
    read_comments(&reader, &draft);
    document->findings = reader.findings;
    document->finding_count = reader.finding_count;
    *ret_document = *document;
}
