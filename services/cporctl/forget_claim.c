/* forget_claim.c - see forget_claim.h. What is erased where, and what stays: ADR-0008. */
#include "forget_claim.h"

#include "erase.h"
#include "forget_kept.h"

#include "claim/strict_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One claim, as it is being worked on. */
typedef struct Forget {
    Session *session;
    const Forgetting *forgetting;
    const char *names[2]; /* tenant id, claim id: parameters of most statements */
    Erasing erasing;
    ForgetCounts counts;
    bool is_known, is_before_notice;
    char status[40], sequence[24];
} Forget;

static bool run(Forget *forget, const DbStatement *statement, const char *const *parameters,
                size_t count, DbResult **ret_result)
{
    return database_run(forget->session->database, statement, parameters, count, ret_result,
                        &forget->session->error);
}

static bool load(Forget *forget, const DbStatement *statement, DbResult **ret_result)
{
    return run(forget, statement, forget->names, 2, ret_result);
}

static bool json_read(Forget *forget, const char *text, const char *what, json_t **ret_root)
{
    *ret_root = json_loads(text, JSON_ALLOW_NUL, NULL);
    return *ret_root != NULL ||
           error_set(&forget->session->error, ERROR_FATAL,
                     "erase data of claim %s: a row of %s is no JSON", forget->names[1], what);
}

static const char *json_text(Forget *forget, const json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = arena_text(&forget->session->arena, text == NULL ? "null" : text);
    free(text);
    return copy;
}

/* ---- the claim ---- */

static bool lock(Forget *forget)
{
    static const DbStatement statement = {
        "forget-lock", "select status, sequence from claims where tenant_id = $1::uuid"
                       " and claim_id = $2 for update"};
    DbResult *result = NULL;
    if (!load(forget, &statement, &result))
        return false;
    forget->is_known = db_result_rows(result) > 0;
    if (forget->is_known) {
        const char *status = db_text(result, 0, 0);
        forget->is_before_notice =
            strcmp(status, "SUBMITTED") == 0 || strcmp(status, "UNDER_REVIEW") == 0 ||
            strcmp(status, "PARTNER_ACTION_REQUIRED") == 0 || strcmp(status, "VALIDATED") == 0;
        snprintf(forget->status, sizeof forget->status, "%s", status);
        snprintf(forget->sequence, sizeof forget->sequence, "%s", db_text(result, 0, 1));
    }
    db_result_release(&result);
    return true;
}

static bool erase_claim_findings(Forget *forget)
{
    static const DbStatement select_statement = {
        "forget-findings",
        "select findings from claims where tenant_id = $1::uuid and claim_id = $2"};
    static const DbStatement update_statement = {
        "forget-findings-set", "update claims set findings = $3::jsonb, version = version + 1"
                               " where tenant_id = $1::uuid and claim_id = $2"};
    DbResult *result = NULL;
    JSON_AUTO root = NULL;
    if (!load(forget, &select_statement, &result))
        return false;
    bool good =
        db_result_rows(result) == 0 || json_read(forget, db_text(result, 0, 0), "claims", &root);
    db_result_release(&result);
    if (!good || root == NULL || !erase_findings(&forget->erasing, root))
        return good;
    forget->counts.findings = true;
    const char *parameters[] = {forget->names[0], forget->names[1], json_text(forget, root)};
    return run(forget, &update_statement, parameters, 3, NULL);
}

/* ---- documents and attachments: (key, body) ---- */

typedef struct Bodies {
    const char *what;
    DbStatement select, update;
    void (*collect)(Erasing *erasing, const json_t *body);
    bool (*erase)(const Erasing *erasing, json_t *body);
} Bodies;

static const Bodies documents = {
    "documents",
    {"forget-documents", "select revision, document from documents where tenant_id = $1::uuid"
                         " and claim_id = $2 order by revision"},
    {"forget-document-set", "update documents set document = $4 where tenant_id = $1::uuid"
                            " and claim_id = $2 and revision = $3::integer"},
    erase_collect_document,
    erase_document,
};

