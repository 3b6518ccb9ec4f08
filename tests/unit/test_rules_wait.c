/* test_rules_wait.c - validation over time: grace, waits and re-checks, questions, review. */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HELD "UNDER_REVIEW, UNDER_REVIEW"
#define ASKED "PARTNER_ACTION_REQUIRED"
#define REFUSED(code) "REJECTED " code ", REJECTED " code

static const int64_t wait_ms = 7 * (int64_t)DAY_MS;

/* Validates at an instant after the first submission and compares. */
static void step(World *world, int64_t after_ms, const char *name, const char *findings,
                 const char *lines, const char *status)
{
    world_validate(world, world->first_submitted_at_ms + after_ms);
    world_expect(world, name, findings, lines, status);
}

static void expect_recheck(const World *world, int64_t after_ms)
{
    assert_int_equal(world->claim.recheck_at_ms - world->first_submitted_at_ms, after_ms);
}

/* ---- grace: a partner's or tenant's record is missing ---- */

typedef struct GraceRow {
    const char *name;
    bool has_partner, has_tenant;
    const char *findings; /* after it */
    const char *lines;
} GraceRow;

static const GraceRow grace_rows[] = {
    {"partner", false, true,
     "PARTNER_UNKNOWN refusal, CONTACT_NOT_AT_CUSTOMER question, POE_LINE_NOT_COVERED/2 question",
     REFUSED("PARTNER_UNKNOWN")},
    {"tenant", true, false, "DOMAIN_TENANT_MISMATCH refusal, POE_LINE_NOT_COVERED/2 question",
     REFUSED("DOMAIN_TENANT_MISMATCH")},
    {"both", false, false,
     "PARTNER_UNKNOWN refusal, DOMAIN_TENANT_MISMATCH refusal, POE_LINE_NOT_COVERED/2 question",
     REFUSED("PARTNER_UNKNOWN")},
};

/* Nothing is reported in grace, not even a question; then everything, together. */
static void test_grace_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(grace_rows); i++) {
        const GraceRow *row = &grace_rows[i];
        World world;
        world_open(&world, M365);
        world_patch(&world, "/customer/contact/email", "\"a@b.example\"");
        world_patch(&world, "/poe/0/covers", "[1]");
        world.has_partner = row->has_partner;
        world.has_tenant = row->has_tenant;
        world_submit(&world);
        step(&world, 0, row->name, NULL, HELD, "UNDER_REVIEW");
        expect_recheck(&world, GRACE_MS);
        assert_true(world.claim.grace);
        step(&world, GRACE_MS - 1, row->name, NULL, HELD, "UNDER_REVIEW");
        expect_recheck(&world, GRACE_MS);
        step(&world, GRACE_MS, row->name, row->findings, row->lines, "REJECTED");
        expect_recheck(&world, -world.first_submitted_at_ms); /* none */
        assert_false(world.claim.grace);
        world_close(&world);
    }
}

static void test_record_comes_in_grace(void **state)
{
    World world;
    (void)state;
    world_open(&world, M365);
    world.has_partner = world.has_tenant = false;
    world_submit(&world);
    step(&world, 0, "both missing", NULL, HELD, "UNDER_REVIEW");
    world.has_tenant = true;
    step(&world, 1000, "tenant came", NULL, HELD, "UNDER_REVIEW");
    world.has_partner = true;
    step(&world, 2000, "partner came", NULL, NULL, NULL);
    assert_false(world.claim.grace);
    assert_int_equal(world.claim.recheck_at_ms, 0);
    world_close(&world);
}

/* What comes is judged like any other: here it brings a refusal, and a question is asked. */
static void test_record_comes_in_grace_and_refuses(void **state)
{
    World world;
    (void)state;
    world_open(&world, M365);
    world_patch(&world, "/poe/0/covers", "[1]");
    world.has_partner = false;
    world_submit(&world);
    step(&world, 0, "missing", NULL, HELD, "UNDER_REVIEW");
    world.has_partner = true;
    world.partner.location = false;
    step(&world, 1000, "came", "MPN_NOT_LOCATION refusal, POE_LINE_NOT_COVERED/2 question",
         REFUSED("MPN_NOT_LOCATION"), "REJECTED");
    world_close(&world);
}

