/* claim_submission.h - the worker that takes what partners and reviewers do. */
#pragma once

#include "store/store.h"

typedef struct Submission {
    Store store;
} Submission;

extern const ConfigItem submission_config_items[];

/* The functions of the service's WorkerSpec: what they must do is in runtime/worker.h. */
bool submission_open(Worker *worker, void *state, Error *reterr);
bool submission_handle(Worker *worker, void *state, Batch *batch, Error *reterr);
void submission_close(Worker *worker, void *state);

/* ---- decisions: pure but for the Work that they note their moves in ---- */

/* submission_decide - one event, in log order. */
void submission_decide(Work *work, const Event *event);

/* revision.c: a resubmission. */
void submission_resubmit(Work *work, const Event *event, Entry *entry);

/* review.c: a reviewer's verdict. */
void submission_review(Work *work, const Event *event, Entry *entry);

/* ---- claim_submission_db.c ---- */

/* submission_apply_kept - opt-outs that came before their claims, now created, are applied and
 * forgotten. */
MUST_CHECK bool submission_apply_kept(Work *work, Error *reterr);
