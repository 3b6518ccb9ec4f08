/* expiry_db.c - what a batch of the log that decides must know, and what it keeps besides claims.
 */
#include "opt_out_expiry.h"

#include "claim/rules.h"

#include <stdio.h>
#include <string.h>

static const char *pair_key(Arena *arena, const char *tenant_id, const char *other)
{
    return arena_printf(arena, "%s/%s", tenant_id, other);
}

/* ---- entries by tenant ---- */

TenantEntries *deciding_tenant(const Deciding *deciding, const char *tenant_id)
{
    return text_map_get(&deciding->tenants, tenant_id);
}

void deciding_add_entry(Deciding *deciding, Entry *entry)
{
    TenantEntries *tenant = deciding_tenant(deciding, entry->claim->tenant_id);
    Arena *arena = deciding->work->arena;
    if (tenant == NULL) {
        tenant = arena_new(arena, sizeof *tenant);
        text_map_put(&deciding->tenants, entry->claim->tenant_id, tenant);
    }
    tenant->entries =
        arena_grow(arena, tenant->entries, sizeof(Entry *), tenant->count, &tenant->room);
    tenant->entries[tenant->count++] = entry;
}

static void maps_init(Deciding *deciding)
{
    text_map_init(&deciding->tenants, deciding->work->arena);
    text_map_init(&deciding->standings, deciding->work->arena);
    text_map_init(&deciding->records, deciding->work->arena);
    text_map_init(&deciding->same_contacts, deciding->work->arena);
}

/* ---- wanted ---- */

static bool want_rows(Work *work, const DbStatement *statement, const char *const *parameters,
                      size_t *ret_rows, Error *reterr)
{
    DbResult *result = NULL;
    if (!database_run(work->database, statement, parameters, 2, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        work_want(work, db_text(result, row, 0), db_text(result, row, 1));
    *ret_rows = db_result_rows(result);
    db_result_release(&result);
    return true;
}

/* Windows that a receipt in this batch settles: each tenant up to its latest receipt. */
static bool want_due(Work *work, size_t *ret_count, Error *reterr)
{
    static const DbStatement statement = {
        "windows-due",
        "select t.tenant_id, t.claim_id from timers t"
        " join (select tenant_id, max(receipt) as receipt from unnest($1::uuid[], $2::bigint[])"
        " as u(tenant_id, receipt) group by tenant_id) as w on t.tenant_id = w.tenant_id"
        " and t.kind = 'WINDOW' and t.due_at_ms < w.receipt limit 1001"};
    _Static_assert(SETTLE_CLAIM_COUNT_MAX == 1000, "one more says that it is too much");
    DbColumn tenants, receipts;
    db_column_init(&tenants, work->arena);
    db_column_init(&receipts, work->arena);
    for (size_t i = 0; i < work->event_count; i++) {
        db_column_add_text(&tenants, work->events[i].tenant_id);
        db_column_add_integer(&receipts, work->events[i].receipt_at_ms);
    }
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&receipts)};
    return want_rows(work, &statement, parameters, ret_count, reterr);
}

/* Claims that hold a slot of a subscription that changed. */
static bool want_subscribers(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "holders-of-subscriptions",
        "select h.tenant_id, h.claim_id from holders h"
        " join unnest($1::uuid[], $2::text[]) as w(tenant_id, subscription_id)"
        " on h.tenant_id = w.tenant_id and h.slot in (w.subscription_id || '/RECORD',"
        " w.subscription_id || '/REVENUE')"};
    DbColumn tenants, subscriptions;
    db_column_init(&tenants, work->arena);
    db_column_init(&subscriptions, work->arena);
    for (size_t i = 0; i < work->event_count; i++) {
        if (work->events[i].type != EVENT_SUBSCRIPTION_CHANGED)
            continue;
        db_column_add_text(&tenants, work->events[i].tenant_id);
        db_column_add_text(&subscriptions, work->events[i].subscription_id);
    }
    if (tenants.count == 0)
        return true;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&subscriptions)};
    size_t count;
    return want_rows(work, &statement, parameters, &count, reterr);
}

