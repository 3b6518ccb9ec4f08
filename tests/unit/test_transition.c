/* test_transition.c - every (event, status) pair of a line, against the contract's table. */
#include "claim/transition.h"
#include "unit/codec_fixture.h"

/* Columns, in the order of the contract's list of line statuses. */
static const LineStatus columns[] = {
    LINE_UNDER_REVIEW, LINE_REJECTED, LINE_VALIDATED, LINE_OPT_OUT_OPEN,
    LINE_OFFICIAL,     LINE_DECLINED, LINE_WITHDRAWN, LINE_ENDED,
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0], FITTING_COUNT = 17 };

typedef struct EventRow {
    LineEvent event;
    const char *to[COLUMN_COUNT]; /* status and, after a blank, reason; NULL: does not fit */
} EventRow;

#define REASON_OF_CALLER "REJECTED SUBSCRIPTION_CSP"

static const EventRow rows[] = {
    /*   UNDER_REVIEW, REJECTED, VALIDATED, OPT_OUT_OPEN, OFFICIAL, DECLINED, WITHDRAWN, ENDED */
    {LINE_REFUSE, {REASON_OF_CALLER, NULL, NULL, NULL, NULL, NULL, NULL, NULL}},
    {LINE_OPT_OUT,
     {"DECLINED CUSTOMER_DECLINED", NULL, "DECLINED CUSTOMER_DECLINED",
      "DECLINED CUSTOMER_DECLINED", "ENDED CUSTOMER_DECLINED", NULL, NULL, NULL}},
    {LINE_WITHDRAW,
     {"WITHDRAWN PARTNER_REQUEST", NULL, "WITHDRAWN PARTNER_REQUEST", "WITHDRAWN PARTNER_REQUEST",
      "ENDED PARTNER_REQUEST", NULL, NULL, NULL}},
    {LINE_DISASSOCIATE, {NULL, NULL, NULL, NULL, "ENDED PARTNER_DISASSOCIATED", NULL, NULL, NULL}},
    {LINE_NOTIFY, {NULL, NULL, "OPT_OUT_OPEN", NULL, NULL, NULL, NULL, NULL}},
    {LINE_BOUNCE, {NULL, NULL, "UNDER_REVIEW CONTACT_UNREACHABLE", NULL, NULL, NULL, NULL, NULL}},
    {LINE_WIN, {NULL, NULL, NULL, "OFFICIAL", NULL, NULL, NULL, NULL}},
    {LINE_LOSE, {NULL, NULL, NULL, "REJECTED COMPETING_CLAIM_OLDER_POE", NULL, NULL, NULL, NULL}},
    {LINE_LAPSE, {NULL, NULL, NULL, "REJECTED SUBSCRIPTION_INACTIVE", NULL, NULL, NULL, NULL}},
    {LINE_SUPERSEDE, {NULL, NULL, NULL, NULL, "ENDED SUPERSEDED", NULL, NULL, NULL}},
    {LINE_SUBSCRIPTION_END, {NULL, NULL, NULL, NULL, "ENDED SUBSCRIPTION_ENDED", NULL, NULL, NULL}},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
_Static_assert((int)ROW_COUNT == (int)LINE_EVENT_COUNT, "a row for every event");
_Static_assert((int)COLUMN_COUNT == (int)LINE_STATUS_COUNT, "a column for every status");

static const char *outcome_text(const Line *line)
{
    static char text[128];
    const char *reason = code_name(line->reason);
    snprintf(text, sizeof text, "%s%s%s", line_status_name(line->status), reason == NULL ? "" : " ",
             reason == NULL ? "" : reason);
    return text;
}

/* One pair; true when the event fits. */
static bool check_pair(const EventRow *row, size_t column)
{
    const Line before = {.number = 3, .status = columns[column], .poe_day = 7, .slot = "TEAMS"};
    Line line = before;
    const bool moved = line_move(&line, row->event, CODE_SUBSCRIPTION_CSP, 1000);
    const LineTransition *found = line_transition(row->event, columns[column]);
    const char *wanted = row->to[column];
    if (moved != (wanted != NULL) || (found != NULL) != moved)
        fail_msg("%s at %s: moved %d", line_event_name(row->event),
                 line_status_name(columns[column]), moved);
    if (wanted == NULL) {
        assert_memory_equal(&line, &before, sizeof line);
        return false;
    }
    if (strcmp(outcome_text(&line), wanted) != 0)
        fail_msg("%s at %s: %s, want %s", line_event_name(row->event),
                 line_status_name(columns[column]), outcome_text(&line), wanted);
    assert_int_equal(found->from, columns[column]);
    assert_int_equal(found->to, line.status);
    assert_int_equal(line.official_at_ms, line.status == LINE_OFFICIAL ? 1000 : 0);
    assert_int_equal(line.ended_at_ms, line.status == LINE_ENDED ? 1000 : 0);
    return true;
}

static void test_every_pair(void **state)
{
    size_t pair_count = 0, fitting_count = 0;
    (void)state;
    for (size_t row = 0; row < ROW_COUNT; row++) {
        assert_int_equal(rows[row].event, row); /* each event once */
        for (size_t column = 0; column < COLUMN_COUNT; column++, pair_count++)
            fitting_count += check_pair(&rows[row], column);
    }
    assert_int_equal(pair_count, LINE_EVENT_COUNT * LINE_STATUS_COUNT);
    assert_int_equal(fitting_count, FITTING_COUNT);
}

/* Append times may step back; an end is never before its start. */
static void test_end_is_not_before_start(void **state)
{
    Line line = {.status = LINE_OPT_OUT_OPEN};
    (void)state;
    assert_true(line_move(&line, LINE_WIN, CODE_NONE, 5000));
    assert_true(line_move(&line, LINE_SUPERSEDE, CODE_NONE, 4000));
    assert_int_equal(line.official_at_ms, 5000);
    assert_int_equal(line.ended_at_ms, 5000);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_EVENT_COUNT; i++) {
        assert_non_null(line_event_name((LineEvent)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(line_event_name((LineEvent)i), line_event_name((LineEvent)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_end_is_not_before_start),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
