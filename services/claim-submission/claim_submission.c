/* claim_submission.c - decide: what a submission, a wake-up or a partner's event means. */
#include "claim_submission.h"

#include "claim/outbound.h"
#include "claim/transition.h"

#include <stdio.h>
#include <string.h>

const ConfigItem submission_config_items[] = {STORE_CONFIG_ITEMS, {.name = NULL}};

bool submission_open(Worker *worker, void *state, Error *reterr)
{
    Submission *submission = state;
    return store_open(&submission->store, worker, reterr);
}

void submission_close(Worker *worker, void *state)
{
    Submission *submission = state;
    (void)worker;
    store_close(&submission->store);
}

static bool submission_step(Work *work, Error *reterr)
{
    if (!work_begin(work, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        work_want(work, work->events[i].tenant_id, work->events[i].claim_id);
    if (!work_load(work, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        submission_decide(work, &work->events[i]);
    return submission_apply_kept(work, reterr) && work_save(work, reterr);
}

bool submission_handle(Worker *worker, void *state, Batch *batch, Error *reterr)
{
    Submission *submission = state;
    Work work;
    (void)worker;
    work_init(&work, &submission->store, batch);
    work_decode(&work, NULL);
    if (submission_step(&work, reterr))
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
    memcpy(entry->content_hash, event->content_hash, sizeof entry->content_hash);
    entry->new_document = event->canonical;
    const Outcome received = outbound_claim_event(EVENT_CLAIM_RECEIVED, claim, event->receipt_at_ms,
                                                  event->record, work->arena);
    change_add(&change, &received);
    change_end(&change, CHANGE_PUBLISHED);
}

/* Other content under a known claim id is never silence: that would hide a lost claim. */
static void submission_submit(Work *work, const Event *event, const Entry *entry)
{
    if (work_was_handled(work, event) == MEETING_REPLAYED) {
        (void)work_meet(work, event);
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

static bool evidence_fits(const Event *event, const Claim *claim)
{
    for (size_t i = 0; i < event->poe_count; i++)
        for (size_t j = 0; j < event->poe[i].cover_count; j++)
            if (claim_line(claim, event->poe[i].covers[j]) == NULL)
                return false;
    return true;
}

/* What can stop or end an association is decided where the opt-outs arrive. */
static void submission_forward(Work *work, const Event *event, Entry *entry)
{
    if (entry != NULL && work_was_handled(work, event) != MEETING_REPLAYED)
        work_settle_answer(work, event, entry);
    if (entry != NULL && !evidence_fits(event, entry->claim)) {
        batch_add_dead_letter(work->batch, event->record, "FIELD_INVALID",
                              "/poe: covers names a line that the claim does not have");
        return;
    }
    /* Handing on needs no memory: its id is the same each time. What the receipt settles does. */
    if (entry != NULL && work_was_handled(work, event) == MEETING_REPLAYED)
        (void)work_meet(work, event);
    const Outcome forward = outbound_forward(event, work->arena);
    batch_add_outcome(work->batch, &forward);
}

static void submission_decide_known(Work *work, const Event *event, Entry *entry)
{
    if (work_was_handled(work, event) != MEETING_REPLAYED)
        work_settle_answer(work, event, entry);
    if (work_meet(work, event) != MEETING_NEW)
        return;
    if (event->type == EVENT_CLAIM_RESUBMITTED)
        submission_resubmit(work, event, entry);
    else if (event->type == EVENT_CLAIM_REVIEWED)
        submission_review(work, event, entry);
    else if (event->type == EVENT_COMMENT_ADDED)
        submission_comment(work, event, entry);
}

static bool event_is_forwarded(EventType type)
{
    return type == EVENT_CLAIM_WITHDRAWN || type == EVENT_EVIDENCE_ADDED ||
           type == EVENT_DISASSOCIATED || type == EVENT_IMPORTED;
}

void submission_decide(Work *work, const Event *event)
{
    Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
    if (event->type == EVENT_CLAIM_SUBMITTED)
        submission_submit(work, event, entry);
    else if (entry == NULL && event->type == EVENT_ANSWER_DUE)
        return; /* a wake-up and no more */
    else if (entry == NULL && event->type != EVENT_IMPORTED)
        batch_add_dead_letter(work->batch, event->record, "UNKNOWN_CLAIM",
                              "no claim with this tenant_id and claim_id was submitted");
    else if (event_is_forwarded(event->type))
        submission_forward(work, event, entry);
    else
        submission_decide_known(work, event, entry);
}
