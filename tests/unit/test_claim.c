/* test_claim.c - a claim's status, its holds and its notice follow from its lines and findings. */
#include "claim/claim.h"
#include "unit/codec_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { LINE_COUNT_MAX = 4, FINDING_COUNT = 3 };

typedef struct LineState {
    LineStatus status;
    LineCheck check;
} LineState;

#define REVIEW                                                                                     \
    {                                                                                              \
        LINE_UNDER_REVIEW, CHECK_NONE                                                              \
    }
#define APPROVED                                                                                   \
    {                                                                                              \
        LINE_UNDER_REVIEW, CHECK_APPROVED                                                          \
    }
#define PASSED                                                                                     \
    {                                                                                              \
        LINE_UNDER_REVIEW, CHECK_PASSED                                                            \
    }
#define WAITS                                                                                      \
    {                                                                                              \
        LINE_UNDER_REVIEW, CHECK_WAITS                                                             \
    }
#define ASKED                                                                                      \
    {                                                                                              \
        LINE_UNDER_REVIEW, CHECK_ASKED                                                             \
    }
#define VALIDATED                                                                                  \
    {                                                                                              \
        LINE_VALIDATED, CHECK_PASSED                                                               \
    }
#define OPEN                                                                                       \
    {                                                                                              \
        LINE_OPT_OUT_OPEN, CHECK_PASSED                                                            \
    }
#define OFFICIAL                                                                                   \
    {                                                                                              \
        LINE_OFFICIAL, CHECK_PASSED                                                                \
    }
#define REJECTED                                                                                   \
    {                                                                                              \
        LINE_REJECTED, CHECK_NONE                                                                  \
    }
#define DECLINED                                                                                   \
    {                                                                                              \
        LINE_DECLINED, CHECK_PASSED                                                                \
    }
#define WITHDRAWN                                                                                  \
    {                                                                                              \
        LINE_WITHDRAWN, CHECK_PASSED                                                               \
    }
#define ENDED                                                                                      \
    {                                                                                              \
        LINE_ENDED, CHECK_PASSED                                                                   \
    }

#define ASK(number)                                                                                \
    {                                                                                              \
        .code = CODE_POE_MISSING, .kind = FINDING_QUESTION, .line = number                         \
    }
#define ASK_CLAIM                                                                                  \
    {                                                                                              \
        .code = CODE_CONTACT_UNREACHABLE, .kind = FINDING_QUESTION                                 \
    }
#define REFUSE(number)                                                                             \
    {                                                                                              \
        .code = CODE_PRODUCT_UNKNOWN, .kind = FINDING_REFUSAL, .line = number                      \
    }
#define WAIT(number)                                                                               \
    {                                                                                              \
        .code = CODE_PRODUCT_NOT_ON_TENANT, .kind = FINDING_WAIT, .line = number                   \
    }

typedef struct SettleRow {
    const char *name;
    size_t line_count;
    LineState lines[LINE_COUNT_MAX];
    Finding findings[FINDING_COUNT];
    enum { NEW = 1, GRACE = 2, PENDING = 4 } flags; /* NEW: not validated yet */
    ClaimStatus status;
    const char *settled; /* a letter per line: u v o O r d w e */
} SettleRow;

