/* facts.c - what the rules look at, loaded once for all claims of a batch. */
#include "claim/strict_json.h"
#include "claim_validation.h"
#include "runtime/clock.h"
#include "runtime/log.h"

#include <stdio.h>
#include <string.h>

/* What was loaded for one claim. */
typedef struct ClaimFacts {
    ClaimDocument *document;
    Poe *evidence;
    size_t evidence_count, evidence_room;
} ClaimFacts;

/* The subscriptions of one tenant. */
typedef struct TenantSubscriptions {
    Subscription *items;
    size_t count, room;
} TenantSubscriptions;

struct Facts {
    const Validation *validation;
    Arena *arena;
    TextMap claims;        /* tenant/claim -> ClaimFacts */
    TextMap partners;      /* mpn -> Partner */
    TextMap tenants;       /* tenant -> Tenant */
    TextMap subscriptions; /* tenant -> TenantSubscriptions */
    TextMap named;         /* subscription -> Subscription */
};

static ClaimFacts *claim_facts(const Facts *facts, const char *tenant_id, const char *claim_id)
{
    char key[UUID_SIZE + CLAIM_ID_SIZE];
    snprintf(key, sizeof key, "%s/%s", tenant_id, claim_id);
    return text_map_get(&facts->claims, key);
}

static bool zone_check(const void *context, const char *zone)
{
    return zone_is_valid(context, zone);
}

/* ---- documents ---- */

static bool take_document(Work *work, Facts *facts, const Entry *entry, const char *text,
                          Error *reterr)
{
    char key[UUID_SIZE + CLAIM_ID_SIZE];
    json_error_t cause;
    JSON_AUTO root = json_loads(text, JSON_ALLOW_NUL, &cause);
    if (root == NULL)
        return error_set(reterr, ERROR_FATAL, "read document of claim %s: %s; restore the row",
                         entry->claim->claim_id, cause.text);
    ClaimFacts *claim = arena_new(work->arena, sizeof *claim);
    claim->document = arena_new(work->arena, sizeof *claim->document);
    document_decode(root, false, zone_check, work->store->calendars, work->arena, claim->document);
    for (size_t i = 0; i < claim->document->poe_count; i++)
        claim->document->poe[i].received_at_ms = entry->claim->received_at_ms;
    snprintf(key, sizeof key, "%s/%s", entry->claim->tenant_id, entry->claim->claim_id);
    text_map_put(&facts->claims, key, claim);
    return true;
}

static bool load_documents(Work *work, Facts *facts, Error *reterr)
{
    DbResult *result = NULL;
    bool done = work_run_documents(work, work->entries, work->entry_count, &result, reterr);
    for (size_t row = 0; done && row < db_result_rows(result); row++)
        done = take_document(work, facts,
                             work_entry(work, db_text(result, row, 0), db_text(result, row, 1)),
                             db_text(result, row, 2), reterr);
    db_result_release(&result);
    return done;
}

static void take_evidence(Work *work, const Facts *facts, const DbResult *result, size_t row)
{
    ClaimFacts *claim = claim_facts(facts, db_text(result, row, 0), db_text(result, row, 1));
    json_error_t cause;
    JSON_AUTO root = json_loads(db_text(result, row, 3), JSON_ALLOW_NUL, &cause);
    Poe *poe = NULL;
    size_t count = 0;
    const char *bad_path = NULL;
    if (claim == NULL || root == NULL ||
        !poe_decode_array(root, work->arena, &poe, &count, &bad_path))
        return;
    for (size_t i = 0; i < count; i++) {
        claim->evidence = arena_grow(work->arena, claim->evidence, sizeof *claim->evidence,
                                     claim->evidence_count, &claim->evidence_room);
        poe[i].received_at_ms = db_integer(result, row, 2);
        claim->evidence[claim->evidence_count++] = poe[i];
    }
}

static bool load_evidence(Work *work, const Facts *facts, Error *reterr)
{
    static const DbStatement statement = {
        "evidence-select",
        "select a.tenant_id, a.claim_id, a.received_at_ms, a.body from attachments a"
        " join unnest($1::uuid[], $2::text[]) as w(tenant_id, claim_id)"
        " on a.tenant_id = w.tenant_id and a.claim_id = w.claim_id"
        " where a.kind = 'EVIDENCE' order by a.received_at_ms"};
    DbColumn tenants, claims;
    db_column_init(&tenants, work->arena);
    db_column_init(&claims, work->arena);
    for (size_t i = 0; i < work->entry_count; i++) {
        db_column_add_text(&tenants, work->entries[i]->claim->tenant_id);
        db_column_add_text(&claims, work->entries[i]->claim->claim_id);
    }
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&claims)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 2, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        take_evidence(work, facts, result, row);
    db_result_release(&result);
    return true;
}

