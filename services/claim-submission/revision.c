/* revision.c - a partner answers: a new revision of a claim that waits for its partner. */
#include "claim_submission.h"

#include "claim/outbound.h"
#include "claim/strict_json.h"
#include "claim/transition.h"

#include <stdio.h>
#include <string.h>

static bool add_forbidden(Claim *claim, Arena *arena, const char *path, const char *message)
{
    const Finding finding = {
        .code = CODE_FIELD_INVALID, .kind = FINDING_REFUSAL, .path = path, .message = message};
    claim_add_finding(claim, arena, &finding); /* past the maximum it is dropped, not forgiven */
    return false;
}

/* Those of an attempt before: a claim that is asked passed the field rules itself. */
static void drop_field_findings(Claim *claim)
{
    size_t kept = 0;
    for (size_t i = 0; i < claim->finding_count; i++)
        if (claim->findings[i].code != CODE_FIELD_MISSING &&
            claim->findings[i].code != CODE_FIELD_INVALID)
            claim->findings[kept++] = claim->findings[i];
    claim->finding_count = kept;
}

static const char *document_code(const DocumentLine *entry)
{
    const char *code = entry->product != NULL ? entry->product : entry->workload;
    return code == NULL ? "" : code;
}

/* The canonical document of the claim's revision, as it was sent; NULL: it is not there. */
static const ClaimDocument *earlier_document(Work *work, const TextMap *documents,
                                             const Entry *entry)
{
    const char *key =
        arena_printf(work->arena, "%s/%s", entry->claim->tenant_id, entry->claim->claim_id);
    const char *text =
        entry->new_document != NULL ? entry->new_document : text_map_get(documents, key);
    JSON_AUTO root = text == NULL ? NULL : json_loads(text, JSON_ALLOW_NUL, NULL);
    if (root == NULL)
        return NULL;
    ClaimDocument *document = arena_new(work->arena, sizeof *document);
    document_decode(root, false, NULL, NULL, work->arena, document);
    return document;
}

static bool document_has_finding(const ClaimDocument *document, const char *path)
{
    for (size_t i = 0; i < document->finding_count; i++)
        if (strcmp(document->findings[i].path, path) == 0)
            return true;
    return false;
}

/* A field that cannot be read has its finding already. */
static bool check_same(Claim *claim, Arena *arena, const ClaimDocument *document, const char *path,
                       const char *is, const char *was, const char *message)
{
    const bool same = is == NULL || was == NULL ? is == was : strcmp(is, was) == 0;
    return same || document_has_finding(document, path) ||
           add_forbidden(claim, arena, path, message);
}

static bool document_has_line(const ClaimDocument *document, int32_t number,
                              const DocumentLine **ret_entry)
{
    for (size_t i = 0; i < document->line_count; i++) {
        if (document->lines[i].number == number) {
            *ret_entry = &document->lines[i];
            return true;
        }
    }
    return false;
}

/* What chooses the customer's calendar, zone and rules; and whose slot a line is in. */
static bool check_earlier(Claim *claim, const ClaimDocument *document, const ClaimDocument *earlier,
                          Arena *arena)
{
    bool good = check_same(claim, arena, document, "/customer/country", document->country,
                           earlier->country, "A revision may not change the customer's country.");
    good &= check_same(claim, arena, document, "/customer/time_zone", document->time_zone,
                       earlier->time_zone, "A revision may not change the customer's time zone.");
    for (size_t i = 0; i < document->line_count; i++) {
        const DocumentLine *entry = &document->lines[i], *was = NULL;
        if (entry->number != 0 && document_has_line(earlier, entry->number, &was) &&
            was->subscription_id != NULL)
            good &= check_same(claim, arena, document,
                               arena_printf(arena, "/lines/%zu/subscription_id", i),
                               entry->subscription_id, was->subscription_id,
                               "A line keeps the subscription that it named; claim anew.");
    }
    return good;
}

static bool check_line(Claim *claim, Arena *arena, const DocumentLine *entry, size_t index)
{
    const Line *line = claim_line(claim, entry->number);
    if (line == NULL || line->status == LINE_WITHDRAWN)
        return add_forbidden(claim, arena, arena_printf(arena, "/lines/%zu", index),
                             "A revision may leave lines out but not add one; claim it anew.");
    return strcmp(line->code, document_code(entry)) == 0 ||
           add_forbidden(claim, arena, arena_printf(arena, "/lines/%zu", index),
                         "A line keeps its workload or product; leave it out and claim anew.");
}

