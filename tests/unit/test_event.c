/* test_event.c - every event type good, every dead-letter code, the three envelopes. */
#include "unit/event_fixture.h"

/* The topics of each type, by its index; the second is NULL for most. */
static const char *const other_topic[EVENT_TYPE_COUNT] = {
    [EVENT_CLAIM_WITHDRAWN] = "opt-out-expiry",
    [EVENT_EVIDENCE_ADDED] = "opt-out-expiry",
    [EVENT_DISASSOCIATED] = "opt-out-expiry",
    [EVENT_IMPORTED] = "opt-out-expiry",
};

static void test_examples_and_topics(void **state)
{
    static const char *const topics[] = {"claim-submission", "claim-validation",
                                         "customer-notification", "opt-out-expiry", "partner"};
    (void)state;
    for (int i = 1; i < EVENT_TYPE_COUNT; i++) {
        const char *type = event_type_name((EventType)i);
        JSON_AUTO root = example_load(type);
        const char *text = dump(root);
        for (size_t j = 0; j < sizeof topics / sizeof topics[0]; j++) {
            const Record record = new_record(topics[j], type, text);
            const bool here = strcmp(topics[j], event_type_topic((EventType)i)) == 0;
            const bool there = other_topic[i] != NULL && strcmp(topics[j], other_topic[i]) == 0;
            if (!here && !there) {
                decode_bad(type, &record, "UNKNOWN_TYPE", type);
                continue;
            }
            const Event event = decode_good(&record);
            assert_int_equal(event.type, i);
            assert_int_equal(strlen(event.tenant_id), 36);
            assert_ptr_equal(event.record, &record);
            assert_int_equal(event.data != NULL, other_topic[i] != NULL);
        }
    }
}

static Event decode_example(EventType type)
{
    JSON_AUTO root = example_load(event_type_name(type));
    /* the record may go: nothing but event.record points into it */
    const Record record = new_record(event_type_topic(type), event_type_name(type), dump(root));
    return decode_good(&record);
}

static void test_values_of_partner_events(void **state)
{
    (void)state;
    const Event withdrawn = decode_example(EVENT_CLAIM_WITHDRAWN);
    assert_string_equal(withdrawn.tenant_id, TENANT);
    assert_string_equal(withdrawn.claim_id, "C-2026-000123");
    assert_int_equal(withdrawn.actor.type, ACTOR_PARTNER);
    assert_string_equal(withdrawn.actor.id, "1234566");
    assert_int_equal(withdrawn.line_count, 1);
    assert_int_equal(withdrawn.lines[0], 2);
    assert_string_equal(withdrawn.reason, "Line 2 was claimed by mistake.");
    assert_string_equal(withdrawn.source, "urn:upstream");
    assert_string_equal(withdrawn.id, "e-1");
    assert_int_equal(withdrawn.receipt_at_ms, 1790000000000);

    const Event evidence = decode_example(EVENT_EVIDENCE_ADDED);
    assert_int_equal(evidence.poe_count, 1);
    assert_int_equal(evidence.poe[0].index, -1);
    assert_int_equal(evidence.poe[0].received_at_ms, 1790000000000);
    assert_int_equal(evidence.poe[0].covers[0], 1);
    assert_memory_equal(evidence.evidence, "[{\"covers\":[1],\"document_id\":", 29);
    assert_null(evidence.lines);

    const Event comment = decode_example(EVENT_COMMENT_ADDED);
    assert_string_equal(comment.comment,
                        "{\"at\":\"2026-11-03T02:15:00.000Z\",\"author\":\"Min-jun Park\","
                        "\"text\":\"The customer asked for the notice in Korean.\"}");
    assert_int_equal(comment.actor.type, ACTOR_NONE);

    const Event import = decode_example(EVENT_IMPORTED);
    assert_string_equal(import.import.mpn_id, "7654321");
    assert_string_equal(import.import.domain, "litware.example");
    assert_string_equal(import.import.product, "D365_FIELD_SERVICE");
    assert_null(import.import.workload);
    assert_int_equal(import.import.solution_area, AREA_BUSINESS_APPLICATIONS);
    assert_int_equal(import.import.activities, ACTIVITY_USAGE);
    assert_int_equal(import.import.line, 1);
    assert_int_equal(import.import.poe_signed_on, 20220); /* 2025-05-12 */
    assert_int_equal(import.at_ms, 1751320800000);
    assert_string_equal(import.subscription_id, "1b4e28ba-2fa1-41d2-883f-0016d3cca427");
}