/* Numbers of lines are 1, 2, ...; unless NEW, the claim was validated. */
static const SettleRow rows[] = {
    {"submitted", 2, {REVIEW, REVIEW}, {{0}}, NEW, CLAIM_SUBMITTED, "uu"},
    {"submitted without lines", 0, {{0}}, {{0}}, NEW, CLAIM_SUBMITTED, ""},
    {"validated without lines", 0, {{0}}, {{0}}, 0, CLAIM_REJECTED, ""},
    {"withdrawn before validation", 2, {WITHDRAWN, WITHDRAWN}, {{0}}, NEW, CLAIM_WITHDRAWN, "ww"},
    {"declined before validation", 1, {DECLINED}, {{0}}, NEW, CLAIM_REJECTED, "d"},
    {"one withdrawn before validation", 2, {WITHDRAWN, REVIEW}, {{0}}, NEW, CLAIM_SUBMITTED, "wu"},

    /* by the first that applies: each beats all that follow */
    {"any UNDER_REVIEW",
     4,
     {WAITS, VALIDATED, OPEN, OFFICIAL},
     {{0}},
     0,
     CLAIM_UNDER_REVIEW,
     "uvoO"},
    {"any VALIDATED", 4, {ENDED, OFFICIAL, OPEN, VALIDATED}, {{0}}, 0, CLAIM_VALIDATED, "eOov"},
    {"any OPT_OUT_OPEN",
     4,
     {ENDED, OFFICIAL, OPEN, REJECTED},
     {{0}},
     0,
     CLAIM_OPT_OUT_OPEN,
     "eOor"},
    {"any OFFICIAL", 4, {ENDED, OFFICIAL, WITHDRAWN, REJECTED}, {{0}}, 0, CLAIM_OFFICIAL, "eOwr"},
    {"any ENDED", 4, {REJECTED, DECLINED, WITHDRAWN, ENDED}, {{0}}, 0, CLAIM_ENDED, "rdwe"},
    {"all WITHDRAWN", 2, {WITHDRAWN, WITHDRAWN}, {{0}}, 0, CLAIM_WITHDRAWN, "ww"},
    {"not all WITHDRAWN: refused", 2, {WITHDRAWN, REJECTED}, {{0}}, 0, CLAIM_REJECTED, "wr"},
    {"not all WITHDRAWN: declined", 2, {WITHDRAWN, DECLINED}, {{0}}, 0, CLAIM_REJECTED, "wd"},
    {"all DECLINED", 2, {DECLINED, DECLINED}, {{0}}, 0, CLAIM_REJECTED, "dd"},
    {"all REJECTED", 2, {REJECTED, REJECTED}, {{0}}, 0, CLAIM_REJECTED, "rr"},

    {"lines that passed are released", 2, {PASSED, PASSED}, {{0}}, 0, CLAIM_VALIDATED, "vv"},
    {"one passed, one waits", 2, {PASSED, WAITS}, {WAIT(2)}, 0, CLAIM_UNDER_REVIEW, "vu"},
    {"one passed, one refused", 2, {PASSED, REJECTED}, {REFUSE(2)}, 0, CLAIM_VALIDATED, "vr"},
    {"nothing is released before validation", 1, {PASSED}, {{0}}, NEW, CLAIM_SUBMITTED, "u"},

    {"a question holds the other line",
     2,
     {PASSED, ASKED},
     {ASK(2)},
     0,
     CLAIM_PARTNER_ACTION_REQUIRED,
     "uu"},
    {"a question takes a VALIDATED line back",
     2,
     {VALIDATED, ASKED},
     {ASK(2)},
     0,
     CLAIM_PARTNER_ACTION_REQUIRED,
     "uu"},
    {"a question about the claim",
     2,
     {PASSED, PASSED},
     {ASK_CLAIM},
     0,
     CLAIM_PARTNER_ACTION_REQUIRED,
     "uu"},
    {"a question and a wait",
     2,
     {ASKED, WAITS},
     {WAIT(2), ASK(1)},
     0,
     CLAIM_PARTNER_ACTION_REQUIRED,
     "uu"},
    {"a refused line stays so beside a question",
     2,
     {REJECTED, ASKED},
     {REFUSE(1), ASK(2)},
     0,
     CLAIM_PARTNER_ACTION_REQUIRED,
     "ru"},
    {"a question about a refused line", 2, {PASSED, REJECTED}, {ASK(2)}, 0, CLAIM_VALIDATED, "vr"},
    {"a question about a withdrawn line",
     2,
     {PASSED, WITHDRAWN},
     {ASK(2)},
     0,
     CLAIM_VALIDATED,
     "vw"},
    {"a question about a declined line", 2, {PASSED, DECLINED}, {ASK(2)}, 0, CLAIM_VALIDATED, "vd"},
    {"a question about the claim, nothing left to hold",
     2,
     {REJECTED, WITHDRAWN},
     {ASK_CLAIM},
     0,
     CLAIM_REJECTED,
     "rw"},
    {"a question about the claim, all withdrawn",
     1,
     {WITHDRAWN},
     {ASK_CLAIM},
     0,
     CLAIM_WITHDRAWN,
     "w"},
    {"a wait is no question", 1, {WAITS}, {WAIT(1)}, 0, CLAIM_UNDER_REVIEW, "u"},
    {"a refusal is no question", 2, {PASSED, PASSED}, {REFUSE(1)}, 0, CLAIM_VALIDATED, "vv"},

    {"grace", 2, {WAITS, WAITS}, {{0}}, GRACE, CLAIM_UNDER_REVIEW, "uu"},
    {"review is pending", 2, {PASSED, PASSED}, {{0}}, PENDING, CLAIM_UNDER_REVIEW, "uu"},
    {"review takes a VALIDATED line back",
     2,
     {VALIDATED, WAITS},
     {{0}},
     PENDING,
     CLAIM_UNDER_REVIEW,
     "uu"},
    {"review is pending and a question open",
     2,
     {PASSED, ASKED},
     {ASK(2)},
     PENDING,
     CLAIM_PARTNER_ACTION_REQUIRED,
     "uu"},
    {"approved, though a review is pending for another",
     2,
     {APPROVED, PASSED},
     {{0}},
     PENDING,
     CLAIM_UNDER_REVIEW,
     "vu"},
    {"approved, the other waits for a record: nothing is left to review yet",
     2,
     {APPROVED, WAITS},
     {WAIT(2)},
     PENDING,
     CLAIM_UNDER_REVIEW,
     "vu"},
    {"review is pending, nothing left", 1, {REJECTED}, {{0}}, PENDING, CLAIM_REJECTED, "r"},
};

