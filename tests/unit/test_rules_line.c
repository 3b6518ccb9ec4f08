/* test_rules_line.c - rules about one line: its product and its subscription. */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FIRST(code) "REJECTED " code ", VALIDATED"
#define SECOND(code) "VALIDATED, REJECTED " code
#define SECOND_WAITS "VALIDATED, UNDER_REVIEW"
#define HELD "UNDER_REVIEW, UNDER_REVIEW"
#define ASKED "PARTNER_ACTION_REQUIRED"

/* subscriptions[0] is the first line's (named), [1] the second's (found by its product). */
CHANGE(no_power_bi, world->subscription_count = 1)
CHANGE(power_bi_elsewhere, world->subscriptions[1].tenant_id = OTHER_TENANT_ID)
CHANGE(sales_elsewhere, world->subscriptions[0].tenant_id = OTHER_TENANT_ID)
CHANGE(sales_unknown, world->subscriptions[0] = world->subscriptions[--world->subscription_count])
CHANGE(sales_is_exchange, world->subscriptions[0].product = "EXCHANGE_ONLINE")
CHANGE(sales_is_unknown_product, world->subscriptions[0].product = "VISIO")
CHANGE(sales_is_finance, world->subscriptions[0].product = "D365_FINANCE")
CHANGE(sales_is_csp, world->subscriptions[0].channel = CHANNEL_CSP)
CHANGE(sales_is_web_direct, world->subscriptions[0].channel = CHANNEL_WEB_DIRECT)
CHANGE(sales_not_provisioned, world->subscriptions[0].provisioned = false)
CHANGE(power_bi_not_provisioned, world->subscriptions[1].provisioned = false)
CHANGE(sales_in_grace, world->subscriptions[0].state = SUBSCRIPTION_GRACE)
CHANGE(sales_suspended, world->subscriptions[0].state = SUBSCRIPTION_SUSPENDED)
CHANGE(sales_expired, world->subscriptions[0].state = SUBSCRIPTION_EXPIRED)
CHANGE(sales_deleted, world->subscriptions[0].state = SUBSCRIPTION_DELETED)
CHANGE(sales_csp_and_expired, world->subscriptions[0].state = SUBSCRIPTION_EXPIRED;
       world->subscriptions[0].channel = CHANNEL_CSP)
CHANGE(sales_csp_not_provisioned, world->subscriptions[0].provisioned = false;
       world->subscriptions[0].channel = CHANNEL_CSP)
CHANGE(two_power_bi, world_add_subscription(world, SECOND_ID, "POWER_BI"))
CHANGE(two_power_bi_one_grace, two_power_bi(world);
       world->subscriptions[2].state = SUBSCRIPTION_GRACE)
CHANGE(two_power_bi_one_suspended, two_power_bi(world);
       world->subscriptions[1].state = SUBSCRIPTION_SUSPENDED)
CHANGE(two_power_bi_one_not_provisioned, two_power_bi(world);
       world->subscriptions[1].provisioned = false)
CHANGE(two_power_bi_one_elsewhere, two_power_bi(world);
       world->subscriptions[2].tenant_id = OTHER_TENANT_ID)
CHANGE(two_power_bi_none_in_use, two_power_bi(world);
       world->subscriptions[1].state = SUBSCRIPTION_EXPIRED;
       world->subscriptions[2].state = SUBSCRIPTION_SUSPENDED; world->subscriptions[2].starts_on--)
CHANGE(two_power_bi_none_provisioned, two_power_bi_one_not_provisioned(world);
       world->subscriptions[2].provisioned = false)

