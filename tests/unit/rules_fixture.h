/* rules_fixture.h - a valid claim of each kind, a world of reference data, rows of changes. */
#pragma once

#include "claim/rules.h"
#include "runtime/clock.h"
#include "unit/codec_fixture.h"

#include <unistd.h>

#define M365 "claim-m365"
#define BIZAPPS "claim-bizapps"
#define REVENUE "claim-revenue"

/* The codes that each program answers for; together all that the rule tables can find. */
#define CLAIM_CODES CODE_FIELD_MISSING, CODE_REVENUE_FIELDS_MISSING
#define LINE_CODES CODE_PRODUCT_UNKNOWN, CODE_SUBSCRIPTION_INACTIVE
#define SLOT_CODES CODE_DUPLICATE_OWN_CLAIM, CODE_COMPETING_CLAIM_OLDER_POE
#define POE_CODES CODE_POE_MISSING, CODE_POE_DISCLOSURE_MISSING
_Static_assert(CODE_REVENUE_FIELDS_MISSING + 1 == CODE_PRODUCT_UNKNOWN, "no code in between");
_Static_assert(CODE_SUBSCRIPTION_INACTIVE + 1 == CODE_DUPLICATE_OWN_CLAIM, "no code in between");
_Static_assert(CODE_COMPETING_CLAIM_OLDER_POE + 1 == CODE_POE_MISSING, "no code in between");
/* What is left are the reviewer's, CONTACT_UNREACHABLE and NO_PARTNER_RESPONSE: of the services. */
_Static_assert(CODE_POE_DISCLOSURE_MISSING + 5 == CODE_NOT_CARRIED_OVER, "four codes after");

#define SUBMITTED_AT "2026-11-02T01:30:00Z"
#define SALES_ID "0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42"
#define POWER_BI_ID "11111111-1111-4111-8111-111111111111"
#define SECOND_ID "22222222-2222-4222-8222-222222222222"
#define FINANCE_ID "7c9e6679-7425-40de-944b-e07fc1f90ae7"
#define OTHER_TENANT_ID "99999999-9999-4999-8999-999999999999"
#define OTHER_MPN_ID "777"

enum { DAY_MS = 24 * 3600 * 1000, GRACE_MS = 10 * 60 * 1000, WORLD_ITEM_COUNT_MAX = 4 };

/* Everything that a validation may look at. Texts are literals or in the arena. */
typedef struct World {
    Arena arena;
    json_t *root; /* the document; patched before world_submit */
    ClaimDocument document;
    Partner partner;
    Tenant tenant;
    const char *domains[2];
    Subscription subscriptions[WORLD_ITEM_COUNT_MAX];
    Poe evidence[WORLD_ITEM_COUNT_MAX];
    size_t subscription_count, evidence_count;
    bool has_partner, has_tenant;
    SlotBook slots;
    RulePolicy policy;
    Claim claim;
    int64_t first_submitted_at_ms, received_at_ms; /* the second is later for a revision */
} World;

typedef struct Patch {
    const char *pointer, *value; /* JSON; value NULL: removed */
} Patch;

typedef void WorldChange(World *world);

typedef struct RuleRow {
    Code of; /* the rule that the row is about */
    const char *name, *example;
    Patch patches[8];
    WorldChange *change;  /* of the reference data; NULL: as they are */
    const char *findings; /* "CODE[/line] kind, ..." by line and code; NULL: none */
    const char *lines;    /* "STATUS [REASON], ..."; NULL: all VALIDATED */
    const char *status;   /* of the claim; NULL: VALIDATED */
} RuleRow;

#define PASSES NULL, NULL, NULL /* findings, lines and status of a row that finds nothing */

/* CHANGE(name, statement): one change of the world, as a row names it. */
#define CHANGE(name, ...)                                                                          \
    static void name(World *world)                                                                 \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }

static ZoneSet *world_zones;
static Catalogue *world_catalogue;

static inline int64_t instant(const char *text)
{
    int64_t at_ms = 0;
    if (!clock_parse(text, strlen(text), &at_ms))
        fail_msg("no instant: %s", text);
    return at_ms;
}

