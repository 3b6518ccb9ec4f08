/* test_rules_slot.c - rules about a line's slot: own duplicates and competition. */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FIRST(code) "REJECTED " code ", VALIDATED"
#define SECOND(code) "VALIDATED, REJECTED " code
#define SECOND_WAITS "VALIDATED, UNDER_REVIEW"
#define HELD "UNDER_REVIEW, UNDER_REVIEW"
#define ASKED "PARTNER_ACTION_REQUIRED"

CHANGE(sales_deleted, world->subscriptions[0].state = SUBSCRIPTION_DELETED)

static void contend(World *world, const char *slot, const char *mpn_id, const char *claim_id)
{
    slot_book_set_contender(&world->slots, world->tenant.tenant_id, slot, mpn_id, claim_id);
}

static void hold(World *world, const char *slot, const char *mpn_id, int32_t poe_day)
{
    Holder holder = {.line = 1, .poe_day = poe_day};
    copy_text(holder.mpn_id, sizeof holder.mpn_id, mpn_id);
    copy_text(holder.claim_id, sizeof holder.claim_id, "SECRET");
    slot_book_set_holder(&world->slots, world->tenant.tenant_id, slot, &holder);
}

CHANGE(own_claim_open, contend(world, "TEAMS", world->partner.mpn_id, "C-1"))
CHANGE(own_claim_is_this, contend(world, "TEAMS", world->partner.mpn_id, "C-2026-000123"))
CHANGE(other_claim_open, contend(world, "TEAMS", OTHER_MPN_ID, "C-1"))
CHANGE(own_claim_elsewhere, contend(world, "YAMMER", world->partner.mpn_id, "C-1"))
CHANGE(own_claim_for_revenue, contend(world, SALES_ID "/REVENUE", world->partner.mpn_id, "C-1"))
CHANGE(own_claim_of_record, contend(world, SALES_ID "/RECORD", world->partner.mpn_id, "C-1"))
CHANGE(own_revenue_open, contend(world, FINANCE_ID "/REVENUE", world->partner.mpn_id, "C-1"))
/* The Microsoft 365 claim's proof is of 2026-10-02, the Business Applications' of 2026-09-15. */
CHANGE(held_equal, hold(world, "TEAMS", OTHER_MPN_ID, date("2026-10-02")))
CHANGE(held_newer, hold(world, "TEAMS", OTHER_MPN_ID, date("2026-10-03")))
CHANGE(held_older, hold(world, "TEAMS", OTHER_MPN_ID, date("2026-10-01")))
CHANGE(held_without_date, hold(world, "TEAMS", OTHER_MPN_ID, DAY_NONE))
CHANGE(held_elsewhere, hold(world, "YAMMER", OTHER_MPN_ID, date("2026-10-03")))
CHANGE(held_record, hold(world, SALES_ID "/RECORD", OTHER_MPN_ID, date("2026-09-15")))
CHANGE(held_revenue, hold(world, SALES_ID "/REVENUE", OTHER_MPN_ID, date("2026-09-15")))
CHANGE(held_at_other_tenant,
       Holder holder = {.poe_day = date("2026-10-03"), .mpn_id = OTHER_MPN_ID};
       slot_book_set_holder(&world->slots, OTHER_TENANT_ID, "TEAMS", &holder))
CHANGE(own_and_held, own_claim_open(world); held_newer(world))
CHANGE(held_by_oneself, own_claim_open(world);
       hold(world, "TEAMS", world->partner.mpn_id, date("2026-10-03")))
CHANGE(sales_deleted_and_held, sales_deleted(world); held_record(world))

