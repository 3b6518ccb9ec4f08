/* test_outbound.c - every outgoing event, byte for byte; ids against Python's uuid5. */
#include "claim/outbound.h"
#include "claim/uuid.h"
#include "unit/codec_fixture.h"

#define TENANT "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f"
#define ASSOCIATION_1 "793bf399-3150-5084-bce8-515f33c593c7"
#define ASSOCIATION_2 "5f21e2de-da01-58d4-9772-f14990c2087f"
#define SUBSCRIPTION "0d9f3a52-6c1e-4b7a-9f20-3e5d7c9b1a42"

static Arena arena;
static const Record cause = {.receipt_at_ms = 1793613600000};
static Line lines[2];
static Finding findings[3];

/* Two workloads: one whose window runs, one that was refused before it had a slot. */
static Claim new_claim(void)
{
    lines[0] = (Line){.number = 1,
                      .status = LINE_OPT_OUT_OPEN,
                      .code = "EXCHANGE_ONLINE",
                      .slot = "EXCHANGE_ONLINE",
                      .poe_day = 20728, /* 2026-10-02 */
                      .deadline_at_ms = 1794236400000};
    lines[1] = (Line){.number = 2,
                      .status = LINE_REJECTED,
                      .reason = CODE_PRODUCT_UNKNOWN,
                      .code = "NO_SUCH",
                      .poe_day = DAY_NONE};
    return (Claim){
        .tenant_id = TENANT,
        .claim_id = "C-2026-000123",
        .mpn_id = "1234566",
        .domain = "contoso.example",
        .solution_area = AREA_MICROSOFT_365,
        .activities = ACTIVITY_USAGE,
        .revision = 1,
        .sequence = 4,
        .status = CLAIM_OPT_OUT_OPEN,
        .first_submitted_at_ms = 1793583000000,
        .notified_at_ms = 1793590200000,
        .calendar_id = "KR",
        .calendar_version = "0123456789ab",
        .rules_version = "1",
        .lines = lines,
        .line_count = 2,
        .findings = findings,
    };
}

static void check(const Outcome *outcome, const char *topic, const char *type, const char *id,
                  const char *body)
{
    assert_string_equal(outcome->topic, topic);
    assert_string_equal(outcome->type, type);
    assert_string_equal(outcome->key, TENANT);
    assert_string_equal(outcome->id, id);
    assert_string_equal(outcome->body, body);
    assert_int_equal(outcome->body_size, strlen(body));
}

static void test_status(void **state)
{
    Claim claim = new_claim();
    (void)state;
    const Outcome outcome = outbound_status(&claim, CLAIM_VALIDATED, 1793590200123, &cause, &arena);
    check(&outcome, "claim-status", "cpor.claim.status-changed.v1",
          "fabd349f-bae2-571a-a19c-0342ca28c861",
          "{\"claim_id\":\"C-2026-000123\",\"tenant_id\":\"" TENANT "\",\"mpn_id\":\"1234566\","
          "\"revision\":1,\"sequence\":4,\"status\":\"OPT_OUT_OPEN\","
          "\"previous_status\":\"VALIDATED\",\"reason\":null,\"at\":\"2026-11-02T03:30:00.123Z\","
          "\"first_submitted_at\":\"2026-11-02T01:30:00.000Z\","
          "\"deadline_at\":\"2026-11-09T15:00:00.000Z\",\"lines\":["
          "{\"line\":1,\"slot\":\"EXCHANGE_ONLINE\",\"status\":\"OPT_OUT_OPEN\",\"reason\":null,"
          "\"association_id\":\"" ASSOCIATION_1 "\",\"deadline_at\":\"2026-11-09T15:00:00.000Z\"},"
          "{\"line\":2,\"slot\":null,\"status\":\"REJECTED\",\"reason\":\"PRODUCT_UNKNOWN\","
          "\"association_id\":\"" ASSOCIATION_2 "\",\"deadline_at\":null}],"
          "\"findings\":[],\"rules_version\":\"1\"}");
    assert_string_equal(outcome.subject, "C-2026-000123");
    assert_int_equal(outcome.at_ms, 1793590200123);
    assert_ptr_equal(outcome.cause, &cause);
}

