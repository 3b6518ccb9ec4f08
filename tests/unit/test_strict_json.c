/* test_strict_json.c - what is JSON here and what is not; code NULL: it is. */
#include "claim/strict_json.h"
#include "unit/codec_fixture.h"

#define DEEP_15 "[[[[[[[[[[[[[[["
#define UP_15 "]]]]]]]]]]]]]]]"
#define DIGITS_20 "12345678901234567890"

typedef struct Row {
    const char *name, *text;
    size_t size; /* 0: strlen */
    const char *code;
} Row;

static const Row rows[] = {
    {"empty object", "{}", 0, NULL},
    {"white space around", " \t\r\n{ } \n", 0, NULL},
    {"UTF-8", "{\"a\":\"김\"}", 0, NULL},
    {"surrogate pair", "{\"a\":\"\\ud83d\\ude00\"}", 0, NULL},
    {"NUL escape in a text", "{\"a\":\"x\\u0000y\"}", 0, NULL},
    {"depth 16", "{\"a\":" DEEP_15 UP_15 "}", 0, NULL},
    {"20 digits", "{\"a\":" DIGITS_20 "}", 0, NULL},
    {"minus 20 digits", "{\"a\":-" DIGITS_20 "}", 0, NULL},
    {"20 digits twice", "{\"a\":[" DIGITS_20 "," DIGITS_20 "]}", 0, NULL},
    {"exponent 999", "{\"a\":1e999}", 0, NULL},
    {"exponent -E+9999", "{\"a\":-1.5E+9999,\"b\":true}", 0, NULL},
    {"digits in a text stay", "{\"t\":\"" DIGITS_20 "\\\"" DIGITS_20 "\",\"a\":1e999}", 0, NULL},
    {"huge fraction", "{\"a\":" DIGITS_20 "." DIGITS_20 "e99999}", 0, NULL},
    {"no value", NULL, 0, "NOT_JSON"},
    {"empty", "", 0, "NOT_JSON"},
    {"only a space", " ", 0, "NOT_JSON"},
    {"null", "null", 0, "NOT_JSON"},
    {"word", "claim", 0, "NOT_JSON"},
    {"cut", "{\"a\":", 0, "NOT_JSON"},
    {"trailing comma", "{\"a\":1,}", 0, "NOT_JSON"},
    {"trailing bytes", "{} x", 0, "NOT_JSON"},
    {"second object", "{}{}", 0, "NOT_JSON"},
    {"trailing NUL", "{}\0", 3, "NOT_JSON"},
    {"NUL before", "\0{}", 3, "NOT_JSON"},
    {"NUL in a text", "{\"a\":\"\0\"}", 9, "NOT_JSON"},
    {"NUL after a number", "{\"a\":1\0,\"b\":2}", 14, "NOT_JSON"},
    {"NUL after a word", "{\"a\":true\0}", 11, "NOT_JSON"},
    {"NUL escape in a key", "{\"\\u0000\":1}", 0, "NOT_JSON"},
    {"byte-order mark", "\xef\xbb\xbf{}", 0, "NOT_JSON"},
    {"UTF-16", "{\0}\0", 4, "NOT_JSON"},
    {"duplicate key", "{\"a\":1,\"a\":1}", 0, "NOT_JSON"},
    {"duplicate key, escaped", "{\"a\":1,\"\\u0061\":1}", 0, "NOT_JSON"},
    {"duplicate key, inside", "{\"b\":[{\"a\":1,\"a\":2}]}", 0, "NOT_JSON"},
    {"high surrogate alone", "{\"a\":\"\\ud83d\"}", 0, "NOT_JSON"},
    {"high surrogate and letter", "{\"a\":\"\\ud83dx\"}", 0, "NOT_JSON"},
    {"low surrogate alone", "{\"a\":\"\\ude00\"}", 0, "NOT_JSON"},
    {"surrogates swapped", "{\"a\":\"\\ude00\\ud83d\"}", 0, "NOT_JSON"},
    {"surrogate in UTF-8", "{\"a\":\"\xed\xa0\xbd\"}", 0, "NOT_JSON"},
    {"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", 0, "NOT_JSON"},
    {"Latin-1", "{\"a\":\"J\xf6rg\"}", 0, "NOT_JSON"},
    {"raw line feed in a text", "{\"a\":\"x\ny\"}", 0, "NOT_JSON"},
    {"single quotes", "{'a':1}", 0, "NOT_JSON"},
    {"comment", "{} // x", 0, "NOT_JSON"},
    {"NaN", "{\"a\":NaN}", 0, "NOT_JSON"},
    {"leading zero", "{\"a\":01}", 0, "NOT_JSON"},
    {"leading zero, long", "{\"a\":0" DIGITS_20 "}", 0, "NOT_JSON"},
    {"plus", "{\"a\":+" DIGITS_20 "}", 0, "NOT_JSON"},
    {"long and spoilt", "{\"a\":" DIGITS_20 "x}", 0, "NOT_JSON"},
    {"long, then bad syntax", "{\"a\":" DIGITS_20 ",}", 0, "NOT_JSON"},
    {"long, then an open text", "{\"a\":" DIGITS_20 ",\"b\\", 0, "NOT_JSON"},
    {"number without fraction digits", "{\"a\":" DIGITS_20 ".}", 0, "NOT_JSON"},
    {"depth 17", "{\"a\":[" DEEP_15 UP_15 "]}", 0, "TOO_DEEP"},
    {"depth 17 in objects", "{\"a\":" DEEP_15 "{}" UP_15 "}", 0, "TOO_DEEP"},
    {"array", "[]", 0, "FIELD_INVALID"},
    {"text", "\"x\"", 0, "FIELD_INVALID"},
    {"number", "7", 0, "FIELD_INVALID"},
    {"huge number", DIGITS_20, 0, "FIELD_INVALID"},
    {"true", "true", 0, "FIELD_INVALID"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Row *row = &rows[i];
        const size_t size = row->size == 0 && row->text != NULL ? strlen(row->text) : row->size;
        JSON_AUTO root = NULL;
        Error error = {0};
        const bool good = json_decode_strict(row->text, size, &root, &error);
        if (good != (row->code == NULL) || (root != NULL) != good)
            fail_msg("%s: %s (%s)", row->name, good ? "taken" : "refused", error.text);
        if (!good && (error.class != ERROR_REJECT || strcmp(error.code, row->code) != 0))
            fail_msg("%s: %s (%s)", row->name, error.code, error.text);
    }
}