/* ---- reference data ---- */

static int32_t read_day(const DbResult *result, size_t row, int column)
{
    return db_is_null(result, row, column) ? DAY_NONE : (int32_t)db_integer(result, row, column);
}

static bool load_partners(Work *work, Facts *facts, Error *reterr)
{
    static const DbStatement statement = {
        "partners-select",
        "select mpn_id, name, location::integer, country, enrolments,"
        " valid_from - date '1970-01-01', valid_to - date '1970-01-01' from partners"
        " where mpn_id = any($1::text[]) and not deleted"};
    DbColumn ids;
    db_column_init(&ids, work->arena);
    for (size_t i = 0; i < work->entry_count; i++)
        db_column_add_text(&ids, work->entries[i]->claim->mpn_id);
    const char *parameters[] = {db_column_literal(&ids)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 1, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++) {
        Partner *partner = arena_new(work->arena, sizeof *partner);
        *partner = (Partner){.mpn_id = arena_text(work->arena, db_text(result, row, 0)),
                             .name = arena_text(work->arena, db_text(result, row, 1)),
                             .location = db_integer(result, row, 2) != 0,
                             .country = arena_text(work->arena, db_text(result, row, 3)),
                             .enrolments = (unsigned)db_integer(result, row, 4),
                             .valid_from = read_day(result, row, 5),
                             .valid_to = read_day(result, row, 6)};
        text_map_put(&facts->partners, partner->mpn_id, partner);
    }
    db_result_release(&result);
    return true;
}

/* One row per tenant and domain, in order. */
static void take_tenant(Work *work, Facts *facts, const DbResult *result, size_t row, size_t count)
{
    Tenant *tenant = arena_new(work->arena, sizeof *tenant);
    const char **domains = arena_new(work->arena, (count + 1) * sizeof *domains);
    *tenant = (Tenant){.tenant_id = arena_text(work->arena, db_text(result, row, 0)),
                       .name = arena_text(work->arena, db_text(result, row, 1)),
                       .country = arena_text(work->arena, db_text(result, row, 2)),
                       .locale = arena_text(work->arena, db_text(result, row, 3)),
                       .public_sector = db_integer(result, row, 4) != 0,
                       .domains = domains};
    for (size_t i = 0; i < count; i++)
        if (!db_is_null(result, row + i, 5))
            domains[tenant->domain_count++] = arena_text(work->arena, db_text(result, row + i, 5));
    text_map_put(&facts->tenants, tenant->tenant_id, tenant);
}

static bool load_tenants(Work *work, Facts *facts, Error *reterr)
{
    static const DbStatement statement = {
        "tenants-select",
        "select t.tenant_id, t.name, t.country, t.locale, t.public_sector::integer, d.domain"
        " from tenants t left join lateral unnest(t.domains) as d(domain) on true"
        " where t.tenant_id = any($1::uuid[]) and not t.deleted order by t.tenant_id"};
    DbColumn ids;
    db_column_init(&ids, work->arena);
    for (size_t i = 0; i < work->entry_count; i++)
        db_column_add_text(&ids, work->entries[i]->claim->tenant_id);
    const char *parameters[] = {db_column_literal(&ids)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 1, &result, reterr))
        return false;
    const size_t rows = db_result_rows(result);
    for (size_t row = 0, end; row < rows; row = end) {
        for (end = row + 1; end < rows; end++)
            if (strcmp(db_text(result, row, 0), db_text(result, end, 0)) != 0)
                break;
        take_tenant(work, facts, result, row, end - row);
    }
    db_result_release(&result);
    return true;
}