static inline int32_t date(const char *text)
{
    int32_t day = 0;
    if (!clock_date_parse(text, strlen(text), &day))
        fail_msg("no date: %s", text);
    return day;
}

/* The installation's catalogue, and codes that begin and end around the day of submission. */
static inline int rules_group_open(void **state)
{
    Error error = {0};
    char path[] = "catalogue-XXXXXX"; /* in the working folder, which ctest makes the build's */
    (void)state;
    if (!zone_set_open(&world_zones, "/usr/share/zoneinfo", &error))
        fail_msg("%s", error.text);
    JSON_AUTO root = json_load_file(CPOR_SOURCE_DIR "/deploy/catalogue/products.json", 0, NULL);
    JSON_AUTO more =
        json_loads("[{\"code\":\"ENDED\",\"valid_to\":\"2026-11-01\"},"
                   "{\"code\":\"TODAY\",\"valid_from\":\"2026-11-02\",\"valid_to\":\"2026-11-02\"},"
                   "{\"code\":\"COMING\",\"valid_from\":\"2026-11-03\"}]",
                   0, NULL);
    for (size_t i = 0; i < json_array_size(more); i++) {
        json_t *item = json_array_get(more, i);
        json_object_set_new(item, "name", json_string("A workload"));
        json_object_set_new(item, "solution_area", json_string("MICROSOFT_365"));
        json_object_set_new(item, "dynamics", json_false());
        json_array_append(root, item);
    }
    const int file = mkstemp(path);
    assert_true(file >= 0 && json_dumpfd(root, file, 0) == 0 && close(file) == 0);
    const bool opened = catalogue_open(path, &world_catalogue, &error);
    unlink(path);
    if (!opened)
        fail_msg("%s", error.text);
    return 0;
}

static inline int rules_group_close(void **state)
{
    (void)state;
    catalogue_release(&world_catalogue);
    zone_set_release(&world_zones);
    return 0;
}

static inline const char *world_text(const World *world, const char *object, const char *member)
{
    const json_t *at = object == NULL ? world->root : json_object_get(world->root, object);
    return json_string_value(json_object_get(at, member));
}

static inline void world_add_subscription(World *world, const char *id, const char *product)
{
    assert_true(world->subscription_count < WORLD_ITEM_COUNT_MAX);
    world->subscriptions[world->subscription_count++] =
        (Subscription){.subscription_id = id,
                       .tenant_id = world->tenant.tenant_id,
                       .product = product,
                       .channel = CHANNEL_VOLUME_LICENSING,
                       .state = SUBSCRIPTION_ACTIVE,
                       .provisioned = true,
                       .starts_on = 20454,
                       .ends_on = DAY_NONE};
}

/* A world in which the example passes every rule. */
static inline void world_open(World *world, const char *example)
{
    const bool is_bizapps = strcmp(example, BIZAPPS) == 0;
    *world = (World){.root = example_load(example), .has_partner = true, .has_tenant = true};
    arena_init(&world->arena);
    slot_book_init(&world->slots, &world->arena);
    world->first_submitted_at_ms = world->received_at_ms = instant(SUBMITTED_AT);
    world->partner =
        (Partner){.mpn_id = arena_text(&world->arena, world_text(world, NULL, "mpn_id")),
                  .name = "A partner",
                  .location = true,
                  .country = "US",
                  .valid_from = DAY_NONE,
                  .valid_to = DAY_NONE};
    if (strcmp(example, M365) == 0)
        world->partner.enrolments = PROGRAM_OSU_M365;
    if (is_bizapps)
        world->partner.enrolments = PROGRAM_OSU_BIZAPPS | PROGRAM_OSA_SELL;
    world->domains[0] = arena_text(&world->arena, world_text(world, "customer", "domain"));
    world->domains[1] = "second.example";
    world->tenant =
        (Tenant){.tenant_id = arena_text(&world->arena, world_text(world, "customer", "tenant_id")),
                 .name = "A tenant",
                 .domains = world->domains,
                 .domain_count = 2,
                 .country = "US",
                 .locale = ""};
    if (is_bizapps)
        world_add_subscription(world, SALES_ID, "D365_SALES");
    if (is_bizapps)
        world_add_subscription(world, POWER_BI_ID, "POWER_BI");
    if (strcmp(example, REVENUE) == 0)
        world_add_subscription(world, FINANCE_ID, "D365_FINANCE");
    world->policy = (RulePolicy){.contact_at_customer = true,
                                 .grace_ms = GRACE_MS,
                                 .wait_ms = 7 * (int64_t)DAY_MS,
                                 .recheck_ms = DAY_MS};
}