static const Bodies attachments = {
    "attachments",
    {"forget-attachments", "select cause_key, body from attachments where tenant_id = $1::uuid"
                           " and claim_id = $2 order by received_at_ms, cause_key"},
    {"forget-attachment-set", "update attachments set body = $4 where tenant_id = $1::uuid"
                              " and claim_id = $2 and cause_key = $3::uuid"},
    erase_collect_attachment,
    erase_attachment,
};

static bool bodies_collect(Forget *forget, const Bodies *bodies)
{
    DbResult *result = NULL;
    bool good = load(forget, &bodies->select, &result);
    for (size_t row = 0; good && row < db_result_rows(result); row++) {
        JSON_AUTO root = NULL;
        good = json_read(forget, db_text(result, row, 1), bodies->what, &root);
        if (good)
            bodies->collect(&forget->erasing, root);
    }
    db_result_release(&result);
    return good;
}

static bool body_erase(Forget *forget, const Bodies *bodies, const DbResult *result, size_t row,
                       size_t *count)
{
    JSON_AUTO root = NULL;
    if (!json_read(forget, db_text(result, row, 1), bodies->what, &root))
        return false;
    if (!bodies->erase(&forget->erasing, root))
        return true;
    (*count)++;
    const char *parameters[] = {forget->names[0], forget->names[1], db_text(result, row, 0),
                                json_text(forget, root)};
    return run(forget, &bodies->update, parameters, 4, NULL);
}

static bool bodies_erase(Forget *forget, const Bodies *bodies, size_t *ret_count)
{
    DbResult *result = NULL;
    bool good = load(forget, &bodies->select, &result);
    for (size_t row = 0; good && row < db_result_rows(result); row++)
        good = body_erase(forget, bodies, result, row, ret_count);
    db_result_release(&result);
    return good;
}

/* ---- history ---- */

/* An event's body is JSON in a text. NULL: nothing to erase in it. */
static json_t *outcome_body_erased(const Erasing *erasing, const json_t *outcome)
{
    const char *body = json_string_value(json_object_get(outcome, "body"));
    JSON_AUTO root = body == NULL ? NULL : json_loads(body, JSON_ALLOW_NUL, NULL);
    if (root == NULL || !erase_findings(erasing, root))
        return NULL;
    char *text = json_dumps(root, JSON_COMPACT);
    json_t *erased = json_string(text);
    free(text);
    return erased;
}

static bool outcomes_erase(Forget *forget, const char *text, const char **ret_text)
{
    JSON_AUTO root = NULL;
    bool changed = false;
    *ret_text = text;
    if (!json_read(forget, text, "history", &root))
        return false;
    for (size_t i = 0; i < json_array_size(root); i++) {
        json_t *body = outcome_body_erased(&forget->erasing, json_array_get(root, i));
        changed |= body != NULL;
        if (body != NULL)
            json_object_set_new(json_array_get(root, i), "body", body);
    }
    if (changed)
        *ret_text = json_text(forget, root);
    return true;
}

static bool history_row_erase(Forget *forget, const DbResult *result, size_t row)
{
    static const DbStatement statement = {
        "forget-history-set", "update history set actor_id = $4, note = $5, outcomes = $6"
                              " where tenant_id = $1::uuid and claim_id = $2 and id = $3::bigint"};
    const char *type = db_text(result, row, 1), *actor = db_text(result, row, 2);
    const char *outcomes = db_text(result, row, 4);
    const char *note = db_is_null(result, row, 3) ? NULL : db_text(result, row, 3);
    const char *erased_outcomes = NULL;
    const bool actor_goes = erase_wants_actor(&forget->erasing, type, actor);
    const bool note_goes = note != NULL && strcmp(note, ERASED_MARK) != 0 &&
                           (actor_goes || erase_wants_text(&forget->erasing, note));
    if (!outcomes_erase(forget, outcomes, &erased_outcomes))
        return false;
    if (!actor_goes && !note_goes && erased_outcomes == outcomes)
        return true;
    forget->counts.history++;
    const char *parameters[] = {forget->names[0],
                                forget->names[1],
                                db_text(result, row, 0),
                                actor_goes ? ERASED_MARK : actor,
                                note_goes ? ERASED_MARK : note,
                                erased_outcomes};
    return run(forget, &statement, parameters, 6, NULL);
}

