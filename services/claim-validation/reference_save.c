/* reference_save.c - reference records into PostgreSQL, and what follows from them. */
#include "claim/outbound.h"
#include "claim_validation.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <string.h>

References references_decode(Batch *batch, const EventGate *gate)
{
    References references = {0};
    references.items =
        arena_new(batch->arena, (batch->record_count + 1) * sizeof *references.items);
    for (size_t i = 0; i < batch->record_count; i++) {
        const Record *record = &batch->records[i];
        Error error = {0};
        if (!reference_is(record))
            continue;
        if (reference_admit(record, gate, batch->arena, &error) &&
            reference_decode(record, batch->arena, &references.items[references.count], &error))
            references.count++;
        else
            batch_add_dead_letter(batch, record, arena_text(batch->arena, error.code),
                                  arena_text(batch->arena, error.text));
    }
    return references;
}

/* ---- columns ---- */

enum { REFERENCE_COLUMN_COUNT_MAX = 12 };

static void add_day(DbColumn *column, int32_t day)
{
    char text[11];
    db_column_add_text(column, day == DAY_NONE ? NULL : clock_date_format(day, text));
}

static void add_domains(DbColumn *column, const Tenant *tenant, Arena *arena)
{
    DbColumn domains;
    db_column_init(&domains, arena);
    for (size_t i = 0; i < tenant->domain_count; i++)
        db_column_add_text(&domains, tenant->domains[i]);
    db_column_add_text(column, db_column_literal(&domains));
}

static void add_partner(const Reference *reference, Arena *arena, DbColumn *columns)
{
    const Partner *partner = &reference->partner;
    (void)arena;
    db_column_add_text(&columns[5], reference->deleted ? "" : partner->name);
    db_column_add_text(&columns[6], partner->location ? "true" : "false");
    db_column_add_text(&columns[7], reference->deleted ? "" : partner->country);
    db_column_add_integer(&columns[8], partner->enrolments);
    add_day(&columns[9], reference->deleted ? DAY_NONE : partner->valid_from);
    add_day(&columns[10], reference->deleted ? DAY_NONE : partner->valid_to);
}

static void add_tenant(const Reference *reference, Arena *arena, DbColumn *columns)
{
    const Tenant *tenant = &reference->tenant;
    db_column_add_text(&columns[5], reference->deleted ? "" : tenant->name);
    add_domains(&columns[6], tenant, arena);
    db_column_add_text(&columns[7], reference->deleted ? "" : tenant->country);
    db_column_add_text(&columns[8], reference->deleted ? "" : tenant->locale);
    db_column_add_text(&columns[9], tenant->public_sector ? "true" : "false");
}

static void add_subscription(const Reference *reference, Arena *arena, DbColumn *columns)
{
    const Subscription *subscription = &reference->subscription;
    (void)arena;
    db_column_add_text(&columns[5], reference->deleted ? NULL : subscription->tenant_id);
    db_column_add_text(&columns[6], reference->deleted ? "" : subscription->product);
    db_column_add_text(&columns[7], channel_name(subscription->channel));
    db_column_add_text(
        &columns[8], reference->deleted ? "DELETED" : subscription_state_name(subscription->state));
    db_column_add_text(&columns[9], subscription->provisioned ? "true" : "false");
    add_day(&columns[10], reference->deleted ? DAY_NONE : subscription->starts_on);
    add_day(&columns[11], reference->deleted ? DAY_NONE : subscription->ends_on);
}

/*
 * A tombstone keeps the row's data (whose tenant it was) and marks it deleted. The last record of
 * the log wins: of one partition the one with the higher offset, whatever its time, which may be
 * its publisher's. Kept is the latest time of all that went before: only a topic that was made anew
 * has a lower offset with a later one, a zombie's or a replayed record has not. Between partitions
 * (a publisher with another partitioner) there is no order but time. No partition: of the release
 * before, which had one order for all.
 */
#define GUARD(table)                                                                               \
    " deleted = excluded.deleted, log_offset = excluded.log_offset,"                               \
    " received_at_ms = greatest(excluded.received_at_ms, " table ".received_at_ms),"               \
    " log_partition = excluded.log_partition where case when excluded.log_partition ="             \
    " coalesce(" table                                                                             \
    ".log_partition, excluded.log_partition) then excluded.log_offset >= " table                   \
    ".log_offset or excluded.received_at_ms > " table ".received_at_ms"                            \
    " else excluded.received_at_ms >= " table ".received_at_ms end"
#define KEEP(table, column)                                                                        \
    " " column " = case when excluded.deleted then " table "." column " else excluded." column     \
    " end,"

