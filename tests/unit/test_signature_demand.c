/* test_signature_demand.c - who must sign what, a row per event type; what a source may say. */
#include "claim/signature_demand.h"
#include "unit/event_fixture.h"

#include <stdio.h>

enum {
    NOBODY = SIGNATURE_NOBODY,
    WORKER = SIGNATURE_WORKER,
    OPERATOR = SIGNATURE_OPERATOR,
    ANYBODY = SIGNATURE_ANYBODY,
    REVIEWERS = SIGNATURE_REVIEWER | SIGNATURE_OPERATOR,
    IMPORTERS = SIGNATURE_IMPORTER | SIGNATURE_OPERATOR,
};

/* From an outsider; of internal types from a worker. [0] at level internal, [1] at privileged. */
typedef struct TypeRow {
    unsigned demanded[2];
    bool is_internal;
    unsigned handed_on[2]; /* on opt-out-expiry; zeros: not carried there */
} TypeRow;

static const TypeRow rows[EVENT_TYPE_COUNT] = {
    [EVENT_CLAIM_SUBMITTED] = {{NOBODY, NOBODY}, false, {0}},
    [EVENT_CLAIM_RESUBMITTED] = {{NOBODY, NOBODY}, false, {0}},
    [EVENT_CLAIM_WITHDRAWN] = {{NOBODY, NOBODY}, false, {WORKER, WORKER}},
    [EVENT_EVIDENCE_ADDED] = {{NOBODY, NOBODY}, false, {WORKER, WORKER}},
    [EVENT_COMMENT_ADDED] = {{NOBODY, NOBODY}, false, {0}},
    [EVENT_CLAIM_REVIEWED] = {{NOBODY, REVIEWERS}, false, {0}},
    [EVENT_DISASSOCIATED] = {{NOBODY, NOBODY}, false, {WORKER, WORKER}},
    [EVENT_IMPORTED] = {{NOBODY, IMPORTERS}, false, {WORKER, WORKER}},
    [EVENT_ANSWER_DUE] = {{WORKER, WORKER}, true, {0}},
    [EVENT_REMINDER_DUE] = {{WORKER, WORKER}, true, {0}},
    [EVENT_CLAIM_RECEIVED] = {{WORKER, WORKER}, true, {0}},
    [EVENT_RECHECK_DUE] = {{WORKER, WORKER}, true, {0}},
    [EVENT_NOTICE_REQUESTED] = {{WORKER, WORKER}, true, {0}},
    [EVENT_NOTICE_RETRY_DUE] = {{WORKER, WORKER}, true, {0}},
    [EVENT_CUSTOMER_OPTED_OUT] = {{NOBODY, NOBODY}, false, {0}}, /* see the operator's, below */
    [EVENT_WINDOW_OPENED] = {{WORKER, WORKER}, true, {0}},
    [EVENT_WINDOW_EXTENDED] = {{NOBODY, OPERATOR}, false, {0}},
    [EVENT_WINDOW_CLOSED] = {{WORKER, WORKER}, true, {0}},
    [EVENT_KEPT_DUE] = {{WORKER, WORKER}, true, {0}},
    [EVENT_SUBSCRIPTION_CHANGED] = {{WORKER, WORKER}, true, {0}},
};

static void check(const Saying *saying, SignatureLevel level, unsigned expected)
{
    const unsigned demanded = signature_demand(level, saying);
    if (demanded != expected)
        fail_msg("%s from %s on %s at level %d: %u instead of %u", event_type_name(saying->type),
                 saying->source, saying->topic, (int)level, demanded, expected);
}

static void every_type_has_its_signers(void **state)
{
    (void)state;
    for (int i = 1; i < EVENT_TYPE_COUNT; i++) {
        const TypeRow *row = &rows[i];
        Saying saying = {.type = (EventType)i,
                         .source = row->is_internal ? "cpor/opt-out-expiry" : "/upstream",
                         .topic = event_type_topic((EventType)i)};
        check(&saying, SIGNATURES_NONE, NOBODY);
        check(&saying, SIGNATURES_INTERNAL, row->demanded[0]);
        check(&saying, SIGNATURES_PRIVILEGED, row->demanded[1]);
        saying.source = "cpor/x"; /* what claims to be a worker's is signed by one */
        check(&saying, SIGNATURES_NONE, NOBODY);
        check(&saying, SIGNATURES_INTERNAL, WORKER);
        check(&saying, SIGNATURES_PRIVILEGED, WORKER);
        if (row->handed_on[0] == NOBODY)
            continue;
        saying.topic = "opt-out-expiry";
        check(&saying, SIGNATURES_NONE, NOBODY);
        check(&saying, SIGNATURES_INTERNAL, row->handed_on[0]);
        check(&saying, SIGNATURES_PRIVILEGED, row->handed_on[1]);
    }
}