static void test_status_with_findings(void **state)
{
    Claim claim = new_claim();
    (void)state;
    claim.mpn_id[0] = claim.rules_version[0] = '\0';
    claim.line_count = 0;
    claim.status = CLAIM_PARTNER_ACTION_REQUIRED;
    claim.reason = CODE_POE_TOO_OLD;
    claim.answer_due_at_ms = 1794236400000;
    findings[0] = (Finding){.code = CODE_POE_TOO_OLD,
                            .kind = FINDING_QUESTION,
                            .line = 1,
                            .path = "/poe/0/signed_on",
                            .message = "Say \"why\"\n\t\\ \x01 김."};
    findings[1] = (Finding){.code = CODE_PRODUCT_NOT_ON_TENANT, .kind = FINDING_WAIT, .line = 1};
    findings[2] = (Finding){.code = CODE_DUPLICATE_OWN_CLAIM,
                            .kind = FINDING_REFUSAL,
                            .message = "m",
                            .claim_id = "C-1"};
    claim.finding_count = 3;
    const Outcome outcome = outbound_status(&claim, CLAIM_NONE, 1793590200000, NULL, &arena);
    check(&outcome, "claim-status", "cpor.claim.status-changed.v1",
          "fabd349f-bae2-571a-a19c-0342ca28c861",
          "{\"claim_id\":\"C-2026-000123\",\"tenant_id\":\"" TENANT "\",\"mpn_id\":null,"
          "\"revision\":1,\"sequence\":4,\"status\":\"PARTNER_ACTION_REQUIRED\","
          "\"previous_status\":null,\"reason\":\"POE_TOO_OLD\","
          "\"at\":\"2026-11-02T03:30:00.000Z\","
          "\"first_submitted_at\":\"2026-11-02T01:30:00.000Z\","
          "\"deadline_at\":\"2026-11-09T15:00:00.000Z\",\"lines\":[],\"findings\":["
          "{\"code\":\"POE_TOO_OLD\",\"kind\":\"question\",\"line\":1,"
          "\"path\":\"/poe/0/signed_on\",\"message\":\"Say \\\"why\\\"\\n\\t\\\\ \\u0001 김.\"},"
          "{\"code\":\"DUPLICATE_OWN_CLAIM\",\"kind\":\"refusal\",\"line\":null,\"path\":null,"
          "\"message\":\"m\",\"claim_id\":\"C-1\"}],\"rules_version\":null}");
    assert_null(outcome.cause);
}

static void test_official(void **state)
{
    Claim claim = new_claim();
    (void)state;
    lines[0].official_at_ms = 1794236400000;
    const Outcome outcome = outbound_official(&claim, &lines[0], &cause, &arena);
    check(&outcome, "association-official", "cpor.association.official.v1",
          "e4b1290e-f39b-5fea-b2a5-4886b660eda9",
          "{\"association_id\":\"" ASSOCIATION_1 "\",\"claim_id\":\"C-2026-000123\",\"line\":1,"
          "\"origin\":\"CLAIM\",\"mpn_id\":\"1234566\",\"tenant_id\":\"" TENANT "\","
          "\"domain\":\"contoso.example\",\"solution_area\":\"MICROSOFT_365\","
          "\"activities\":[\"USAGE\"],\"workload\":\"EXCHANGE_ONLINE\","
          "\"slot\":\"EXCHANGE_ONLINE\",\"official_at\":\"2026-11-09T15:00:00.000Z\","
          "\"notified_at\":\"2026-11-02T03:30:00.000Z\","
          "\"deadline_at\":\"2026-11-09T15:00:00.000Z\","
          "\"calendar\":{\"id\":\"KR\",\"version\":\"0123456789ab\"},"
          "\"poe_signed_on\":\"2026-10-02\",\"supersedes\":null,"
          "\"data_scope\":[\"usage\",\"sold_seats\"]}");
    assert_int_equal(outcome.at_ms, 1794236400000);
}

