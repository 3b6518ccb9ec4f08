/* test_catalogue.c - the installation's catalogue loads and is the contract's; bad files do not. */
#include "claim/catalogue.h"
#include "unit/codec_fixture.h"

#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Opens a catalogue of this text; false with an error. */
static bool open_bytes(const char *text, size_t size, Catalogue **ret_catalogue, Error *reterr)
{
    char path[] = "catalogue-XXXXXX"; /* in the working folder, which ctest makes the build's */
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, size), size);
    close(file);
    const bool opened = catalogue_open(path, ret_catalogue, reterr);
    unlink(path);
    return opened;
}

static bool open_text(const char *text, Catalogue **ret_catalogue, Error *reterr)
{
    return open_bytes(text, strlen(text), ret_catalogue, reterr);
}

static void test_of_the_installation(void **state)
{
    static const char *const workloads[] = {
        "EXCHANGE_ONLINE",  "SHAREPOINT_ONLINE",      "TEAMS",  "TEAMS_PHONE",
        "TEAMS_MEETINGS",   "MICROSOFT_365_APPS",     "YAMMER", "INTUNE",
        "ENTRA_ID_PREMIUM", "INFORMATION_PROTECTION",
    };
    static const char *const dynamics[] = {
        "D365_SALES",     "D365_CUSTOMER_SERVICE", "D365_FIELD_SERVICE",
        "D365_FINANCE",   "D365_SUPPLY_CHAIN",     "D365_BUSINESS_CENTRAL",
        "D365_COMMERCE",  "D365_HUMAN_RESOURCES",  "D365_PROJECT_OPERATIONS",
        "D365_MARKETING",
    };
    static const char *const power[] = {"POWER_APPS", "POWER_AUTOMATE", "POWER_BI"};
    static const struct {
        const char *const *codes;
        size_t count;
        SolutionArea area;
        bool dynamics;
    } groups[] = {
        {workloads, COUNT_OF(workloads), AREA_MICROSOFT_365, false},
        {dynamics, COUNT_OF(dynamics), AREA_BUSINESS_APPLICATIONS, true},
        {power, COUNT_OF(power), AREA_BUSINESS_APPLICATIONS, false},
    };
    Catalogue *catalogue = NULL;
    Error error = {0};
    (void)state;
    if (!catalogue_open(CPOR_SOURCE_DIR "/deploy/catalogue/products.json", &catalogue, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (size_t j = 0; j < groups[i].count; j++) {
            const Product *product = catalogue_find(catalogue, groups[i].codes[j]);
            assert_non_null(product);
            assert_string_equal(product->code, groups[i].codes[j]);
            assert_true(strlen(product->name) > 3);
            assert_int_equal(product->solution_area, groups[i].area);
            assert_int_equal(product->dynamics, groups[i].dynamics);
        }
    }
    assert_null(catalogue_find(catalogue, "NO_SUCH"));
    assert_null(catalogue_find(catalogue, "teams"));
    assert_null(catalogue_find(catalogue, ""));
    catalogue_release(&catalogue);
    assert_null(catalogue);
}

#define ENTRY(members)                                                                             \
    "[{\"code\":\"A\",\"name\":\"a\",\"solution_area\":\"MICROSOFT_365\",\"dynamics\":"            \
    "false" members "}]"
#define OTHER(code, name, area, dynamics)                                                          \
    "[{\"code\":" code ",\"name\":" name ",\"solution_area\":" area ",\"dynamics\":" dynamics "}]"
#define TEN "aaaaaaaaaa"

static const struct {
    const char *name, *text, *told; /* told: part of the error's text; NULL: it loads */
} files[] = {
    {"one product", ENTRY(""), NULL},
    {"open dates", ENTRY(",\"valid_from\":null,\"valid_to\":null"), NULL},
    {"an unknown member", ENTRY(",\"future\":1"), NULL},
    {"a code of 63",
     OTHER("\"" TEN TEN TEN TEN TEN TEN "aaa\"", "\"a\"", "\"MICROSOFT_365\"", "true"), NULL},
    {"empty", "", "read catalogue"},
    {"no JSON", "[", "read catalogue"},
    {"an object", "{}", "array"},
    {"no product", "[]", "array"},
    {"an entry that is no object", "[7]", "entry 0"},
    {"no code", "[{\"name\":\"a\",\"solution_area\":\"MICROSOFT_365\",\"dynamics\":true}]",
     "entry 0"},
    {"an empty code", OTHER("\"\"", "\"a\"", "\"MICROSOFT_365\"", "true"), "entry 0"},
    {"a code of 64",
     OTHER("\"" TEN TEN TEN TEN TEN TEN "aaaa\"", "\"a\"", "\"MICROSOFT_365\"", "true"), "entry 0"},
    {"a number as a name", OTHER("\"A\"", "7", "\"MICROSOFT_365\"", "true"), "entry 0"},
    {"an unknown area", OTHER("\"A\"", "\"a\"", "\"AZURE\"", "true"), "entry 0"},
    {"dynamics is no boolean", OTHER("\"A\"", "\"a\"", "\"MICROSOFT_365\"", "\"yes\""), "entry 0"},
    {"no date", ENTRY(",\"valid_from\":\"2026-02-30\""), "entry 0"},
    {"a number as a date", ENTRY(",\"valid_to\":20260101"), "entry 0"},
    {"a repeated member", ENTRY(",\"code\":\"B\""), "read catalogue"},
    {"a repeated code",
     "[{\"code\":\"A\",\"name\":\"a\",\"solution_area\":\"MICROSOFT_365\",\"dynamics\":false},"
     "{\"code\":\"A\",\"name\":\"b\",\"solution_area\":\"MICROSOFT_365\",\"dynamics\":false}]",
     "repeats the code A"},
};

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        Catalogue *catalogue = NULL;
        Error error = {0};
        const bool opened = open_text(files[i].text, &catalogue, &error);
        if (opened != (files[i].told == NULL))
            fail_msg("%s: opened %d: %s", files[i].name, opened, error.text);
        if (opened) {
            catalogue_release(&catalogue);
            continue;
        }
        assert_null(catalogue);
        assert_int_equal(error.class, ERROR_FATAL);
        if (strstr(error.text, files[i].told) == NULL)
            fail_msg("%s: '%s' does not tell '%s'", files[i].name, error.text, files[i].told);
    }
}