static void claim_of(const SettleRow *row, Claim *claim, Line lines[LINE_COUNT_MAX],
                     Finding findings[FINDING_COUNT])
{
    *claim = (Claim){.revision = 1,
                     .validated_at_ms = row->flags & NEW ? 0 : 1000,
                     .grace = row->flags & GRACE,
                     .review_pending = row->flags & PENDING,
                     .answer_due_at_ms = 5000,
                     .reminder_at_ms = 4000,
                     .recheck_at_ms = 6000,
                     .notice_retry_at_ms = 7000,
                     .lines = lines,
                     .line_count = row->line_count,
                     .findings = findings};
    memcpy(findings, row->findings, sizeof row->findings);
    while (claim->finding_count < FINDING_COUNT && findings[claim->finding_count].code != CODE_NONE)
        claim->finding_count++;
    for (size_t i = 0; i < row->line_count; i++)
        lines[i] = (Line){
            .number = (int32_t)i + 1, .status = row->lines[i].status, .check = row->lines[i].check};
}

static bool any_line_waits(const Claim *claim)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_UNDER_REVIEW && claim->lines[i].check == CHECK_WAITS)
            return true;
    return false;
}

static bool any_line_can_be_reviewed(const Claim *claim)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_UNDER_REVIEW && claim->lines[i].check != CHECK_WAITS)
            return true;
    return false;
}

static void expect_settled(const SettleRow *row, const Claim *claim)
{
    static const char letters[LINE_STATUS_COUNT + 1] = "urvoOdwe";
    char settled[LINE_COUNT_MAX + 1] = "";
    for (size_t i = 0; i < claim->line_count; i++)
        settled[i] = letters[claim->lines[i].status];
    if (claim->status != row->status || strcmp(settled, row->settled) != 0)
        fail_msg("%s: %s %s, want %s %s", row->name, claim_status_name(claim->status), settled,
                 claim_status_name(row->status), row->settled);
    assert_int_equal(claim_has_question(claim), row->status == CLAIM_PARTNER_ACTION_REQUIRED);
    assert_int_equal(claim_wants_notice(claim), row->status == CLAIM_VALIDATED);
    assert_int_equal(claim->review_pending,
                     (row->flags & PENDING) != 0 && any_line_can_be_reviewed(claim));
    /* a timer lives as long as what it is for */
    assert_int_equal(claim->answer_due_at_ms,
                     row->status == CLAIM_PARTNER_ACTION_REQUIRED ? 5000 : 0);
    assert_int_equal(claim->reminder_at_ms,
                     row->status == CLAIM_PARTNER_ACTION_REQUIRED ? 4000 : 0);
    assert_int_equal(claim->recheck_at_ms, any_line_waits(claim) ? 6000 : 0);
    assert_int_equal(claim->notice_retry_at_ms, row->status == CLAIM_VALIDATED ? 7000 : 0);
}