/* ---- slots ---- */

typedef struct SlotList {
    SlotWanted *items;
    size_t count, room;
} SlotList;

static void slot_list_add(SlotList *list, Arena *arena, const char *tenant_id, const char *slot,
                          const char *mpn_id)
{
    if (slot[0] == '\0')
        return;
    list->items = arena_grow(arena, list->items, sizeof *list->items, list->count, &list->room);
    list->items[list->count++] =
        (SlotWanted){.tenant_id = tenant_id, .slot = slot, .mpn_id = mpn_id};
}

static void slots_of_imports(Work *work, SlotList *list)
{
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        if (event->type != EVENT_IMPORTED || event->subscription_id == NULL)
            continue;
        char *slot = arena_new(work->arena, SLOT_SIZE);
        slot_of(event->import.solution_area, event->import.activities, "", event->subscription_id,
                slot);
        slot_list_add(list, work->arena, event->tenant_id, slot, event->import.mpn_id);
    }
}

/* Who holds the slots of open windows, or of imports; those claims may be superseded or told. */
static bool load_slots(Work *work, Error *reterr)
{
    SlotList list = {0};
    for (size_t i = 0; i < work->entry_count; i++) {
        const Claim *claim = work->entries[i]->claim;
        for (size_t j = 0; j < claim->line_count; j++)
            if (claim->lines[j].status == LINE_OPT_OUT_OPEN)
                slot_list_add(&list, work->arena, claim->tenant_id, claim->lines[j].slot,
                              claim->mpn_id);
    }
    slots_of_imports(work, &list);
    if (!work_load_slots(work, list.items, list.count, reterr))
        return false;
    for (size_t i = 0; i < list.count; i++) {
        const Holder *holder =
            slot_book_holder(&work->slots, list.items[i].tenant_id, list.items[i].slot);
        if (holder != NULL && work_entry(work, list.items[i].tenant_id, holder->claim_id) == NULL)
            work_want(work, list.items[i].tenant_id, holder->claim_id);
    }
    return work->wanted_count == 0 || work_load(work, reterr);
}

/* ---- standings ---- */

SubscriptionState deciding_standing(const Deciding *deciding, const char *tenant_id,
                                    const char *subscription_id)
{
    if (subscription_id[0] == '\0')
        return SUBSCRIPTION_NONE;
    const char *state = text_map_get(&deciding->standings,
                                     pair_key(deciding->work->arena, tenant_id, subscription_id));
    return state == NULL ? SUBSCRIPTION_NONE : subscription_state_from_name(state);
}

void deciding_set_standing(Deciding *deciding, const char *tenant_id, const char *subscription_id,
                           SubscriptionState state)
{
    Arena *arena = deciding->work->arena;
    const char *key = pair_key(arena, tenant_id, subscription_id);
    text_map_put(&deciding->standings, key, arena_text(arena, subscription_state_name(state)));
    deciding->changed_standings =
        arena_grow(arena, deciding->changed_standings, sizeof *deciding->changed_standings,
                   deciding->changed_count, &deciding->changed_room);
    deciding->changed_standings[deciding->changed_count++] = key;
}

static void want_subscriptions(const Work *work, DbColumn *tenants, DbColumn *subscriptions)
{
    for (size_t i = 0; i < work->entry_count; i++) {
        const Claim *claim = work->entries[i]->claim;
        for (size_t j = 0; j < claim->line_count; j++) {
            const Line *line = &claim->lines[j];
            if (line->status != LINE_OPT_OUT_OPEN || line->subscription_id[0] == '\0')
                continue;
            db_column_add_text(tenants, claim->tenant_id);
            db_column_add_text(subscriptions, line->subscription_id);
        }
    }
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        if (event->type != EVENT_IMPORTED || event->subscription_id == NULL)
            continue;
        db_column_add_text(tenants, event->tenant_id);
        db_column_add_text(subscriptions, event->subscription_id);
    }
}

