/* test_reference.c - records of the reference topics: good ones, bad ones, tombstones. */
#include "claim/reference.h"
#include "runtime/clock.h"
#include "unit/codec_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TENANT_ID "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f"
#define TENANT_ID_CAPITALS "6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F"

static Arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static Record record_of(const char *topic, const char *value)
{
    return (Record){
        .topic = topic, .value = value, .value_size = value == NULL ? 0 : strlen(value)};
}

/* The example of a topic, patched; a text in the arena. */
static const char *example_text(const char *topic, const char *pointer, const char *value)
{
    char name[64];
    snprintf(name, sizeof name, "cpor.%s", topic);
    JSON_AUTO root = example_load(name);
    if (pointer != NULL)
        patch_apply(root, pointer, value);
    char *text = json_dumps(root, 0);
    const char *copy = arena_text(&arena, text);
    free(text);
    return copy;
}

static Reference decode_example(const char *topic)
{
    static Record record;
    Reference reference = {0};
    Error error = {0};
    record = record_of(topic, example_text(topic, NULL, NULL));
    if (!reference_decode(&record, &arena, &reference, &error))
        fail_msg("%s: %s", topic, error.text);
    assert_ptr_equal(reference.record, &record);
    assert_false(reference.deleted);
    return reference;
}

static int32_t date(const char *text)
{
    int32_t day = 0;
    assert_true(clock_date_parse(text, strlen(text), &day));
    return day;
}

static void test_examples(void **state)
{
    (void)state;
    const Reference partner = decode_example("partner");
    assert_int_equal(partner.kind, REFERENCE_PARTNER);
    assert_string_equal(partner.key, "1234566");
    assert_string_equal(partner.partner.mpn_id, "1234566");
    assert_string_equal(partner.partner.country, "KR");
    assert_true(partner.partner.location);
    assert_int_equal(partner.partner.enrolments, PROGRAM_OSU_M365 | PROGRAM_OSU_BIZAPPS);
    assert_int_equal(partner.partner.valid_from, date("2024-07-01"));
    assert_int_equal(partner.partner.valid_to, DAY_NONE);

    const Reference tenant = decode_example("tenant");
    assert_int_equal(tenant.kind, REFERENCE_TENANT);
    assert_string_equal(tenant.key, TENANT_ID);
    assert_int_equal(tenant.tenant.domain_count, 2);
    assert_string_equal(tenant.tenant.domains[1], "contoso-kr.example");
    assert_string_equal(tenant.tenant.locale, "ko-KR");
    assert_false(tenant.tenant.public_sector);

    const Reference subscription = decode_example("subscription");
    assert_int_equal(subscription.kind, REFERENCE_SUBSCRIPTION);
    assert_string_equal(subscription.key, "0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42");
    assert_int_equal(subscription.subscription.channel, CHANNEL_VOLUME_LICENSING);
    assert_int_equal(subscription.subscription.state, SUBSCRIPTION_ACTIVE);
    assert_true(subscription.subscription.provisioned);
    assert_int_equal(subscription.subscription.starts_on, date("2026-01-01"));
    assert_int_equal(subscription.subscription.ends_on, DAY_NONE);
}

/* Absent texts are ""; ids and domains are folded; later programmes are passed over. */
static void test_normal_form(void **state)
{
    Reference reference;
    Error error = {0};
    Record record = record_of("tenant", "{\"tenant_id\":\"" TENANT_ID_CAPITALS "\",\"name\":\"A\","
                                        "\"domains\":[\"Contoso.EXAMPLE\"],"
                                        "\"public_sector\":true,\"future\":[1]}");
    (void)state;
    assert_true(reference_decode(&record, &arena, &reference, &error));
    assert_string_equal(reference.key, TENANT_ID);
    assert_string_equal(reference.tenant.tenant_id, TENANT_ID);
    assert_string_equal(reference.tenant.domains[0], "contoso.example");
    assert_string_equal(reference.tenant.country, "");
    assert_string_equal(reference.tenant.locale, "");
    assert_true(reference.tenant.public_sector);
    record = record_of("partner", "{\"mpn_id\":\"7\",\"name\":\"A\",\"location\":false,"
                                  "\"enrolments\":[\"OSA_SELL\",\"OF_NEXT_YEAR\",\"OSA_SELL\"]}");
    assert_true(reference_decode(&record, &arena, &reference, &error));
    assert_int_equal(reference.partner.enrolments, PROGRAM_OSA_SELL);
    assert_string_equal(reference.partner.country, "");
    assert_int_equal(reference.partner.valid_from, DAY_NONE);
}

typedef struct BadRow {
    const char *topic, *pointer, *value; /* of the example; pointer NULL: value is the record's */
    const char *code;
} BadRow;

#define BAD(topic, pointer, value)                                                                 \
    {                                                                                              \
        topic, pointer, value, "FIELD_INVALID"                                                     \
    }
#define MUST(topic, pointer) BAD(topic, pointer, NULL), BAD(topic, pointer, "null")

