/* test_event_fields.c - the fields of every event type, and each way in which they can be wrong. */
#include "unit/event_fixture.h"

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
    /* received 2026-09-21T14:13:20Z */
    GOOD(IMPORTED, "/official_at", "\"2026-09-21T14:13:20.000Z\""),
    BAD(IMPORTED, "/official_at", "\"2026-09-21T14:13:20.001Z\""),
    GOOD(IMPORTED, "/poe_signed_on", "\"2026-09-22\""),
    BAD(IMPORTED, "/poe_signed_on", "\"2026-09-23\""),

    BAD_IDS(ANSWER_DUE),
    BAD_INSTANT(ANSWER_DUE, "/due_at"),
    BAD_IDS(REMINDER_DUE),
    BAD_INSTANT(REMINDER_DUE, "/due_at"),
    BAD_IDS(KEPT_DUE),
    BAD_INSTANT(KEPT_DUE, "/due_at"),
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_tenant_is_folded),
        cmocka_unit_test(test_blank_reason_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