static bool load_standings(Deciding *deciding, Error *reterr)
{
    static const DbStatement statement = {
        "standings-select",
        "select w.tenant_id, w.subscription_id, t.state, case when s.deleted then 'DELETED' else"
        " s.state end from (select distinct * from unnest($1::uuid[], $2::uuid[])) as"
        " w(tenant_id, subscription_id) left join subscription_standings t"
        " on t.tenant_id = w.tenant_id and t.subscription_id = w.subscription_id"
        " left join subscriptions s on s.subscription_id = w.subscription_id"
        " and s.tenant_id = w.tenant_id"};
    Work *work = deciding->work;
    DbColumn tenants, subscriptions;
    db_column_init(&tenants, work->arena);
    db_column_init(&subscriptions, work->arena);
    want_subscriptions(work, &tenants, &subscriptions);
    if (tenants.count == 0)
        return true;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&subscriptions)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 2, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        const char *key = pair_key(work->arena, db_text(result, row, 0), db_text(result, row, 1));
        if (!db_is_null(result, row, 2))
            text_map_put(&deciding->standings, key,
                         arena_text(work->arena, db_text(result, row, 2)));
        if (!db_is_null(result, row, 3))
            text_map_put(&deciding->records, key, arena_text(work->arena, db_text(result, row, 3)));
    }
    db_result_release(&result);
    return true;
}

/* ---- kept opt-outs ---- */

bool expiry_must_keep(const Deciding *deciding)
{
    Work *work = deciding->work;
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        if (event->type == EVENT_CUSTOMER_OPTED_OUT &&
            work_entry(work, event->tenant_id, event->claim_id) == NULL)
            return true;
    }
    return false;
}

static bool lock_kept(const Deciding *deciding, Error *reterr)
{
    Work *work = deciding->work;
    if (deciding->may_keep)
        return work_lock_kept(work, KEPT_LOCK_KEEP, reterr);
    for (size_t i = 0; i < work->event_count; i++)
        if (work->events[i].type == EVENT_IMPORTED)
            return work_lock_kept(work, KEPT_LOCK_MAKE, reterr);
    return true;
}

/* For claims that the batch may make, and for those that never came. */
static bool load_kept(Work *work, Error *reterr)
{
    ClaimName *names = arena_new(work->arena, (work->event_count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        if (event->type == EVENT_KEPT_DUE ||
            (event->type == EVENT_IMPORTED &&
             work_entry(work, event->tenant_id, event->claim_id) == NULL))
            names[count++] = (ClaimName){event->tenant_id, event->claim_id};
    }
    return work_load_kept(work, names, count, reterr);
}

bool expiry_load(Deciding *deciding, Error *reterr)
{
    Work *work = deciding->work;
    if (!lock_kept(deciding, reterr))
        return false;
    maps_init(deciding);
    size_t due_count = 0;
    if (work->event_count > 0 && !want_due(work, &due_count, reterr))
        return false;
    deciding->is_too_much = due_count > SETTLE_CLAIM_COUNT_MAX && !deciding->takes_all;
    if (deciding->is_too_much)
        return true;
    for (size_t i = 0; i < work->event_count; i++)
        if (work->events[i].claim_id[0] != '\0')
            work_want(work, work->events[i].tenant_id, work->events[i].claim_id);
    if (work->event_count > 0 &&
        (!want_subscribers(work, reterr) || !work_load(work, reterr) || !load_kept(work, reterr) ||
         !load_slots(work, reterr) || !load_standings(deciding, reterr) ||
         !expiry_load_contacts(deciding, reterr)))
        return false;
    for (size_t i = 0; i < work->entry_count; i++)
        deciding_add_entry(deciding, work->entries[i]);
    return true;
}

/* ---- a chunk ---- */

static DueKey read_key(const DbResult *result, size_t row, Arena *arena)
{
    return (DueKey){.claim_id = arena_text(arena, db_text(result, row, 1)),
                    .deadline_at_ms = db_integer(result, row, 2),
                    .poe_day =
                        db_is_null(result, row, 3) ? DAY_NONE : (int32_t)db_integer(result, row, 3),
                    .first_submitted_at_ms = db_integer(result, row, 4),
                    .line = (int32_t)db_integer(result, row, 5)};
}

static bool want_first_due(Work *work, const Event *event, DueKey *ret_last, size_t *ret_count,
                           Error *reterr)
{
    static const DbStatement statement = {
        "windows-due-first",
        "select c.tenant_id, c.claim_id, (l->>'due')::bigint as due, (l->>'poe')::integer as poe,"
        " c.first_submitted_at_ms, (l->>'n')::integer as n from (select distinct claim_id from"
        " timers where tenant_id = $1::uuid and kind = 'WINDOW' and due_at_ms < $2::bigint) t"
        " join claims c on c.tenant_id = $1::uuid and c.claim_id = t.claim_id"
        " cross join jsonb_array_elements(c.lines) l where l->>'status' = 'OPT_OUT_OPEN'"
        " and (l->>'due')::bigint < $2::bigint order by due, poe desc nulls last,"
        " c.first_submitted_at_ms, c.claim_id collate \"C\", n limit $3::integer"};
    const char *parameters[] = {event->tenant_id,
                                arena_printf(work->arena, "%lld", (long long)event->receipt_at_ms),
                                arena_printf(work->arena, "%d", SETTLE_CHUNK_LINE_COUNT)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 3, &result, reterr))
        return false;
    *ret_count = db_result_rows(result);
    for (size_t row = 0; row < *ret_count; row++)
        work_want(work, db_text(result, row, 0), db_text(result, row, 1));
    if (*ret_count > 0)
        *ret_last = read_key(result, *ret_count - 1, work->arena);
    db_result_release(&result);
    return true;
}