/* clang-format off */
static const struct {
    DbStatement statement;
    size_t column_count;
    void (*add)(const Reference *reference, Arena *arena, DbColumn *columns);
} upserts[] = {
    [REFERENCE_PARTNER] =
        {{"partners-upsert",
          "insert into partners (mpn_id, deleted, received_at_ms, log_offset, log_partition, name,"
          " location, country, enrolments, valid_from, valid_to) select * from unnest($1::text[],"
          " $2::boolean[], $3::bigint[], $4::bigint[], $5::integer[], $6::text[], $7::boolean[],"
          " $8::text[], $9::integer[], $10::date[], $11::date[]) on conflict (mpn_id) do update set"
          " name = excluded.name, location = excluded.location, country = excluded.country,"
          " enrolments = excluded.enrolments, valid_from = excluded.valid_from,"
          " valid_to = excluded.valid_to," GUARD("partners")},
         11,
         add_partner},
    [REFERENCE_TENANT] =
        {{"tenants-upsert",
          "insert into tenants (tenant_id, deleted, received_at_ms, log_offset, log_partition,"
          " name, domains, country, locale, public_sector)"
          " select a, b, c, d, e, f, g::text[], h, i, j from"
          " unnest($1::uuid[], $2::boolean[], $3::bigint[], $4::bigint[], $5::integer[],"
          " $6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[])"
          " as u(a, b, c, d, e, f, g, h, i, j)"
          " on conflict (tenant_id) do update set name = excluded.name,"
          " domains = excluded.domains, country = excluded.country, locale = excluded.locale,"
          " public_sector = excluded.public_sector," GUARD("tenants")},
         10,
         add_tenant},
    [REFERENCE_SUBSCRIPTION] =
        {{"subscriptions-upsert",
          "insert into subscriptions (subscription_id, deleted, received_at_ms, log_offset,"
          " log_partition, tenant_id, product, channel, state, provisioned, starts_on, ends_on)"
          " select * from unnest($1::uuid[], $2::boolean[], $3::bigint[], $4::bigint[],"
          " $5::integer[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::boolean[],"
          " $11::date[], $12::date[])"
          " on conflict (subscription_id) do update set" KEEP("subscriptions",
                                                                           "tenant_id")
              KEEP("subscriptions", "product") KEEP("subscriptions", "channel")
                  KEEP("subscriptions", "starts_on") KEEP("subscriptions", "ends_on")
          " state = excluded.state, provisioned = excluded.provisioned," GUARD("subscriptions")
          " returning subscription_id"},
         12,
         add_subscription},
};
/* clang-format on */

/* Of one partition the later in the log, of two the one that was received later. */
static bool goes_over(const Record *record, const Record *before)
{
    return record->partition == before->partition || record->receipt_at_ms >= before->receipt_at_ms;
}

/* The last record of each key; earlier ones in the batch are history already. One that comes from
 * another partition and is older was none at any time: it is not fresh. */
static void mark_last(const References *references, Arena *arena, bool *ret_last, bool *ret_fresh)
{
    TextMap seen; /* kind and key -> the Reference that is last so far */
    text_map_init(&seen, arena);
    for (size_t i = 0; i < references->count; i++) {
        char key[80];
        Reference *reference = &references->items[i];
        snprintf(key, sizeof key, "%d/%s", (int)reference->kind, reference->key);
        Reference *before = text_map_get(&seen, key);
        ret_fresh[i] = before == NULL || goes_over(reference->record, before->record);
        ret_last[i] = ret_fresh[i];
        if (!ret_fresh[i])
            continue;
        if (before != NULL)
            ret_last[before - references->items] = false;
        text_map_put(&seen, key, reference);
    }
}