static void test_values_of_others(void **state)
{
    (void)state;
    const Event review = decode_example(EVENT_CLAIM_REVIEWED);
    assert_int_equal(review.verdict, VERDICT_ASK);
    assert_int_equal(review.revision, 1);
    assert_int_equal(review.actor.type, ACTOR_REVIEWER);
    assert_int_equal(review.finding_count, 1);
    assert_int_equal(review.findings[0].code, CODE_POE_LINE_NOT_COVERED);
    assert_int_equal(review.findings[0].kind, FINDING_QUESTION);
    assert_int_equal(review.findings[0].line, 1);

    const Event opt_out = decode_example(EVENT_CUSTOMER_OPTED_OUT);
    assert_int_equal(opt_out.actor.type, ACTOR_CUSTOMER);
    assert_string_equal(opt_out.reason, "We work with another partner.");
    assert_null(opt_out.token);

    const Event extended = decode_example(EVENT_WINDOW_EXTENDED);
    assert_int_equal(extended.at_ms, 1794495600000); /* 2026-11-12T15:00Z */
    assert_null(extended.lines);
    assert_int_equal(extended.line_count, 0);

    const Event closed = decode_example(EVENT_WINDOW_CLOSED);
    assert_string_equal(closed.claim_id, "");
    assert_int_equal(closed.at_ms, 1794236400000);

    const Event subscription = decode_example(EVENT_SUBSCRIPTION_CHANGED);
    assert_int_equal(subscription.subscription_state, SUBSCRIPTION_EXPIRED);
    assert_string_equal(subscription_state_name(subscription.subscription_state), "EXPIRED");
    assert_int_equal(subscription_state_from_name("GRACE"), SUBSCRIPTION_GRACE);
    assert_int_equal(subscription_state_from_name("grace"), SUBSCRIPTION_NONE);
    assert_string_equal(actor_type_name(ACTOR_REVIEWER), "reviewer");

    const Event submitted = decode_example(EVENT_CLAIM_SUBMITTED);
    assert_int_equal(submitted.document->finding_count, 0);
    assert_int_equal(strlen(submitted.content_hash), 64);
    assert_int_equal(decode_example(EVENT_CLAIM_RESUBMITTED).revision, 2);
}

/* `name`'s value replaced; NULL: the header is not there. */
static Record with_header(const char *name, const char *value)
{
    static const char text[] = "{\"tenant_id\":\"" TENANT "\",\"due_at\":\"2026-11-09T15:00:00Z\"}";
    const Record whole = new_record("opt-out-expiry", "cpor.window.closed.v1", text);
    Record record = whole;
    record.header_count = 0;
    for (size_t i = 0; i < whole.header_count; i++) {
        if (strcmp(whole.headers[i].name, name) != 0)
            add_header(&record, whole.headers[i].name, whole.headers[i].value);
    }
    add_header(&record, name, value);
    return record;
}

static void test_binary_headers(void **state)
{
    static const char *const names[] = {"ce_specversion", "ce_id", "ce_source", "ce_type"};
    char *long_value = calloc(1, 1026);
    (void)state;
    memset(long_value, 'x', 1025);
    for (size_t i = 0; i < 4; i++) {
        const char *const bad[] = {NULL, "", "a\nb", "a\xff", long_value};
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            const Record record = with_header(names[i], bad[j]);
            decode_bad(names[i], &record, "HEADER_MISSING", names[i]);
        }
        Record record = with_header(names[i], NULL);
        add_header(&record, names[i], ""); /* as the adapter gives a null value */
        decode_bad(names[i], &record, "HEADER_MISSING", names[i]);
    }
    Record record = with_header("ce_specversion", "0.3");
    decode_bad("old version", &record, "HEADER_MISSING", "specversion");
    record = with_header("ce_id", long_value + 1025 - 256);
    assert_int_equal(strlen(decode_good(&record).id), 256);
    record = with_header("ce_id", long_value + 1025 - 257);
    decode_bad("id of 257", &record, "HEADER_MISSING", "ce_id");
    record = with_header("ce_type", "cpor.window.closed.v2");
    decode_bad("v2", &record, "UNKNOWN_TYPE", "cpor.window.closed.v2");
    record = with_header("content-type", NULL);
    decode_good(&record);
    free(long_value);
}