/* What a line of Business Applications, an import and a revenue association have otherwise. */
static void test_official_legacy_revenue(void **state)
{
    Claim claim = new_claim();
    (void)state;
    claim.origin = ORIGIN_LEGACY;
    claim.solution_area = AREA_BUSINESS_APPLICATIONS;
    claim.activities = ACTIVITY_REVENUE_ASSOCIATION;
    lines[0] = (Line){.number = 1,
                      .is_product = true,
                      .code = "D365_SALES",
                      .subscription_id = SUBSCRIPTION,
                      .slot = SUBSCRIPTION "/REVENUE",
                      .poe_day = DAY_NONE,
                      .official_at_ms = 1794236400000,
                      .deadline_at_ms = 5,
                      .supersedes = ASSOCIATION_2};
    const Outcome outcome = outbound_official(&claim, &lines[0], &cause, &arena);
    check(&outcome, "association-official", "cpor.association.official.v1",
          "e4b1290e-f39b-5fea-b2a5-4886b660eda9",
          "{\"association_id\":\"" ASSOCIATION_1 "\",\"claim_id\":\"C-2026-000123\",\"line\":1,"
          "\"origin\":\"LEGACY\",\"mpn_id\":\"1234566\",\"tenant_id\":\"" TENANT "\","
          "\"domain\":\"contoso.example\",\"solution_area\":\"BUSINESS_APPLICATIONS\","
          "\"activities\":[\"REVENUE_ASSOCIATION\"],\"product\":\"D365_SALES\","
          "\"subscription_id\":\"" SUBSCRIPTION "\",\"slot\":\"" SUBSCRIPTION "/REVENUE\","
          "\"official_at\":\"2026-11-09T15:00:00.000Z\",\"notified_at\":null,"
          "\"deadline_at\":null,\"calendar\":null,\"poe_signed_on\":null,"
          "\"supersedes\":\"" ASSOCIATION_2 "\",\"data_scope\":[]}");
}

static void test_ended(void **state)
{
    Claim claim = new_claim();
    (void)state;
    lines[0].ended_at_ms = 1794236400000;
    lines[0].reason = CODE_SUPERSEDED;
    memcpy(lines[0].superseded_by, ASSOCIATION_2, UUID_SIZE);
    Outcome outcome = outbound_ended(&claim, &lines[0], &cause, &arena);
    check(&outcome, "association-official", "cpor.association.ended.v1",
          "6fbd91b8-5622-5eb2-827c-3f1f32f44ca0",
          "{\"association_id\":\"" ASSOCIATION_1 "\",\"claim_id\":\"C-2026-000123\",\"line\":1,"
          "\"mpn_id\":\"1234566\",\"tenant_id\":\"" TENANT "\",\"slot\":\"EXCHANGE_ONLINE\","
          "\"ended_at\":\"2026-11-09T15:00:00.000Z\",\"reason\":\"SUPERSEDED\","
          "\"superseded_by\":\"" ASSOCIATION_2 "\"}");
    lines[0].superseded_by[0] = '\0';
    outcome = outbound_ended(&claim, &lines[0], &cause, &arena);
    assert_non_null(strstr(outcome.body, "\"superseded_by\":null}"));
}

static void test_challenged(void **state)
{
    Claim claim = new_claim();
    (void)state;
    const Outcome outcome =
        outbound_challenged(&claim, &lines[0], "00000000-0000-5000-8000-000000000001", 1,
                            1794236400000, &cause, &arena);
    check(&outcome, "claim-status", "cpor.association.challenged.v1",
          "101c6aa2-b8fb-58e8-b16c-922dbcf48b8a",
          "{\"association_id\":\"" ASSOCIATION_1 "\",\"claim_id\":\"C-2026-000123\","
          "\"tenant_id\":\"" TENANT "\",\"mpn_id\":\"1234566\",\"line\":1,"
          "\"slot\":\"EXCHANGE_ONLINE\",\"deadline_at\":\"2026-11-09T15:00:00.000Z\"}");
    assert_null(strstr(outcome.body, "00000000-0000-5000"));
}

/* Whatever a reviewer wrote: the event stays within its limit, and says how much it leaves out. */
static void test_findings_that_do_not_fit(void **state)
{
    static const size_t message_sizes[] = {1, 480, 490, 530, 4000};
    static Finding many[CLAIM_FINDING_COUNT_MAX];
    static char message[4001];
    (void)state;
    for (size_t i = 0; i < sizeof message_sizes / sizeof message_sizes[0]; i++) {
        memset(message, '"', message_sizes[i]); /* two bytes each, as they are encoded */
        message[message_sizes[i]] = '\0';
        for (size_t j = 0; j < CLAIM_FINDING_COUNT_MAX; j++)
            many[j] = (Finding){.code = CODE_REVIEWER_QUESTION,
                                .kind = FINDING_QUESTION,
                                .path = "/poe",
                                .message = message};
        Claim claim = new_claim();
        claim.status = CLAIM_PARTNER_ACTION_REQUIRED;
        claim.lines[0].status = LINE_UNDER_REVIEW;
        claim.findings = many;
        claim.finding_count = CLAIM_FINDING_COUNT_MAX;
        const Outcome outcomes[] = {
            outbound_status(&claim, CLAIM_UNDER_REVIEW, 1, &cause, &arena),
            outbound_reminder(&claim, 1, &cause, &arena),
        };
        for (size_t j = 0; j < 2; j++) {
            Error error;
            assert_true(outcomes_fit(&outcomes[j], 1, &error));
            JSON_AUTO root = json_loads(outcomes[j].body, 0, NULL);
            const size_t told = json_array_size(json_object_get(root, "findings"));
            const json_t *omitted = json_object_get(root, "findings_omitted");
            assert_int_equal(told + (size_t)json_integer_value(omitted), CLAIM_FINDING_COUNT_MAX);
            assert_int_equal(omitted != NULL, told < CLAIM_FINDING_COUNT_MAX);
            assert_true(told > 0);
            assert_true(message_sizes[i] < 100 || told < CLAIM_FINDING_COUNT_MAX ||
                        outcomes[j].body_size > OUTCOME_SIZE_MAX / 2);
        }
    }
}