static inline void world_close(World *world)
{
    json_decref(world->root);
    arena_deinit(&world->arena);
}

static inline void world_patch(World *world, const char *pointer, const char *value)
{
    patch_apply(world->root, pointer, value);
}

static inline void world_decode(World *world)
{
    document_decode(world->root, false, NULL, NULL, &world->arena, &world->document);
    for (size_t i = 0; i < world->document.poe_count; i++)
        world->document.poe[i].received_at_ms = world->received_at_ms;
}

static inline void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from == NULL ? "" : from);
}

/* The claim as it is stored before its first validation. */
static inline void world_submit(World *world)
{
    world_decode(world);
    const ClaimDocument *document = &world->document;
    Claim *claim = &world->claim;
    *claim = (Claim){.solution_area = document->solution_area,
                     .activities = document->activities,
                     .revision = 1,
                     .status = CLAIM_SUBMITTED,
                     .first_submitted_at_ms = world->first_submitted_at_ms,
                     .received_at_ms = world->received_at_ms};
    copy_text(claim->tenant_id, sizeof claim->tenant_id, world->tenant.tenant_id);
    copy_text(claim->claim_id, sizeof claim->claim_id, document->claim_id);
    copy_text(claim->mpn_id, sizeof claim->mpn_id, document->mpn_id);
    copy_text(claim->domain, sizeof claim->domain, document->domain);
    claim->lines = arena_new(&world->arena, (document->line_count + 1) * sizeof *claim->lines);
    for (size_t i = 0; i < document->line_count; i++) {
        if (document->lines[i].number == 0)
            continue;
        Line *line = &claim->lines[claim->line_count++];
        line->number = document->lines[i].number;
        line->poe_day = DAY_NONE;
    }
}

static inline const Zone *world_zone(const World *world)
{
    const Zone *zone = zone_find(world_zones, world->document.time_zone);
    return zone == NULL ? zone_find(world_zones, "America/New_York") : zone;
}

/* claim_validate in this world, at an instant. */
static inline void world_validate(World *world, int64_t at_ms)
{
    const RuleInput input = {
        .document = &world->document,
        .evidence = world->evidence_count == 0 ? NULL : world->evidence,
        .evidence_count = world->evidence_count,
        .partner = world->has_partner ? &world->partner : NULL,
        .tenant = world->has_tenant ? &world->tenant : NULL,
        .subscriptions = world->subscriptions,
        .subscription_count = world->subscription_count,
        .catalogue = world_catalogue,
        .slots = &world->slots,
        .zone = world_zone(world),
        .policy = &world->policy,
    };
    claim_validate(&world->claim, &input, at_ms, &world->arena);
}

static inline void world_add_evidence(World *world, Poe poe)
{
    assert_true(world->evidence_count < WORLD_ITEM_COUNT_MAX);
    world->evidence[world->evidence_count++] = poe;
}

/* ---- what came of it, as text ---- */

static inline void text_add(char *text, size_t size, const char *format, const char *a,
                            const char *b)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", used == 0 ? "" : ", ");
    snprintf(text + strlen(text), size - strlen(text), "%s%s%s", a, format, b);
}

