/* claim_submission_db.c - what a batch must know before it decides. */
#include "claim_submission.h"

#include <stdio.h>

static bool any_submission(const Work *work)
{
    for (size_t i = 0; i < work->event_count; i++)
        if (work->events[i].type == EVENT_CLAIM_SUBMITTED)
            return true;
    return false;
}

/* ---- imports on their way ---- */

static const char *claim_key(Arena *arena, const char *tenant_id, const char *claim_id)
{
    return arena_printf(arena, "%s/%s", tenant_id, claim_id);
}

bool imports_has(const Imports *imports, Arena *arena, const Event *event)
{
    return text_map_get(&imports->coming, claim_key(arena, event->tenant_id, event->claim_id)) !=
           NULL;
}

void imports_add(Imports *imports, Arena *arena, const Event *event)
{
    if (imports_has(imports, arena, event))
        return;
    text_map_put(&imports->coming, claim_key(arena, event->tenant_id, event->claim_id), imports);
    imports->fresh = arena_grow(arena, imports->fresh, sizeof *imports->fresh, imports->fresh_count,
                                &imports->fresh_room);
    imports->fresh[imports->fresh_count++] = (ClaimName){event->tenant_id, event->claim_id};
}

static bool load_imports(Work *work, Imports *imports, const ClaimName *names, size_t count,
                         Error *reterr)
{
    static const DbStatement statement = {
        "imports-select", "select distinct i.tenant_id, i.claim_id from imported_claims i"
                          " join unnest($1::uuid[], $2::text[]) as w(tenant_id, claim_id)"
                          " on i.tenant_id = w.tenant_id and i.claim_id = w.claim_id"};
    DbResult *result = NULL;
    text_map_init(&imports->coming, work->arena);
    if (count == 0)
        return true;
    if (!work_run_names(work, &statement, names, count, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        text_map_put(&imports->coming,
                     claim_key(work->arena, db_text(result, row, 0), db_text(result, row, 1)),
                     imports);
    db_result_release(&result);
    return true;
}

/* ---- documents that are answered anew ---- */

static bool load_documents(Work *work, TextMap *ret_documents, Error *reterr)
{
    Entry **answered = arena_new(work->arena, (work->event_count + 1) * sizeof *answered);
    size_t count = 0;
    text_map_init(ret_documents, work->arena);
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
        if (event->type == EVENT_CLAIM_RESUBMITTED && entry != NULL)
            answered[count++] = entry;
    }
    DbResult *result = NULL;
    if (count == 0)
        return true;
    if (!work_run_documents(work, answered, count, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        text_map_put(ret_documents,
                     claim_key(work->arena, db_text(result, row, 0), db_text(result, row, 1)),
                     arena_text(work->arena, db_text(result, row, 2)));
    db_result_release(&result);
    return true;
}

/* ---- load, save ---- */

bool submission_load(Work *work, Imports *imports, TextMap *ret_documents, Error *reterr)
{
    ClaimName *unknown = arena_new(work->arena, (work->event_count + 1) * sizeof *unknown);
    size_t count = 0;
    if (any_submission(work) && !work_lock_kept(work, KEPT_LOCK_MAKE, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        work_want(work, work->events[i].tenant_id, work->events[i].claim_id);
    if (!work_load(work, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        if (work_entry(work, event->tenant_id, event->claim_id) == NULL)
            unknown[count++] = (ClaimName){event->tenant_id, event->claim_id};
    }
    return work_load_kept(work, unknown, count, reterr) &&
           load_imports(work, imports, unknown, count, reterr) &&
           load_documents(work, ret_documents, reterr);
}

bool submission_save(Work *work, const Imports *imports, Error *reterr)
{
    static const DbStatement statement = {
        "imports-insert", "insert into imported_claims (tenant_id, claim_id) select * from"
                          " unnest($1::uuid[], $2::text[]) on conflict do nothing"};
    return (imports->fresh_count == 0 ||
            work_run_names(work, &statement, imports->fresh, imports->fresh_count, NULL, reterr)) &&
           work_save(work, reterr);
}

/* ---- reviews ---- */

bool submission_count_reviews(Database *database, int64_t late_before_ms, int64_t *ret_count,
                              int64_t *ret_late_count, Error *reterr)
{
    static const DbStatement statement = {
        "reviews-count", "select count(*), count(*) filter (where validated_at_ms < $1::bigint)"
                         " from claims where (flags & 2) <> 0 and status = 'UNDER_REVIEW'"};
    char before[24];
    const char *parameters[] = {before};
    DbResult *result = NULL;
    snprintf(before, sizeof before, "%lld", (long long)late_before_ms);
    if (!database_begin(database, reterr))
        return false;
    if (!database_run(database, &statement, parameters, 1, &result, reterr)) {
        database_rollback(database);
        return false;
    }
    *ret_count = db_integer(result, 0, 0);
    *ret_late_count = db_integer(result, 0, 1);
    db_result_release(&result);
    return database_commit(database, reterr);
}