/* A worker must be able to read what a worker writes. */
static Event read_back(const Outcome *outcome)
{
    static const EventContext context;
    Event event;
    Error error = {0};
    const RecordHeader headers[] = {{"ce_specversion", "1.0", 3},
                                    {"ce_id", outcome->id, strlen(outcome->id)},
                                    {"ce_source", "urn:cpor:cporctl", 16}, /* may say all */
                                    {"ce_type", outcome->type, strlen(outcome->type)}};
    Record record = {.topic = outcome->topic,
                     .receipt_at_ms = cause.receipt_at_ms,
                     .value = outcome->body,
                     .value_size = outcome->body_size,
                     .headers = headers,
                     .header_count = 4};
    if (!event_decode(&record, &context, &arena, &event, &error))
        fail_msg("%s: %s", outcome->type, error.text);
    event.record = NULL;
    return event;
}

static void test_internal(void **state)
{
    Claim claim = new_claim();
    (void)state;
    Outcome outcome = outbound_claim_event(EVENT_WINDOW_OPENED, &claim, 7, &cause, &arena);
    check(&outcome, "opt-out-expiry", "cpor.window.opened.v1",
          "028e3c52-e242-5b4f-8202-98593ed7aa48",
          "{\"tenant_id\":\"" TENANT "\",\"claim_id\":\"C-2026-000123\",\"revision\":1,"
          "\"deadline_at\":\"2026-11-09T15:00:00.000Z\"}");
    assert_int_equal(read_back(&outcome).at_ms, 1794236400000);
    outcome = outbound_claim_event(EVENT_CLAIM_RECEIVED, &claim, 7, &cause, &arena);
    assert_string_equal(outcome.topic, "claim-validation");
    assert_int_equal(read_back(&outcome).revision, 1);
    outcome = outbound_claim_event(EVENT_NOTICE_REQUESTED, &claim, 7, &cause, &arena);
    assert_string_equal(outcome.body,
                        "{\"tenant_id\":\"" TENANT "\",\"claim_id\":\"C-2026-000123\","
                        "\"revision\":1}");
    assert_string_equal(outcome.topic, "customer-notification");
    assert_int_equal(read_back(&outcome).type, EVENT_NOTICE_REQUESTED);
}

static void test_wakes(void **state)
{
    static const EventType types[] = {EVENT_WINDOW_CLOSED,    EVENT_ANSWER_DUE,   EVENT_RECHECK_DUE,
                                      EVENT_NOTICE_RETRY_DUE, EVENT_REMINDER_DUE, EVENT_KEPT_DUE};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *claim_id = types[i] == EVENT_WINDOW_CLOSED ? "" : "C-1";
        const Outcome first =
            outbound_wake(types[i], TENANT, claim_id, 1794236400000, 1794236400050, &arena);
        const Outcome again =
            outbound_wake(types[i], TENANT, claim_id, 1794236400000, 1794236400051, &arena);
        assert_string_equal(first.topic, event_type_topic(types[i]));
        assert_string_not_equal(first.id, again.id);
        assert_string_equal(first.body, again.body);
        const Event event = read_back(&first);
        assert_int_equal(event.type, types[i]);
        assert_int_equal(event.at_ms, 1794236400000);
        assert_string_equal(event.claim_id, claim_id);
        if (claim_id[0] == '\0')
            assert_null(first.subject);
    }
    const Outcome recheck = outbound_recheck(TENANT, "C-1", 5, "subscription/0/1", &cause, &arena);
    const Outcome other = outbound_recheck(TENANT, "C-1", 5, "subscription/0/2", &cause, &arena);
    assert_string_not_equal(recheck.id, other.id);
    assert_int_equal(read_back(&recheck).at_ms, 5);
}

