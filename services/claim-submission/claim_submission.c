/* claim_submission.c - decide: what a submission, a wake-up or a partner's event means. */
#include "claim_submission.h"

#include "claim/outbound.h"
#include "claim/transition.h"

#include <stdio.h>
#include <string.h>

enum { REVIEW_COUNT_MS = 3000 };

const ConfigItem submission_config_items[] = {
    STORE_CONFIG_ITEMS,
    {"CPOR_REVIEW_DAYS_MAX", "3", CONFIG_INTEGER, 1, 365,
     "days after which a claim that waits for a reviewer counts as late"},
    {.name = NULL},
};

bool submission_open(Worker *worker, void *state, Error *reterr)
{
    Submission *submission = state;
    submission->review_ms_max =
        config_integer(worker_config(worker), "CPOR_REVIEW_DAYS_MAX") * 24 * 3600 * 1000;
    submission->in_review = metrics_gauge(
        "claims_in_review", "", "claims that wait for a reviewer; each instance shows all");
    submission->in_review_late = metrics_gauge(
        "claims_in_review_late", "", "of these, claims that wait longer than CPOR_REVIEW_DAYS_MAX");
    return store_open(&submission->store, worker, reterr);
}

/* Each instance counts in the same rows, so each shows the same. */
bool submission_tick(Worker *worker, void *state, int *ret_next_ms, Error *reterr)
{
    Submission *submission = state;
    int64_t count = 0, late_count = 0;
    *ret_next_ms = REVIEW_COUNT_MS;
    if (!submission_count_reviews(worker_database(worker),
                                  clock_now(worker_clock(worker)) - submission->review_ms_max,
                                  &count, &late_count, reterr))
        return false;
    metric_set(submission->in_review, count);
    metric_set(submission->in_review_late, late_count);
    return true;
}

bool submission_reload(Worker *worker, void *state, Error *reterr)
{
    (void)worker;
    return store_reload(&((Submission *)state)->store, reterr);
}

void submission_close(Worker *worker, void *state)
{
    Submission *submission = state;
    (void)worker;
    store_close(&submission->store);
}