/* Another refusal of the claim is there: nothing to wait for. */
static void test_no_grace_beside_a_refusal(void **state)
{
    World world;
    (void)state;
    world_open(&world, M365);
    world_patch(&world, "/program", "\"CSP\"");
    world.has_partner = false;
    world_submit(&world);
    step(&world, 0, "refused", "WRONG_PROGRAM refusal, PARTNER_UNKNOWN refusal",
         REFUSED("WRONG_PROGRAM"), "REJECTED");
    world_close(&world);
    world_open(&world, M365);
    world_patch(&world, "/claim_name", NULL);
    world.has_tenant = false;
    world_submit(&world);
    step(&world, 0, "bad field", "FIELD_MISSING refusal, DOMAIN_TENANT_MISMATCH refusal",
         REFUSED("FIELD_MISSING"), "REJECTED");
    world_close(&world);
}

/* ---- waits: a subscription may take seven days to show ---- */

CHANGE(no_power_bi, world->subscription_count = 1)
CHANGE(no_sales, world->subscriptions[0].subscription_id = SECOND_ID;
       world->subscriptions[0].product = "D365_FINANCE")
CHANGE(not_provisioned, world->subscriptions[1].provisioned = false)
CHANGE(power_bi_comes, world->subscription_count = 2)
CHANGE(sales_comes, world->subscriptions[0].subscription_id = SALES_ID;
       world->subscriptions[0].product = "D365_SALES")
CHANGE(provisioned, world->subscriptions[1].provisioned = true)

typedef struct WaitRow {
    const char *code, *finding;
    WorldChange *missing, *comes;
    const char *lines_waiting, *lines_refused;
} WaitRow;

static const WaitRow wait_rows[] = {
    {"PRODUCT_NOT_ON_TENANT", "PRODUCT_NOT_ON_TENANT/2", no_power_bi, power_bi_comes,
     "VALIDATED, UNDER_REVIEW", "VALIDATED, REJECTED PRODUCT_NOT_ON_TENANT"},
    {"SUBSCRIPTION_NOT_ON_TENANT", "SUBSCRIPTION_NOT_ON_TENANT/1", no_sales, sales_comes,
     "UNDER_REVIEW, VALIDATED", "REJECTED SUBSCRIPTION_NOT_ON_TENANT, VALIDATED"},
    {"SUBSCRIPTION_NOT_PROVISIONED", "SUBSCRIPTION_NOT_PROVISIONED/2", not_provisioned, provisioned,
     "VALIDATED, UNDER_REVIEW", "VALIDATED, REJECTED SUBSCRIPTION_NOT_PROVISIONED"},
};

static void expect_waiting(World *world, const WaitRow *row, int64_t after_ms, int64_t next_ms)
{
    step(world, after_ms, row->code, arena_printf(&world->arena, "%s wait", row->finding),
         row->lines_waiting, "UNDER_REVIEW");
    expect_recheck(world, next_ms);
}

static void wait_begin(World *world, const WaitRow *row)
{
    world_open(world, BIZAPPS);
    row->missing(world);
    world_submit(world);
    expect_waiting(world, row, 0, DAY_MS);
}

/* Looked at daily, refused exactly after seven days and not before. */
static void test_wait_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wait_rows); i++) {
        const WaitRow *row = &wait_rows[i];
        World world;
        wait_begin(&world, row);
        expect_waiting(&world, row, 3600 * 1000, DAY_MS); /* a record came, not the one */
        expect_waiting(&world, row, DAY_MS, 2 * (int64_t)DAY_MS);
        expect_waiting(&world, row, wait_ms - DAY_MS, wait_ms);
        expect_waiting(&world, row, wait_ms - 1, wait_ms);
        step(&world, wait_ms, row->code, arena_printf(&world.arena, "%s refusal", row->finding),
             row->lines_refused, NULL);
        assert_int_equal(world.claim.recheck_at_ms, 0);
        world_close(&world);
    }
}

static void test_record_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wait_rows); i++) {
        World world;
        wait_begin(&world, &wait_rows[i]);
        wait_rows[i].comes(&world);
        step(&world, wait_ms - 1, wait_rows[i].code, NULL, NULL, NULL);
        assert_int_equal(world.claim.recheck_at_ms, 0);
        world_close(&world);
    }
}