static void take_subscription(Work *work, Facts *facts, const DbResult *result, size_t row)
{
    const Subscription it = {.subscription_id = arena_text(work->arena, db_text(result, row, 0)),
                             .tenant_id = arena_text(work->arena, db_text(result, row, 1)),
                             .product = arena_text(work->arena, db_text(result, row, 2)),
                             .channel = channel_from_name(db_text(result, row, 3)),
                             .state = subscription_state_from_name(db_text(result, row, 4)),
                             .provisioned = db_integer(result, row, 5) != 0,
                             .starts_on = read_day(result, row, 6),
                             .ends_on = read_day(result, row, 7)};
    TenantSubscriptions *list = text_map_get(&facts->subscriptions, it.tenant_id);
    if (list == NULL) {
        list = arena_new(work->arena, sizeof *list);
        text_map_put(&facts->subscriptions, it.tenant_id, list);
    }
    list->items =
        arena_grow(work->arena, list->items, sizeof *list->items, list->count, &list->room);
    list->items[list->count++] = it;
    Subscription *copy = arena_new(work->arena, sizeof *copy);
    *copy = it;
    text_map_put(&facts->named, it.subscription_id, copy);
}

static bool load_subscriptions(Work *work, Facts *facts, Error *reterr)
{
    static const DbStatement statement = {
        "subscriptions-select",
        "select subscription_id, tenant_id, product, channel, state, provisioned::integer,"
        " starts_on - date '1970-01-01', ends_on - date '1970-01-01' from subscriptions"
        " where (tenant_id = any($1::uuid[]) or subscription_id = any($2::uuid[]))"
        " and not deleted order by subscription_id"};
    DbColumn tenants, named;
    db_column_init(&tenants, work->arena);
    db_column_init(&named, work->arena);
    for (size_t i = 0; i < work->entry_count; i++) {
        const Claim *claim = work->entries[i]->claim;
        const ClaimFacts *of_claim = claim_facts(facts, claim->tenant_id, claim->claim_id);
        if (claim->solution_area != AREA_BUSINESS_APPLICATIONS || of_claim == NULL)
            continue;
        db_column_add_text(&tenants, claim->tenant_id);
        for (size_t j = 0; j < of_claim->document->line_count; j++)
            if (of_claim->document->lines[j].subscription_id != NULL)
                db_column_add_text(&named, of_claim->document->lines[j].subscription_id);
    }
    if (tenants.count == 0)
        return true;
    const char *parameters[] = {db_column_literal(&tenants), db_column_literal(&named)};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 2, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        take_subscription(work, facts, result, row);
    db_result_release(&result);
    return true;
}

/* ---- slots ---- */

typedef struct SlotList {
    Arena *arena;
    SlotWanted *items;
    size_t count, room;
} SlotList;

static void want_slot(SlotList *list, const Claim *claim, const char *code,
                      const char *subscription_id)
{
    char slot[SLOT_SIZE];
    slot_of(claim->solution_area, claim->activities, code, subscription_id, slot);
    if (slot[0] == '\0')
        return;
    list->items =
        arena_grow(list->arena, list->items, sizeof *list->items, list->count, &list->room);
    list->items[list->count++] = (SlotWanted){.tenant_id = claim->tenant_id,
                                              .slot = arena_text(list->arena, slot),
                                              .mpn_id = claim->mpn_id};
}

/* Every slot that a line might turn out to be in. */
static void want_slots_of(SlotList *list, const Facts *facts, const Claim *claim)
{
    const ClaimFacts *of_claim = claim_facts(facts, claim->tenant_id, claim->claim_id);
    const TenantSubscriptions *subscriptions =
        text_map_get(&facts->subscriptions, claim->tenant_id);
    if (of_claim == NULL)
        return;
    for (size_t i = 0; i < of_claim->document->line_count; i++) {
        const DocumentLine *line = &of_claim->document->lines[i];
        if (claim->solution_area == AREA_MICROSOFT_365 && line->workload != NULL)
            want_slot(list, claim, line->workload, "");
        for (size_t j = 0;
             subscriptions != NULL && line->product != NULL && j < subscriptions->count; j++)
            if (line->subscription_id != NULL
                    ? strcmp(line->subscription_id, subscriptions->items[j].subscription_id) == 0
                    : strcmp(line->product, subscriptions->items[j].product) == 0)
                want_slot(list, claim, "", subscriptions->items[j].subscription_id);
    }
}

static bool load_slots(Work *work, const Facts *facts, Error *reterr)
{
    SlotList list = {.arena = work->arena};
    for (size_t i = 0; i < work->entry_count; i++)
        want_slots_of(&list, facts, work->entries[i]->claim);
    return work_load_slots(work, list.items, list.count, reterr);
}