/* Out: saved  takes the keys of subscriptions whose row is this batch's now. */
static bool upsert_kind(Work *work, const References *references, const bool *last,
                        ReferenceKind kind, TextMap *saved, Error *reterr)
{
    DbResult *result = NULL;
    DbColumn columns[REFERENCE_COLUMN_COUNT_MAX] = {{0}};
    const char *parameters[REFERENCE_COLUMN_COUNT_MAX];
    for (size_t i = 0; i < upserts[kind].column_count; i++)
        db_column_init(&columns[i], work->arena);
    for (size_t i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        if (reference->kind != kind || !last[i])
            continue;
        db_column_add_text(&columns[0], reference->key);
        db_column_add_text(&columns[1], reference->deleted ? "true" : "false");
        db_column_add_integer(&columns[2], reference->record->receipt_at_ms);
        db_column_add_integer(&columns[3], reference->record->offset);
        db_column_add_integer(&columns[4], reference->record->partition);
        upserts[kind].add(reference, work->arena, columns);
    }
    if (columns[0].count == 0)
        return true;
    for (size_t i = 0; i < upserts[kind].column_count; i++)
        parameters[i] = db_column_literal(&columns[i]);
    if (!database_run(work->database, &upserts[kind].statement, parameters,
                      upserts[kind].column_count, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        text_map_put(saved, arena_text(work->arena, db_text(result, row, 0)), saved);
    db_result_release(&result);
    return true;
}

/* ---- what others must hear ---- */

static const char *waker_of(const Record *record, Arena *arena)
{
    return arena_printf(arena, "%s/%d/%lld/%lld", record->topic, record->partition,
                        (long long)record->offset, (long long)record->receipt_at_ms);
}

/* Which subscriptions had a row before this batch, and whose they were. */
static bool load_known(Work *work, const References *references, TextMap *ret_tenants,
                       Error *reterr)
{
    static const DbStatement statement = {
        "subscriptions-known", "select subscription_id, coalesce(tenant_id::text, '') from"
                               " subscriptions where subscription_id = any($1::uuid[])"};
    DbColumn ids;
    db_column_init(&ids, work->arena);
    text_map_init(ret_tenants, work->arena);
    for (size_t i = 0; i < references->count; i++)
        if (references->items[i].kind == REFERENCE_SUBSCRIPTION)
            db_column_add_text(&ids, references->items[i].key);
    if (ids.count == 0)
        return true;
    const char *parameters[] = {db_column_literal(&ids)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 1, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        text_map_put(ret_tenants, db_text(result, row, 0),
                     arena_text(work->arena, db_text(result, row, 1)));
    db_result_release(&result);
    return true;
}

/*
 * What a subscription became goes to the log that decides promotions and ends. A first record
 * that says it is in use need not: nobody can hold a slot of it yet. Too many are harmless.
 */
static void forward_subscription(Work *work, const Reference *reference, const char *tenant,
                                 SubscriptionState state)
{
    const Outcome outcome = outbound_subscription(tenant, reference->key, state,
                                                  waker_of(reference->record, work->arena),
                                                  reference->record, work->arena);
    batch_add_outcome(work->batch, &outcome);
}

/* One that another tenant has now is gone for the one that had it. What is older than the row says
 * nothing. */
static void forward_subscriptions(Work *work, const References *references, const bool *fresh,
                                  const TextMap *saved, TextMap *tenants)
{
    for (size_t i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        if (reference->kind != REFERENCE_SUBSCRIPTION || !fresh[i] ||
            text_map_get(saved, reference->key) == NULL)
            continue;
        const char *known = text_map_get(tenants, reference->key);
        const char *tenant = reference->deleted ? known : reference->subscription.tenant_id;
        const SubscriptionState state =
            reference->deleted ? SUBSCRIPTION_DELETED : reference->subscription.state;
        if (!reference->deleted)
            text_map_put(tenants, reference->key, arena_text(work->arena, tenant));
        if (known != NULL && *known != '\0' && strcmp(known, tenant) != 0)
            forward_subscription(work, reference, known, SUBSCRIPTION_DELETED);
        if (tenant == NULL || *tenant == '\0' || (known == NULL && subscription_is_current(state)))
            continue;
        forward_subscription(work, reference, tenant, state);
    }
}

/* Claims that wait, of the tenants and partners that these records are about. */
static bool wake_waiting(Work *work, const References *references, Error *reterr)
{
    static const DbStatement statement = {
        "timers-waiting",
        "select t.tenant_id, t.claim_id from timers t where t.kind = 'RECHECK'"
        " and t.tenant_id = any($1::uuid[])"
        " union select t.tenant_id, t.claim_id from timers t join claims c using (tenant_id,"
        " claim_id) where t.kind = 'RECHECK' and c.mpn_id = any($2::text[]) order by 1, 2"};
    DbColumn tenants, partners;
    const Record *waker = NULL;
    db_column_init(&tenants, work->arena);
    db_column_init(&partners, work->arena);
    for (size_t i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        if (reference->deleted)
            continue;
        waker = reference->record;
        if (reference->kind == REFERENCE_PARTNER)
            db_column_add_text(&partners, reference->key);
        else if (reference->kind == REFERENCE_TENANT)
            db_column_add_text(&tenants, reference->key);
        else
            db_column_add_text(&tenants, reference->subscription.tenant_id);
    }
    if (waker == NULL)
        return true;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&partners)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 2, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        const Outcome outcome =
            outbound_recheck(db_text(result, row, 0), db_text(result, row, 1), waker->receipt_at_ms,
                             waker_of(waker, work->arena), waker, work->arena);
        batch_add_outcome(work->batch, &outcome);
    }
    db_result_release(&result);
    return true;
}

bool references_save(Work *work, const References *references, Error *reterr)
{
    if (references->count == 0)
        return true;
    bool *last = arena_new(work->arena, references->count * sizeof *last);
    bool *fresh = arena_new(work->arena, references->count * sizeof *fresh);
    TextMap tenants, saved;
    text_map_init(&saved, work->arena);
    mark_last(references, work->arena, last, fresh);
    if (!load_known(work, references, &tenants, reterr))
        return false;
    for (int kind = REFERENCE_PARTNER; kind <= REFERENCE_SUBSCRIPTION; kind++)
        if (!upsert_kind(work, references, last, (ReferenceKind)kind, &saved, reterr))
            return false;
    forward_subscriptions(work, references, fresh, &saved, &tenants);
    return wake_waiting(work, references, reterr);
}