bool expiry_load_chunk(Deciding *deciding, const Event *event, DueKey *ret_last, size_t *ret_count,
                       Error *reterr)
{
    Work *work = deciding->work;
    maps_init(deciding);
    if (!want_first_due(work, event, ret_last, ret_count, reterr) || !work_load(work, reterr) ||
        !load_slots(work, reterr) || !load_standings(deciding, reterr))
        return false;
    for (size_t i = 0; i < work->entry_count; i++)
        deciding_add_entry(deciding, work->entries[i]);
    return true;
}

/* ---- save ---- */

static bool save_standings(const Deciding *deciding, Error *reterr)
{
    static const DbStatement statement = {
        "standings-upsert",
        "insert into subscription_standings (tenant_id, subscription_id, state, changed_at_ms)"
        " select distinct on (a, b) a, b, c, $4::bigint from"
        " unnest($1::uuid[], $2::uuid[], $3::text[]) as u(a, b, c)"
        " on conflict (tenant_id, subscription_id) do update set state = excluded.state,"
        " changed_at_ms = excluded.changed_at_ms"};
    Work *work = deciding->work;
    DbColumn tenants, subscriptions, states;
    db_column_init(&tenants, work->arena);
    db_column_init(&subscriptions, work->arena);
    db_column_init(&states, work->arena);
    if (deciding->changed_count == 0)
        return true;
    for (size_t i = 0; i < deciding->changed_count; i++) {
        const char *key = deciding->changed_standings[i];
        db_column_add_text(&tenants, arena_copy(work->arena, key, UUID_SIZE - 1));
        db_column_add_text(&subscriptions, key + UUID_SIZE);
        db_column_add_text(&states, text_map_get(&deciding->standings, key));
    }
    const char *parameters[] = {
        db_column_literal(&tenants), db_column_literal(&subscriptions), db_column_literal(&states),
        arena_printf(work->arena, "%lld",
                     (long long)work->events[work->event_count - 1].receipt_at_ms)};
    return database_run(work->database, &statement, parameters, 4, NULL, reterr);
}

bool expiry_save(Deciding *deciding, Error *reterr)
{
    return save_standings(deciding, reterr);
}