/* Looks at other times than daily, and never later than the end of the wait. */
static void test_recheck_is_not_after_the_end(void **state)
{
    World world;
    (void)state;
    world_open(&world, BIZAPPS);
    no_power_bi(&world);
    world.policy.recheck_ms = 5 * (int64_t)DAY_MS;
    world_submit(&world);
    expect_waiting(&world, &wait_rows[0], 0, 5 * (int64_t)DAY_MS);
    expect_waiting(&world, &wait_rows[0], 5 * (int64_t)DAY_MS, wait_ms);
    world_close(&world);
}

/* What comes may be another tenant's: then there is nothing to wait for. */
static void test_awaited_subscription_is_foreign(void **state)
{
    World world;
    (void)state;
    wait_begin(&world, &wait_rows[1]);
    sales_comes(&world);
    world.subscriptions[0].tenant_id = OTHER_TENANT_ID;
    step(&world, DAY_MS, "foreign", "SUBSCRIPTION_NOT_ON_TENANT/1 refusal",
         "REJECTED SUBSCRIPTION_NOT_ON_TENANT, VALIDATED", NULL);
    world_close(&world);
}

/* Only lines that wait are judged again: what passed is not asked anew. */
static void test_recheck_leaves_other_lines(void **state)
{
    World world;
    (void)state;
    wait_begin(&world, &wait_rows[0]);
    world.subscriptions[0].state = SUBSCRIPTION_EXPIRED;
    world.partner.location = false;
    power_bi_comes(&world);
    step(&world, DAY_MS, "re-check", NULL, NULL, NULL);
    world_close(&world);
}

/* ---- waits and questions ---- */

/* A question is asked at once even while another line waits; the wait runs on meanwhile. */
static void test_wait_runs_on_while_asked(void **state)
{
    const char *asked = "POE_LINE_NOT_COVERED/1 question";
    World world;
    (void)state;
    for (int comes = 0; comes <= 1; comes++) {
        world_open(&world, BIZAPPS);
        world_patch(&world, "/poe/0/covers", "[2]");
        no_power_bi(&world);
        world_submit(&world);
        step(&world, 0, "asked and waiting",
             "POE_LINE_NOT_COVERED/1 question, PRODUCT_NOT_ON_TENANT/2 wait", HELD, ASKED);
        expect_recheck(&world, DAY_MS);
        if (comes) {
            power_bi_comes(&world);
            step(&world, wait_ms - 1, "the record came, still asked", asked, HELD, ASKED);
            assert_int_equal(world.claim.lines[1].check, CHECK_PASSED);
        } else {
            step(&world, wait_ms, "the wait is over, still asked",
                 "POE_LINE_NOT_COVERED/1 question, PRODUCT_NOT_ON_TENANT/2 refusal",
                 "UNDER_REVIEW, REJECTED PRODUCT_NOT_ON_TENANT", ASKED);
        }
        world_close(&world);
    }
}

/* The same line both waits and is asked about; the question is not doubled by a re-check. */
static void test_line_waits_and_is_asked(void **state)
{
    World world;
    (void)state;
    world_open(&world, BIZAPPS);
    world_patch(&world, "/poe/0/covers", "[1]");
    no_power_bi(&world);
    world_submit(&world);
    for (int day = 0; day < 3; day++)
        step(&world, day * (int64_t)DAY_MS, "both",
             "PRODUCT_NOT_ON_TENANT/2 wait, POE_LINE_NOT_COVERED/2 question", HELD, ASKED);
    power_bi_comes(&world);
    step(&world, 3 * (int64_t)DAY_MS, "asked", "POE_LINE_NOT_COVERED/2 question", HELD, ASKED);
    world_close(&world);
}

/* A line VALIDATED before another line's wait became a question goes back to UNDER_REVIEW. */
static void test_wait_becomes_a_question(void **state)
{
    World world;
    (void)state;
    wait_begin(&world, &wait_rows[0]);
    power_bi_comes(&world);
    world_add_subscription(&world, SECOND_ID, "POWER_BI");
    step(&world, DAY_MS, "two came", "SUBSCRIPTION_AMBIGUOUS/2 question", HELD, ASKED);
    assert_int_equal(world.claim.recheck_at_ms, 0);
    world_close(&world);
}