/* Findings about what a revision may not change; the claim keeps them and stays as it is. */
static bool check_revision(Claim *claim, const ClaimDocument *document,
                           const ClaimDocument *earlier, Arena *arena)
{
    bool good = earlier == NULL || check_earlier(claim, document, earlier, arena);
    if (document->domain != NULL && strcmp(document->domain, claim->domain) != 0)
        good = add_forbidden(claim, arena, "/customer/domain",
                             "A revision may not change the domain.");
    if (document->solution_area != claim->solution_area)
        good = add_forbidden(claim, arena, "/solution_area",
                             "A revision may not change the solution area.");
    if (document->activities != claim->activities)
        good =
            add_forbidden(claim, arena, "/activities", "A revision may not change the activities.");
    for (size_t i = 0; i < document->line_count; i++)
        if (document->lines[i].number != 0)
            good &= check_line(claim, arena, &document->lines[i], i);
    return good;
}

static void revise_lines(Claim *claim, const ClaimDocument *document, int64_t at_ms)
{
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        const DocumentLine *entry = NULL;
        if (!document_has_line(document, line->number, &entry)) {
            (void)!line_move(line, LINE_WITHDRAW, CODE_NONE, at_ms);
            continue;
        }
        if (line->status != LINE_UNDER_REVIEW)
            continue;
        line->check = CHECK_NONE;
        line->reason = CODE_NONE;
        line->slot[0] = '\0'; /* judged anew; a named subscription may be another one */
        snprintf(line->subscription_id, sizeof line->subscription_id, "%s",
                 entry->subscription_id == NULL || !line->is_product ? "" : entry->subscription_id);
    }
}

static void claim_start_revision(Claim *claim, const ClaimDocument *document, int64_t at_ms)
{
    claim->revision = document->revision;
    claim->received_at_ms = at_ms;
    claim->validated_at_ms = 0;
    claim->recheck_at_ms = 0;
    claim->notice_retry_at_ms = 0;
    claim->notice_failed_since_ms = 0;
    claim->notice_failure_count = 0;
    claim->grace = claim->review_pending = false;
    claim->finding_count = 0;
    claim->reason = CODE_NONE;
    snprintf(claim->mpn_id, sizeof claim->mpn_id, "%s", document->mpn_id);
}

static bool claim_has_line_to_judge(const Claim *claim)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_UNDER_REVIEW)
            return true;
    return false;
}

static void revise(Work *work, const Event *event, Entry *entry)
{
    Claim *claim = entry->claim;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    claim_start_revision(claim, event->document, event->receipt_at_ms);
    revise_lines(claim, event->document, event->receipt_at_ms);
    claim_take_trace(claim, event->record);
    entry->new_document = event->canonical;
    if (claim_has_line_to_judge(claim)) {
        const Outcome received = outbound_claim_event(
            EVENT_CLAIM_RECEIVED, claim, event->receipt_at_ms, event->record, work->arena);
        change_add(&change, &received);
    }
    change_end(&change, CHANGE_PUBLISHED);
}

void submission_resubmit(Work *work, const TextMap *documents, const Event *event, Entry *entry)
{
    Claim *claim = entry->claim;
    const ClaimDocument *document = event->document;
    if (claim->status != CLAIM_PARTNER_ACTION_REQUIRED) {
        work_ignore(work, event, "the claim does not wait for its partner");
        return;
    }
    if (document->revision != 0 && document->revision != claim->revision + 1) {
        work_ignore(work, event, "the revision is not the last one + 1");
        return;
    }
    drop_field_findings(claim);
    for (size_t i = 0; i < document->finding_count; i++)
        claim_add_finding(claim, work->arena, &document->findings[i]);
    const ClaimDocument *earlier = earlier_document(work, documents, entry);
    if (check_revision(claim, document, earlier, work->arena) && document->finding_count == 0) {
        revise(work, event, entry);
        return;
    }
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    change_end(&change, CHANGE_PUBLISHED); /* the findings again, the new ones with them */
}