/* The first that applies, and each code at least once. */
static void test_order_of_codes(void **state)
{
    char *big = malloc(EVENT_SIZE_MAX + 2);
    (void)state;
    memset(big, ' ', EVENT_SIZE_MAX + 1);
    big[EVENT_SIZE_MAX + 1] = '\0';
    Record record = new_record("opt-out-expiry", NULL, big);
    decode_bad("large and no type", &record, "TOO_LARGE", NULL);
    record = new_record("opt-out-expiry", NULL, "x");
    decode_bad("no type and no JSON", &record, "HEADER_MISSING", "ce_type");
    record = new_record("opt-out-expiry", "x.y", "x");
    decode_bad("unknown and no JSON", &record, "UNKNOWN_TYPE", "x.y");
    record = new_record("opt-out-expiry", "cpor.window.closed.v1", NULL);
    decode_bad("tombstone", &record, "NOT_JSON", NULL);
    record = new_record("opt-out-expiry", "cpor.window.closed.v1", "null");
    decode_bad("null", &record, "NOT_JSON", NULL);
    record = new_record("opt-out-expiry", "cpor.window.closed.v1",
                        "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],\"tenant_id\":7}");
    decode_bad("deep", &record, "TOO_DEEP", NULL);
    record = new_record("opt-out-expiry", "cpor.window.closed.v1", "[]");
    decode_bad("array", &record, "FIELD_INVALID", NULL);
    free(big);
}

static Record new_structured(const char *value)
{
    Record record = {.topic = "opt-out-expiry", .value = value, .value_size = strlen(value)};
    add_header(&record, "content-type", "Application/CloudEvents+json; charset=UTF-8");
    return record;
}

#define DATA "\"data\":{\"tenant_id\":\"" TENANT "\",\"due_at\":\"2026-11-09T15:00:00Z\"}"
#define NAMES "\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"cpor/s\","
#define TYPE "\"type\":\"cpor.window.closed.v1\","

static void test_structured(void **state)
{
    static const char *const bad[][4] = {
        {"empty", "", "NOT_JSON", NULL},
        {"cut", "{", "NOT_JSON", NULL},
        {"array", "[]", "FIELD_INVALID", NULL},
        {"version", "{\"id\":\"i\",\"source\":\"cpor/s\"," TYPE DATA "}", "HEADER_MISSING",
         "specversion"},
        {"wrong version",
         "{\"specversion\":\"1.1\",\"id\":\"i\",\"source\":\"cpor/s\"," TYPE DATA "}",
         "HEADER_MISSING", "specversion"},
        {"id", "{\"specversion\":\"1.0\",\"source\":\"cpor/s\"," TYPE DATA "}", "HEADER_MISSING",
         "id"},
        {"id is a number", "{\"specversion\":\"1.0\",\"id\":1,\"source\":\"cpor/s\"," TYPE DATA "}",
         "HEADER_MISSING", "id"},
        {"id has a NUL",
         "{\"specversion\":\"1.0\",\"id\":\"a\\u0000\",\"source\":\"cpor/s\"," TYPE DATA "}",
         "HEADER_MISSING", "id"},
        {"source", "{\"specversion\":\"1.0\",\"id\":\"i\"," TYPE DATA "}", "HEADER_MISSING",
         "source"},
        {"type", "{" NAMES DATA "}", "HEADER_MISSING", "type"},
        {"no data", "{" NAMES "\"type\":\"cpor.window.closed.v1\"}", "HEADER_MISSING", "data"},
        {"data is a text", "{" NAMES TYPE "\"data\":\"{}\"}", "HEADER_MISSING", "data"},
        {"unknown type", "{" NAMES "\"type\":\"x\"," DATA "}", "UNKNOWN_TYPE", "x"},
        {"bad field", "{" NAMES TYPE "\"data\":{}}", "FIELD_INVALID", "/due_at"},
    };
    (void)state;
    Record record = new_structured("{" NAMES TYPE DATA "}");
    add_header(&record, "ce_id", "not read");
    const Event event = decode_good(&record);
    assert_int_equal(event.type, EVENT_WINDOW_CLOSED);
    assert_string_equal(event.id, "i");
    assert_string_equal(event.source, "cpor/s");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        record = new_structured(bad[i][1]);
        decode_bad(bad[i][0], &record, bad[i][2], bad[i][3]);
    }
}

#define BASE64_DATA                                                                                \
    "\"data_base64\":"                                                                             \
    "\"eyJ0ZW5hbnRfaWQiOiI2ZjFjMmQzZS04YTRiLTRjNWQtOWU2Zi03YThiOWMwZDFlMmYiLCJkdWVf"               \
    "YXQiOiIyMDI2LTExLTA5VDE1OjAwOjAwWiJ9\""