/* What is published or waited for, by line and code: the order of finding is no contract. */
static inline char *findings_text(const Claim *claim, Arena *arena)
{
    enum { SIZE = 4000 };
    static const char *const kinds[] = {NULL, "refusal", "question", "wait"};
    char *text = arena_new(arena, SIZE);
    for (int32_t line = 0; line <= CLAIM_LINE_COUNT_MAX; line++) {
        for (int code = 1; code < CODE_COUNT; code++) {
            for (size_t i = 0; i < claim->finding_count; i++) {
                const Finding *it = &claim->findings[i];
                if (it->line != line || (int)it->code != code || it->kind == FINDING_NONE)
                    continue;
                const char *where = line == 0
                                        ? code_name(it->code)
                                        : arena_printf(arena, "%s/%d", code_name(it->code), line);
                text_add(text, SIZE, " ", where, kinds[it->kind]);
            }
        }
    }
    return text;
}

static inline char *lines_text(const Claim *claim, Arena *arena)
{
    enum { SIZE = 4000 };
    char *text = arena_new(arena, SIZE);
    for (size_t i = 0; i < claim->line_count; i++) {
        const char *reason = code_name(claim->lines[i].reason);
        text_add(text, SIZE, reason == NULL ? "" : " ", line_status_name(claim->lines[i].status),
                 reason == NULL ? "" : reason);
    }
    return text;
}

static inline void expect_text(const char *name, const char *what, const char *is,
                               const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        fail_msg("%s: %s are\n  %s\nwant\n  %s", name, what, is, wanted);
}

/* The three results of a validation; NULL as in a row. */
static inline void world_expect(World *world, const char *name, const char *findings,
                                const char *lines, const char *status)
{
    const Claim *claim = &world->claim;
    char *validated = arena_new(&world->arena, 4000);
    for (size_t i = 0; i < claim->line_count; i++)
        text_add(validated, 4000, "", "VALIDATED", "");
    expect_text(name, "findings", findings_text(claim, &world->arena),
                findings == NULL ? "" : findings);
    expect_text(name, "lines", lines_text(claim, &world->arena), lines == NULL ? validated : lines);
    expect_text(name, "status", claim_status_name(claim->status),
                status == NULL ? "VALIDATED" : status);
}

/* Every finding tells the partner where and what to do, and none but a duplicate names a claim. */
static inline void world_expect_guidance(const World *world, const char *name)
{
    for (size_t i = 0; i < world->claim.finding_count; i++) {
        const Finding *it = &world->claim.findings[i];
        if (it->message == NULL || strlen(it->message) < 10 || it->path == NULL ||
            it->path[0] != '/' || (it->line != 0) == code_row(it->code)->whole_claim ||
            (it->claim_id != NULL) != (it->code == CODE_DUPLICATE_OWN_CLAIM))
            fail_msg("%s: finding %s: path %s, line %d, message %s", name, code_name(it->code),
                     it->path, it->line, it->message);
    }
}

/* One validation, without grace: that has tests of its own. */
static inline void run_row(const RuleRow *row)
{
    World world;
    world_open(&world, row->example);
    world.policy.grace_ms = 0;
    for (const Patch *patch = row->patches; patch->pointer != NULL; patch++)
        world_patch(&world, patch->pointer, patch->value);
    if (row->change != NULL)
        row->change(&world);
    world_submit(&world);
    world_validate(&world, world.received_at_ms);
    world_expect(&world, row->name, row->findings, row->lines, row->status);
    world_expect_guidance(&world, row->name);
    assert_string_equal(world.claim.rules_version, RULES_VERSION);
    world_close(&world);
}

/* Each code from first to last has a row that finds it and a row about it that does not. */
static inline void expect_rows_for(const RuleRow *rows, size_t count, Code first, Code last)
{
    for (int code = (int)first; code <= (int)last; code++) {
        size_t violating = 0, passing = 0;
        for (size_t i = 0; i < count; i++) {
            const bool finds =
                rows[i].findings != NULL && strstr(rows[i].findings, code_name((Code)code)) != NULL;
            violating += finds && (int)rows[i].of == code;
            passing += !finds && (int)rows[i].of == code;
        }
        if (code_row((Code)code)->kind == FINDING_NONE || violating == 0 || passing == 0)
            fail_msg("%s has %zu rows that find it and %zu that do not", code_name((Code)code),
                     violating, passing);
    }
}
