/* test_document_fields.c - one row per field and per way in which it can be wrong. */
#include "unit/document_fixture.h"

typedef struct Row {
    const char *name;
    const char *pointer, *value; /* patch of a valid document; value NULL: removed */
    Code code;                   /* CODE_NONE: still valid */
    const char *path;            /* NULL: pointer itself */
} Row;

#define MISSING(pointer)                                                                           \
    {                                                                                              \
        "missing " pointer, pointer, NULL, CODE_FIELD_MISSING, NULL                                \
    }
#define NULLED(pointer)                                                                            \
    {                                                                                              \
        "null " pointer, pointer, "null", CODE_FIELD_MISSING, NULL                                 \
    }
#define BAD(name, pointer, value)                                                                  \
    {                                                                                              \
        name " " pointer, pointer, value, CODE_FIELD_INVALID, NULL                                 \
    }
#define GOOD(name, pointer, value)                                                                 \
    {                                                                                              \
        name " " pointer, pointer, value, CODE_NONE, NULL                                          \
    }
#define BAD_TEXT(pointer, max_plus_1)                                                              \
    BAD("a number", pointer, "7"), BAD("empty", pointer, "\"\""),                                  \
        BAD("too long", pointer, max_plus_1), BAD("line feed", pointer, "\"a\\nb\""),              \
        BAD("NUL", pointer, "\"a\\u0000b\""), BAD("DEL", pointer, "\"a\\u007fb\""),                \
        BAD("C1", pointer, "\"a\\u0085b\""), BAD("bidi override", pointer, "\"a\\u202eb\""),       \
        BAD("bidi isolate", pointer, "\"a\\u2066b\"")
#define REQUIRED(pointer) MISSING(pointer), NULLED(pointer)
#define OPTIONAL(pointer) GOOD("absent", pointer, NULL), GOOD("null", pointer, "null")
#define BAD_EMAIL(pointer)                                                                         \
    BAD("a number", pointer, "7"), BAD("no at", pointer, "\"name.example\""),                      \
        BAD("no domain", pointer, "\"name@\""), BAD("no local part", pointer, "\"@a.example\""),   \
        BAD("two ats", pointer, "\"a@b@c.example\""), BAD("space", pointer, "\"a b@c.example\""),  \
        BAD("two dots", pointer, "\"a..b@c.example\""),                                            \
        BAD("dot first", pointer, "\".a@c.example\""), BAD("one label", pointer, "\"a@b\""),       \
        BAD("not ASCII", pointer, "\"jörg@c.example\""),                                           \
        BAD("line feed", pointer, "\"a@c.example\\nBcc: x@y.example\""),                           \
        BAD("angle", pointer, "\"<a@c.example>\""), BAD("long local", pointer, LOCAL_65),          \
        GOOD("local of 64", pointer, LOCAL_64), GOOD("plus", pointer, "\"a.b+c@d-e.example\"")

#define TEN "aaaaaaaaaa"
#define LOCAL_64 "\"" TEN TEN TEN TEN TEN TEN "aaaa@c.example\""
#define LOCAL_65 "\"" TEN TEN TEN TEN TEN TEN "aaaaa@c.example\""
#define LABEL_63 TEN TEN TEN TEN TEN TEN "aaa"
#define DOMAIN_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." TEN TEN TEN TEN TEN TEN "a"