static const RuleRow rows[] = {
    {CODE_DUPLICATE_OWN_CLAIM,
     "an open claim of the partner",
     M365,
     {{0}},
     own_claim_open,
     "DUPLICATE_OWN_CLAIM/2 refusal",
     SECOND("DUPLICATE_OWN_CLAIM"),
     NULL},
    {CODE_DUPLICATE_OWN_CLAIM,
     "usage and pre-sales share a slot",
     BIZAPPS,
     {{"/program", NULL}, {"/activities", "[\"PRE_SALES\"]"}},
     own_claim_of_record,
     "DUPLICATE_OWN_CLAIM/1 refusal",
     FIRST("DUPLICATE_OWN_CLAIM"),
     NULL},
    {CODE_DUPLICATE_OWN_CLAIM,
     "of revenue",
     REVENUE,
     {{0}},
     own_revenue_open,
     "DUPLICATE_OWN_CLAIM/1 refusal",
     "REJECTED DUPLICATE_OWN_CLAIM",
     "REJECTED"},
    {CODE_DUPLICATE_OWN_CLAIM,
     "an earlier line has the workload",
     M365,
     {{"/lines/1/workload", "\"EXCHANGE_ONLINE\""}},
     NULL,
     "DUPLICATE_OWN_CLAIM/2 refusal",
     SECOND("DUPLICATE_OWN_CLAIM"),
     NULL},
    {CODE_DUPLICATE_OWN_CLAIM,
     "an earlier line named the subscription that is found",
     BIZAPPS,
     {{"/lines/1/product", "\"D365_SALES\""}},
     NULL,
     "DUPLICATE_OWN_CLAIM/2 refusal",
     SECOND("DUPLICATE_OWN_CLAIM"),
     NULL},
    {CODE_DUPLICATE_OWN_CLAIM, "this claim itself", M365, {{0}}, own_claim_is_this, PASSES},
    {CODE_DUPLICATE_OWN_CLAIM, "another partner's claim", M365, {{0}}, other_claim_open, PASSES},
    {CODE_DUPLICATE_OWN_CLAIM, "in another slot", M365, {{0}}, own_claim_elsewhere, PASSES},
    {CODE_DUPLICATE_OWN_CLAIM,
     "revenue is a slot of its own",
     BIZAPPS,
     {{0}},
     own_claim_for_revenue,
     PASSES},

    {CODE_COMPETING_CLAIM_OLDER_POE,
     "the holder's proof is as new",
     M365,
     {{0}},
     held_equal,
     "COMPETING_CLAIM_OLDER_POE/2 refusal",
     SECOND("COMPETING_CLAIM_OLDER_POE"),
     NULL},
    {CODE_COMPETING_CLAIM_OLDER_POE,
     "the holder's is newer",
     M365,
     {{0}},
     held_newer,
     "COMPETING_CLAIM_OLDER_POE/2 refusal",
     SECOND("COMPETING_CLAIM_OLDER_POE"),
     NULL},
    {CODE_COMPETING_CLAIM_OLDER_POE,
     "of a subscription",
     BIZAPPS,
     {{0}},
     held_record,
     "COMPETING_CLAIM_OLDER_POE/1 refusal",
     FIRST("COMPETING_CLAIM_OLDER_POE"),
     NULL},
    {CODE_COMPETING_CLAIM_OLDER_POE, "the holder's is older", M365, {{0}}, held_older, PASSES},
    {CODE_COMPETING_CLAIM_OLDER_POE,
     "the holder has no date",
     M365,
     {{0}},
     held_without_date,
     PASSES},
    {CODE_COMPETING_CLAIM_OLDER_POE,
     "held by the partner itself: a duplicate",
     M365,
     {{0}},
     held_by_oneself,
     "DUPLICATE_OWN_CLAIM/2 refusal",
     SECOND("DUPLICATE_OWN_CLAIM"),
     NULL},
    {CODE_COMPETING_CLAIM_OLDER_POE, "another slot is held", M365, {{0}}, held_elsewhere, PASSES},
    {CODE_COMPETING_CLAIM_OLDER_POE, "held for revenue", BIZAPPS, {{0}}, held_revenue, PASSES},
    {CODE_COMPETING_CLAIM_OLDER_POE,
     "at another tenant",
     M365,
     {{0}},
     held_at_other_tenant,
     PASSES},
    {CODE_COMPETING_CLAIM_OLDER_POE,
     "a proof that is not good does not compete",
     M365,
     {{"/poe/0/signed_by", "\"\""}},
     held_equal,
     "POE_NOT_SIGNED/1 question, POE_NOT_SIGNED/2 question",
     HELD,
     ASKED},

    {CODE_NONE,
     "own duplicate and competition",
     M365,
     {{0}},
     own_and_held,
     "DUPLICATE_OWN_CLAIM/2 refusal, COMPETING_CLAIM_OLDER_POE/2 refusal",
     SECOND("DUPLICATE_OWN_CLAIM"),
     NULL},
    {CODE_NONE,
     "inactive and held",
     BIZAPPS,
     {{0}},
     sales_deleted_and_held,
     "SUBSCRIPTION_INACTIVE/1 refusal, COMPETING_CLAIM_OLDER_POE/1 refusal",
     FIRST("SUBSCRIPTION_INACTIVE"),
     NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        run_row(&rows[i]);
    expect_rows_for(rows, COUNT_OF(rows), SLOT_CODES);
}

static void validate_once(World *world, const char *example, WorldChange *change)
{
    world_open(world, example);
    if (change != NULL)
        change(world);
    world_submit(world);
    world_validate(world, world->received_at_ms);
}

/* An own duplicate names the claim in its way; a competitor's is never named. */
static void test_named_claims(void **state)
{
    World world;
    (void)state;
    validate_once(&world, M365, own_and_held);
    assert_int_equal(world.claim.finding_count, 2);
    assert_string_equal(world.claim.findings[0].claim_id, "C-1");
    assert_string_equal(world.claim.findings[0].path, "/lines/1");
    assert_null(world.claim.findings[1].claim_id);
    assert_null(strstr(world.claim.findings[1].message, "SECRET"));
    world_close(&world);
    world_open(&world, M365);
    world_patch(&world, "/lines/1/workload", "\"EXCHANGE_ONLINE\"");
    world_submit(&world);
    world_validate(&world, world.received_at_ms);
    assert_string_equal(world.claim.findings[0].claim_id, world.claim.claim_id);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_named_claims),
    };
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