/* A revision starts the wait anew, and clears the findings. */
static void test_revision_waits_anew(void **state)
{
    World world;
    (void)state;
    wait_begin(&world, &wait_rows[0]);
    world.claim.revision = 2;
    world.claim.validated_at_ms = 0;
    for (size_t i = 0; i < world.claim.line_count; i++)
        world.claim.lines[i] = (Line){.number = world.claim.lines[i].number, .poe_day = DAY_NONE};
    expect_waiting(&world, &wait_rows[0], wait_ms, wait_ms + DAY_MS);
    assert_int_equal(world.claim.validated_at_ms, world.first_submitted_at_ms + wait_ms);
    expect_waiting(&world, &wait_rows[0], 2 * wait_ms - 1, 2 * wait_ms);
    world_close(&world);
}

/* ---- review ---- */

typedef struct ReviewRow {
    const char *name, *example;
    ReviewPolicy policy;
    unsigned programs;
    bool held;
} ReviewRow;

static const ReviewRow review_rows[] = {
    {"none", M365, REVIEW_NONE, 0, false},
    {"all", M365, REVIEW_ALL, 0, true},
    {"all, of revenue too", REVENUE, REVIEW_ALL, 0, true},
    {"the programme", M365, REVIEW_PROGRAMS, PROGRAM_OSU_M365, true},
    {"another programme", M365, REVIEW_PROGRAMS, PROGRAM_OSU_BIZAPPS | PROGRAM_OSA_SELL, false},
    {"one of two programmes", BIZAPPS, REVIEW_PROGRAMS, PROGRAM_OSA_SELL, true},
    {"revenue has no programme", REVENUE, REVIEW_PROGRAMS,
     PROGRAM_OSU_M365 | PROGRAM_OSU_BIZAPPS | PROGRAM_OSA_SELL, false},
};

static void test_review(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(review_rows); i++) {
        const ReviewRow *row = &review_rows[i];
        World world;
        world_open(&world, row->example);
        world.policy.review = row->policy;
        world.policy.review_programs = row->programs;
        world_submit(&world);
        const char *held = world.claim.line_count == 1 ? "UNDER_REVIEW" : HELD;
        step(&world, 0, row->name, NULL, row->held ? held : NULL,
             row->held ? "UNDER_REVIEW" : NULL);
        assert_int_equal(world.claim.review_pending, row->held);
        assert_false(claim_wants_notice(&world.claim) == row->held);
        world_close(&world);
    }
}

/* A review waits for no refusal, and a question is asked all the same. */
static void test_review_beside_findings(void **state)
{
    World world;
    (void)state;
    world_open(&world, M365);
    world.policy.review = REVIEW_ALL;
    world_patch(&world, "/lines/1/workload", "\"NO_SUCH\"");
    world_submit(&world);
    step(&world, 0, "a line refused", "PRODUCT_UNKNOWN/2 refusal",
         "UNDER_REVIEW, REJECTED PRODUCT_UNKNOWN", "UNDER_REVIEW");
    world_close(&world);
    world_open(&world, M365);
    world.policy.review = REVIEW_ALL;
    world_patch(&world, "/program", "\"CSP\"");
    world_submit(&world);
    step(&world, 0, "refused", "WRONG_PROGRAM refusal", REFUSED("WRONG_PROGRAM"), "REJECTED");
    world_close(&world);
    world_open(&world, M365);
    world.policy.review = REVIEW_ALL;
    world_patch(&world, "/poe/0/covers", "[1]");
    world_submit(&world);
    step(&world, 0, "asked", "POE_LINE_NOT_COVERED/2 question", HELD, ASKED);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grace_ends),
        cmocka_unit_test(test_record_comes_in_grace),
        cmocka_unit_test(test_record_comes_in_grace_and_refuses),
        cmocka_unit_test(test_no_grace_beside_a_refusal),
        cmocka_unit_test(test_wait_ends),
        cmocka_unit_test(test_record_comes),
        cmocka_unit_test(test_recheck_is_not_after_the_end),
        cmocka_unit_test(test_awaited_subscription_is_foreign),
        cmocka_unit_test(test_recheck_leaves_other_lines),
        cmocka_unit_test(test_wait_runs_on_while_asked),
        cmocka_unit_test(test_line_waits_and_is_asked),
        cmocka_unit_test(test_wait_becomes_a_question),
        cmocka_unit_test(test_revision_waits_anew),
        cmocka_unit_test(test_review),
        cmocka_unit_test(test_review_beside_findings),
    };
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
