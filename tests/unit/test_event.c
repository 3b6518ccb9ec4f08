/* test_event.c - every event type good and bad, every dead-letter code, the three envelopes. */
#include "claim/event.h"
#include "unit/codec_fixture.h"

#define TENANT "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f"

static Arena arena;
static const EventContext context;

static void add_header(Record *record, const char *name, const char *value)
{
    if (value == NULL)
        return;
    record->headers[record->header_count++] =
        (RecordHeader){.name = name, .value = value, .value_size = strlen(value)};
    record->header_total = record->header_count;
}

/* A binary CloudEvent. */
static Record new_record(const char *topic, const char *type, const char *value)
{
    Record record = {.topic = topic, .receipt_at_ms = 1790000000000};
    add_header(&record, "content-type", "application/json");
    add_header(&record, "ce_specversion", "1.0");
    add_header(&record, "ce_id", "e-1");
    add_header(&record, "ce_source", "urn:upstream");
    add_header(&record, "ce_type", type);
    record.value = value;
    record.value_size = value == NULL ? 0 : strlen(value);
    return record;
}

static const char *dump(const json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    const char *copy = arena_text(&arena, text);
    free(text);
    return copy;
}

static Event decode_good(const Record *record)
{
    Event event;
    Error error = {0};
    if (!event_decode(record, &context, &arena, &event, &error))
        fail_msg("refused: %s %s", error.code, error.text);
    return event;
}

static void decode_bad(const char *name, const Record *record, const char *code, const char *part)
{
    Event event;
    Error error = {0};
    if (event_decode(record, &context, &arena, &event, &error))
        fail_msg("%s: taken", name);
    if (error.class != ERROR_REJECT || strcmp(error.code, code) != 0 ||
        (part != NULL && strstr(error.text, part) == NULL))
        fail_msg("%s: %s (%s)", name, error.code, error.text);
}

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

typedef struct Row {
    EventType type;
    const char *pointer, *value; /* a patch of the type's example */
    const char *part;            /* of the detail; NULL: still good */
} Row;

#define BAD(type, pointer, value)                                                                  \
    {                                                                                              \
        EVENT_##type, pointer, value, pointer ": "                                                 \
    }
#define GOOD(type, pointer, value)                                                                 \
    {                                                                                              \
        EVENT_##type, pointer, value, NULL                                                         \
    }
#define BAD_IDS(type)                                                                              \
    BAD(type, "/claim_id", NULL), BAD(type, "/claim_id", "null"), BAD(type, "/claim_id", "7"),     \
        BAD(type, "/claim_id", "\"a b\""), BAD(type, "/claim_id", "*65:x"), BAD_TENANT(type)
#define BAD_TENANT(type)                                                                           \
    BAD(type, "/tenant_id", NULL), BAD(type, "/tenant_id", "7"), BAD(type, "/tenant_id", "\"x\""), \
        GOOD(type, "/tenant_id", "\"6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F\""),                      \
        GOOD(type, "/future", "{}")