static void an_actor_makes_the_difference(void **state)
{
    static const struct {
        EventType type;
        ActorType actor;
        const char *source;
        unsigned demanded[2];
    } cases[] = {
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_CUSTOMER, "/portal", {NOBODY, NOBODY}},
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_OPERATOR, "/portal", {NOBODY, OPERATOR}},
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_NONE, "/portal", {NOBODY, NOBODY}},
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_CUSTOMER, "cpor/opt-out-expiry", {WORKER, WORKER}},
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_OPERATOR, "cpor/opt-out-expiry", {WORKER, WORKER}},
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_OPERATOR, "urn:cpor:cporctl", {ANYBODY, OPERATOR}},
        {EVENT_CUSTOMER_OPTED_OUT, ACTOR_CUSTOMER, "urn:cpor:x", {ANYBODY, ANYBODY}},
        {EVENT_CLAIM_REVIEWED, ACTOR_REVIEWER, "urn:cpor:cporctl", {ANYBODY, REVIEWERS}},
        {EVENT_CLAIM_SUBMITTED, ACTOR_NONE, "urn:cpor:cporctl", {ANYBODY, ANYBODY}},
        {EVENT_WINDOW_EXTENDED, ACTOR_OPERATOR, "/desk", {NOBODY, OPERATOR}},
        {EVENT_WINDOW_CLOSED, ACTOR_NONE, "urn:cpor:x", {WORKER, WORKER}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Saying saying = {.type = cases[i].type,
                               .actor = cases[i].actor,
                               .source = cases[i].source,
                               .topic = event_type_topic(cases[i].type)};
        check(&saying, SIGNATURES_NONE, NOBODY);
        check(&saying, SIGNATURES_INTERNAL, cases[i].demanded[0]);
        check(&saying, SIGNATURES_PRIVILEGED, cases[i].demanded[1]);
    }
    assert_int_equal(signature_demand_reference(SIGNATURES_NONE), NOBODY);
    assert_int_equal(signature_demand_reference(SIGNATURES_INTERNAL), NOBODY);
    assert_int_equal(signature_demand_reference(SIGNATURES_PRIVILEGED), SIGNATURE_IMPORTER);
}

