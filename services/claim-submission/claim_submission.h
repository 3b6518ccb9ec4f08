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
void submission_close(Worker *worker, void *state);

/* ---- decisions: pure but for the Work that they note their moves in ---- */

/* submission_decide - one event, in log order. */
void submission_decide(Work *work, const Event *event);

/* revision.c: a resubmission. */
void submission_resubmit(Work *work, const Event *event, Entry *entry);

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

/* submission_load - lock and load the claims of the batch, and what was kept for those that it may
 * make. */
MUST_CHECK bool submission_load(Work *work, Error *reterr);