#define BAD_LINES(type)                                                                            \
    GOOD(type, "/lines", NULL), GOOD(type, "/lines", "null"), BAD(type, "/lines", "[]"),           \
        BAD(type, "/lines", "1"), BAD(type, "/lines", "#51:1"),                                    \
        {EVENT_##type, "/lines", "[1,0]", "/lines/1: "},                                           \
        {EVENT_##type, "/lines", "[-1]", "/lines/0: "},                                            \
        {EVENT_##type, "/lines", "[1.0]", "/lines/0: "},                                           \
        {EVENT_##type, "/lines", "[\"1\"]", "/lines/0: "},                                         \
        {EVENT_##type, "/lines", "[4294967297]", "/lines/0: "},                                    \
        {EVENT_##type, "/lines", "[1,2,1]", "/lines/2: "}, GOOD(type, "/lines", "[2,1,9999]")
#define BAD_ACTOR(type)                                                                            \
    BAD(type, "/actor", NULL), BAD(type, "/actor", "\"partner\""), BAD(type, "/actor/type", NULL), \
        BAD(type, "/actor/type", "\"nobody\""), BAD(type, "/actor/type", "\"system\""),            \
        BAD(type, "/actor/type", "7"), BAD(type, "/actor/id", "7"),                                \
        BAD(type, "/actor/id", "*129:1")
#define BAD_PARTNER(type)                                                                          \
    BAD_ACTOR(type), BAD(type, "/actor/id", NULL), BAD(type, "/actor/id", "\"\""),                 \
        BAD(type, "/actor/id", "\"12a\""), BAD(type, "/actor/id", "*13:1"),                        \
        BAD(type, "/actor/type", "\"reviewer\"")
#define BAD_REASON(type, pointer)                                                                  \
    BAD(type, pointer, NULL), BAD(type, pointer, "null"), BAD(type, pointer, "\"\""),              \
        BAD(type, pointer, "\" \\n\\u3000\\u00a0\""), BAD(type, pointer, "*4001:x"),               \
        BAD(type, pointer, "7"), BAD(type, pointer, "\"a\\u0000\""),                               \
        GOOD(type, pointer, "*4000:x")
#define OPTIONAL_REASON(type, pointer)                                                             \
    GOOD(type, pointer, NULL), GOOD(type, pointer, "null"), GOOD(type, pointer, "\"\""),           \
        GOOD(type, pointer, "\"a\\nb\""), BAD(type, pointer, "7"), BAD(type, pointer, "*4001:x"),  \
        BAD(type, pointer, "\"\\u202e\"")
#define BAD_REVISION(type)                                                                         \
    BAD(type, "/revision", NULL), BAD(type, "/revision", "0"), BAD(type, "/revision", "1.0"),      \
        BAD(type, "/revision", "\"1\""), BAD(type, "/revision", "2147483648")
#define BAD_INSTANT(type, pointer)                                                                 \
    BAD(type, pointer, NULL), BAD(type, pointer, "7"), BAD(type, pointer, "\"2026-11-09\""),       \
        BAD(type, pointer, "\"2026-02-30T00:00:00Z\"")

static const Row rows[] = {
    {EVENT_CLAIM_SUBMITTED, "/claim_id", NULL, "/claim_id: "},
    {EVENT_CLAIM_SUBMITTED, "/claim_id", "\"a/b\"", "/claim_id: "},
    {EVENT_CLAIM_SUBMITTED, "/customer", NULL, "/customer: "},
    {EVENT_CLAIM_SUBMITTED, "/customer", "7", "/customer: "},
    {EVENT_CLAIM_SUBMITTED, "/customer/tenant_id", NULL, "/customer/tenant_id: "},
    {EVENT_CLAIM_SUBMITTED, "/customer/tenant_id", "\"x\"", "/customer/tenant_id: "},
    GOOD(CLAIM_SUBMITTED, "/mpn_id", NULL), /* the publisher is told, on claim-status */
    GOOD(CLAIM_SUBMITTED, "/lines", "[]"),
    {EVENT_CLAIM_RESUBMITTED, "/claim_id", "null", "/claim_id: "},
    GOOD(CLAIM_RESUBMITTED, "/revision", NULL),

    BAD_IDS(CLAIM_WITHDRAWN),
    BAD_LINES(CLAIM_WITHDRAWN),
    BAD_PARTNER(CLAIM_WITHDRAWN),
    OPTIONAL_REASON(CLAIM_WITHDRAWN, "/reason"),

    BAD_IDS(EVIDENCE_ADDED),
    BAD_PARTNER(EVIDENCE_ADDED),
    BAD(EVIDENCE_ADDED, "/poe", NULL),
    BAD(EVIDENCE_ADDED, "/poe", "[]"),
    BAD(EVIDENCE_ADDED, "/poe", "{}"),
    BAD(EVIDENCE_ADDED, "/poe", "#21:{}"),
    BAD(EVIDENCE_ADDED, "/poe/0", "7"),
    BAD(EVIDENCE_ADDED, "/poe/0/signed_on", "\"soon\""),
    {EVENT_EVIDENCE_ADDED, "/poe/0/covers", "[0]", "/poe/0/covers/0: "},
    GOOD(EVIDENCE_ADDED, "/poe/0", "{}"),

    BAD_IDS(COMMENT_ADDED),
    BAD(COMMENT_ADDED, "/comment", NULL),
    BAD(COMMENT_ADDED, "/comment", "\"x\""),
    BAD_REASON(COMMENT_ADDED, "/comment/text"),
    BAD(COMMENT_ADDED, "/comment/at", "7"),
    BAD(COMMENT_ADDED, "/comment/author", "7"),
    GOOD(COMMENT_ADDED, "/comment/author", NULL),

    BAD_IDS(CLAIM_REVIEWED),
    BAD_LINES(CLAIM_REVIEWED),
    BAD_ACTOR(CLAIM_REVIEWED),
    BAD_REVISION(CLAIM_REVIEWED),
    BAD(CLAIM_REVIEWED, "/actor/id", NULL),
    BAD(CLAIM_REVIEWED, "/actor/type", "\"partner\""),
    BAD(CLAIM_REVIEWED, "/verdict", NULL),
    BAD(CLAIM_REVIEWED, "/verdict", "\"MAYBE\""),
    GOOD(CLAIM_REVIEWED, "/verdict", "\"REJECT\""),
    GOOD(CLAIM_REVIEWED, "/verdict", "\"APPROVE\""),
    BAD_REASON(CLAIM_REVIEWED, "/reason"),
    BAD(CLAIM_REVIEWED, "/findings", "{}"),
    GOOD(CLAIM_REVIEWED, "/findings", NULL),
    BAD(CLAIM_REVIEWED, "/findings/0", "7"),
    BAD(CLAIM_REVIEWED, "/findings/0/code", NULL),
    BAD(CLAIM_REVIEWED, "/findings/0/code", "\"NO_SUCH\""),
    BAD(CLAIM_REVIEWED, "/findings/0/code", "\"SUPERSEDED\""),
    BAD(CLAIM_REVIEWED, "/findings/0/line", "0"),
    GOOD(CLAIM_REVIEWED, "/findings/0/line", NULL),
    BAD_REASON(CLAIM_REVIEWED, "/findings/0/message"),

    BAD_IDS(DISASSOCIATED),
    BAD_LINES(DISASSOCIATED),
    BAD_PARTNER(DISASSOCIATED),
    BAD_REASON(DISASSOCIATED, "/reason"),

    BAD_IDS(IMPORTED),
    BAD(IMPORTED, "/mpn_id", NULL),
    BAD(IMPORTED, "/mpn_id", "7"),
    BAD(IMPORTED, "/domain", NULL),
    BAD(IMPORTED, "/domain", "\"x\""),
    BAD(IMPORTED, "/solution_area", "\"AZURE\""),
    BAD(IMPORTED, "/activities", "[]"),
    {EVENT_IMPORTED, "/activities", "[\"USAGE\",\"USAGE\"]", "/activities/1: "},
    BAD(IMPORTED, "/line", NULL),
    BAD(IMPORTED, "/line", "0"),
    {EVENT_IMPORTED, "/product", NULL, "/workload: "},
    BAD(IMPORTED, "/workload", "\"TEAMS\""),
    BAD(IMPORTED, "/product", "7"),
    BAD(IMPORTED, "/subscription_id", "\"x\""),
    GOOD(IMPORTED, "/subscription_id", NULL),
    BAD_INSTANT(IMPORTED, "/official_at"),
    BAD(IMPORTED, "/poe_signed_on", "\"x\""),
    GOOD(IMPORTED, "/poe_signed_on", NULL),

    BAD_IDS(ANSWER_DUE),
    BAD_INSTANT(ANSWER_DUE, "/due_at"),
    BAD_IDS(CLAIM_RECEIVED),
    BAD_REVISION(CLAIM_RECEIVED),
    BAD_IDS(RECHECK_DUE),
    BAD_INSTANT(RECHECK_DUE, "/due_at"),
    BAD_IDS(NOTICE_REQUESTED),
    BAD_REVISION(NOTICE_REQUESTED),
    BAD_IDS(NOTICE_RETRY_DUE),
    BAD_INSTANT(NOTICE_RETRY_DUE, "/due_at"),

    BAD_IDS(CUSTOMER_OPTED_OUT),
    BAD_LINES(CUSTOMER_OPTED_OUT),
    BAD_ACTOR(CUSTOMER_OPTED_OUT),
    GOOD(CUSTOMER_OPTED_OUT, "/actor/id", NULL),
    GOOD(CUSTOMER_OPTED_OUT, "/actor/type", "\"operator\""),
    BAD(CUSTOMER_OPTED_OUT, "/actor/type", "\"partner\""),
    OPTIONAL_REASON(CUSTOMER_OPTED_OUT, "/comment"),
    BAD(CUSTOMER_OPTED_OUT, "/token", "7"),
    GOOD(CUSTOMER_OPTED_OUT, "/token", "\"x\""),

    BAD_IDS(WINDOW_OPENED),
    BAD_REVISION(WINDOW_OPENED),
    BAD_INSTANT(WINDOW_OPENED, "/deadline_at"),
    BAD_IDS(WINDOW_EXTENDED),
    BAD_LINES(WINDOW_EXTENDED),
    BAD_ACTOR(WINDOW_EXTENDED),
    BAD(WINDOW_EXTENDED, "/actor/id", NULL),
    BAD(WINDOW_EXTENDED, "/actor/type", "\"customer\""),
    BAD_REASON(WINDOW_EXTENDED, "/reason"),
    BAD_INSTANT(WINDOW_EXTENDED, "/deadline_at"),
    BAD_TENANT(WINDOW_CLOSED),
    BAD_INSTANT(WINDOW_CLOSED, "/due_at"),
    BAD_TENANT(SUBSCRIPTION_CHANGED),
    BAD(SUBSCRIPTION_CHANGED, "/subscription_id", NULL),
    BAD(SUBSCRIPTION_CHANGED, "/subscription_id", "\"x\""),
    BAD(SUBSCRIPTION_CHANGED, "/state", NULL),
    BAD(SUBSCRIPTION_CHANGED, "/state", "\"GONE\""),
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *type = event_type_name(rows[i].type);
        JSON_AUTO root = example_load(type);
        patch_apply(root, rows[i].pointer, rows[i].value);
        const Record record = new_record(event_type_topic(rows[i].type), type, dump(root));
        if (rows[i].part == NULL)
            decode_good(&record);
        else
            decode_bad(arena_printf(&arena, "%s %s %s", type, rows[i].pointer, rows[i].value),
                       &record, "FIELD_INVALID", rows[i].part);
    }
}

static void test_tenant_is_folded(void **state)
{
    static const char text[] = "{\"due_at\":\"2026-11-09T15:00:00Z\","
                               "\"tenant_id\":\"6F1C2D3E-8A4B-4C5D-9E6F-7A8B9C0D1E2F\"}";
    const Record record = new_record("opt-out-expiry", "cpor.window.closed.v1", text);
    (void)state;
    assert_string_equal(decode_good(&record).tenant_id, TENANT);
}

static void test_blank_reason_is_none(void **state)
{
    JSON_AUTO root = example_load("cpor.claim.withdrawn.v1");
    (void)state;
    patch_apply(root, "/reason", "\" \\t\"");
    const Record record = new_record("claim-submission", "cpor.claim.withdrawn.v1", dump(root));
    assert_null(decode_good(&record).reason);
}

/* `name`'s value replaced; NULL: the header is not there. */
static Record with_header(const char *name, const char *value)
{
    static const char text[] = "{\"tenant_id\":\"" TENANT "\",\"due_at\":\"2026-11-09T15:00:00Z\"}";
    Record record = new_record("opt-out-expiry", "cpor.window.closed.v1", text);
    size_t kept = 0;
    for (size_t i = 0; i < record.header_count; i++) {
        if (strcmp(record.headers[i].name, name) != 0)
            record.headers[kept++] = record.headers[i];
    }
    record.header_count = kept;
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
        Record record = with_header(names[i], NULL); /* as librdkafka gives a null value */
        record.headers[record.header_count++] = (RecordHeader){.name = names[i]};
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
#define NAMES "\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\","
#define TYPE "\"type\":\"cpor.window.closed.v1\","

static void test_structured(void **state)
{
    static const char *const bad[][4] = {
        {"empty", "", "NOT_JSON", NULL},
        {"cut", "{", "NOT_JSON", NULL},
        {"array", "[]", "FIELD_INVALID", NULL},
        {"version", "{\"id\":\"i\",\"source\":\"s\"," TYPE DATA "}", "HEADER_MISSING",
         "specversion"},
        {"wrong version", "{\"specversion\":\"1.1\",\"id\":\"i\",\"source\":\"s\"," TYPE DATA "}",
         "HEADER_MISSING", "specversion"},
        {"id", "{\"specversion\":\"1.0\",\"source\":\"s\"," TYPE DATA "}", "HEADER_MISSING", "id"},
        {"id is a number", "{\"specversion\":\"1.0\",\"id\":1,\"source\":\"s\"," TYPE DATA "}",
         "HEADER_MISSING", "id"},
        {"id has a NUL",
         "{\"specversion\":\"1.0\",\"id\":\"a\\u0000\",\"source\":\"s\"," TYPE DATA "}",
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
    assert_string_equal(event.source, "s");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        record = new_structured(bad[i][1]);
        decode_bad(bad[i][0], &record, bad[i][2], bad[i][3]);
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

static int group_end(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_and_topics), cmocka_unit_test(test_values_of_partner_events),
        cmocka_unit_test(test_values_of_others),    cmocka_unit_test(test_fields),
        cmocka_unit_test(test_tenant_is_folded),    cmocka_unit_test(test_blank_reason_is_none),
        cmocka_unit_test(test_binary_headers),      cmocka_unit_test(test_order_of_codes),
        cmocka_unit_test(test_structured),          cmocka_unit_test(test_friendly),
        cmocka_unit_test(test_content_hash),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
