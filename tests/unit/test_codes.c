/* test_codes.c - every word reads back as itself, and the kinds are those of the contract. */
#include "claim/codes.h"
#include "unit/codec_fixture.h"

static void test_codes(void **state)
{
    (void)state;
    assert_null(code_name(CODE_NONE));
    for (int i = 1; i < CODE_COUNT; i++) {
        Code code = CODE_NONE;
        assert_non_null(code_name((Code)i));
        assert_true(code_from_name(code_name((Code)i), &code));
        assert_int_equal(code, i);
    }
    Code code = CODE_SUPERSEDED;
    assert_false(code_from_name("NO_SUCH_CODE", &code));
    assert_false(code_from_name("", &code));
    assert_int_equal(code, CODE_SUPERSEDED);
}

static void test_kinds(void **state)
{
    static const struct {
        Code code;
        FindingKind kind;
        bool whole_claim;
    } rows[] = {
        {CODE_FIELD_MISSING, FINDING_REFUSAL, true},
        {CODE_WRONG_PROGRAM, FINDING_REFUSAL, true},
        {CODE_CONTACT_NOT_AT_CUSTOMER, FINDING_QUESTION, true},
        {CODE_REVENUE_FIELDS_MISSING, FINDING_REFUSAL, true},
        {CODE_PRODUCT_UNKNOWN, FINDING_REFUSAL, false},
        {CODE_PRODUCT_NOT_ON_TENANT, FINDING_WAIT, false},
        {CODE_SUBSCRIPTION_AMBIGUOUS, FINDING_QUESTION, false},
        {CODE_SUBSCRIPTION_NOT_ON_TENANT, FINDING_REFUSAL, false},
        {CODE_SUBSCRIPTION_NOT_PROVISIONED, FINDING_WAIT, false},
        {CODE_COMPETING_CLAIM_OLDER_POE, FINDING_REFUSAL, false},
        {CODE_POE_MISSING, FINDING_QUESTION, false},
        {CODE_POE_LINE_NOT_COVERED, FINDING_QUESTION, false},
        {CODE_POE_DISCLOSURE_MISSING, FINDING_QUESTION, true},
        {CODE_REVIEWER_REJECTED, FINDING_REFUSAL, false},
        {CODE_CONTACT_UNREACHABLE, FINDING_QUESTION, true},
        {CODE_NO_PARTNER_RESPONSE, FINDING_REFUSAL, true},
        {CODE_SUPERSEDED, FINDING_NONE, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(code_row(rows[i].code)->kind, rows[i].kind);
        assert_int_equal(code_row(rows[i].code)->whole_claim, rows[i].whole_claim);
    }
}

static void test_statuses(void **state)
{
    (void)state;
    assert_null(claim_status_name(CLAIM_NONE));
    for (int i = 1; i < CLAIM_STATUS_COUNT; i++) {
        ClaimStatus status = CLAIM_NONE;
        assert_true(claim_status_from_name(claim_status_name((ClaimStatus)i), &status));
        assert_int_equal(status, i);
    }
    for (int i = 0; i < LINE_STATUS_COUNT; i++) {
        LineStatus status = LINE_ENDED;
        assert_true(line_status_from_name(line_status_name((LineStatus)i), &status));
        assert_int_equal(status, i);
    }
    ClaimStatus claim_status = CLAIM_ENDED;
    LineStatus line_status = LINE_ENDED;
    assert_false(claim_status_from_name("DECLINED", &claim_status)); /* a line's word only */
    assert_false(line_status_from_name("SUBMITTED", &line_status));  /* a claim's word only */
}

static void test_sets(void **state)
{
    (void)state;
    assert_int_equal(activity_from_name("USAGE"), ACTIVITY_USAGE);
    assert_int_equal(activity_from_name("PRE_SALES"), ACTIVITY_PRE_SALES);
    assert_int_equal(activity_from_name("REVENUE_ASSOCIATION"), ACTIVITY_REVENUE_ASSOCIATION);
    assert_int_equal(activity_from_name("usage"), 0);
    assert_string_equal(activity_name(ACTIVITY_PRE_SALES), "PRE_SALES");
    assert_null(activity_name(3));
    assert_int_equal(program_from_name("OSU_M365"), PROGRAM_OSU_M365);
    assert_int_equal(program_from_name("OSU_BIZAPPS"), PROGRAM_OSU_BIZAPPS);
    assert_int_equal(program_from_name("OSA_SELL"), PROGRAM_OSA_SELL);
    assert_int_equal(program_from_name("CSP"), 0);
    assert_null(solution_area_name(AREA_UNKNOWN));
    assert_int_equal(solution_area_from_name("MICROSOFT_365"), AREA_MICROSOFT_365);
    assert_string_equal(solution_area_name(AREA_BUSINESS_APPLICATIONS), "BUSINESS_APPLICATIONS");
    assert_int_equal(solution_area_from_name("AZURE"), AREA_UNKNOWN);
    assert_string_equal(finding_kind_name(FINDING_REFUSAL), "refusal");
    assert_string_equal(finding_kind_name(FINDING_QUESTION), "question");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