static void test_subscription(void **state)
{
    (void)state;
    const Outcome outcome = outbound_subscription(TENANT, SUBSCRIPTION, SUBSCRIPTION_DELETED,
                                                  "subscription/0/1", &cause, &arena);
    assert_string_equal(outcome.topic, "opt-out-expiry");
    assert_string_equal(outcome.body,
                        "{\"tenant_id\":\"" TENANT "\",\"subscription_id\":\"" SUBSCRIPTION
                        "\",\"state\":\"DELETED\"}");
    const Event event = read_back(&outcome);
    assert_int_equal(event.subscription_state, SUBSCRIPTION_DELETED);
    assert_string_equal(event.subscription_id, SUBSCRIPTION);
}

static void test_forward(void **state)
{
    static const EventType types[] = {EVENT_CLAIM_WITHDRAWN, EVENT_EVIDENCE_ADDED,
                                      EVENT_DISASSOCIATED, EVENT_IMPORTED};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        JSON_AUTO root = example_load(event_type_name(types[i]));
        patch_apply(root, "/future", "{\"kept\":[0.1,null]}");
        char *text = json_dumps(root, JSON_INDENT(3));
        Outcome outcome = {.topic = event_type_topic(types[i]),
                           .type = event_type_name(types[i]),
                           .id = "e-1",
                           .body = text,
                           .body_size = strlen(text)};
        const Event event = read_back(&outcome);
        const Outcome forward = outbound_forward(&event, &arena);
        const Event again = read_back(&forward);
        assert_string_equal(forward.topic, "opt-out-expiry");
        assert_int_equal(again.type, types[i]);
        assert_string_equal(again.claim_id, event.claim_id);
        assert_string_equal(again.actor.id, event.actor.id);
        assert_string_equal(again.data, event.data);
        assert_string_equal(forward.body, text); /* written anew, 0.1 would be 19 digits long */
        free(text);
    }
    Event event = {.type = EVENT_CLAIM_WITHDRAWN,
                   .data = "{}",
                   .cause_key = "00000000-0000-0000-0000-000000000001"};
    assert_string_equal(outbound_forward(&event, &arena).id,
                        "820138ef-e46b-5563-bc7d-ccd512862067");
}

static void test_outcomes(void **state)
{
    Claim claim = new_claim();
    Outcome *decoded = NULL;
    size_t count = 0;
    (void)state;
    const Outcome outcomes[] = {
        outbound_status(&claim, CLAIM_VALIDATED, 1793590200123, &cause, &arena),
        outbound_wake(EVENT_WINDOW_CLOSED, TENANT, "", 5, 6, &arena),
    };
    const char *text = outcomes_encode(outcomes, 2, &arena);
    assert_true(outcomes_decode(text, &cause, &arena, &decoded, &count, NULL));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(decoded[i].topic, outcomes[i].topic);
        assert_string_equal(decoded[i].type, outcomes[i].type);
        assert_string_equal(decoded[i].key, outcomes[i].key);
        assert_string_equal(decoded[i].id, outcomes[i].id);
        assert_int_equal(decoded[i].at_ms, outcomes[i].at_ms);
        assert_int_equal(decoded[i].body_size, outcomes[i].body_size);
        assert_string_equal(decoded[i].body, outcomes[i].body);
        assert_ptr_equal(decoded[i].cause, &cause);
    }
    assert_string_equal(decoded[0].subject, "C-2026-000123");
    assert_null(decoded[1].subject);
    assert_string_equal(outcomes_encode(NULL, 0, &arena), "[]");
    assert_true(outcomes_decode("[]", NULL, &arena, &decoded, &count, NULL));
    assert_int_equal(count, 0);
}

static void test_outcomes_of_others(void **state)
{
    static const char *const texts[] = {"", "{}", "[7]", "[{}]", "[{\"topic\":\"t\"}]"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        Outcome *decoded = NULL;
        size_t count = 0;
        Error error = {0};
        assert_false(outcomes_decode(texts[i], NULL, &arena, &decoded, &count, &error));
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
        cmocka_unit_test(test_findings_that_do_not_fit),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_status_with_findings),
        cmocka_unit_test(test_official),
        cmocka_unit_test(test_official_legacy_revenue),
        cmocka_unit_test(test_ended),
        cmocka_unit_test(test_challenged),
        cmocka_unit_test(test_internal),
        cmocka_unit_test(test_wakes),
        cmocka_unit_test(test_subscription),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_outcomes_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
