/* test_calendar.c - business days and time zones: the domain's examples, weekends, clock changes.
 */
#include "claim/calendar.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "unit/calendar_instant.h"

#define FIXTURES CPOR_SOURCE_DIR "/tests/unit/calendars"
#define CALENDARS CPOR_SOURCE_DIR "/deploy/calendars"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static CalendarSet *fixtures;

static int open_fixtures(void **state)
{
    Error error = {0};

    (void)state;
    if (!calendar_set_open(&fixtures, FIXTURES, &error)) {
        print_error("%s\n", error.text);
        return -1;
    }
    return 0;
}

static int release_fixtures(void **state)
{
    (void)state;
    calendar_set_release(&fixtures);
    return 0;
}

typedef struct DeadlineRow {
    const char *name, *country, *zone, *notified, *deadline;
    int business_day_count;
} DeadlineRow;

/* The days of the domain's examples; New York is UTC-5 then. */
static const DeadlineRow deadline_rows[] = {
    {"Mon", "US", NULL, "2020-11-02T15:00:00Z", "2020-11-10T05:00:00Z", 5},
    {"Fri", "US", NULL, "2020-11-06T15:00:00Z", "2020-11-14T05:00:00Z", 5},
    {"Sat", "US", NULL, "2020-11-07T15:00:00Z", "2020-11-14T05:00:00Z", 5},
    {"Sun", "US", NULL, "2020-11-08T15:00:00Z", "2020-11-14T05:00:00Z", 5},
    {"holiday on a Friday", "US", NULL, "2020-12-18T15:00:00Z", "2020-12-29T05:00:00Z", 5},
    {"notice on a holiday", "US", NULL, "2020-12-25T15:00:00Z", "2021-01-02T05:00:00Z", 5},
    {"one day", "US", NULL, "2020-11-06T15:00:00Z", "2020-11-10T05:00:00Z", 1},
    {"thirty days", "US", NULL, "2020-11-02T15:00:00Z", "2020-12-15T05:00:00Z", 30},
    {"first instant of the local day", "US", NULL, "2020-11-02T05:00:00Z", "2020-11-10T05:00:00Z",
     5},
    {"last instant of the local day", "US", NULL, "2020-11-03T04:59:59.999Z",
     "2020-11-10T05:00:00Z", 5},
    {"next local day", "US", NULL, "2020-11-03T05:00:00Z", "2020-11-11T05:00:00Z", 5},
    {"already Tuesday in Seoul", "US", "Asia/Seoul", "2020-11-02T15:00:00Z", "2020-11-10T15:00:00Z",
     5},
    {"empty zone is the calendar's", "US", "", "2020-11-02T15:00:00Z", "2020-11-10T05:00:00Z", 5},
    {"offset of 45 minutes", "US", "Asia/Kathmandu", "2020-11-02T18:14:59.999Z",
     "2020-11-09T18:15:00Z", 5},
    {"two holidays in Seoul", "KR", NULL, "2026-09-21T03:00:00Z", "2026-09-30T15:00:00Z", 5},
    {"leap day", "GB", NULL, "2024-02-26T12:00:00Z", "2024-03-05T00:00:00Z", 5},
    /* Fri/Sat weekend: Thu 2021-06-03 -> Sun 6 .. Thu 10; Sat/Sun from 2022 on */
    {"Fri/Sat, notified Thu", "AE", NULL, "2021-06-03T08:00:00Z", "2021-06-10T20:00:00Z", 5},
    {"Fri/Sat, notified Fri", "AE", NULL, "2021-06-04T08:00:00Z", "2021-06-10T20:00:00Z", 5},
    {"weekend changes in the window", "AE", NULL, "2021-12-29T08:00:00Z", "2022-01-06T20:00:00Z",
     5},
    {"Sat/Sun after the change", "AE", NULL, "2022-06-02T08:00:00Z", "2022-06-09T20:00:00Z", 5},
    {"weekend changes on a Friday", "XA", NULL, "2021-06-02T08:00:00Z", "2021-06-10T00:00:00Z", 5},
    /* clocks change inside of the window */
    {"US to summer time", "US", NULL, "2026-03-05T15:00:00Z", "2026-03-13T04:00:00Z", 5},
    {"US to winter time", "US", NULL, "2026-10-29T15:00:00Z", "2026-11-06T05:00:00Z", 5},
    {"GB to summer time", "GB", NULL, "2026-03-25T15:00:00Z", "2026-04-01T23:00:00Z", 5},
    {"GB to winter time", "GB", NULL, "2026-10-22T15:00:00Z", "2026-10-30T00:00:00Z", 5},
    /* Cairo: 2026-04-24 (a Friday) begins at 01:00, for midnight does not exist; UTC+2 before */
    {"Cairo, the day after begins at 01:00", "EG", NULL, "2026-04-16T10:00:00Z",
     "2026-04-23T22:00:00Z", 5},
    {"Cairo, one ms before the gap is the day before", "EG", NULL, "2026-04-23T21:59:59.999Z",
     "2026-04-30T21:00:00Z", 5},
    {"Cairo, the jump belongs to the new day", "EG", NULL, "2026-04-23T22:00:00Z",
     "2026-04-30T21:00:00Z", 5},
    /* Cairo: on 2026-10-29 (Thu) the hour 23:00-24:00 comes twice; the day ends at 22:00 UTC */
    {"Cairo, last hour twice", "EG", NULL, "2026-10-22T10:00:00Z", "2026-10-29T22:00:00Z", 5},
    /* Beirut: 2026-03-29 (Sun) has no midnight */
    {"Beirut, Fri to Sat is plain", "LB", NULL, "2026-03-20T10:00:00Z", "2026-03-27T22:00:00Z", 5},
    {"Beirut, window over the gap", "LB", NULL, "2026-03-25T10:00:00Z", "2026-04-01T21:00:00Z", 5},
    /* Santiago: 2026-09-06 (Sun) begins at 01:00; on 2026-04-04 (Sat) 23:00-24:00 comes twice */
    {"Santiago, window over the gap", "CL", NULL, "2026-09-03T15:00:00Z", "2026-09-11T03:00:00Z",
     5},
    {"Santiago, window over the repeat", "CL", NULL, "2026-04-02T15:00:00Z", "2026-04-10T04:00:00Z",
     5},
};

