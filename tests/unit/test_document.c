/* test_document.c - the values of a claim document, many findings at once, its canonical form. */
#include "unit/document_fixture.h"

static void test_values(void **state)
{
    JSON_AUTO root = example_load("claim-bizapps");
    (void)state;
    patch_apply(root, "/customer/tenant_id", "\"2B7E1516-28AE-4D2A-ABF7-158809CF4F3C\"");
    patch_apply(root, "/customer/domain", "\"LitWare.Example\"");
    patch_apply(root, "/lines/0/subscription_id", "\"0D9F3A52-6C1E-4B7A-9F20-3E5D7C9B1A42\"");
    patch_apply(root, "/customer/time_zone", "null");
    const ClaimDocument document = decode(root, false);
    assert_int_equal(document.finding_count, 0);
    assert_string_equal(document.claim_id, "C-2026-000457");
    assert_string_equal(document.tenant_id, "2b7e1516-28ae-4d2a-abf7-158809cf4f3c");
    assert_string_equal(document.domain, "litware.example");
    assert_string_equal(document.contact.email, "dana.whitfield@litware.example");
    assert_true(document.has_technical_contact);
    assert_string_equal(document.technical_contact.name, "Omar Reyes");
    assert_string_equal(document.country, "US");
    assert_null(document.time_zone);
    assert_string_equal(document.partner_name, "Northwind Consulting");
    assert_int_equal(document.solution_area, AREA_BUSINESS_APPLICATIONS);
    assert_int_equal(document.activities, ACTIVITY_USAGE | ACTIVITY_PRE_SALES);
    assert_true(document.activities_readable);
    assert_string_equal(document.program, "OSU_BIZAPPS");
    assert_int_equal(document.line_count, 2);
    assert_int_equal(document.lines[0].number, 1);
    assert_string_equal(document.lines[0].product, "D365_SALES");
    assert_string_equal(document.lines[0].subscription_id, "0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42");
    assert_null(document.lines[1].subscription_id);
    assert_int_equal(document.poe_count, 1);
    assert_int_equal(document.poe[0].signed_on, 20711); /* 2026-09-15 */
    assert_int_equal(document.poe[0].cover_count, 2);
    assert_int_equal(document.poe[0].covers[1], 2);
    assert_true(document.poe[0].public_sector_disclosure);
    assert_int_equal(document.poe[0].index, 0);
    assert_null(document.revenue_seller);
}

static void test_all_at_once(void **state)
{
    static const char *const paths[] = {"/activities", "/claim_id",     "/claim_name",
                                        "/customer",   "/lines",        "/mpn_id",
                                        "/partner",    "/solution_area"};
    JSON_AUTO root = json_object();
    (void)state;
    const ClaimDocument document = decode(root, false);
    assert_int_equal(document.finding_count, sizeof paths / sizeof paths[0]);
    for (size_t i = 0; i < document.finding_count; i++) {
        assert_int_equal(document.findings[i].code, CODE_FIELD_MISSING);
        assert_string_equal(document.findings[i].path, paths[i]);
    }
    assert_false(document.activities_readable);
    assert_int_equal(document.line_count, 0);
}

/* What one line is does not touch the others. */
static void test_unreadable_lines(void **state)
{
    JSON_AUTO root = valid_document();
    (void)state;
    patch_apply(
        root, "/lines",
        "[7, {\"line\":\"x\",\"product\":\"POWER_BI\"}, {\"line\":3,\"product\":\"POWER_BI\"},"
        " {\"line\":3,\"product\":\"POWER_APPS\"}]");
    patch_apply(root, "/poe/0/covers", "[3, 8]"); /* 8 may be the line that cannot be read */
    const ClaimDocument document = decode(root, false);
    assert_int_equal(document.finding_count, 3);
    assert_string_equal(document.findings[0].path, "/lines/0");
    assert_string_equal(document.findings[1].path, "/lines/1/line");
    assert_string_equal(document.findings[2].path, "/lines/3/line");
    assert_int_equal(document.line_count, 4);
    assert_int_equal(document.lines[0].number, 0);
    assert_int_equal(document.lines[2].number, 3);
    assert_string_equal(document.lines[2].product, "POWER_BI");
    assert_int_equal(document.lines[3].number, 0);
    assert_int_equal(document.poe[0].cover_count, 2);
}

static void test_line_count(void **state)
{
    (void)state;
    for (int count = 50; count <= 51; count++) {
        JSON_AUTO root = valid_document();
        json_t *lines = json_object_get(root, "lines");
        json_array_clear(lines);
        for (int i = 1; i <= count; i++)
            json_array_append_new(
                lines, json_pack("{s:i,s:s}", "line", i, "product", i > 50 ? "x" : "POWER_BI"));
        const ClaimDocument document = decode(root, false);
        assert_int_equal(document.line_count, 50);
        assert_int_equal(document.finding_count, count == 50 ? 0 : 1);
        if (count > 50)
            assert_string_equal(document.findings[0].path, "/lines");
    }
}

static void test_neither_by_area(void **state)
{
    static const char *const rows_of_area[][2] = {
        {"\"MICROSOFT_365\"", "/lines/0/workload"},
        {"\"BUSINESS_APPLICATIONS\"", "/lines/0/product"},
        {"7", "/lines/0"},
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        JSON_AUTO root = valid_document();
        patch_apply(root, "/lines", "[{\"line\":1}]");
        patch_apply(root, "/poe", "[]");
        patch_apply(root, "/solution_area", rows_of_area[i][0]);
        const ClaimDocument document = decode(root, false);
        const Finding *last = &document.findings[document.finding_count - 1];
        assert_int_equal(last->code, CODE_FIELD_MISSING);
        assert_string_equal(last->path, rows_of_area[i][1]);
    }
}

