/* claim_validation.h - the worker that checks claims, and keeps what it checks them against. */
#pragma once

#include "claim/rules.h"
#include "store/store.h"

typedef struct Validation {
    Store store;
    Catalogue *catalogue;
    RulePolicy policy;
} Validation;

extern const ConfigItem validation_config_items[];

/* The functions of the service's WorkerSpec: what they must do is in runtime/worker.h. */
bool validation_open(Worker *worker, void *state, Error *reterr);
bool validation_handle(Worker *worker, void *state, Batch *batch, Error *reterr);
bool validation_reload(Worker *worker, void *state, Error *reterr);
void validation_close(Worker *worker, void *state);

/* ---- validation_policy.c ---- */

/* validation_policy_read - settings to policy. Errors: FATAL  unknown programme in CPOR_REVIEW. */
MUST_CHECK bool validation_policy_read(const Config *config, RulePolicy *ret_policy, Error *reterr);

/* ---- reference_save.c: records of the reference topics into PostgreSQL ---- */

typedef struct References {
    Reference *items;
    size_t count;
} References;

/* references_decode - those of the batch, in log order; bad ones become dead letters. */
References references_decode(Batch *batch, const EventGate *gate);

/*
 * references_save - upsert the last record of each key, guarded by receipt and offset; add to the
 * batch what others must hear: subscriptions' changes (to opt-out-expiry), re-checks of claims
 * that wait for such a record.
 */
MUST_CHECK bool references_save(Work *work, const References *references, Error *reterr);

/* ---- facts.c: what the rules look at, for every claim of a batch ---- */

typedef struct Facts Facts;

/* facts_load - documents, evidence, partners, tenants, subscriptions and slots of the claims. */
MUST_CHECK bool facts_load(Work *work, const Validation *validation, Facts **ret_facts,
                           Error *reterr);

/* facts_input - for one claim; also sets the claim's country, time zone, partner's country.
 * false: its document is not there (it was never saved: a dead letter). */
bool facts_input(const Facts *facts, Entry *entry, RuleInput *ret_input);