static void test_deadlines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(deadline_rows); i++) {
        const DeadlineRow *row = &deadline_rows[i];
        CalendarDeadline deadline;
        Error error = {0};
        const Calendar *calendar = calendar_find(fixtures, row->country);

        assert_non_null(calendar);
        if (!calendar_deadline(fixtures, calendar, row->zone, instant(row->notified),
                               row->business_day_count, &deadline, &error)) {
            fail_msg("row %s: %s", row->name, error.text);
        }
        if (deadline.deadline_at_ms != instant(row->deadline)) {
            fail_msg("row %s: %" PRId64 " ms after what is due", row->name,
                     deadline.deadline_at_ms - instant(row->deadline));
        }
    }
}

static void test_days_explain_the_deadline(void **state)
{
    static const CalendarDayKind kinds[] = {
        CALENDAR_NOTICE_DAY, CALENDAR_WEEKEND, CALENDAR_WEEKEND, CALENDAR_COUNTED,
        CALENDAR_COUNTED,    CALENDAR_COUNTED, CALENDAR_COUNTED, CALENDAR_HOLIDAY,
        CALENDAR_WEEKEND,    CALENDAR_WEEKEND, CALENDAR_COUNTED,
    };
    CalendarDeadline deadline;
    Error error = {0};

    (void)state;
    assert_true(calendar_deadline(fixtures, calendar_find(fixtures, "US"), NULL,
                                  instant("2020-12-18T15:00:00Z"), 5, &deadline, &error));
    assert_int_equal(deadline.day_count, COUNT_OF(kinds));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        assert_int_equal(deadline.days[i].kind, kinds[i]);
        assert_int_equal(deadline.days[i].day, deadline.days[0].day + (int32_t)i);
    }
    assert_string_equal(deadline.days[7].name, "Christmas Day");
    assert_string_equal(deadline.days[8].name, "");
    assert_int_equal(deadline.last_day, deadline.days[10].day);
    assert_string_equal(deadline.calendar_id, "US");
    assert_string_equal(deadline.zone_name, "America/New_York");
    assert_string_equal(deadline.calendar_version, calendar_version(calendar_find(fixtures, "US")));
    assert_int_equal(strlen(deadline.calendar_version), 12);
    assert_string_equal(calendar_day_kind_name(CALENDAR_HOLIDAY), "holiday");
}

