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

bool submission_load(Work *work, Error *reterr)
{
    ClaimName *names = arena_new(work->arena, (work->event_count + 1) * sizeof *names);
    size_t count = 0;
    if (any_submission(work) && !work_lock_kept(work, KEPT_LOCK_MAKE, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        work_want(work, work->events[i].tenant_id, work->events[i].claim_id);
    if (!work_load(work, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        if (event->type == EVENT_CLAIM_SUBMITTED &&
            work_entry(work, event->tenant_id, event->claim_id) == NULL)
            names[count++] = (ClaimName){event->tenant_id, event->claim_id};
    }
    return work_load_kept(work, names, count, reterr);
}

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