/* Known by the header, in whatever spelling, or by the value where no ce_ header is there. */
static void test_structured_is_known(void **state)
{
    static const char *const types[] = {
        NULL,
        "application/json",
        "application/cloudevents+json",
        "  APPLICATION/CLOUDEVENTS+JSON ;charset=utf-8",
    };
    static const char *const names[] = {"content-type", "Content-Type", "CONTENT-TYPE"};
    static const char *const bodies[] = {"{" NAMES TYPE DATA "}", "{" NAMES TYPE BASE64_DATA "}"};
    (void)state;
    Event first = {0};
    for (size_t i = 0; i < 4 * 3 * 2; i++) {
        Record record = {.topic = "opt-out-expiry", .value = bodies[i % 2]};
        record.value_size = strlen(record.value);
        add_header(&record, names[i / 8], types[i / 2 % 4]);
        const Event event = decode_good(&record);
        assert_string_equal(event.id, "i");
        if (i == 0)
            first = event;
        assert_string_equal(event.digest, first.digest);
    }
}

static void test_structured_is_told(void **state)
{
    static const char *const bad[][4] = {
        {"no base64", "{" NAMES TYPE "\"data_base64\":\"a\"}", "NOT_JSON", "data_base64"},
        {"padding within", "{" NAMES TYPE "\"data_base64\":\"e=30\"}", "NOT_JSON", "data_base64"},
        {"a number", "{" NAMES TYPE "\"data_base64\":1}", "NOT_JSON", "data_base64"},
        {"base64 of no JSON", "{" NAMES TYPE "\"data_base64\":\"eHg=\"}", "NOT_JSON", NULL},
        {"base64 of nothing", "{" NAMES TYPE "\"data_base64\":\"\"}", "NOT_JSON", NULL},
        {"both", "{" NAMES TYPE DATA "," BASE64_DATA "}", "HEADER_MISSING", "data_base64"},
        {"neither", "{" NAMES "\"type\":\"cpor.window.closed.v1\"}", "HEADER_MISSING", "data"},
        {"no id", "{\"specversion\":\"1.0\",\"source\":\"s\"," TYPE DATA "}", "HEADER_MISSING",
         " id is missing"},
        {"no version", "{\"id\":\"1\",\"source\":\"s\"," TYPE DATA "}", "HEADER_MISSING",
         " specversion is missing"},
        {"no envelope", "{\"claim_id\":\"C-1\"}", "HEADER_MISSING", "no structured"},
        {"no JSON", "x", "HEADER_MISSING", "no ce_ header"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Record record = {.topic = "opt-out-expiry", .value = bad[i][1]};
        record.value_size = strlen(record.value);
        decode_bad(bad[i][0], &record, bad[i][2], bad[i][3]);
        add_header(&record, "x-retry", "1"); /* a client's own headers say nothing */
        decode_bad(bad[i][0], &record, bad[i][2], bad[i][3]);
    }
}

/* Headers are a client's: any number, any case, the last of a name. */
static void test_headers_of_clients(void **state)
{
    static const char text[] = "{\"tenant_id\":\"" TENANT "\",\"due_at\":\"2026-11-09T15:00:00Z\"}";
    (void)state;
    Record record = {.topic = "opt-out-expiry", .value = text, .value_size = sizeof text - 1};
    for (int i = 0; i < 300; i++)
        add_header(&record, arena_printf(&arena, "x-retry-%d", i), "1");
    add_header(&record, "CE_SpecVersion", "0.3");
    add_header(&record, "Ce_Type", "cpor.window.closed.v1");
    add_header(&record, "ce_source", "urn:first");
    add_header(&record, "CE_SOURCE", "cpor/last");
    add_header(&record, "ce_id", "i");
    add_header(&record, "ce_specversion", "1.0");
    const Event event = decode_good(&record);
    assert_string_equal(event.source, "cpor/last");
    assert_string_equal(event.id, "i");
    record.headers_are_too_large = true;
    record.headers_size = 65537;
    record.header_count = 0;
    decode_bad("too large", &record, "TOO_LARGE", "65537");
}

/* Two events of one name are the same one, or not, by what they say. */
static void test_digest(void **state)
{
    static const char type[] = "cpor.customer.opted-out.v1";
    static const char *const same[] = {
        "{\"claim_id\":\"C\",\"tenant_id\":\"" TENANT "\",\"actor\":{\"type\":\"customer\"}}",
        "{ \"actor\": {\"type\":\"customer\"},\n\"tenant_id\":\"" TENANT "\",\"claim_id\":\"C\"}",
    };
    static const char *const other[] = {
        "{\"claim_id\":\"D\",\"tenant_id\":\"" TENANT "\",\"actor\":{\"type\":\"customer\"}}",
        "{\"claim_id\":\"C\",\"tenant_id\":\"" TENANT
        "\",\"actor\":{\"type\":\"customer\"},\"lines\":[1]}",
        "{\"claim_id\":\"C\",\"tenant_id\":\"" TENANT
        "\",\"actor\":{\"type\":\"customer\"},\"x\":1}",
    };
    (void)state;
    Record record = new_record("opt-out-expiry", type, same[0]);
    const Event first = decode_good(&record);
    record = new_record("opt-out-expiry", type, same[1]);
    const Event again = decode_good(&record);
    assert_string_equal(again.digest, first.digest);
    assert_string_equal(again.cause_key, first.cause_key);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        record = new_record("opt-out-expiry", type, other[i]);
        Event event = decode_good(&record);
        assert_string_equal(event.cause_key, first.cause_key);
        assert_string_not_equal(event.digest, first.digest);
        event_set_apart(&event, &arena);
        assert_true(event.is_set_apart);
        assert_string_not_equal(event.cause_key, first.cause_key);
    }
}