static void sources_are_the_systems_own_or_not(void **state)
{
    static const char *const own[] = {"cpor/claim-validation", "cpor/",
                                      "CPOR/claim-validation", "urn:cpor:cporctl",
                                      "URN:CPOR:friendly",     "urn:cpor:"};
    static const char *const others[] = {"/upstream",        "/cpor/x",   "cpor",
                                         "cpor.example/erp", "",          "urn:cpor",
                                         " cpor/x",          "cporctl/x", "urn:cporx:y"};
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        assert_true(source_is_own(own[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (source_is_own(others[i]))
            fail_msg("own: %s", others[i]);
}

static void every_type_has_its_sources(void **state)
{
    const char *why;
    (void)state;
    for (int i = 1; i < EVENT_TYPE_COUNT; i++) {
        const char *topic = event_type_topic((EventType)i);
        const bool to_submission = strcmp(topic, "claim-submission") == 0;
        const bool is_internal = rows[i].is_internal;
        Saying saying = {.type = (EventType)i, .topic = topic, .source = "/upstream"};
        assert_int_equal(source_may_say(&saying, &why), !is_internal);
        saying.source = "cpor/claim-validation";
        assert_int_equal(source_may_say(&saying, &why), is_internal || !to_submission);
        saying.source = "urn:cpor:friendly"; /* friendly input has no header that says so */
        assert_int_equal(source_may_say(&saying, &why), is_internal || !to_submission);
        saying.source = "urn:cpor:cporctl";
        assert_true(source_may_say(&saying, &why));
        if (rows[i].handed_on[0] == NOBODY)
            continue;
        saying = (Saying){.type = (EventType)i, .topic = "opt-out-expiry", .source = "/upstream"};
        assert_false(source_may_say(&saying, &why));
        saying.source = "cpor/claim-submission";
        assert_true(source_may_say(&saying, &why));
    }
}

/* ---- through the decoder ---- */

#define KEYS                                                                                       \
    "w1:worker:0123456789abcdef,o1:operator:0123456789abcdef-o,r1:reviewer:0123456789abcdef-r,"    \
    "i1:importer:0123456789abcdef-i"

typedef struct Refusals {
    unsigned demanded;
    SignatureVerdict verdict;
    int count;
} Refusals;

static void note_refused(void *opaque, unsigned demanded, SignatureVerdict verdict)
{
    Refusals *refusals = opaque;
    *refusals = (Refusals){demanded, verdict, refusals->count + 1};
}

static EventKeys *open_keys(void)
{
    EventKeys *keys = NULL;
    Error error = {0};
    assert_true(event_keys_open(KEYS, &keys, &error));
    return keys;
}

static Record example_record(EventType type, const char *topic, const char *source)
{
    JSON_AUTO root = example_load(event_type_name(type));
    Record record = new_record(topic, event_type_name(type), dump(root));
    add_header(&record, "ce_source", source); /* the last one counts */
    record.key = TENANT;
    record.key_size = strlen(TENANT);
    return record;
}

static void sign(Record *record, const EventKeys *keys, SignatureRole role, const char *type,
                 const char *source)
{
    char signature[SIGNATURE_SIZE];
    const SignedRecord names = {.topic = arena_printf(&arena, "pre.%s", record->topic),
                                .type = type,
                                .source = source,
                                .id = "e-1",
                                .key = record->key,
                                .key_size = record->key_size,
                                .value = record->value,
                                .value_size = record->value_size};
    assert_true(signature_sign(keys, role, &names, signature));
    add_header(record, SIGNATURE_HEADER, arena_text(&arena, signature));
}

typedef struct DecodeRow {
    const char *name;
    EventType type;
    const char *source;
    SignatureRole role; /* who signs; NOBODY: nobody */
    bool is_changed;    /* after it was signed */
    SignatureLevel level;
    const char *code;  /* NULL: taken */
    const char *proof; /* or the reason in the text */
} DecodeRow;

static const DecodeRow decode_rows[] = {
    {"a review needs none in development", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_NOBODY, false,
     SIGNATURES_NONE, NULL, NULL},
    {"a good one is a proof all the same", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_REVIEWER, false,
     SIGNATURES_NONE, NULL, "r1"},
    {"a wrong one is overlooked where none is demanded", EVENT_CLAIM_REVIEWED, "/desk",
     SIGNATURE_REVIEWER, true, SIGNATURES_INTERNAL, NULL, NULL},
    {"a review is signed", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_REVIEWER, false,
     SIGNATURES_PRIVILEGED, NULL, "r1"},
    {"or by an operator", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_OPERATOR, false,
     SIGNATURES_PRIVILEGED, NULL, "o1"},
    {"a review is not signed", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_NOBODY, false,
     SIGNATURES_PRIVILEGED, "SIGNATURE_INVALID", "missing"},
    {"a review is changed", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_REVIEWER, true,
     SIGNATURES_PRIVILEGED, "SIGNATURE_INVALID", "forged"},
    {"an importer reviews", EVENT_CLAIM_REVIEWED, "/desk", SIGNATURE_IMPORTER, false,
     SIGNATURES_PRIVILEGED, "SIGNATURE_INVALID", "foreign_role"},
    {"a customer's opt-out with a wrong one is heard", EVENT_CUSTOMER_OPTED_OUT, "/portal",
     SIGNATURE_OPERATOR, true, SIGNATURES_PRIVILEGED, NULL, NULL},
    {"a window that closes", EVENT_WINDOW_CLOSED, "cpor/opt-out-expiry", SIGNATURE_WORKER, false,
     SIGNATURES_INTERNAL, NULL, "w1"},
    {"a window that an operator closes", EVENT_WINDOW_CLOSED, "cpor/opt-out-expiry",
     SIGNATURE_OPERATOR, false, SIGNATURES_INTERNAL, "SIGNATURE_INVALID", "foreign_role"},
    {"a window that nobody closes", EVENT_WINDOW_CLOSED, "cpor/opt-out-expiry", SIGNATURE_NOBODY,
     false, SIGNATURES_INTERNAL, "SIGNATURE_INVALID", "missing"},
    {"a window that an outsider closes", EVENT_WINDOW_CLOSED, "/upstream", SIGNATURE_NOBODY, false,
     SIGNATURES_NONE, "SOURCE_INVALID", "only the system itself"},
    {"whoever has a key", EVENT_WINDOW_CLOSED, "/upstream", SIGNATURE_WORKER, false,
     SIGNATURES_PRIVILEGED, "SOURCE_INVALID", "only the system itself"},
    {"a comment under a worker's name", EVENT_COMMENT_ADDED, "cpor/claim-validation",
     SIGNATURE_NOBODY, false, SIGNATURES_NONE, "SOURCE_INVALID", "the system's own"},
    {"in capitals, and signed", EVENT_COMMENT_ADDED, "CPOR/claim-validation", SIGNATURE_WORKER,
     false, SIGNATURES_PRIVILEGED, "SOURCE_INVALID", "the system's own"},
};

static void the_decoder_asks(void **state)
{
    EventKeys *keys = open_keys();
    (void)state;
    for (size_t i = 0; i < sizeof decode_rows / sizeof decode_rows[0]; i++) {
        const DecodeRow *row = &decode_rows[i];
        Refusals refusals = {0};
        const EventGate gate = {keys, row->level, "pre.", note_refused, &refusals};
        const EventContext asked = {.gate = &gate};
        Record record = example_record(row->type, event_type_topic(row->type), row->source);
        Event event;
        Error error = {0};
        if (row->role != SIGNATURE_NOBODY)
            sign(&record, keys, row->role, event_type_name(row->type), row->source);
        if (row->is_changed)
            record.key_size--;
        const bool taken = event_decode(&record, &asked, &arena, &event, &error);
        if (taken != (row->code == NULL))
            fail_msg("%s: %s %s", row->name, error.code, error.text);
        if (!taken) {
            if (strcmp(error.code, row->code) != 0 || strstr(error.text, row->proof) == NULL)
                fail_msg("%s: %s %s", row->name, error.code, error.text);
            assert_int_equal(refusals.count, strcmp(row->code, "SIGNATURE_INVALID") == 0);
            continue;
        }
        if (row->proof == NULL ? event.proof != NULL
                               : event.proof == NULL || strcmp(event.proof, row->proof) != 0)
            fail_msg("%s: proof %s", row->name, event.proof == NULL ? "NULL" : event.proof);
    }
    event_keys_release(&keys);
}

/* Its data says that it is an operator's. */
static void an_operators_opt_out_is_asked_for_last(void **state)
{
    static const char data[] = "{\"tenant_id\":\"" TENANT "\",\"claim_id\":\"C-1\","
                               "\"actor\":{\"type\":\"operator\",\"id\":\"op\"}}";
    EventKeys *keys = open_keys();
    Refusals refusals = {0};
    const EventGate gate = {keys, SIGNATURES_PRIVILEGED, "pre.", note_refused, &refusals};
    const EventContext asked = {.gate = &gate};
    const char *type = event_type_name(EVENT_CUSTOMER_OPTED_OUT);
    Event event;
    Error error = {0};
    (void)state;
    Record record = new_record("opt-out-expiry", type, data);
    assert_false(event_decode(&record, &asked, &arena, &event, &error));
    assert_string_equal(error.code, "SIGNATURE_INVALID");
    assert_int_equal(refusals.demanded, SIGNATURE_OPERATOR);
    assert_int_equal(refusals.verdict, SIGNATURE_MISSING);
    sign(&record, keys, SIGNATURE_OPERATOR, type, "urn:upstream");
    assert_true(event_decode(&record, &asked, &arena, &event, &error));
    assert_string_equal(event.proof, "o1");
    event_keys_release(&keys);
}

/* Who handed it on has signed; who said it is told beside it. */
static void what_is_handed_on_keeps_its_proof(void **state)
{
    EventKeys *keys = open_keys();
    const EventGate gate = {keys, SIGNATURES_PRIVILEGED, "pre.", NULL, NULL};
    const EventContext asked = {.gate = &gate};
    const char *source = "cpor/claim-submission";
    const char *type = event_type_name(EVENT_IMPORTED);
    Error error = {0};
    Event event;
    (void)state;
    Record record = example_record(EVENT_IMPORTED, "opt-out-expiry", source);
    sign(&record, keys, SIGNATURE_WORKER, type, source);
    assert_true(event_decode(&record, &asked, &arena, &event, &error));
    assert_null(event.proof);
    add_header(&record, RECORD_PROOF_HEADER, "i1");
    assert_true(event_decode(&record, &asked, &arena, &event, &error));
    assert_string_equal(event.proof, "i1");
    add_header(&record, RECORD_PROOF_HEADER, "i 1");
    assert_true(event_decode(&record, &asked, &arena, &event, &error));
    assert_null(event.proof);
    event_keys_release(&keys);
}

typedef struct UnknownRow {
    const char *type, *source;
    SignatureRole role; /* who signs; NOBODY: nobody */
    SignatureLevel level;
    ErrorClass class;
    const char *code;
} UnknownRow;

#define NEWER "cpor.window.melted.v1"

/* Only a worker's key, and a type that no topic has. */
static const UnknownRow unknown_rows[] = {
    {NEWER, "cpor/opt-out-expiry", SIGNATURE_WORKER, SIGNATURES_NONE, ERROR_FATAL, ""},
    {NEWER, "cpor/opt-out-expiry", SIGNATURE_WORKER, SIGNATURES_PRIVILEGED, ERROR_FATAL, ""},
    {NEWER, "cpor/opt-out-expiry", SIGNATURE_NOBODY, SIGNATURES_NONE, ERROR_REJECT, "UNKNOWN_TYPE"},
    {NEWER, "cpor/opt-out-expiry", SIGNATURE_NOBODY, SIGNATURES_INTERNAL, ERROR_REJECT,
     "SIGNATURE_INVALID"},
    {NEWER, "urn:cpor:x", SIGNATURE_NOBODY, SIGNATURES_INTERNAL, ERROR_REJECT, "SIGNATURE_INVALID"},
    {NEWER, "/portal", SIGNATURE_NOBODY, SIGNATURES_PRIVILEGED, ERROR_REJECT, "UNKNOWN_TYPE"},
    {NEWER, "/portal", SIGNATURE_REVIEWER, SIGNATURES_PRIVILEGED, ERROR_REJECT, "UNKNOWN_TYPE"},
    {"cpor.claim.reviewed.v1", "/portal", SIGNATURE_REVIEWER, SIGNATURES_PRIVILEGED, ERROR_REJECT,
     "UNKNOWN_TYPE"},
    {"cpor.claim.received.v1", "cpor/claim-submission", SIGNATURE_WORKER, SIGNATURES_PRIVILEGED,
     ERROR_REJECT, "UNKNOWN_TYPE"},
};

static void a_newer_workers_event_stops_an_older_one(void **state)
{
    EventKeys *keys = open_keys();
    (void)state;
    for (size_t i = 0; i < sizeof unknown_rows / sizeof unknown_rows[0]; i++) {
        const UnknownRow *row = &unknown_rows[i];
        const EventGate gate = {keys, row->level, "pre.", NULL, NULL};
        const EventContext asked = {.gate = &gate};
        Error error = {0};
        Event event;
        Record record = example_record(EVENT_WINDOW_CLOSED, "opt-out-expiry", row->source);
        add_header(&record, "ce_type", row->type);
        if (row->role != SIGNATURE_NOBODY)
            sign(&record, keys, row->role, row->type, row->source);
        assert_false(event_decode(&record, &asked, &arena, &event, &error));
        if (error.class != row->class || strcmp(error.code, row->code) != 0)
            fail_msg("row %zu: %s %s", i, error.code, error.text);
        if (row->class == ERROR_FATAL)
            assert_non_null(strstr(error.text, "upgrade this worker"));
    }
    event_keys_release(&keys);
}

static void friendly_input_is_anybodys(void **state)
{
    EventKeys *keys = open_keys();
    const EventGate gate = {keys, SIGNATURES_PRIVILEGED, "pre.", NULL, NULL};
    const EventContext asked = {.gate = &gate};
    JSON_AUTO root = example_load(event_type_name(EVENT_CLAIM_SUBMITTED));
    const char *text = dump(root);
    const Record record = {.topic = "claim-submission", .value = text, .value_size = strlen(text)};
    Error error = {0};
    Event event;
    (void)state;
    if (!event_decode(&record, &asked, &arena, &event, &error))
        fail_msg("%s %s", error.code, error.text);
    assert_string_equal(event.source, SOURCE_FRIENDLY);
    assert_null(event.proof);
    event_keys_release(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_its_signers),
        cmocka_unit_test(an_actor_makes_the_difference),
        cmocka_unit_test(sources_are_the_systems_own_or_not),
        cmocka_unit_test(every_type_has_its_sources),
        cmocka_unit_test(the_decoder_asks),
        cmocka_unit_test(an_operators_opt_out_is_asked_for_last),
        cmocka_unit_test(what_is_handed_on_keeps_its_proof),
        cmocka_unit_test(a_newer_workers_event_stops_an_older_one),
        cmocka_unit_test(friendly_input_is_anybodys),
    };
    return cmocka_run_group_tests(tests, NULL, group_end);
}
