/* store_load.c - lock and load claims, documents and slots. */
#include "claim/outbound.h"
#include "claim/uuid.h"
#include "runtime/crash_point.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "store/claim_row.h"
#include "store/store_internal.h"

#include <string.h>

bool work_begin(Work *work, Error *reterr)
{
    if (!database_begin(work->database, reterr))
        return false;
    crash_point(CRASH_AFTER_BEGIN);
    return work->is_partial || work->batch->record_count == 0 || positions_load(work, reterr);
}

static bool work_take_claims(Work *work, const DbResult *result, Error *reterr)
{
    for (size_t row = 0; row < db_result_rows(result); row++) {
        Entry *entry = arena_new(work->arena, sizeof *entry);
        if (!claim_row_read(result, row, work->arena, entry, reterr))
            return false;
        if (work_entry(work, entry->claim->tenant_id, entry->claim->claim_id) != NULL)
            continue; /* locked by an earlier load of this batch */
        entry->was = claim_copy(entry->claim, work->arena);
        work_add_entry(work, entry);
    }
    return true;
}

static bool work_load_claims(Work *work, Error *reterr)
{
    if (work->wanted_count == 0)
        return true;
    DbColumn tenants, claims;
    db_column_init(&tenants, work->arena);
    db_column_init(&claims, work->arena);
    for (size_t i = 0; i < work->wanted_count; i++) {
        db_column_add_text(&tenants, work->wanted_tenants[i]);
        db_column_add_text(&claims, work->wanted_ids[i]);
    }
    work->wanted_count = 0;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&claims)};
    DbResult *result = NULL;
    const bool done =
        database_run(work->database, claim_select_statement(), parameters, 2, &result, reterr) &&
        work_take_claims(work, result, reterr);
    db_result_release(&result);
    return done;
}

bool work_load(Work *work, Error *reterr)
{
    return work_load_claims(work, reterr) && (work->event_count == 0 || causes_load(work, reterr));
}

bool work_run_names(Work *work, const DbStatement *statement, const ClaimName *names, size_t count,
                    DbResult **ret_result, Error *reterr)
{
    DbColumn tenants, claims;
    db_column_init(&tenants, work->arena);
    db_column_init(&claims, work->arena);
    for (size_t i = 0; i < count; i++) {
        db_column_add_text(&tenants, names[i].tenant_id);
        db_column_add_text(&claims, names[i].claim_id);
    }
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&claims)};
    return database_run(work->database, statement, parameters, 2, ret_result, reterr);
}

bool work_run_documents(Work *work, Entry *const *entries, size_t count, DbResult **ret_result,
                        Error *reterr)
{
    static const DbStatement statement = {
        "documents-select",
        "select d.tenant_id, d.claim_id, d.document from documents d join (select distinct * from"
        " unnest($1::uuid[], $2::text[], $3::integer[])) as w(tenant_id, claim_id, revision)"
        " on d.tenant_id = w.tenant_id and d.claim_id = w.claim_id and d.revision = w.revision"};
    DbColumn tenants, claims, revisions;
    db_column_init(&tenants, work->arena);
    db_column_init(&claims, work->arena);
    db_column_init(&revisions, work->arena);
    for (size_t i = 0; i < count; i++) {
        db_column_add_text(&tenants, entries[i]->claim->tenant_id);
        db_column_add_text(&claims, entries[i]->claim->claim_id);
        db_column_add_integer(&revisions, entries[i]->claim->revision);
    }
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&claims),
                                db_column_literal(&revisions)};
    return database_run(work->database, &statement, parameters, 3, ret_result, reterr);
}

/* ---- slots ---- */

static bool work_run_slots(Work *work, const DbStatement *statement, const SlotWanted *wanted,
                           size_t count, DbResult **ret_result, Error *reterr)
{
    DbColumn tenants, slots, partners;
    db_column_init(&tenants, work->arena);
    db_column_init(&slots, work->arena);
    db_column_init(&partners, work->arena);
    for (size_t i = 0; i < count; i++) {
        db_column_add_text(&tenants, wanted[i].tenant_id);
        db_column_add_text(&slots, wanted[i].slot);
        db_column_add_text(&partners, wanted[i].mpn_id);
    }
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&slots),
                                db_column_literal(&partners)};
    return database_run(work->database, statement, parameters, 3, ret_result, reterr);
}

static bool work_load_contenders(Work *work, const SlotWanted *wanted, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "contenders-select",
        "select c.tenant_id, c.slot, c.mpn_id, c.claim_id from contenders c"
        " join (select distinct * from unnest($1::uuid[], $2::text[], $3::text[])) as"
        " w(tenant_id, slot, mpn_id)"
        " on c.tenant_id = w.tenant_id and c.slot = w.slot and c.mpn_id = w.mpn_id"};
    DbResult *result = NULL;
    if (!work_run_slots(work, &statement, wanted, count, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        slot_book_set_contender(&work->slots, db_text(result, row, 0), db_text(result, row, 1),
                                db_text(result, row, 2), db_text(result, row, 3));
    db_result_release(&result);
    return true;
}

static Holder holder_read(const DbResult *result, size_t row)
{
    Holder holder = {.line = (int32_t)db_integer(result, row, 4), .poe_day = DAY_NONE};
    strncpy(holder.association_id, db_text(result, row, 2), sizeof holder.association_id - 1);
    strncpy(holder.claim_id, db_text(result, row, 3), sizeof holder.claim_id - 1);
    strncpy(holder.mpn_id, db_text(result, row, 5), sizeof holder.mpn_id - 1);
    if (!db_is_null(result, row, 6))
        holder.poe_day = (int32_t)db_integer(result, row, 6);
    return holder;
}

bool work_load_slots(Work *work, const SlotWanted *wanted, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "holders-select",
        "select h.tenant_id, h.slot, h.association_id, h.claim_id, h.line, h.mpn_id,"
        " h.poe_signed_on - date '1970-01-01' from holders h"
        " join (select distinct a, b from unnest($1::uuid[], $2::text[], $3::text[]) as"
        " u(a, b, c)) as w(tenant_id, slot) on h.tenant_id = w.tenant_id and h.slot = w.slot"};
    if (count == 0)
        return true;
    DbResult *result = NULL;
    if (!work_run_slots(work, &statement, wanted, count, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        const Holder holder = holder_read(result, row);
        slot_book_set_holder(&work->slots, db_text(result, row, 0), db_text(result, row, 1),
                             &holder);
    }
    db_result_release(&result);
    return work_load_contenders(work, wanted, count, reterr);
}
