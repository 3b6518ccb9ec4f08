/* claim_validation.c - the step: reference records first, then the claims that they may concern. */
#include "claim_validation.h"

#include "runtime/log.h"

#include <stdio.h>

static bool open_catalogue(Worker *worker, Catalogue **ret_catalogue, Error *reterr)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/products.json", worker_share_dir(worker, "catalogue"));
    return catalogue_open(path, ret_catalogue, reterr);
}

bool validation_open(Worker *worker, void *state, Error *reterr)
{
    Validation *validation = state;
    return store_open(&validation->store, worker, reterr) &&
           validation_policy_read(worker_config(worker), &validation->policy, reterr) &&
           open_catalogue(worker, &validation->catalogue, reterr);
}

/* A bad file keeps all that is there: no claim is lost for a typing error. */
bool validation_reload(Worker *worker, void *state, Error *reterr)
{
    Validation *validation = state;
    Catalogue *catalogue = NULL;
    if (!open_catalogue(worker, &catalogue, reterr))
        return false;
    if (!store_reload(&validation->store, reterr)) {
        catalogue_release(&catalogue);
        return false;
    }
    catalogue_release(&validation->catalogue);
    validation->catalogue = catalogue;
    return true;
}

void validation_close(Worker *worker, void *state)
{
    Validation *validation = state;
    (void)worker;
    catalogue_release(&validation->catalogue);
    store_close(&validation->store);
}

/* ---- decide ---- */

static void validate(Work *work, const Facts *facts, const Event *event, Entry *entry)
{
    RuleInput input;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    if (!facts_input(facts, entry, &input)) {
        work_dead_letter(work, event, "UNKNOWN_CLAIM",
                         "the claim's document is not in the database; restore it");
        return;
    }
    input.slots = &work->slots;
    claim_validate(entry->claim, &input, event->receipt_at_ms, work->arena);
    (void)change_end(&change, CHANGE_IF_TOLD);
}

/* The log in which answers arrive has yet to say whether one came in time; it wakes us if so. */
static bool answer_is_over(const Claim *claim, const Event *event)
{
    return claim->status == CLAIM_PARTNER_ACTION_REQUIRED && claim->answer_due_at_ms != 0 &&
           claim->answer_due_at_ms < event->receipt_at_ms;
}

static void decide(Work *work, const Facts *facts, const Event *event)
{
    Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
    const bool is_recheck = event->type == EVENT_RECHECK_DUE;
    if (entry == NULL && !is_recheck)
        batch_add_dead_letter(work->batch, event->record, "UNKNOWN_CLAIM",
                              "no claim with this tenant_id and claim_id is in the database");
    if (entry == NULL)
        return;
    if (work_meet(work, event) != MEETING_NEW)
        return;
    const Claim *claim = entry->claim;
    if (is_recheck) {
        if (claim->recheck_at_ms != 0 && !answer_is_over(claim, event))
            validate(work, facts, event, entry); /* else a wake-up and no more */
    } else if (claim->status != CLAIM_SUBMITTED || event->revision != claim->revision) {
        work_ignore(work, event, "the claim no longer waits for its first validation");
    } else {
        validate(work, facts, event, entry);
    }
}

/* ---- the step ---- */

/*
 * Who saves reference records is alone, who validates shares: so a claim that comes to wait either
 * saw the record, or is seen waiting by the one who saves it. Taken before any claim's row.
 */
static bool lock_references(Work *work, const References *references, Error *reterr)
{
    static const DbStatement write = {"references-lock-write",
                                      "select pg_advisory_xact_lock(1919247974)"}; /* "reff" */
    static const DbStatement read = {"references-lock-read",
                                     "select pg_advisory_xact_lock_shared(1919247974)"};
    return database_run(work->database, references->count > 0 ? &write : &read, NULL, 0, NULL,
                        reterr);
}

static bool step(Work *work, const Validation *validation, const References *references,
                 Error *reterr)
{
    Facts *facts = NULL;
    if (!work_begin(work, reterr) || !lock_references(work, references, reterr) ||
        !references_save(work, references, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        work_want(work, work->events[i].tenant_id, work->events[i].claim_id);
    if (!work_load(work, reterr) || !facts_load(work, validation, &facts, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        decide(work, facts, &work->events[i]);
    return work_save(work, reterr);
}

bool validation_handle(Worker *worker, void *state, Batch *batch, Error *reterr)
{
    Validation *validation = state;
    Work work;
    (void)worker;
    work_init(&work, &validation->store, batch);
    const References references = references_decode(batch, &validation->store.gate);
    if (work_decode(&work, reference_is, reterr) && step(&work, validation, &references, reterr))
        return true;
    work_rollback(&work);
    return false;
}