static void test_revision(void **state)
{
    static const struct {
        const char *value;
        Code code;
    } revisions[] = {{NULL, CODE_FIELD_MISSING},
                     {"null", CODE_FIELD_MISSING},
                     {"1", CODE_FIELD_INVALID},
                     {"2.0", CODE_FIELD_INVALID},
                     {"\"2\"", CODE_FIELD_INVALID},
                     {"2147483648", CODE_FIELD_INVALID},
                     {"2", CODE_NONE},
                     {"2147483647", CODE_NONE}};
    (void)state;
    for (size_t i = 0; i < sizeof revisions / sizeof revisions[0]; i++) {
        JSON_AUTO root = valid_document();
        patch_apply(root, "/revision", revisions[i].value);
        const ClaimDocument document = decode(root, true);
        assert_int_equal(document.finding_count, revisions[i].code == CODE_NONE ? 0 : 1);
        if (document.finding_count == 1)
            assert_string_equal(document.findings[0].path, "/revision");
        else
            assert_true(document.revision >= 2);
    }
}

/* A flood of bad fields is cut, and the process lives. */
static void test_finding_maximum(void **state)
{
    JSON_AUTO root = valid_document();
    (void)state;
    patch_apply(root, "/comments", "#100:{\"at\":1,\"author\":1}");
    patch_apply(root, "/poe",
                "#20:{\"covers\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}");
    const ClaimDocument document = decode(root, false);
    assert_int_equal(document.finding_count, CLAIM_FINDING_COUNT_MAX);
}

static void test_poe_array(void **state)
{
    static const struct {
        const char *text, *path; /* path NULL: good */
    } arrays[] = {
        {"[]", NULL},
        {"[{\"signed_on\":\"2026-01-02\",\"covers\":[7]}]", NULL},
        {"{}", "/poe"},
        {"#21:{}", "/poe"},
        {"[{},7]", "/poe/1"},
        {"[{\"size\":-1}]", "/poe/0/size"},
        {"[{\"covers\":[1,0]}]", "/poe/0/covers/1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        JSON_AUTO array = patch_value(arrays[i].text);
        Poe *poe = NULL;
        size_t count = 99;
        const char *path = NULL;
        assert_int_equal(poe_decode_array(array, &arena, &poe, &count, &path),
                         arrays[i].path == NULL);
        if (arrays[i].path != NULL)
            assert_string_equal(path, arrays[i].path);
        else
            assert_int_equal(count, json_array_size(array));
        if (count == 1)
            assert_int_equal(poe[0].index, -1);
    }
}

static void test_canonical(void **state)
{
    static const char *const texts[][2] = {
        {"{}", "{}"},
        {"{\"revision\":2,\"future\":1,\"claim_id\":\"a\",\"program\":null}",
         "{\"claim_id\":\"a\"}"},
        {"{\"mpn_id\":\"1\",\"claim_name\":\"\\u0041\\n\\u00e4\\\"\"}",
         "{\"claim_name\":\"A\\nä\\\"\",\"mpn_id\":\"1\"}"},
        {"{\"customer\":{\"tenant_id\":\"6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F\",\"x\":1,"
         "\"domain\":\"A.Example\",\"contact\":{\"title\":\"T\",\"phone\":\"1\",\"name\":\"N\"}}}",
         "{\"customer\":{\"contact\":{\"name\":\"N\",\"title\":\"T\"},\"domain\":\"a.example\","
         "\"tenant_id\":\"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f\"}}"},
        {"{\"activities\":[\"USAGE\",\"PRE_SALES\"]}",
         "{\"activities\":[\"PRE_SALES\",\"USAGE\"]}"},
        {"{\"activities\":[\"USAGE\",7,{\"b\":1,\"a\":2}]}",
         "{\"activities\":[\"USAGE\",7,{\"a\":2,\"b\":1}]}"},
        {"{\"lines\":[{\"x\":1,\"workload\":\"TEAMS\",\"line\":1},7,null]}",
         "{\"lines\":[{\"line\":1,\"workload\":\"TEAMS\"},7,null]}"},
        {"{\"poe\":[{\"x\":1,\"size\":1,\"covers\":[2,1],\"uri\":null}],\"comments\":[{\"text\":"
         "\"t\","
         "\"x\":1}],\"revenue\":{\"customer_name\":\"c\",\"x\":1}}",
         "{\"comments\":[{\"text\":\"t\"}],\"poe\":[{\"covers\":[2,1],\"size\":1}],"
         "\"revenue\":{\"customer_name\":\"c\"}}"},
        {"{\"customer\":{\"domain\":\"NO DOMAIN\",\"tenant_id\":7},\"lines\":{\"b\":[],\"a\":{}}}",
         "{\"customer\":{\"domain\":\"NO DOMAIN\",\"tenant_id\":7},\"lines\":{\"a\":{},\"b\":[]}}"},
        {"{\"mpn_id\":\"a\\u0000b\\u001f\"}", "{\"mpn_id\":\"a\\u0000b\\u001f\"}"},
        {"{\"mpn_id\":1.5,\"program\":false}", "{\"mpn_id\":1.5,\"program\":false}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        JSON_AUTO root = patch_value(texts[i][0]);
        size_t size = 0;
        const char *canonical = document_canonical(root, &arena, &size);
        assert_string_equal(canonical, texts[i][1]);
        assert_int_equal(size, strlen(canonical));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),           cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_unreadable_lines), cmocka_unit_test(test_line_count),
        cmocka_unit_test(test_neither_by_area),  cmocka_unit_test(test_revision),
        cmocka_unit_test(test_finding_maximum),  cmocka_unit_test(test_poe_array),
        cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
