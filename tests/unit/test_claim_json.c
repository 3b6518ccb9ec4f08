/* test_claim_json.c - what a claim's row keeps comes back as it was. */
#include "claim/claim_json.h"
#include "unit/codec_fixture.h"

static Arena arena;

/* Every field of the first is set; the second has nothing but its number. */
static const Line full_lines[] = {
    {
        .number = 9999,
        .status = LINE_ENDED,
        .reason = CODE_SUPERSEDED,
        .check = CHECK_ASKED,
        .code = "D365_SALES",
        .is_product = true,
        .subscription_id = "0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42",
        .slot = "0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42/RECORD",
        .poe_day = 20728,
        .deadline_at_ms = 1794236400000,
        .official_at_ms = 1794236400001,
        .ended_at_ms = 1794236400002,
        .supersedes = "793bf399-3150-5084-bce8-515f33c593c7",
        .superseded_by = "5f21e2de-da01-58d4-9772-f14990c2087f",
    },
    {.number = 2, .poe_day = DAY_NONE},
    {.number = 3, .status = LINE_OFFICIAL, .check = CHECK_WAITS, .poe_day = 0},
    {.number = 0, .status = LINE_REJECTED, .check = CHECK_PASSED, .poe_day = -1},
};
enum { LINE_COUNT = sizeof full_lines / sizeof full_lines[0] };

static void check_line(const Line *got, const Line *wanted)
{
    assert_int_equal(got->number, wanted->number);
    assert_int_equal(got->status, wanted->status);
    assert_int_equal(got->reason, wanted->reason);
    assert_int_equal(got->check, wanted->check);
    assert_string_equal(got->code, wanted->code);
    assert_int_equal(got->is_product, wanted->is_product);
    assert_string_equal(got->subscription_id, wanted->subscription_id);
    assert_string_equal(got->slot, wanted->slot);
    assert_int_equal(got->poe_day, wanted->poe_day);
    assert_int_equal(got->deadline_at_ms, wanted->deadline_at_ms);
    assert_int_equal(got->official_at_ms, wanted->official_at_ms);
    assert_int_equal(got->ended_at_ms, wanted->ended_at_ms);
    assert_string_equal(got->supersedes, wanted->supersedes);
    assert_string_equal(got->superseded_by, wanted->superseded_by);
}

static void test_lines(void **state)
{
    Line lines[LINE_COUNT];
    Claim decoded = {0};
    (void)state;
    memcpy(lines, full_lines, sizeof lines);
    const Claim claim = {.lines = lines, .line_count = LINE_COUNT};
    const char *text = claim_lines_encode(&claim, &arena);
    assert_true(claim_lines_decode(text, &arena, &decoded, NULL));
    assert_int_equal(decoded.line_count, LINE_COUNT);
    for (size_t i = 0; i < LINE_COUNT; i++)
        check_line(&decoded.lines[i], &full_lines[i]);
    assert_string_equal(claim_lines_encode(&decoded, &arena), text);
    const Claim none = {0};
    assert_string_equal(claim_lines_encode(&none, &arena), "[]");
}

/* A new field changes the size: it belongs into claim_json.c's table and into full_lines. */
static void test_no_field_is_forgotten(void **state)
{
    (void)state;
    assert_int_equal(sizeof(Line), 296);
}

static void test_findings(void **state)
{
    Finding findings[] = {
        {CODE_POE_TOO_OLD, FINDING_QUESTION, 3, "/poe/0/signed_on", "Say \"why\"\n김", NULL},
        {CODE_PRODUCT_NOT_ON_TENANT, FINDING_WAIT, 1, NULL, NULL, NULL},
        {CODE_DUPLICATE_OWN_CLAIM, FINDING_REFUSAL, 0, "", "", "C-1"},
    };
    const Claim claim = {.findings = findings, .finding_count = 3};
    Claim decoded = {0};
    (void)state;
    const char *text = claim_findings_encode(&claim, &arena);
    assert_true(claim_findings_decode(text, &arena, &decoded, NULL));
    assert_int_equal(decoded.finding_count, 3);
    assert_int_equal(decoded.finding_room, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(decoded.findings[i].code, findings[i].code);
        assert_int_equal(decoded.findings[i].kind, findings[i].kind);
        assert_int_equal(decoded.findings[i].line, findings[i].line);
    }
    assert_string_equal(decoded.findings[0].message, findings[0].message);
    assert_string_equal(decoded.findings[0].path, "/poe/0/signed_on");
    assert_null(decoded.findings[1].path);
    assert_null(decoded.findings[1].message);
    assert_string_equal(decoded.findings[2].claim_id, "C-1");
    assert_string_equal(claim_findings_encode(&decoded, &arena), text);
}

static void test_rows_of_others(void **state)
{
    static const char *const lines[] = {
        "",
        "{}",
        "[7]",
        "[{}]",
        "[{\"n\":1,\"status\":\"NO\"}]",
        "[{\"n\":\"1\",\"status\":\"ENDED\"}]",
        "[{\"n\":4294967296,\"status\":\"ENDED\"}]",
        "[{\"n\":1,\"status\":\"ENDED\",\"reason\":\"NO\"}]",
        "[{\"n\":1,\"status\":\"ENDED\",\"check\":\"NO\"}]",
        "[{\"n\":1,\"status\":\"ENDED\",\"product\":2}]",
        "[{\"n\":1,\"status\":\"ENDED\",\"sub\":\"0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42x\"}]",
        "[{\"n\":1,\"status\":\"ENDED\",\"poe\":\"x\"}]",
    };
    static const char *const findings[] = {"",
                                           "{}",
                                           "[7]",
                                           "[{\"code\":\"NO\"}]",
                                           "[{\"code\":\"POE_MISSING\",\"kind\":\"NO\"}]",
                                           ("[{\"code\":\"POE_MISSING\",\"kind\":"
                                            "\"question\",\"line\":-1}]")};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        Claim claim = {.line_count = 7};
        Error error = {0};
        if (claim_lines_decode(lines[i], &arena, &claim, &error))
            fail_msg("taken: %s", lines[i]);
        assert_int_equal(error.class, ERROR_FATAL);
        assert_int_equal(claim.line_count, 7);
    }
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        Claim claim = {0};
        Error error = {0};
        assert_false(claim_findings_decode(findings[i], &arena, &claim, &error));
        assert_int_equal(error.class, ERROR_FATAL);
    }
}

static int group_end(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_field_is_forgotten),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_rows_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