bool facts_load(Work *work, const Validation *validation, Facts **ret_facts, Error *reterr)
{
    Facts *facts = arena_new(work->arena, sizeof *facts);
    facts->validation = validation;
    facts->arena = work->arena;
    text_map_init(&facts->claims, work->arena);
    text_map_init(&facts->partners, work->arena);
    text_map_init(&facts->tenants, work->arena);
    text_map_init(&facts->subscriptions, work->arena);
    text_map_init(&facts->named, work->arena);
    *ret_facts = facts;
    return work->entry_count == 0 ||
           (load_documents(work, facts, reterr) && load_evidence(work, facts, reterr) &&
            load_partners(work, facts, reterr) && load_tenants(work, facts, reterr) &&
            load_subscriptions(work, facts, reterr) && load_slots(work, facts, reterr));
}

/* ---- one claim ---- */

static bool names_foreign(const Facts *facts, const ClaimFacts *of_claim, const Claim *claim)
{
    for (size_t i = 0; i < of_claim->document->line_count; i++) {
        const char *id = of_claim->document->lines[i].subscription_id;
        const Subscription *named = id == NULL ? NULL : text_map_get(&facts->named, id);
        if (named != NULL && strcmp(named->tenant_id, claim->tenant_id) != 0)
            return true;
    }
    return false;
}

/* The tenant's subscriptions, and those that lines name though they are another tenant's. */
static void input_subscriptions(const Facts *facts, const ClaimFacts *of_claim, const Claim *claim,
                                RuleInput *input)
{
    const TenantSubscriptions *own = text_map_get(&facts->subscriptions, claim->tenant_id);
    const size_t own_count = own == NULL ? 0 : own->count;
    if (!names_foreign(facts, of_claim, claim)) { /* the usual case: nothing to add to the list */
        input->subscriptions = own == NULL ? NULL : own->items;
        input->subscription_count = own_count;
        return;
    }
    const size_t line_count = of_claim->document->line_count;
    Subscription *all = arena_new(facts->arena, (own_count + line_count + 1) * sizeof *all);
    size_t count = own_count;
    if (own_count > 0)
        memcpy(all, own->items, own_count * sizeof *all);
    for (size_t i = 0; i < line_count; i++) {
        const char *id = of_claim->document->lines[i].subscription_id;
        const Subscription *named = id == NULL ? NULL : text_map_get(&facts->named, id);
        if (named != NULL && strcmp(named->tenant_id, claim->tenant_id) != 0)
            all[count++] = *named;
    }
    input->subscriptions = all;
    input->subscription_count = count;
}

static void claim_take_places(const Store *store, const ClaimDocument *document,
                              const RuleInput *input, Claim *claim)
{
    const char *tenant_country = input->tenant == NULL ? "" : input->tenant->country;
    snprintf(claim->country, sizeof claim->country, "%s",
             document->country != NULL ? document->country : tenant_country);
    snprintf(claim->partner_country, sizeof claim->partner_country, "%s",
             input->partner == NULL ? "" : input->partner->country);
    const Calendar *calendar =
        calendar_resolve(store->calendars, claim->country, "", store->default_country);
    snprintf(claim->time_zone, sizeof claim->time_zone, "%s",
             document->time_zone != NULL ? document->time_zone
                                         : zone_name(calendar_zone(calendar)));
}

bool facts_input(const Facts *facts, Entry *entry, RuleInput *ret_input)
{
    Claim *claim = entry->claim;
    const Store *store = &facts->validation->store;
    const ClaimFacts *of_claim = claim_facts(facts, claim->tenant_id, claim->claim_id);
    if (of_claim == NULL)
        return false;
    *ret_input = (RuleInput){.document = of_claim->document,
                             .evidence = of_claim->evidence,
                             .evidence_count = of_claim->evidence_count,
                             .partner = text_map_get(&facts->partners, claim->mpn_id),
                             .tenant = text_map_get(&facts->tenants, claim->tenant_id),
                             .catalogue = facts->validation->catalogue,
                             .policy = &facts->validation->policy};
    input_subscriptions(facts, of_claim, claim, ret_input);
    claim_take_places(store, of_claim->document, ret_input, claim);
    ret_input->zone = calendar_set_zone(store->calendars, claim->time_zone);
    return true;
}