static void test_numbers_are_tamed(void **state)
{
    static const char text[] = "{\"id\":\"" DIGITS_20 "\",\"a\":" DIGITS_20 ",\"b\":[1,1.0,1e999]}";
    JSON_AUTO root = NULL;
    (void)state;
    assert_true(json_decode_strict(text, sizeof text - 1, &root, NULL));
    assert_string_equal(json_string_value(json_object_get(root, "id")), DIGITS_20);
    assert_true(json_is_real(json_object_get(root, "a")));
    const json_t *array = json_object_get(root, "b");
    assert_int_equal(json_integer_value(json_array_get(array, 0)), 1);
    assert_false(json_is_integer(json_array_get(array, 1)));
    assert_true(json_is_real(json_array_get(array, 2)));
}

static void test_nul_is_kept(void **state)
{
    static const char text[] = "{\"a\":\"x\\u0000y\"}";
    JSON_AUTO root = NULL;
    (void)state;
    assert_true(json_decode_strict(text, sizeof text - 1, &root, NULL));
    assert_int_equal(json_string_length(json_object_get(root, "a")), 3);
}

/* brackets[count], far beyond what jansson itself takes (2,048). */
static void test_very_deep(void **state)
{
    enum { COUNT = 100000 };
    char *text = malloc(COUNT);
    JSON_AUTO root = NULL;
    Error error = {0};
    (void)state;
    memset(text, '[', COUNT);
    assert_false(json_decode_strict(text, COUNT, &root, &error));
    assert_string_equal(error.code, "TOO_DEEP");
    free(text);
}

static void test_size(void **state)
{
    char *text = malloc(EVENT_SIZE_MAX + 1);
    JSON_AUTO root = NULL;
    Error error = {0};
    (void)state;
    memset(text, ' ', EVENT_SIZE_MAX + 1);
    memcpy(text, "{}", 2);
    assert_true(json_decode_strict(text, EVENT_SIZE_MAX, &root, &error));
    json_release(&root);
    assert_false(json_decode_strict(text, EVENT_SIZE_MAX + 1, &root, &error));
    assert_string_equal(error.code, "TOO_LARGE");
    free(text);
}

static void test_detail_quotes_nothing(void **state)
{
    static const char text[] = "{\"email\":\"a@contoso.example\",\"email\":Kim}";
    JSON_AUTO root = NULL;
    Error error = {0};
    (void)state;
    assert_false(json_decode_strict(text, sizeof text - 1, &root, &error));
    assert_null(strstr(error.text, "contoso"));
    assert_null(strstr(error.text, "Kim"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_numbers_are_tamed),
        cmocka_unit_test(test_nul_is_kept), cmocka_unit_test(test_very_deep),
        cmocka_unit_test(test_size),        cmocka_unit_test(test_detail_quotes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
