/* claim_submission.h - the worker that takes what partners and reviewers do. */
#pragma once

#include "store/store.h"

typedef struct Submission {
    Store store;
    int64_t review_ms_max; /* longer than this a claim in review is late */
    Metric *in_review, *in_review_late;
} Submission;

extern const ConfigItem submission_config_items[];

/* The functions of the service's WorkerSpec: what they must do is in runtime/worker.h. */
bool submission_open(Worker *worker, void *state, Error *reterr);
bool submission_handle(Worker *worker, void *state, Batch *batch, Error *reterr);
bool submission_tick(Worker *worker, void *state, int *ret_next_ms, Error *reterr);
bool submission_reload(Worker *worker, void *state, Error *reterr);
void submission_close(Worker *worker, void *state);

/* ---- decisions: pure but for the Work that they note their moves in ---- */

/* Claims that are not there yet, but will be: their import was handed on before. */
typedef struct Imports {
    TextMap coming;   /* tenant/claim -> itself */
    ClaimName *fresh; /* handed on by this batch */
    size_t fresh_count, fresh_room;
} Imports;

/* submission_decide - one event, in log order.
 * In: documents  tenant/claim -> what a resubmission of the batch is compared with. */
void submission_decide(Work *work, Imports *imports, const TextMap *documents, const Event *event);

/* imports_has - the claim's import is on its way. imports_add - it is now. */
bool imports_has(const Imports *imports, Arena *arena, const Event *event);
void imports_add(Imports *imports, Arena *arena, const Event *event);

/* claim_take_trace - remember the trace of the record that brought the document; text that no W3C
 * traceparent can be is left out. */
void claim_take_trace(Claim *claim, const Record *record);

/*
 * submission_settle_answer - answer.c: refuse a claim whose partner's days were over before this
 * record's receipt, strictly; else nothing. Called first, for a record that is new: settle, then
 * apply. No other service does so: whether an answer came in time stands in this log alone.
 */
void submission_settle_answer(Work *work, const Event *event, Entry *entry);

/* revision.c: a resubmission. */
void submission_resubmit(Work *work, const TextMap *documents, const Event *event, Entry *entry);

/* review.c: a reviewer's verdict. */
void submission_review(Work *work, const Event *event, Entry *entry);

/* ---- claim_submission_db.c ---- */

/*
 * submission_count_reviews - claims that wait for a reviewer, and since before late_before_ms.
 *
 * Cost:    reads the partial index claims_in_review and the rows that it names, no others.
 */
MUST_CHECK bool submission_count_reviews(Database *database, int64_t late_before_ms,
                                         int64_t *ret_count, int64_t *ret_late_count,
                                         Error *reterr);

/* submission_load - lock and load the claims of the batch, what was kept for those that it may
 * make, which of those not there are being imported, and the documents that are answered anew:
 * tenant/claim -> canonical text of the claim's revision. */
MUST_CHECK bool submission_load(Work *work, Imports *imports, TextMap *ret_documents,
                                Error *reterr);

/* submission_save - all of it; commits. */
MUST_CHECK bool submission_save(Work *work, const Imports *imports, Error *reterr);