static const BadRow bad_rows[] = {
    {"partner", NULL, "", "NOT_JSON"},
    {"partner", NULL, "{", "NOT_JSON"},
    {"partner", NULL, "{\"a\":1,\"a\":1}", "NOT_JSON"},
    {"partner", NULL, "{} x", "NOT_JSON"},
    {"partner", NULL, "[]", "FIELD_INVALID"},
    {"tenant", NULL, "{}", "FIELD_INVALID"},
    {"subscription", NULL, "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", "TOO_DEEP"},
    {"claim-submission", NULL, "{}", "UNKNOWN_TYPE"},
    MUST("partner", "/mpn_id"),
    BAD("partner", "/mpn_id", "\"12a\""),
    BAD("partner", "/mpn_id", "*13:1"),
    MUST("partner", "/name"),
    MUST("partner", "/location"),
    BAD("partner", "/location", "\"true\""),
    MUST("partner", "/enrolments"),
    BAD("partner", "/enrolments", "\"OSU_M365\""),
    BAD("partner", "/enrolments", "[7]"),
    BAD("partner", "/country", "\"Korea\""),
    BAD("partner", "/valid_from", "\"2026-02-29\""),
    BAD("partner", "/valid_to", "\"2026\""),
    MUST("tenant", "/tenant_id"),
    BAD("tenant", "/tenant_id", "\"contoso\""),
    MUST("tenant", "/name"),
    MUST("tenant", "/domains"),
    BAD("tenant", "/domains", "{}"),
    BAD("tenant", "/domains/1", "\"not a domain\""),
    BAD("tenant", "/domains/1", "7"),
    BAD("tenant", "/domains", "#501:\"a.example\""),
    MUST("tenant", "/public_sector"),
    BAD("tenant", "/country", "\"kr\""),
    BAD("tenant", "/locale", "\"ko_KR\""),
    MUST("subscription", "/subscription_id"),
    BAD("subscription", "/subscription_id", "\"x\""),
    MUST("subscription", "/tenant_id"),
    MUST("subscription", "/product"),
    BAD("subscription", "/product", "*64:A"),
    MUST("subscription", "/channel"),
    BAD("subscription", "/channel", "\"RESELLER\""),
    MUST("subscription", "/state"),
    BAD("subscription", "/state", "\"active\""),
    MUST("subscription", "/provisioned"),
    BAD("subscription", "/provisioned", "1"),
    MUST("subscription", "/starts_on"),
    BAD("subscription", "/ends_on", "\"never\""),
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
        const BadRow *row = &bad_rows[i];
        const char *value =
            row->pointer == NULL ? row->value : example_text(row->topic, row->pointer, row->value);
        const Record record = record_of(row->topic, value);
        Reference reference = {.key = "untouched"};
        Error error = {0};
        if (reference_decode(&record, &arena, &reference, &error))
            fail_msg("%s %s %s was decoded", row->topic, row->pointer, row->value);
        assert_int_equal(error.class, ERROR_REJECT);
        assert_string_equal(error.code, row->code);
        assert_string_equal(reference.key, "untouched");
        if (row->pointer != NULL && strncmp(error.text, row->pointer, strlen(row->pointer)) != 0)
            fail_msg("%s %s: the error tells of '%s'", row->topic, row->pointer, error.text);
    }
}

static const struct {
    const char *topic, *key; /* key NULL: none */
    const char *deletes;     /* NULL: rejected */
} tombstones[] = {
    {"partner", "1234566", "1234566"},
    {"tenant", TENANT_ID, TENANT_ID},
    {"tenant", TENANT_ID_CAPITALS, TENANT_ID},
    {"subscription", TENANT_ID_CAPITALS, TENANT_ID},
    {"partner", NULL, NULL},
    {"partner", "", NULL},
    {"partner", "12a", NULL},
    {"partner", "1234567890123", NULL},
    {"partner", TENANT_ID, NULL},
    {"tenant", NULL, NULL},
    {"tenant", "1234566", NULL},
    {"tenant", TENANT_ID "0", NULL},
};

static void test_tombstones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tombstones); i++) {
        const char *key = tombstones[i].key;
        const Record record = {
            .topic = tombstones[i].topic, .key = key, .key_size = key == NULL ? 0 : strlen(key)};
        Reference reference = {0};
        Error error = {0};
        const bool decoded = reference_decode(&record, &arena, &reference, &error);
        if (decoded != (tombstones[i].deletes != NULL))
            fail_msg("tombstone %s of %s: decoded %d", key, record.topic, decoded);
        if (decoded) {
            assert_true(reference.deleted);
            assert_string_equal(reference.key, tombstones[i].deletes);
        } else {
            assert_int_equal(error.class, ERROR_REJECT);
            assert_string_equal(error.code, "FIELD_INVALID");
        }
    }
}

static void test_words(void **state)
{
    static const SubscriptionState current[] = {SUBSCRIPTION_ACTIVE, SUBSCRIPTION_GRACE};
    static const SubscriptionState others[] = {SUBSCRIPTION_SUSPENDED, SUBSCRIPTION_EXPIRED,
                                               SUBSCRIPTION_DELETED};
    (void)state;
    for (int i = CHANNEL_VOLUME_LICENSING; i <= CHANNEL_CSP; i++)
        assert_int_equal(channel_from_name(channel_name((Channel)i)), i);
    assert_int_equal(channel_from_name("RESELLER"), CHANNEL_UNKNOWN);
    assert_string_equal(channel_name(CHANNEL_UNKNOWN), "");
    for (size_t i = 0; i < COUNT_OF(current); i++)
        assert_true(subscription_is_current(current[i]));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(subscription_is_current(others[i]));
    assert_true(reference_is(&(Record){.topic = "partner"}));
    assert_false(reference_is(&(Record){.topic = "claim-submission"}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_bad),      cmocka_unit_test(test_tombstones),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