/* A comma in SUMMARY is escaped in the file and comes back plain. */
static void test_names_are_unescaped(void **state)
{
    CalendarDeadline deadline;
    Error error = {0};

    (void)state;
    assert_true(calendar_deadline(fixtures, calendar_find(fixtures, "KR"), NULL,
                                  instant("2026-09-21T03:00:00Z"), 5, &deadline, &error));
    assert_string_equal(deadline.days[3].name, "Chuseok, first day");
}

typedef struct RefusalRow {
    const char *name, *country, *zone, *notified, *text;
    int business_day_count;
    ErrorClass class;
} RefusalRow;

static const RefusalRow refusal_rows[] = {
    {"window passes the horizon", "GB", NULL, "2026-12-28T12:00:00Z", "calendar GB", 5,
     ERROR_RETRY},
    {"one day passes the horizon", "GB", NULL, "2026-12-25T12:00:00Z", "calendar GB", 5,
     ERROR_RETRY},
    {"text names the horizon", "GB", NULL, "2026-12-28T12:00:00Z", "2026-12-31", 5, ERROR_RETRY},
    {"notice after the horizon", "GB", NULL, "2030-01-01T12:00:00Z", "2026-12-31", 5, ERROR_RETRY},
    {"notice before the first day", "GB", NULL, "2019-12-31T12:00:00Z", "2020-01-01", 5,
     ERROR_RETRY},
    {"first day begins later in the zone", "GB", "America/New_York", "2020-01-01T04:59:59Z",
     "calendar GB", 5, ERROR_RETRY},
    {"unknown zone", "GB", "Mars/Olympus", "2026-06-01T12:00:00Z", "Mars/Olympus", 5, ERROR_RETRY},
    {"no days", "GB", NULL, "2026-06-01T12:00:00Z", "not 1..30", 0, ERROR_FATAL},
    {"too many days", "GB", NULL, "2026-06-01T12:00:00Z", "not 1..30", 31, ERROR_FATAL},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusal_rows); i++) {
        const RefusalRow *row = &refusal_rows[i];
        CalendarDeadline deadline = {.deadline_at_ms = -7};
        Error error = {0};

        if (calendar_deadline(fixtures, calendar_find(fixtures, row->country), row->zone,
                              instant(row->notified), row->business_day_count, &deadline, &error)) {
            fail_msg("row %s: accepted", row->name);
        }
        if (error.class != row->class || strstr(error.text, row->text) == NULL) {
            fail_msg("row %s: %s: %s", row->name, error_class_name(error.class), error.text);
        }
        assert_int_equal(deadline.deadline_at_ms, -7);
    }
}

/* The horizon itself may still be the last day: its 24:00 needs no calendar. */
static void test_horizon_may_be_last_day(void **state)
{
    const Calendar *calendar = calendar_find(fixtures, "GB");
    CalendarDeadline deadline;
    Error error = {0};

    (void)state;
    assert_true(calendar_deadline(fixtures, calendar, NULL, instant("2026-12-24T12:00:00Z"), 5,
                                  &deadline, &error));
    assert_int_equal(deadline.last_day, calendar_horizon_day(calendar));
    assert_int_equal(deadline.deadline_at_ms, instant("2027-01-01T00:00:00Z"));
    assert_int_equal(calendar_days_left(calendar, instant("2026-12-24T12:00:00Z")), 7);
    assert_int_equal(calendar_days_left(calendar, instant("2027-01-01T00:00:00Z")), -1);
    assert_false(calendar_is_ending(calendar, instant("2026-11-01T12:00:00Z"))); /* 60 days */
    assert_true(calendar_is_ending(calendar, instant("2026-11-02T12:00:00Z")));
}