static const RuleRow rows[] = {
    {CODE_PRODUCT_UNKNOWN,
     "in no catalogue",
     M365,
     {{"/lines/1/workload", "\"NO_SUCH\""}},
     NULL,
     "PRODUCT_UNKNOWN/2 refusal",
     SECOND("PRODUCT_UNKNOWN"),
     NULL},
    {CODE_PRODUCT_UNKNOWN,
     "a product as a workload",
     M365,
     {{"/lines/1/workload", "\"POWER_BI\""}},
     NULL,
     "PRODUCT_UNKNOWN/2 refusal",
     SECOND("PRODUCT_UNKNOWN"),
     NULL},
    {CODE_PRODUCT_UNKNOWN,
     "a workload as a product",
     BIZAPPS,
     {{"/lines/1/product", "\"TEAMS\""}},
     NULL,
     "PRODUCT_UNKNOWN/2 refusal",
     SECOND("PRODUCT_UNKNOWN"),
     NULL},
    {CODE_PRODUCT_UNKNOWN,
     "ended the day before",
     M365,
     {{"/lines/1/workload", "\"ENDED\""}},
     NULL,
     "PRODUCT_UNKNOWN/2 refusal",
     SECOND("PRODUCT_UNKNOWN"),
     NULL},
    {CODE_PRODUCT_UNKNOWN,
     "begins the next day",
     M365,
     {{"/lines/1/workload", "\"COMING\""}},
     NULL,
     "PRODUCT_UNKNOWN/2 refusal",
     SECOND("PRODUCT_UNKNOWN"),
     NULL},
    {CODE_PRODUCT_UNKNOWN,
     "valid on this day alone",
     M365,
     {{"/lines/1/workload", "\"TODAY\""}},
     NULL,
     PASSES},

    {CODE_PRODUCT_NOT_ON_TENANT,
     "no subscription",
     BIZAPPS,
     {{0}},
     no_power_bi,
     "PRODUCT_NOT_ON_TENANT/2 wait",
     SECOND_WAITS,
     "UNDER_REVIEW"},
    {CODE_PRODUCT_NOT_ON_TENANT,
     "only another tenant's",
     BIZAPPS,
     {{0}},
     power_bi_elsewhere,
     "PRODUCT_NOT_ON_TENANT/2 wait",
     SECOND_WAITS,
     "UNDER_REVIEW"},
    {CODE_PRODUCT_NOT_ON_TENANT,
     "an expired one is there",
     BIZAPPS,
     {{0}},
     two_power_bi_none_in_use,
     "SUBSCRIPTION_INACTIVE/2 refusal",
     SECOND("SUBSCRIPTION_INACTIVE"),
     NULL},
    {CODE_PRODUCT_NOT_ON_TENANT, "not asked of Microsoft 365", M365, {{0}}, NULL, PASSES},

    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "two active",
     BIZAPPS,
     {{0}},
     two_power_bi,
     "SUBSCRIPTION_AMBIGUOUS/2 question",
     HELD,
     ASKED},
    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "one active, one in grace",
     BIZAPPS,
     {{0}},
     two_power_bi_one_grace,
     "SUBSCRIPTION_AMBIGUOUS/2 question",
     HELD,
     ASKED},
    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "one of them named",
     BIZAPPS,
     {{"/lines/1/subscription_id", "\"" SECOND_ID "\""}},
     two_power_bi,
     PASSES},
    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "the other is suspended",
     BIZAPPS,
     {{0}},
     two_power_bi_one_suspended,
     PASSES},
    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "the other is not provisioned",
     BIZAPPS,
     {{0}},
     two_power_bi_one_not_provisioned,
     PASSES},
    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "the other is another tenant's",
     BIZAPPS,
     {{0}},
     two_power_bi_one_elsewhere,
     PASSES},
    {CODE_SUBSCRIPTION_AMBIGUOUS,
     "none provisioned: the oldest is judged",
     BIZAPPS,
     {{0}},
     two_power_bi_none_provisioned,
     "SUBSCRIPTION_NOT_PROVISIONED/2 wait",
     SECOND_WAITS,
     "UNDER_REVIEW"},

    {CODE_SUBSCRIPTION_NOT_ON_TENANT,
     "another tenant's",
     BIZAPPS,
     {{0}},
     sales_elsewhere,
     "SUBSCRIPTION_NOT_ON_TENANT/1 refusal",
     FIRST("SUBSCRIPTION_NOT_ON_TENANT"),
     NULL},
    {CODE_SUBSCRIPTION_NOT_ON_TENANT,
     "not known at all",
     BIZAPPS,
     {{0}},
     sales_unknown,
     "SUBSCRIPTION_NOT_ON_TENANT/1 wait",
     "UNDER_REVIEW, VALIDATED",
     "UNDER_REVIEW"},
    {CODE_SUBSCRIPTION_NOT_ON_TENANT,
     "named in capitals",
     BIZAPPS,
     {{"/lines/0/subscription_id", "\"0D9F3A52-6C1E-4B7A-9F20-3E5D7C9B1A42\""}},
     NULL,
     PASSES},

    {CODE_SUBSCRIPTION_NOT_DYNAMICS,
     "Microsoft 365",
     BIZAPPS,
     {{0}},
     sales_is_exchange,
     "SUBSCRIPTION_NOT_DYNAMICS/1 refusal, SUBSCRIPTION_PRODUCT_MISMATCH/1 refusal",
     FIRST("SUBSCRIPTION_NOT_DYNAMICS"),
     NULL},
    {CODE_SUBSCRIPTION_NOT_DYNAMICS,
     "in no catalogue",
     BIZAPPS,
     {{0}},
     sales_is_unknown_product,
     "SUBSCRIPTION_NOT_DYNAMICS/1 refusal, SUBSCRIPTION_PRODUCT_MISMATCH/1 refusal",
     FIRST("SUBSCRIPTION_NOT_DYNAMICS"),
     NULL},
    {CODE_SUBSCRIPTION_NOT_DYNAMICS,
     "Power Platform",
     BIZAPPS,
     {{"/lines/1/subscription_id", "\"" POWER_BI_ID "\""}},
     NULL,
     PASSES},
    {CODE_SUBSCRIPTION_PRODUCT_MISMATCH,
     "of another product",
     BIZAPPS,
     {{0}},
     sales_is_finance,
     "SUBSCRIPTION_PRODUCT_MISMATCH/1 refusal",
     FIRST("SUBSCRIPTION_PRODUCT_MISMATCH"),
     NULL},
    {CODE_SUBSCRIPTION_PRODUCT_MISMATCH, "of the product", REVENUE, {{0}}, NULL, PASSES},

    {CODE_SUBSCRIPTION_CSP,
     "bought through CSP",
     BIZAPPS,
     {{0}},
     sales_is_csp,
     "SUBSCRIPTION_CSP/1 refusal",
     FIRST("SUBSCRIPTION_CSP"),
     NULL},
    {CODE_SUBSCRIPTION_CSP, "web direct", BIZAPPS, {{0}}, sales_is_web_direct, PASSES},
    {CODE_SUBSCRIPTION_NOT_PROVISIONED,
     "named",
     BIZAPPS,
     {{0}},
     sales_not_provisioned,
     "SUBSCRIPTION_NOT_PROVISIONED/1 wait",
     "UNDER_REVIEW, VALIDATED",
     "UNDER_REVIEW"},
    {CODE_SUBSCRIPTION_NOT_PROVISIONED,
     "found",
     BIZAPPS,
     {{0}},
     power_bi_not_provisioned,
     "SUBSCRIPTION_NOT_PROVISIONED/2 wait",
     SECOND_WAITS,
     "UNDER_REVIEW"},
    {CODE_SUBSCRIPTION_NOT_PROVISIONED, "provisioned", BIZAPPS, {{0}}, NULL, PASSES},
    {CODE_SUBSCRIPTION_INACTIVE,
     "suspended",
     BIZAPPS,
     {{0}},
     sales_suspended,
     "SUBSCRIPTION_INACTIVE/1 refusal",
     FIRST("SUBSCRIPTION_INACTIVE"),
     NULL},
    {CODE_SUBSCRIPTION_INACTIVE,
     "expired",
     BIZAPPS,
     {{0}},
     sales_expired,
     "SUBSCRIPTION_INACTIVE/1 refusal",
     FIRST("SUBSCRIPTION_INACTIVE"),
     NULL},
    {CODE_SUBSCRIPTION_INACTIVE,
     "deleted",
     BIZAPPS,
     {{0}},
     sales_deleted,
     "SUBSCRIPTION_INACTIVE/1 refusal",
     FIRST("SUBSCRIPTION_INACTIVE"),
     NULL},
    {CODE_SUBSCRIPTION_INACTIVE, "in grace", BIZAPPS, {{0}}, sales_in_grace, PASSES},

    {CODE_NONE,
     "several refusals: the first in the table is the reason",
     BIZAPPS,
     {{0}},
     sales_csp_and_expired,
     "SUBSCRIPTION_CSP/1 refusal, SUBSCRIPTION_INACTIVE/1 refusal",
     FIRST("SUBSCRIPTION_CSP"),
     NULL},
    {CODE_NONE,
     "a refusal does not wait for provisioning",
     BIZAPPS,
     {{0}},
     sales_csp_not_provisioned,
     "SUBSCRIPTION_CSP/1 refusal",
     FIRST("SUBSCRIPTION_CSP"),
     NULL},
    {CODE_NONE,
     "a question about a refused line holds nothing",
     M365,
     {{"/lines/1/workload", "\"NO_SUCH\""}, {"/poe/0/covers", "[1]"}},
     NULL,
     "PRODUCT_UNKNOWN/2 refusal, POE_LINE_NOT_COVERED/2 question",
     SECOND("PRODUCT_UNKNOWN"),
     NULL},
    {CODE_NONE,
     "a question about one line holds the other",
     M365,
     {{"/poe/0/covers", "[1]"}},
     NULL,
     "POE_LINE_NOT_COVERED/2 question",
     HELD,
     ASKED},
    {CODE_NONE,
     "all lines refused",
     M365,
     {{"/lines/0/workload", "\"NO_SUCH\""}, {"/lines/1/workload", "\"NO_SUCH_EITHER\""}},
     NULL,
     "PRODUCT_UNKNOWN/1 refusal, PRODUCT_UNKNOWN/2 refusal",
     "REJECTED PRODUCT_UNKNOWN, REJECTED PRODUCT_UNKNOWN",
     "REJECTED"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        run_row(&rows[i]);
    expect_rows_for(rows, COUNT_OF(rows), LINE_CODES);
}

