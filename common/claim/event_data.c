/* event_data.c - from the drafts that the tables fill to an event, or to its first bad field. */
#include "claim/document_fields.h"
#include "claim/event_internal.h"
#include "claim/text_check.h"
#include "runtime/digest.h"

#include <string.h>

/* The dead letter names the first bad field; it comes from the publisher's program, not from a
 * partner who could mend them all. */
static bool reject_finding(const Finding *finding, Error *reterr)
{
    return error_reject(reterr, "FIELD_INVALID", "read %s: %s", finding->path, finding->message);
}

/* The document could not be given to any claim: no status event could tell its publisher. */
static bool reject_document(const ClaimDocument *document, Error *reterr)
{
    static const char *const paths[] = {"/claim_id", "/customer", "/customer/tenant_id"};
    for (size_t i = 0; i < document->finding_count; i++) {
        for (size_t j = 0; j < sizeof paths / sizeof paths[0]; j++) {
            if (strcmp(document->findings[i].path, paths[j]) == 0)
                return reject_finding(&document->findings[i], reterr);
        }
    }
    return error_reject(reterr, "FIELD_INVALID", "read claim_id, tenant_id: missing or illegal");
}

static bool read_submission(const json_t *data, const EventContext *context, Arena *arena,
                            Event *event, Error *reterr)
{
    ClaimDocument *document = arena_new(arena, sizeof *document);
    document_decode(data, event->type == EVENT_CLAIM_RESUBMITTED, context->zone_is_valid,
                    context->zone_context, arena, document);
    if (document->claim_id == NULL || document->tenant_id == NULL)
        return reject_document(document, reterr);
    memcpy(event->claim_id, document->claim_id, strlen(document->claim_id) + 1);
    memcpy(event->tenant_id, document->tenant_id, UUID_SIZE);
    size_t canonical_size = 0;
    event->canonical = document_canonical(data, arena, &canonical_size);
    sha256_hex(event->canonical, canonical_size, event->content_hash);
    event->document = document;
    event->revision = document->revision;
    /* who sends a document speaks for its partner; without an MPN ID nobody is known */
    event->actor =
        (Actor){.type = ACTOR_PARTNER, .id = document->mpn_id == NULL ? "" : document->mpn_id};
    return true;
}