static void test_friendly(void **state)
{
    JSON_AUTO root = example_load("claim-m365");
    (void)state;
    Record record = {.topic = "claim-submission"};
    record.value = dump(root);
    record.value_size = strlen(record.value);
    add_header(&record, "traceparent", "x");
    const Event event = decode_good(&record);
    assert_int_equal(event.type, EVENT_CLAIM_SUBMITTED);
    assert_string_equal(event.id, TENANT "/C-2026-000123");
    assert_string_equal(event.source, "urn:cpor:friendly");
    json_object_set_new(root, "id", json_integer(17));
    json_object_set_new(root, "type", json_string("claim"));
    record.value = dump(root);
    record.value_size = strlen(record.value);
    assert_string_equal(decode_good(&record).source, "urn:cpor:friendly");
    json_object_set_new(root, "specversion", json_string("1.0"));
    record.value = dump(root);
    record.value_size = strlen(record.value);
    decode_bad("an envelope", &record, "HEADER_MISSING", "id");
    json_object_del(root, "specversion");
    json_object_del(root, "id");
    json_object_del(root, "type");
    record.value = dump(root);
    record.value_size = strlen(record.value);
    add_header(&record, "ce_id", "x");
    decode_bad("one ce_ header", &record, "HEADER_MISSING", "ce_specversion");
    record.header_count = 0;
    record.topic = "opt-out-expiry";
    decode_bad("another topic", &record, "HEADER_MISSING", "ce_specversion");
    record = (Record){.topic = "claim-submission"};
    decode_bad("empty", &record, "NOT_JSON", NULL);
    record.value = "{}";
    record.value_size = 2;
    decode_bad("no ids", &record, "FIELD_INVALID", "/claim_id");
}

/* The same content has the same hash, whatever it is spelt like; another has another. */
static void test_content_hash(void **state)
{
    JSON_AUTO root = example_load("claim-m365");
    (void)state;
    Record record = new_record("claim-submission", "cpor.claim.submitted.v1", dump(root));
    const Event first = decode_good(&record);
    patch_apply(root, "/future", "1");
    patch_apply(root, "/program", NULL);
    patch_apply(root, "/program", "\"OSU_M365\""); /* now the last member */
    record = new_record("claim-submission", "cpor.claim.submitted.v1", dump(root));
    assert_string_equal(decode_good(&record).content_hash, first.content_hash);
    patch_apply(root, "/claim_name", "\"another\"");
    record = new_record("claim-submission", "cpor.claim.submitted.v1", dump(root));
    assert_string_not_equal(decode_good(&record).content_hash, first.content_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_and_topics),
        cmocka_unit_test(test_values_of_partner_events),
        cmocka_unit_test(test_values_of_others),

        cmocka_unit_test(test_binary_headers),
        cmocka_unit_test(test_order_of_codes),
        cmocka_unit_test(test_structured),
        cmocka_unit_test(test_friendly),
        cmocka_unit_test(test_content_hash),
        cmocka_unit_test(test_structured_is_known),
        cmocka_unit_test(test_structured_is_told),
        cmocka_unit_test(test_headers_of_clients),
        cmocka_unit_test(test_digest),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