static bool history_erase(Forget *forget)
{
    static const DbStatement statement = {
        "forget-history", "select id, actor_type, actor_id, note, outcomes from history"
                          " where tenant_id = $1::uuid and claim_id = $2 order by id"};
    DbResult *result = NULL;
    bool good = load(forget, &statement, &result);
    for (size_t row = 0; good && row < db_result_rows(result); row++)
        good = history_row_erase(forget, result, row);
    db_result_release(&result);
    return good;
}

/* Says that data was erased, when and by whom; never what. */
static bool history_note(Forget *forget)
{
    static const DbStatement statement = {
        "forget-note",
        "insert into history (tenant_id, claim_id, sequence, at_ms, service, instance, actor_type,"
        " actor_id, event, from_status, to_status, cause_key, cause_source, cause_id, cause_topic,"
        " cause_partition, cause_offset, outcomes) values ($1::uuid, $2, $3::integer, $4::bigint,"
        " 'cporctl', 'cporctl', 'operator', $5, 'cporctl.forget', $6, $6, gen_random_uuid(),"
        " '/cporctl', 'forget', '', -1, -1, '[]')"};
    const char *at = arena_printf(&forget->session->arena, "%" PRId64, forget->forgetting->now_ms);
    const char *parameters[] = {forget->names[0],
                                forget->names[1],
                                forget->is_known ? forget->sequence : "0",
                                at,
                                forget->forgetting->operator_id,
                                forget->is_known ? forget->status : NULL};
    return run(forget, &statement, parameters, 6, NULL);
}

/* ---- */

static bool any_erased(const ForgetCounts *counts)
{
    return counts->findings || counts->documents > 0 || counts->attachments > 0 ||
           counts->history > 0 || counts->kept > 0;
}

static bool erase_all(Forget *forget, ForgetOutcome *ret_outcome)
{
    if (!lock(forget) || !bodies_collect(forget, &documents) ||
        !bodies_collect(forget, &attachments))
        return false;
    if (forget->erasing.email == NULL)
        forget->erasing.is_customer = forget->erasing.is_needed = true;
    *ret_outcome = FORGET_NEEDED;
    if (forget->is_before_notice && forget->erasing.is_needed)
        return true;
    if (!bodies_erase(forget, &documents, &forget->counts.documents) ||
        !bodies_erase(forget, &attachments, &forget->counts.attachments) ||
        !erase_claim_findings(forget) || !history_erase(forget) ||
        !forget_kept(forget->session, &forget->erasing, forget->names, &forget->counts.kept))
        return false;
    const bool any = any_erased(&forget->counts);
    *ret_outcome = any ? FORGET_DONE : FORGET_NOTHING;
    return !any || history_note(forget);
}

bool forget_claim(Session *session, const Forgetting *forgetting, const char *tenant_id,
                  const char *claim_id, ForgetOutcome *ret_outcome, ForgetCounts *ret_counts)
{
    Forget *forget = arena_new(&session->arena, sizeof *forget);
    forget->session = session;
    forget->forgetting = forgetting;
    forget->names[0] = tenant_id;
    forget->names[1] = claim_id;
    forget->erasing.email = forgetting->email;
    forget->erasing.arena = &session->arena;
    if (forgetting->email != NULL) {
        forget->erasing.texts[0] = forgetting->email;
        forget->erasing.text_count = 1;
    }
    if (!database_begin(session->database, &session->error))
        return false;
    const bool done = erase_all(forget, ret_outcome);
    *ret_counts = forget->counts;
    if (!done || forgetting->is_dry_run || *ret_outcome != FORGET_DONE) {
        database_rollback(session->database);
        return done;
    }
    return database_commit(session->database, &session->error);
}