static bool contains(const int32_t *numbers, size_t count, int32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

/* At most 50 items: the table's row saw to that, or has a finding. */
static void read_line_numbers(FieldReader *reader, const json_t *array, Event *event)
{
    const FieldPath path = {.name = "lines"};
    const size_t count = json_array_size(array);
    int32_t *numbers = arena_new(reader->arena, count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        const int64_t number = json_integer_value(json_array_get(array, i)); /* 0: none */
        if (number < 1 || number > LINE_NUMBER_MAX || contains(numbers, i, (int32_t)number)) {
            const FieldPath at = {.parent = &path, .index = i};
            field_report(reader, CODE_FIELD_INVALID, &at,
                         "must be the number of a line, 1 to 9999, each once");
            return;
        }
        numbers[i] = (int32_t)number;
    }
    event->lines = numbers;
    event->line_count = count;
}

typedef struct FindingDraft {
    const char *code, *message;
    int32_t line;
} FindingDraft;

static const FieldRow finding_rows[] = {
    FIELD_ROW("code", CODE, true, 1, PRODUCT_CODE_SIZE - 1, offsetof(FindingDraft, code)),
    FIELD_ROW("line", INTEGER, false, 1, LINE_NUMBER_MAX, offsetof(FindingDraft, line)),
    FIELD_ROW("message", SAID, true, 1, COMMENT_TEXT_SIZE_MAX, offsetof(FindingDraft, message)),
    FIELD_ROW_END,
};

/* The kind follows from the verdict: a reviewer who asks, asks, whatever rule it is about. */
static bool read_finding(FieldReader *reader, const json_t *item, const FieldPath *at,
                         Verdict verdict, Finding *ret_finding)
{
    if (!json_is_object(item)) {
        field_report(reader, CODE_FIELD_INVALID, at, "must be an object");
        return false;
    }
    FindingDraft draft = {0};
    fields_read(reader, finding_rows, item, at, &draft);
    Code code = CODE_NONE;
    if (draft.code == NULL)
        return false;
    if (!code_from_name(draft.code, &code) || code_row(code)->kind == FINDING_NONE) {
        const FieldPath path = {.parent = at, .name = "code"};
        field_report(reader, CODE_FIELD_INVALID, &path, "must be the code of a finding");
        return false;
    }
    *ret_finding = (Finding){
        .code = code,
        .kind = verdict == VERDICT_REJECT ? FINDING_REFUSAL : FINDING_QUESTION,
        .line = draft.line,
        .message = draft.message,
    };
    return true;
}

static void read_review(FieldReader *reader, const EventDraft *draft, Event *event)
{
    const FieldPath reason_at = {.name = "reason"}, findings_at = {.name = "findings"};
    if (draft->verdict != VERDICT_APPROVE && event->reason == NULL)
        field_report(reader, CODE_FIELD_INVALID, &reason_at,
                     "must say why, where the verdict is REJECT or ASK");
    const size_t count = json_array_size(draft->findings);
    Finding *findings = arena_new(reader->arena, count * sizeof *findings);
    for (size_t i = 0; i < count; i++) {
        const FieldPath at = {.parent = &findings_at, .index = i};
        if (!read_finding(reader, json_array_get(draft->findings, i), &at, draft->verdict,
                          &findings[i]))
            return;
    }
    event->findings = findings;
    event->finding_count = count;
}

static void read_import(FieldReader *reader, const EventDraft *draft, Event *event)
{
    const FieldPath activities_at = {.name = "activities"}, workload_at = {.name = "workload"};
    const FieldPath official_at = {.name = "official_at"}, signed_at = {.name = "poe_signed_on"};
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    unsigned activities = 0;
    fields_read_activities(reader, draft->activities, &activities_at, &activities);
    if ((draft->product == NULL) == (draft->workload == NULL))
        field_report(reader, CODE_FIELD_INVALID, &workload_at,
                     "or the product must be there, and not both");
    if (draft->at_ms > event->receipt_at_ms)
        field_report(reader, CODE_FIELD_INVALID, &official_at, "must not lie in the future");
    /* somewhere it is tomorrow already */
    if (draft->poe_signed_on > event->receipt_at_ms / day_ms + 1)
        field_report(reader, CODE_FIELD_INVALID, &signed_at, "must not lie in the future");
    event->import.mpn_id = draft->mpn_id;
    event->import.domain = draft->domain;
    event->import.product = draft->product;
    event->import.workload = draft->workload;
    event->import.solution_area = draft->solution_area;
    event->import.activities = activities;
    event->import.line = draft->line;
    event->import.poe_signed_on = draft->poe_signed_on;
}

static void read_evidence(FieldReader *reader, const EventDraft *draft, Event *event)
{
    const FieldPath at = {.name = "poe"};
    Poe *poe = NULL;
    poe_read_array(reader, draft->poe, &at, &poe, &event->poe_count);
    for (size_t i = 0; i < event->poe_count; i++) {
        poe[i].index = -1;
        poe[i].received_at_ms = event->receipt_at_ms;
    }
    event->poe = poe;
    event->evidence = canonical_array(draft->poe, document_poe_rows, reader->arena);
}

static void copy_draft(const EventDraft *draft, Event *event)
{
    memcpy(event->tenant_id, draft->tenant_id, UUID_SIZE);
    if (draft->claim_id != NULL)
        memcpy(event->claim_id, draft->claim_id, strlen(draft->claim_id) + 1);
    event->actor = draft->actor;
    event->revision = draft->revision;
    event->at_ms = draft->at_ms;
    event->token = draft->token;
    event->verdict = draft->verdict;
    event->subscription_id = draft->subscription_id;
    event->subscription_state = draft->subscription_state;
    const char *reason = draft->reason;
    event->reason =
        reason != NULL && text_is_said(reason, strlen(reason), 1, INT64_MAX) ? reason : NULL;
}

/* What a row of the tables cannot say. Only drafts without findings come here. */
static void read_details(FieldReader *reader, const json_t *data, const EventDraft *draft,
                         Event *event)
{
    read_line_numbers(reader, draft->lines, event);
    if (draft->lines == NULL)
        event->lines = NULL;
    if (event->type == EVENT_CLAIM_REVIEWED)
        read_review(reader, draft, event);
    if (event->type == EVENT_IMPORTED)
        read_import(reader, draft, event);
    if (event->type == EVENT_EVIDENCE_ADDED)
        read_evidence(reader, draft, event);
    if (event->type == EVENT_COMMENT_ADDED)
        event->comment = canonical_object(json_object_get(data, "comment"), document_comment_rows,
                                          reader->arena, NULL);
}

bool event_read_data(const json_t *data, const EventContext *context, Arena *arena, Event *event,
                     Error *reterr)
{
    const FieldRow *rows = event_data_rows[event->type];
    if (rows == NULL)
        return read_submission(data, context, arena, event, reterr);
    FieldReader reader = {.arena = arena,
                          .zone_check = context->zone_is_valid,
                          .zone_context = context->zone_context};
    EventDraft draft = {.actor = {.id = ""}, .poe_signed_on = DAY_NONE};
    fields_read(&reader, rows, data, NULL, &draft);
    if (reader.finding_count == 0) {
        copy_draft(&draft, event);
        read_details(&reader, data, &draft, event);
    }
    return reader.finding_count == 0 || reject_finding(&reader.findings[0], reterr);
}