static bool submission_step(Work *work, Error *reterr)
{
    Imports imports = {0};
    TextMap documents;
    if (!work_begin(work, reterr) || !submission_load(work, &imports, &documents, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        submission_decide(work, &imports, &documents, &work->events[i]);
    return submission_save(work, &imports, reterr);
}

bool submission_handle(Worker *worker, void *state, Batch *batch, Error *reterr)
{
    Submission *submission = state;
    Work work;
    (void)worker;
    work_init(&work, &submission->store, batch);
    if (work_decode(&work, NULL, reterr) && submission_step(&work, reterr))
        return true;
    work_rollback(&work);
    return false;
}

/* ---- submissions ---- */

static void claim_take_document(Claim *claim, const ClaimDocument *document)
{
    snprintf(claim->mpn_id, sizeof claim->mpn_id, "%s",
             document->mpn_id == NULL ? "" : document->mpn_id);
    snprintf(claim->domain, sizeof claim->domain, "%s",
             document->domain == NULL ? "" : document->domain);
    claim->solution_area = document->solution_area;
    claim->activities = document->activities;
}

/* Lines that can be read; a bad number or a repeated one has its finding, the claim is refused. */
static void claim_take_lines(Claim *claim, const ClaimDocument *document, Arena *arena)
{
    claim->lines = arena_new(arena, (document->line_count + 1) * sizeof *claim->lines);
    for (size_t i = 0; i < document->line_count; i++) {
        const DocumentLine *entry = &document->lines[i];
        if (entry->number == 0 || claim_line(claim, entry->number) != NULL)
            continue;
        Line *line = &claim->lines[claim->line_count++];
        line->number = entry->number;
        line->poe_day = DAY_NONE;
        line->is_product = entry->product != NULL;
        const char *code = entry->product != NULL ? entry->product : entry->workload;
        snprintf(line->code, sizeof line->code, "%s", code == NULL ? "" : code);
        if (line->is_product && entry->subscription_id != NULL)
            snprintf(line->subscription_id, sizeof line->subscription_id, "%s",
                     entry->subscription_id);
    }
}

void claim_take_trace(Claim *claim, const Record *record)
{
    const RecordHeader *header = record_traceparent(record);
    snprintf(claim->traceparent, sizeof claim->traceparent, "%.*s",
             header == NULL ? 0 : TRACEPARENT_LENGTH, header == NULL ? "" : header->value);
}

static void submission_create(Work *work, const Event *event)
{
    Entry *entry = work_create(work, event->tenant_id, event->claim_id);
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    Claim *claim = entry->claim;
    claim->revision = 1;
    claim->first_submitted_at_ms = event->receipt_at_ms;
    claim->received_at_ms = event->receipt_at_ms;
    claim_take_document(claim, event->document);
    claim_take_lines(claim, event->document, work->arena);
    claim_take_trace(claim, event->record);
    memcpy(entry->content_hash, event->content_hash, sizeof entry->content_hash);
    entry->new_document = event->canonical;
    const Outcome received = outbound_claim_event(EVENT_CLAIM_RECEIVED, claim, event->receipt_at_ms,
                                                  event->record, work->arena);
    change_add(&change, &received);
    change_end(&change, CHANGE_PUBLISHED);
    work_apply_kept(work, event, entry, change.move);
}

/* Other content under a known claim id is never silence: that would hide a lost claim. */
static void submission_submit(Work *work, const Imports *imports, const Event *event,
                              const Entry *entry)
{
    if (work_was_handled(work, event) == MEETING_REPLAYED) {
        (void)work_meet(work, event);
    } else if (entry == NULL && imports_has(imports, work->arena, event)) {
        work_dead_letter(work, event, "CLAIM_IMMUTABLE",
                         "an association is being imported under this claim_id; send a new one");
    } else if (entry == NULL) {
        if (work_meet(work, event) == MEETING_NEW)
            submission_create(work, event);
    } else if (strcmp(entry->content_hash, event->content_hash) != 0) {
        work_dead_letter(work, event, "CLAIM_IMMUTABLE",
                         "a claim with this claim_id and other content exists; send a new "
                         "claim_id, or a revision where the partner is asked");
    } else if (work_meet(work, event) == MEETING_NEW) {
        work_ignore(work, event, "the same claim was submitted before under another event id");
    }
}

/* ---- the partner's answer ---- */

/* Once: what was sent is forgotten with the same commit. Too early (a clock ahead of the broker's)
 * is nothing; the sweep of overdue timers wakes again. */
static void submission_remind(Work *work, const Event *event, Entry *entry)
{
    Claim *claim = entry->claim;
    if (claim->reminder_at_ms == 0 || claim->reminder_at_ms > event->receipt_at_ms)
        return;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    const Outcome reminder =
        outbound_reminder(claim, event->receipt_at_ms, event->record, work->arena);
    claim->reminder_at_ms = 0;
    change_add(&change, &reminder);
    change_end(&change, CHANGE_SILENT);
}

/* ---- the rest ---- */

static bool claim_is_live(const Claim *claim)
{
    return claim->status != CLAIM_REJECTED && claim->status != CLAIM_WITHDRAWN &&
           claim->status != CLAIM_ENDED;
}

static void submission_comment(Work *work, const Event *event, Entry *entry)
{
    if (!claim_is_live(entry->claim)) {
        work_ignore(work, event, "the claim is over; comments are kept with live ones only");
        return;
    }
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    work_attach(work, event, "COMMENT", event->comment);
    change_end(&change, CHANGE_SILENT);
}

/* What can stop or end an association is decided where the opt-outs arrive. */
static void submission_forward(Work *work, const Event *event, Entry *entry)
{
    if (entry != NULL && work_was_handled(work, event) != MEETING_REPLAYED)
        submission_settle_answer(work, event, entry);
    /* Handing on needs no memory: its id is the same each time. What the receipt settles does. */
    if (entry != NULL && work_was_handled(work, event) == MEETING_REPLAYED)
        (void)work_meet(work, event);
    if (work_was_handled(work, event) == MEETING_REUSED) {
        (void)work_meet(work, event);
        return;
    }
    /* A line of an imported claim may be on its way: the log that decides knows. */
    if (entry != NULL && entry->claim->origin != ORIGIN_LEGACY &&
        !evidence_fits(event, entry->claim)) {
        batch_add_dead_letter(work->batch, event->record, "FIELD_INVALID",
                              "/poe: covers names a line that the claim does not have");
        return;
    }
    const Outcome forward = outbound_forward(event, work->arena);
    batch_add_outcome(work->batch, &forward);
}

static void submission_decide_known(Work *work, const TextMap *documents, const Event *event,
                                    Entry *entry)
{
    if (work_was_handled(work, event) != MEETING_REPLAYED)
        submission_settle_answer(work, event, entry);
    if (work_meet(work, event) != MEETING_NEW)
        return;
    if (event->type == EVENT_CLAIM_RESUBMITTED)
        submission_resubmit(work, documents, event, entry);
    else if (event->type == EVENT_CLAIM_REVIEWED)
        submission_review(work, event, entry);
    else if (event->type == EVENT_COMMENT_ADDED)
        submission_comment(work, event, entry);
    else if (event->type == EVENT_REMINDER_DUE)
        submission_remind(work, event, entry);
}

/* What an imported claim that is not there yet can take here: it waits for nobody's answer. */
static void submission_coming(Work *work, const Event *event)
{
    if (work_meet(work, event) != MEETING_NEW)
        return;
    if (event->type != EVENT_COMMENT_ADDED) {
        work_ignore(work, event, "the claim is being imported; it waits for no answer");
        return;
    }
    work_attach(work, event, "COMMENT", event->comment);
    (void)work_note(work, event, event->tenant_id, event->claim_id, event->receipt_at_ms);
}

void submission_decide(Work *work, Imports *imports, const TextMap *documents, const Event *event)
{
    Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
    const bool is_coming = entry == NULL && imports_has(imports, work->arena, event);
    if (event->type == EVENT_IMPORTED && entry == NULL)
        imports_add(imports, work->arena, event);
    if (work_was_dead(work, event)) /* its claim may have come since */
        (void)work_meet(work, event);
    else if (event->type == EVENT_CLAIM_SUBMITTED)
        submission_submit(work, imports, event, entry);
    else if (entry == NULL &&
             (event->type == EVENT_ANSWER_DUE || event->type == EVENT_REMINDER_DUE))
        return; /* a wake-up and no more */
    else if (entry == NULL && !is_coming && event->type != EVENT_IMPORTED)
        work_dead_letter(work, event, "UNKNOWN_CLAIM",
                         "no claim with this tenant_id and claim_id was submitted");
    else if (event_type_is_handed_on(event->type))
        submission_forward(work, event, entry);
    else if (is_coming)
        submission_coming(work, event);
    else
        submission_decide_known(work, documents, event, entry);
}