static void test_settle(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Claim claim;
        Line lines[LINE_COUNT_MAX];
        Finding findings[FINDING_COUNT];
        claim_of(&rows[i], &claim, lines, findings);
        claim_settle(&claim);
        expect_settled(&rows[i], &claim);
        claim_settle(&claim); /* idempotent */
        expect_settled(&rows[i], &claim);
    }
}

/* One notice per claim and revision. */
static void test_wants_notice(void **state)
{
    Line lines[] = {{.number = 1, .status = LINE_VALIDATED, .check = CHECK_PASSED},
                    {.number = 2, .status = LINE_REJECTED}};
    Claim claim = {.revision = 2, .validated_at_ms = 1, .lines = lines, .line_count = 2};
    (void)state;
    claim_settle(&claim);
    claim.notice_revision = 1;
    assert_true(claim_wants_notice(&claim));
    claim.notice_revision = 2;
    assert_false(claim_wants_notice(&claim));
    claim.revision = 3;
    assert_true(claim_wants_notice(&claim));
    lines[1].status = LINE_UNDER_REVIEW; /* not while a line is under review */
    lines[1].check = CHECK_WAITS;
    claim_settle(&claim);
    assert_false(claim_wants_notice(&claim));
}

/* Before the window a question holds; later nothing does. A number that no line has is a bad
 * question, and held rather than lost. */
static void test_has_question(void **state)
{
    Line line = {.number = 1};
    Finding finding = ASK(1);
    Claim claim = {.lines = &line, .line_count = 1, .findings = &finding, .finding_count = 1};
    (void)state;
    for (int status = 0; status < LINE_STATUS_COUNT; status++) {
        const bool before = status == LINE_UNDER_REVIEW || status == LINE_VALIDATED;
        line.status = (LineStatus)status;
        for (int32_t number = 0; number <= 2; number++) {
            finding.line = number;
            finding.kind = FINDING_QUESTION;
            assert_int_equal(claim_has_question(&claim), before);
            finding.kind = FINDING_WAIT;
            assert_false(claim_has_question(&claim));
        }
    }
}

static void test_lines(void **state)
{
    Line lines[] = {{.number = 7, .deadline_at_ms = 20}, {.number = 3, .deadline_at_ms = 30}, {0}};
    Claim claim = {.lines = lines, .line_count = 2};
    (void)state;
    assert_ptr_equal(claim_line(&claim, 3), &lines[1]);
    assert_null(claim_line(&claim, 1));
    assert_int_equal(claim_deadline(&claim), 30);
    claim.line_count = 0;
    assert_int_equal(claim_deadline(&claim), 0);
    for (int status = 0; status < LINE_STATUS_COUNT; status++) {
        lines[0].status = (LineStatus)status;
        assert_int_equal(line_is_live(&lines[0]), status == LINE_UNDER_REVIEW ||
                                                      status == LINE_VALIDATED ||
                                                      status == LINE_OPT_OUT_OPEN);
    }
}

