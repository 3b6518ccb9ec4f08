/* token_contact.c - which links, mailed before the last revision, are still the contact's. */
#include "opt_out_expiry.h"

#include <string.h>

static const char *contact_key(Arena *arena, const char *tenant_id, const char *claim_id,
                               int32_t revision)
{
    return arena_printf(arena, "%s/%s/%d", tenant_id, claim_id, (int)revision);
}

/* The pages' links are of the revision that was notified: hardly ever another than the claim's. */
static bool names_other_revision(const Deciding *deciding, const Event *event,
                                 TokenContent *ret_content, const Claim **ret_claim)
{
    if (event->type != EVENT_CUSTOMER_OPTED_OUT || event->token == NULL ||
        !token_verify(deciding->expiry->keys, event->token, ret_content) ||
        strcmp(ret_content->tenant_id, event->tenant_id) != 0 ||
        strcmp(ret_content->claim_id, event->claim_id) != 0)
        return false;
    const Entry *entry = work_entry(deciding->work, event->tenant_id, event->claim_id);
    *ret_claim = entry == NULL ? NULL : entry->claim;
    return entry != NULL && entry->claim->revision != ret_content->revision;
}

bool expiry_load_contacts(Deciding *deciding, Error *reterr)
{
    static const DbStatement statement = {
        "contacts-compare",
        "select distinct w.tenant_id, w.claim_id, w.other from unnest($1::uuid[], $2::text[],"
        " $3::integer[], $4::integer[]) as w(tenant_id, claim_id, other, revision)"
        " join documents o on o.tenant_id = w.tenant_id and o.claim_id = w.claim_id"
        " and o.revision = w.other join documents c on c.tenant_id = w.tenant_id"
        " and c.claim_id = w.claim_id and c.revision = w.revision"
        " where lower(o.document::json #>> '{customer,contact,email}') ="
        " lower(c.document::json #>> '{customer,contact,email}')"};
    Work *work = deciding->work;
    DbColumn tenants, claims, others, revisions;
    db_column_init(&tenants, work->arena);
    db_column_init(&claims, work->arena);
    db_column_init(&others, work->arena);
    db_column_init(&revisions, work->arena);
    for (size_t i = 0; i < work->event_count; i++) {
        TokenContent content;
        const Claim *claim = NULL;
        if (!names_other_revision(deciding, &work->events[i], &content, &claim))
            continue;
        db_column_add_text(&tenants, claim->tenant_id);
        db_column_add_text(&claims, claim->claim_id);
        db_column_add_integer(&others, content.revision);
        db_column_add_integer(&revisions, claim->revision);
    }
    if (tenants.count == 0)
        return true;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&claims),
                                db_column_literal(&others), db_column_literal(&revisions)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 4, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        text_map_put(&deciding->same_contacts,
                     contact_key(work->arena, db_text(result, row, 0), db_text(result, row, 1),
                                 (int32_t)db_integer(result, row, 2)),
                     deciding);
    db_result_release(&result);
    return true;
}

bool expiry_has_contact(const Deciding *deciding, const Claim *claim, int32_t revision)
{
    return revision == claim->revision ||
           text_map_get(&deciding->same_contacts,
                        contact_key(deciding->work->arena, claim->tenant_id, claim->claim_id,
                                    revision)) != NULL;
}
