/* test_uuid.c - ids against values that Python's uuid and hashlib gave. */
#include "claim/uuid.h"
#include "runtime/digest.h"
#include "unit/codec_fixture.h"

static void test_event_ids(void **state)
{
    static const char *const rows[][2] = {
        {"", "e23cb639-0dba-549f-bc1d-e90fd582674b"},
        {"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f/C-2026-000123/line/1",
         "793bf399-3150-5084-bce8-515f33c593c7"},
        {"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f/C-2026-000123/status/4",
         "fabd349f-bae2-571a-a19c-0342ca28c861"},
        {"793bf399-3150-5084-bce8-515f33c593c7/official", "e4b1290e-f39b-5fea-b2a5-4886b660eda9"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[UUID_SIZE];
        uuid_event(rows[i][0], id);
        assert_string_equal(id, rows[i][1]);
    }
    char name[1001], id[UUID_SIZE];
    memset(name, 'x', 1000);
    name[1000] = '\0';
    uuid_event(name, id);
    assert_string_equal(id, "0f252ab8-01bc-5609-9cdc-24d650f7a717");
}

static void test_cause_keys(void **state)
{
    static const char *const rows[][3] = {
        {"urn:a", "1", "71a784ac-21d4-9986-f762-9eb69e532062"},
        {"a", "bc", "40bb547d-936b-bd31-318e-e37ac8799e7e"},
        {"ab", "c", "6c032e63-1d39-a14d-85af-f7e319546af7"},
        {"", "", "6e340b9c-ffb3-7a98-9ca5-44e6bb780a2c"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char key[UUID_SIZE];
        uuid_cause(rows[i][0], rows[i][1], key);
        assert_string_equal(key, rows[i][2]);
    }
}

static void test_sha256(void **state)
{
    char hex[65];
    (void)state;
    sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_shape(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f", true},
        {"6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F", true},
        {"00000000-0000-0000-0000-000000000000", true},
        {"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2", false},
        {"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f0", false},
        {"6f1c2d3e8a4b-4c5d-9e6f-7a8b-9c0d1e2f0", false},
        {"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2g", false},
        {"{f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2}", false},
        {"6f1c2d3e08a4b04c5d09e6f07a8b9c0d1e2f", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(uuid_is_valid(rows[i].text, strlen(rows[i].text)), rows[i].valid);
    char id[UUID_SIZE];
    uuid_fold("6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F", id);
    assert_string_equal(id, "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_ids),
        cmocka_unit_test(test_cause_keys),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