typedef struct ResolveRow {
    const char *customer, *tenant, *fallback, *id;
} ResolveRow;

static const ResolveRow resolve_rows[] = {
    {"KR", "GB", "US", "KR"}, {"", "GB", "US", "GB"},    {NULL, "GB", "US", "GB"},
    {"", "", "US", "US"},     {NULL, NULL, "US", "US"},  {"ZZ", "GB", "US", "US"},
    {"", "ZZ", "US", "US"},   {"kr", "GB", "US", "US"},  {"KR", "GB", "ZZ", "KR"},
    {"ZZ", "GB", "ZZ", NULL}, {"../KR", "", "US", "US"},
};

static void test_resolve(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(resolve_rows); i++) {
        const ResolveRow *row = &resolve_rows[i];
        const Calendar *calendar =
            calendar_resolve(fixtures, row->customer, row->tenant, row->fallback);
        if (row->id == NULL) {
            assert_null(calendar);
        } else {
            assert_non_null(calendar);
            assert_string_equal(calendar_id(calendar), row->id);
        }
    }
}

static void test_zone_is_valid(void **state)
{
    (void)state;
    assert_true(zone_is_valid(fixtures, "Asia/Seoul"));
    assert_false(zone_is_valid(fixtures, "../../etc/passwd"));
    assert_false(zone_is_valid(fixtures, NULL));
}

static void test_no_folder(void **state)
{
    CalendarSet *set = NULL;
    Error error = {0};

    (void)state;
    assert_false(calendar_set_open(&set, FIXTURES "/none", &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_null(set);
    calendar_set_release(&set);
}

/* Notified Fri 2020-12-18 in the US: Mon 21 to Thu 24, a holiday, a weekend, Mon 28. */
static void test_reminder(void **state)
{
    static const struct {
        int business_day_count;
        const char *at; /* NULL: none */
    } rows[] = {
        {0, NULL},
        {1, "2020-12-28T05:00:00.000Z"},
        {2, "2020-12-24T05:00:00.000Z"},
        {5, "2020-12-21T05:00:00.000Z"},
        {6, NULL},
    };
    CalendarSet *set = NULL;
    CalendarDeadline deadline;
    Error error = {0};
    int64_t notified_at_ms = 0, wanted_at_ms = 0;

    (void)state;
    assert_true(calendar_set_open(&set, CALENDARS, &error));
    assert_true(clock_parse("2020-12-18T15:00:00.000Z", 24, &notified_at_ms));
    assert_true(calendar_deadline(set, calendar_find(set, "US"), NULL, notified_at_ms, 5, &deadline,
                                  &error));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t at_ms = -1;
        const bool found = calendar_reminder(set, &deadline, rows[i].business_day_count, &at_ms);
        assert_int_equal(found, rows[i].at != NULL);
        if (!found) {
            continue;
        }
        assert_true(clock_parse(rows[i].at, strlen(rows[i].at), &wanted_at_ms));
        assert_int_equal(at_ms, wanted_at_ms);
    }
    calendar_set_release(&set);
}

static void test_deployed_calendars_open(void **state)
{
    CalendarSet *set = NULL;
    Error error = {0};

    (void)state;
    if (!calendar_set_open(&set, CALENDARS, &error)) {
        fail_msg("%s", error.text);
    }
    assert_true(calendar_count(set) >= 42);
    for (size_t i = 1; i < calendar_count(set); i++) {
        assert_true(strcmp(calendar_id(calendar_at(set, i - 1)), calendar_id(calendar_at(set, i))) <
                    0);
    }
    assert_non_null(calendar_find(set, "US"));
    assert_string_equal(zone_name(calendar_zone(calendar_find(set, "BR"))), "America/Sao_Paulo");
    calendar_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_days_explain_the_deadline),
        cmocka_unit_test(test_names_are_unescaped),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_horizon_may_be_last_day),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_zone_is_valid),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_reminder),
        cmocka_unit_test(test_deployed_calendars_open),
    };
    return cmocka_run_group_tests(tests, open_fixtures, release_fixtures);
}