/* A question, or what is about the claim, is never lost: what holds nothing gives way. */
static void test_add_finding_to_a_full_claim(void **state)
{
    static const struct {
        const char *name;
        Finding there[2], added; /* each of there fills half */
        int32_t gone, kept;      /* lines; -1: none */
    } full_rows[] = {
        {"a question, before a refusal",
         {ASK(1), {.kind = FINDING_REFUSAL, .line = 2}},
         ASK(3),
         2,
         1},
        {"of the line, before the claim's",
         {{.kind = FINDING_REFUSAL, .line = 2}, {.kind = FINDING_REFUSAL}},
         ASK(3),
         2,
         0},
        {"of the claim, when it is all", {ASK(1), {.kind = FINDING_REFUSAL}}, ASK(3), 0, 1},
        {"the claim's own",
         {ASK(1), {.kind = FINDING_WAIT, .line = 2}},
         {.kind = FINDING_REFUSAL},
         2,
         1},
        {"the last question, when all are open", {ASK(1), ASK(3)}, ASK(4), 3, 1},
        {"a question that holds nothing", {ASK(1), ASK(2)}, ASK(3), 2, 1},
        {"a line's refusal is dropped",
         {ASK(1), ASK(3)},
         {.kind = FINDING_REFUSAL, .line = 2},
         -1,
         3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof full_rows / sizeof full_rows[0]; i++) {
        Line lines[] = {{.number = 1}, {.number = 2, .status = LINE_REJECTED}, {.number = 3}};
        Claim claim = {.lines = lines, .line_count = 3};
        size_t before[5] = {0}, after[5] = {0};
        const size_t half = CLAIM_FINDING_COUNT_MAX / 2;
        Arena arena;
        arena_init(&arena);
        for (size_t j = 0; j < 2 * half; j++)
            claim_add_finding(&claim, &arena, &full_rows[i].there[j / half]);
        for (size_t j = 0; j < claim.finding_count; j++)
            before[claim.findings[j].line]++;
        claim_add_finding(&claim, &arena, &full_rows[i].added);
        for (size_t j = 0; j < claim.finding_count; j++)
            after[claim.findings[j].line]++;
        const bool is_added = full_rows[i].gone != -1;
        if (claim.finding_count != CLAIM_FINDING_COUNT_MAX ||
            after[full_rows[i].kept] != before[full_rows[i].kept] ||
            (is_added && after[full_rows[i].gone] + 1 != before[full_rows[i].gone]) ||
            (is_added && claim.findings[claim.finding_count - 1].line != full_rows[i].added.line))
            fail_msg("%s", full_rows[i].name);
        arena_deinit(&arena);
    }
}

/* Long words: as many give way as the new ones need. */
static void test_add_finding_to_a_long_claim(void **state)
{
    Line line = {.number = 1};
    Claim claim = {.lines = &line, .line_count = 1};
    Arena arena;
    (void)state;
    arena_init(&arena);
    char *words = arena_new(&arena, CLAIM_FINDING_SIZE_MAX / 4 + 1);
    memset(words, 'x', CLAIM_FINDING_SIZE_MAX / 4);
    Finding finding = {.kind = FINDING_REFUSAL, .line = 2, .message = words};
    for (int i = 0; i < 5; i++)
        claim_add_finding(&claim, &arena, &finding);
    assert_int_equal(claim.finding_count, 4);
    words = arena_new(&arena, CLAIM_FINDING_SIZE_MAX / 2 + 1);
    memset(words, 'x', CLAIM_FINDING_SIZE_MAX / 2);
    finding = (Finding){.kind = FINDING_QUESTION, .line = 1, .message = words};
    claim_add_finding(&claim, &arena, &finding);
    assert_int_equal(claim.finding_count, 3);
    assert_true(claim_has_question(&claim));
    arena_deinit(&arena);
}

/* The first stay; what is over the maximum is dropped. */
static void test_add_finding(void **state)
{
    Arena arena;
    Claim claim = {0};
    (void)state;
    arena_init(&arena);
    for (int32_t i = 1; i <= CLAIM_FINDING_COUNT_MAX + 1; i++)
        claim_add_finding(&claim, &arena, &(Finding){.code = CODE_POE_MISSING, .line = i});
    assert_int_equal(claim.finding_count, CLAIM_FINDING_COUNT_MAX);
    for (int32_t i = 0; i < CLAIM_FINDING_COUNT_MAX; i++)
        assert_int_equal(claim.findings[i].line, i + 1);
    arena_deinit(&arena);
}

/* UUIDv5 of "tenant/claim/line/N", computed with Python's uuid module. */
static void test_association_id(void **state)
{
    const Claim claim = {.tenant_id = "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f",
                         .claim_id = "C-2026-000123"};
    char id[UUID_SIZE];
    (void)state;
    association_id(&claim, 1, id);
    assert_string_equal(id, "793bf399-3150-5084-bce8-515f33c593c7");
    association_id(&claim, 50, id);
    assert_string_equal(id, "1d22a223-0b3f-5ae0-a574-b568fd4aaf7d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_wants_notice),
        cmocka_unit_test(test_has_question),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_add_finding_to_a_full_claim),
        cmocka_unit_test(test_add_finding_to_a_long_claim),
        cmocka_unit_test(test_add_finding),
        cmocka_unit_test(test_association_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