static const Row rows[] = {
    GOOD("unknown member", "/future", "{\"a\":[1]}"),
    GOOD("unknown member inside", "/customer/future", "0.5"),
    GOOD("a submission's revision", "/revision", "\"x\""),

    REQUIRED("/claim_id"),
    BAD("a number", "/claim_id", "7"),
    BAD("empty", "/claim_id", "\"\""),
    BAD("65", "/claim_id", "*65:a"),
    GOOD("64", "/claim_id", "*64:a"),
    BAD("slash", "/claim_id", "\"a/b\""),
    BAD("space", "/claim_id", "\"a b\""),
    BAD("umlaut", "/claim_id", "\"ä\""),
    BAD("NUL", "/claim_id", "\"a\\u0000\""),
    GOOD("all kinds", "/claim_id", "\"aZ09._-\""),

    REQUIRED("/claim_name"),
    BAD_TEXT("/claim_name", "*129:x"),
    GOOD("128 of three bytes", "/claim_name", "*128:한"),
    BAD("129 of three bytes", "/claim_name", "*129:한"),
    GOOD("emoji", "/claim_name", "\"\\ud83d\\ude00\""),

    REQUIRED("/mpn_id"),
    BAD("a number", "/mpn_id", "1234566"),
    BAD("empty", "/mpn_id", "\"\""),
    BAD("13", "/mpn_id", "*13:1"),
    GOOD("12", "/mpn_id", "*12:1"),
    BAD("letter", "/mpn_id", "\"12a\""),
    BAD("other digits", "/mpn_id", "\"١٢\""),

    REQUIRED("/customer"),
    BAD("an array", "/customer", "[]"),
    BAD("a text", "/customer", "\"x\""),
    REQUIRED("/customer/tenant_id"),
    BAD("a number", "/customer/tenant_id", "7"),
    BAD("short", "/customer/tenant_id", "\"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2\""),
    BAD("braces", "/customer/tenant_id", "\"{6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f}\""),
    BAD("not hex", "/customer/tenant_id", "\"6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2g\""),
    GOOD("upper case", "/customer/tenant_id", "\"6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F\""),
    REQUIRED("/customer/domain"),
    BAD("a number", "/customer/domain", "7"),
    BAD("one label", "/customer/domain", "\"contoso\""),
    BAD("empty", "/customer/domain", "\"\""),
    BAD("trailing dot", "/customer/domain", "\"contoso.example.\""),
    BAD("two dots", "/customer/domain", "\"contoso..example\""),
    BAD("hyphen first", "/customer/domain", "\"-contoso.example\""),
    BAD("hyphen last", "/customer/domain", "\"contoso-.example\""),
    BAD("underscore", "/customer/domain", "\"con_toso.example\""),
    BAD("not ASCII", "/customer/domain", "\"콘토소.example\""),
    GOOD("IDNA", "/customer/domain", "\"xn--9d0bl2o31d.example\""),
    GOOD("label of 63", "/customer/domain", "\"" LABEL_63 ".example\""),
    BAD("label of 64", "/customer/domain", "\"a" LABEL_63 ".example\""),
    GOOD("253", "/customer/domain", "\"" DOMAIN_253 "\""),
    BAD("254", "/customer/domain", "\"" DOMAIN_253 "a\""),
    REQUIRED("/customer/contact"),
    BAD("a text", "/customer/contact", "\"x\""),
    REQUIRED("/customer/contact/name"),
    BAD_TEXT("/customer/contact/name", "*257:x"),
    GOOD("256", "/customer/contact/name", "*256:x"),
    REQUIRED("/customer/contact/title"),
    BAD_TEXT("/customer/contact/title", "*257:x"),
    REQUIRED("/customer/contact/email"),
    BAD_EMAIL("/customer/contact/email"),
    GOOD("254 bytes", "/customer/contact/email",
         "\"n@" LABEL_63 "." LABEL_63 "." LABEL_63 "." TEN TEN TEN TEN TEN TEN "\""),
    BAD("255 bytes", "/customer/contact/email",
        "\"nn@" LABEL_63 "." LABEL_63 "." LABEL_63 "." TEN TEN TEN TEN TEN TEN "\""),
    OPTIONAL("/customer/technical_contact"),
    BAD("an array", "/customer/technical_contact", "[]"),
    REQUIRED("/customer/technical_contact/name"),
    BAD_TEXT("/customer/technical_contact/name", "*257:x"),
    REQUIRED("/customer/technical_contact/title"),
    BAD_TEXT("/customer/technical_contact/title", "*257:x"),
    REQUIRED("/customer/technical_contact/email"),
    BAD_EMAIL("/customer/technical_contact/email"),
    OPTIONAL("/customer/name"),
    BAD_TEXT("/customer/name", "*257:x"),
    OPTIONAL("/customer/country"),
    BAD("a number", "/customer/country", "7"),
    BAD("lower case", "/customer/country", "\"us\""),
    BAD("alpha-3", "/customer/country", "\"USA\""),
    BAD("empty", "/customer/country", "\"\""),
    OPTIONAL("/customer/locale"),
    BAD("a number", "/customer/locale", "7"),
    BAD("underscore", "/customer/locale", "\"en_US\""),
    BAD("one letter", "/customer/locale", "\"e\""),
    BAD("hyphen last", "/customer/locale", "\"en-\""),
    BAD("long part", "/customer/locale", "\"en-abcdefghi\""),
    BAD("36", "/customer/locale", "\"en-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaa\""),
    GOOD("35", "/customer/locale", "\"en-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaa\""),
    GOOD("script", "/customer/locale", "\"zh-Hant-TW\""),
    OPTIONAL("/customer/time_zone"),
    BAD("a number", "/customer/time_zone", "7"),
    BAD("unknown", "/customer/time_zone", "\"Mars/Olympus\""),
    BAD("dots", "/customer/time_zone", "\"../Seoul\""),
    BAD("empty", "/customer/time_zone", "\"\""),
    GOOD("known", "/customer/time_zone", "\"Asia/Seoul\""),

    REQUIRED("/partner"),
    BAD("a text", "/partner", "\"x\""),
    REQUIRED("/partner/contact"),
    BAD("an array", "/partner/contact", "[]"),
    REQUIRED("/partner/contact/name"),
    BAD_TEXT("/partner/contact/name", "*257:x"),
    REQUIRED("/partner/contact/email"),
    BAD_EMAIL("/partner/contact/email"),
    OPTIONAL("/partner/name"),
    BAD_TEXT("/partner/name", "*257:x"),

    REQUIRED("/solution_area"),
    BAD("a number", "/solution_area", "7"),
    BAD("unknown", "/solution_area", "\"AZURE\""),
    BAD("lower case", "/solution_area", "\"microsoft_365\""),
    BAD("NUL", "/solution_area", "\"BUSINESS_APPLICATIONS\\u0000\""),
    REQUIRED("/activities"),
    BAD("a text", "/activities", "\"USAGE\""),
    BAD("empty", "/activities", "[]"),
    BAD("four", "/activities", "[\"USAGE\",\"PRE_SALES\",\"REVENUE_ASSOCIATION\",\"USAGE\"]"),
    {"unknown activity", "/activities", "[\"USAGE\",\"X\"]", CODE_FIELD_INVALID, "/activities/1"},
    {"number activity", "/activities", "[7]", CODE_FIELD_INVALID, "/activities/0"},
    {"null activity", "/activities", "[null]", CODE_FIELD_INVALID, "/activities/0"},
    {"NUL activity", "/activities", "[\"USAGE\\u0000\"]", CODE_FIELD_INVALID, "/activities/0"},
    {"twice", "/activities", "[\"USAGE\",\"USAGE\"]", CODE_FIELD_INVALID, "/activities/1"},
    GOOD("three", "/activities", "[\"USAGE\",\"PRE_SALES\",\"REVENUE_ASSOCIATION\"]"),
    OPTIONAL("/program"),
    BAD_TEXT("/program", "*257:x"),
    GOOD("a co-op programme", "/program", "\"CSP\""),

    REQUIRED("/lines"),
    BAD("an object", "/lines", "{}"),
    BAD("empty", "/lines", "[]"),
    BAD("a number", "/lines/0", "7"),
    BAD("null", "/lines/0", "null"),
    REQUIRED("/lines/0/line"),
    BAD("a text", "/lines/0/line", "\"1\""),
    BAD("zero", "/lines/0/line", "0"),
    BAD("negative", "/lines/0/line", "-1"),
    BAD("10000", "/lines/0/line", "10000"),
    BAD("1.0", "/lines/0/line", "1.0"),
    BAD("huge", "/lines/0/line", "4294967297"),
    GOOD("9999", "/lines/1/line", "9999"),
    {"repeated", "/lines/1/line", "1", CODE_FIELD_INVALID, "/lines/1/line"},
    {"neither", "/lines/0/product", NULL, CODE_FIELD_MISSING, "/lines/0/product"},
    {"both", "/lines/0/workload", "\"TEAMS\"", CODE_FIELD_INVALID, "/lines/0"},
    BAD("a number", "/lines/0/product", "7"),
    BAD("empty", "/lines/0/product", "\"\""),
    BAD("lower case", "/lines/0/product", "\"d365\""),
    BAD("64", "/lines/0/product", "*64:A"),
    GOOD("63", "/lines/0/product", "*63:A"),
    OPTIONAL("/lines/0/subscription_id"),
    BAD("a number", "/lines/0/subscription_id", "7"),
    BAD("no GUID", "/lines/0/subscription_id", "\"x\""),
    {"a workload's subscription", "/lines/0",
     "{\"line\":1,\"workload\":\"TEAMS\","
     "\"subscription_id\":7}",
     CODE_NONE, NULL},
    {"workload lower case", "/lines/0", "{\"line\":1,\"workload\":\"teams\"}", CODE_FIELD_INVALID,
     "/lines/0/workload"},

    OPTIONAL("/poe"),
    GOOD("empty", "/poe", "[]"),
    BAD("an object", "/poe", "{}"),
    GOOD("20", "/poe", "#20:{}"),
    BAD("21", "/poe", "#21:{}"),
    BAD("a text", "/poe/0", "\"x\""),
    OPTIONAL("/poe/0/document_id"),
    BAD_TEXT("/poe/0/document_id", "*257:x"),
    OPTIONAL("/poe/0/kind"),
    BAD_TEXT("/poe/0/kind", "*257:x"),
    OPTIONAL("/poe/0/uri"),
    BAD("a number", "/poe/0/uri", "7"),
    BAD("empty", "/poe/0/uri", "\"\""),
    BAD("space", "/poe/0/uri", "\"https://a.example/b c\""),
    BAD("not ASCII", "/poe/0/uri", "\"https://a.example/ä\""),
    GOOD("2048", "/poe/0/uri", "*2048:x"),
    BAD("2049", "/poe/0/uri", "*2049:x"),
    OPTIONAL("/poe/0/sha256"),
    BAD("a number", "/poe/0/sha256", "7"),
    BAD("63", "/poe/0/sha256", "*63:a"),
    BAD("65", "/poe/0/sha256", "*65:a"),
    BAD("not hex", "/poe/0/sha256", "*64:g"),
    GOOD("upper case", "/poe/0/sha256", "*64:A"),
    OPTIONAL("/poe/0/media_type"),
    BAD("a number", "/poe/0/media_type", "7"),
    BAD("no slash", "/poe/0/media_type", "\"pdf\""),
    BAD("no subtype", "/poe/0/media_type", "\"application/\""),
    BAD("parameter", "/poe/0/media_type", "\"text/plain; charset=utf-8\""),
    GOOD("suffix", "/poe/0/media_type", "\"application/vnd.oasis.opendocument.text+x\""),
    OPTIONAL("/poe/0/size"),
    BAD("a text", "/poe/0/size", "\"7\""),
    BAD("negative", "/poe/0/size", "-1"),
    BAD("7.0", "/poe/0/size", "7.0"),
    GOOD("zero", "/poe/0/size", "0"),
    GOOD("5 GiB", "/poe/0/size", "5368709120"),
    OPTIONAL("/poe/0/signed_by"),
    GOOD("empty", "/poe/0/signed_by", "\"\""),
    BAD("a number", "/poe/0/signed_by", "7"),
    BAD("too long", "/poe/0/signed_by", "*257:x"),
    BAD("tab", "/poe/0/signed_by", "\"a\\tb\""),
    OPTIONAL("/poe/0/signed_on"),
    BAD("a number", "/poe/0/signed_on", "7"),
    BAD("an instant", "/poe/0/signed_on", "\"2026-10-02T00:00:00Z\""),
    BAD("no such day", "/poe/0/signed_on", "\"2026-02-29\""),
    BAD("empty", "/poe/0/signed_on", "\"\""),
    OPTIONAL("/poe/0/covers"),
    GOOD("empty", "/poe/0/covers", "[]"),
    BAD("a number", "/poe/0/covers", "1"),
    {"text in covers", "/poe/0/covers", "[1,\"2\"]", CODE_FIELD_INVALID, "/poe/0/covers/1"},
    {"1.0 in covers", "/poe/0/covers", "[1.0]", CODE_FIELD_INVALID, "/poe/0/covers/0"},
    {"zero in covers", "/poe/0/covers", "[0]", CODE_FIELD_INVALID, "/poe/0/covers/0"},
    {"unknown line", "/poe/0/covers", "[1,3]", CODE_FIELD_INVALID, "/poe/0/covers/1"},
    {"51 covers", "/poe/0/covers", "#51:1", CODE_FIELD_INVALID, "/poe/0/covers"},
    OPTIONAL("/poe/0/public_sector_disclosure"),
    BAD("a text", "/poe/0/public_sector_disclosure", "\"true\""),
    BAD("one", "/poe/0/public_sector_disclosure", "1"),

    OPTIONAL("/revenue"),
    BAD("a text", "/revenue", "\"x\""),
    GOOD("empty", "/revenue", "{}"),
    OPTIONAL("/revenue/dynamics_seller_name"),
    BAD_TEXT("/revenue/dynamics_seller_name", "*257:x"),
    OPTIONAL("/revenue/customer_name"),
    BAD_TEXT("/revenue/customer_name", "*257:x"),
    OPTIONAL("/revenue/isv_solution_name"),
    BAD_TEXT("/revenue/isv_solution_name", "*257:x"),

    OPTIONAL("/comments"),
    BAD("an object", "/comments", "{}"),
    GOOD("100", "/comments", "#100:{\"text\":\"x\"}"),
    BAD("101", "/comments", "#101:{\"text\":\"x\"}"),
    BAD("a text", "/comments/0", "\"x\""),
    REQUIRED("/comments/0/text"),
    BAD("a number", "/comments/0/text", "7"),
    BAD("empty", "/comments/0/text", "\"\""),
    GOOD("4000", "/comments/0/text", "*4000:한"),
    BAD("4001", "/comments/0/text", "*4001:x"),
    GOOD("line feed and tab", "/comments/0/text", "\"a\\n\\tb\""),
    BAD("carriage return", "/comments/0/text", "\"a\\r\\nb\""),
    BAD("NUL", "/comments/0/text", "\"a\\u0000\""),
    BAD("bidi override", "/comments/0/text", "\"a\\u202d\""),
    OPTIONAL("/comments/0/author"),
    BAD_TEXT("/comments/0/author", "*257:x"),
    OPTIONAL("/comments/0/at"),
    BAD("a number", "/comments/0/at", "7"),
    BAD("a date", "/comments/0/at", "\"2026-11-03\""),
    GOOD("an offset", "/comments/0/at", "\"2026-11-03T10:00:00+09:00\""),
};