static void validate_once(World *world, const char *example, WorldChange *change)
{
    world_open(world, example);
    if (change != NULL)
        change(world);
    world_submit(world);
    world_validate(world, world->received_at_ms);
}

/* What a validated line knows: its slot, its subscription and its proof's day. */
static void test_facts_of_lines(void **state)
{
    World world;
    (void)state;
    validate_once(&world, BIZAPPS, NULL);
    const Line *lines = world.claim.lines;
    assert_string_equal(lines[0].slot, SALES_ID "/RECORD");
    assert_string_equal(lines[1].slot, POWER_BI_ID "/RECORD");
    assert_string_equal(lines[1].subscription_id, POWER_BI_ID);
    assert_int_equal(lines[0].poe_day, date("2026-09-15"));
    world_close(&world);
    validate_once(&world, REVENUE, NULL);
    assert_string_equal(world.claim.lines[0].slot, FINANCE_ID "/REVENUE");
    world_close(&world);
    validate_once(&world, M365, NULL);
    assert_string_equal(world.claim.lines[1].slot, "TEAMS");
    world_close(&world);
    validate_once(&world, BIZAPPS, two_power_bi_one_suspended);
    assert_string_equal(world.claim.lines[1].subscription_id, SECOND_ID); /* the one in use */
    world_close(&world);
    validate_once(&world, BIZAPPS, two_power_bi_none_in_use);
    assert_string_equal(world.claim.lines[1].subscription_id, SECOND_ID); /* the oldest */
    world_close(&world);
}

static void test_programs_needed(void **state)
{
    static const struct {
        SolutionArea area;
        unsigned activities, programs;
    } needs[] = {
        {AREA_MICROSOFT_365, ACTIVITY_USAGE, PROGRAM_OSU_M365},
        {AREA_BUSINESS_APPLICATIONS, ACTIVITY_USAGE, PROGRAM_OSU_BIZAPPS},
        {AREA_BUSINESS_APPLICATIONS, ACTIVITY_PRE_SALES, PROGRAM_OSA_SELL},
        {AREA_BUSINESS_APPLICATIONS, ACTIVITY_USAGE | ACTIVITY_PRE_SALES,
         PROGRAM_OSU_BIZAPPS | PROGRAM_OSA_SELL},
        {AREA_BUSINESS_APPLICATIONS, ACTIVITY_REVENUE_ASSOCIATION, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(needs); i++)
        assert_int_equal(programs_needed(needs[i].area, needs[i].activities), needs[i].programs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_facts_of_lines),
        cmocka_unit_test(test_programs_needed),
    };
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