/* jansson skips it behind a word. */
static void test_nul(void **state)
{
    static const char text[] = "[{\"code\":\"A\",\"name\":\"a\",\"solution_area\":"
                               "\"MICROSOFT_365\",\"dynamics\":true\0}]";
    Catalogue *catalogue = NULL;
    Error error = {0};
    (void)state;
    assert_false(open_bytes(text, sizeof text - 1, &catalogue, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_non_null(strstr(error.text, "a NUL byte"));
}

static void test_no_file(void **state)
{
    Catalogue *catalogue = NULL;
    Error error = {0};
    (void)state;
    assert_false(catalogue_open("no-such-folder/products.json", &catalogue, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_non_null(strstr(error.text, "no-such-folder/products.json"));
}

static void test_validity(void **state)
{
    Catalogue *catalogue = NULL;
    Error error = {0};
    (void)state;
    assert_true(open_text(ENTRY(",\"valid_from\":\"1970-01-11\",\"valid_to\":\"1970-01-21\""),
                          &catalogue, &error));
    const Product *product = catalogue_find(catalogue, "A");
    assert_false(product_is_valid(product, 9));
    assert_true(product_is_valid(product, 10));
    assert_true(product_is_valid(product, 20));
    assert_false(product_is_valid(product, 21));
    catalogue_release(&catalogue);
    const Product open = {.valid_from = DAY_NONE, .valid_to = DAY_NONE};
    assert_true(product_is_valid(&open, -100000));
    assert_true(product_is_valid(&open, 100000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_installation),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_validity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