static void check_row(const Row *row)
{
    JSON_AUTO root = valid_document();
    patch_apply(root, row->pointer, row->value);
    const ClaimDocument document = decode(root, false);
    const size_t expected_count = row->code == CODE_NONE ? 0 : 1;
    const Finding *finding = document.findings;
    if (document.finding_count != expected_count)
        fail_msg("%s: %zu findings (%s %s)", row->name, document.finding_count,
                 document.finding_count > 0 ? finding->path : "",
                 document.finding_count > 1 ? finding[1].path : "");
    if (expected_count == 0)
        return;
    const char *path = row->path == NULL ? row->pointer : row->path;
    if (finding->code != row->code || strcmp(finding->path, path) != 0)
        fail_msg("%s: %s at %s", row->name, code_name(finding->code), finding->path);
    assert_int_equal(finding->kind, FINDING_REFUSAL);
    assert_int_equal(finding->line, 0);
    assert_non_null(strstr(finding->message, "must"));
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
}

static void check_idempotent(json_t *root)
{
    size_t size = 0, again_size = 0;
    const char *canonical = document_canonical(root, &arena, &size);
    JSON_AUTO parsed = json_loadb(canonical, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(parsed);
    assert_string_equal(document_canonical(parsed, &arena, &again_size), canonical);
    JSON_AUTO copy = json_deep_copy(parsed); /* the tables' order is that of sorted keys */
    char *sorted = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    char *as_is = json_dumps(copy, JSON_COMPACT);
    assert_string_equal(sorted, as_is);
    free(sorted);
    free(as_is);
}

static void test_canonical_is_idempotent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        JSON_AUTO root = valid_document();
        patch_apply(root, rows[i].pointer, rows[i].value);
        check_idempotent(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_canonical_is_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
