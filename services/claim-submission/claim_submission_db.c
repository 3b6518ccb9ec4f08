/* claim_submission_db.c - opt-outs that were kept because their claim was not known yet. */
#include "claim_submission.h"

#include "claim/transition.h"

#include <string.h>

static bool line_is_named(const char *lines, bool all, int32_t number, Arena *arena)
{
    return all || strstr(lines, arena_printf(arena, ",%d,", number)) != NULL;
}

/* The submission is the cause of record: whoever reads it again publishes this too. */
static void apply_kept(Work *work, const DbResult *result, size_t row)
{
    Entry *entry = work_entry(work, db_text(result, row, 0), db_text(result, row, 1));
    const Event *submission = NULL;
    for (size_t i = 0; i < work->event_count && submission == NULL; i++)
        if (work->events[i].type == EVENT_CLAIM_SUBMITTED &&
            strcmp(work->events[i].tenant_id, entry->claim->tenant_id) == 0 &&
            strcmp(work->events[i].claim_id, entry->claim->claim_id) == 0)
            submission = &work->events[i];
    Event *event = arena_new(work->arena, sizeof *event);
    *event = *submission;
    event->type = EVENT_CUSTOMER_OPTED_OUT;
    event->actor.type =
        strcmp(db_text(result, row, 4), "operator") == 0 ? ACTOR_OPERATOR : ACTOR_CUSTOMER;
    event->actor.id = arena_text(work->arena, db_text(result, row, 5));
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    for (size_t i = 0; i < entry->claim->line_count; i++)
        if (line_is_named(db_text(result, row, 2), db_integer(result, row, 3) != 0,
                          entry->claim->lines[i].number, work->arena))
            (void)!line_move(&entry->claim->lines[i], LINE_OPT_OUT, CODE_NONE,
                             event->receipt_at_ms);
    (void)change_end(&change, CHANGE_IF_MOVED);
}

bool submission_apply_kept(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "kept-take",
        "delete from kept_opt_outs k using unnest($1::uuid[], $2::text[]) as w(tenant_id, claim_id)"
        " where k.tenant_id = w.tenant_id and k.claim_id = w.claim_id returning k.tenant_id,"
        " k.claim_id, ',' || coalesce(array_to_string(k.lines, ','), '') || ',',"
        " (k.lines is null)::integer, k.actor_type, k.actor_id"};
    DbColumn tenants, claims;
    size_t count = 0;
    db_column_init(&tenants, work->arena);
    db_column_init(&claims, work->arena);
    for (size_t i = 0; i < work->entry_count; i++) {
        if (work->entries[i]->was != NULL)
            continue;
        db_column_add_text(&tenants, work->entries[i]->claim->tenant_id);
        db_column_add_text(&claims, work->entries[i]->claim->claim_id);
        count++;
    }
    if (count == 0)
        return true;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&claims)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 2, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        apply_kept(work, result, row);
    db_result_release(&result);
    return true;
}
