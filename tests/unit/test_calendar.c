/* test_calendar.c - business days and time zones: the domain's examples, weekends, clock changes.
 */
#include "claim/calendar.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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

/* "2020-11-02T23:59:59.999Z", by hand, so that a fault of the code cannot hide in the test. */
static int64_t instant(const char *text)
{
    static const int month_first[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    long y = strtol(text, NULL, 10);
    long m = strtol(text + 5, NULL, 10);
    long d = strtol(text + 8, NULL, 10);
    long days = (y - 1970) * 365 + (y - 1969) / 4 + month_first[m - 1] + d - 1;

    days += m > 2 && y % 4 == 0 ? 1 : 0; /* 1970..2099 */
    return (((int64_t)days * 24 + strtol(text + 11, NULL, 10)) * 60 + strtol(text + 14, NULL, 10)) *
               60000 +
           strtol(text + 17, NULL, 10) * 1000 +
           (strlen(text) > 20 ? strtol(text + 20, NULL, 10) : 0);
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

static void test_zone_names(void **state)
{
    static const char *const good[] = {"UTC",
                                       "Asia/Seoul",
                                       "America/Argentina/Buenos_Aires",
                                       "Etc/GMT+5",
                                       "America/Port-au-Prince",
                                       "Asia/Calcutta"};
    static const char *const bad[] = {
        "",
        "../../etc/passwd",
        "/etc/localtime",
        "Asia/../Asia/Seoul",
        "Asia//Seoul",
        "Asia/Seoul/",
        "asia/seoul",
        "Asia",
        "posix/Asia/Seoul",
        "right/UTC",
        "localtime",
        "posixrules",
        "zone.tab",
        "tzdata.zi",
        "./UTC",
        "Factory",
        "UTC\n",
        "KST-9",
        "leapseconds",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(zone_is_valid(fixtures, good[i]));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(zone_is_valid(fixtures, bad[i]));
    }
    assert_false(zone_is_valid(fixtures, NULL));
}

typedef struct FormatRow {
    const char *zone, *at, *plain, *end;
} FormatRow;

static const FormatRow format_rows[] = {
    {"Asia/Seoul", "2026-11-30T15:00:00Z", "Tue, 1 Dec 2026 00:00 UTC+09:00",
     "Mon, 30 Nov 2026 24:00 UTC+09:00"},
    {"Asia/Seoul", "2026-11-30T09:05:59Z", "Mon, 30 Nov 2026 18:05 UTC+09:00",
     "Mon, 30 Nov 2026 18:05 UTC+09:00"},
    {"America/St_Johns", "2026-01-01T03:30:00Z", "Thu, 1 Jan 2026 00:00 UTC-03:30",
     "Wed, 31 Dec 2025 24:00 UTC-03:30"},
    /* the gap: the first instant of the 24th is 01:00, the end of the 23rd is 24:00 in UTC+2 */
    {"Africa/Cairo", "2026-04-23T22:00:00Z", "Fri, 24 Apr 2026 01:00 UTC+03:00",
     "Thu, 23 Apr 2026 24:00 UTC+02:00"},
    {"Africa/Cairo", "2026-10-29T22:00:00Z", "Fri, 30 Oct 2026 00:00 UTC+02:00",
     "Thu, 29 Oct 2026 24:00 UTC+02:00"},
    {"America/New_York", "2090-07-01T04:00:00Z", "Sat, 1 Jul 2090 00:00 UTC-04:00",
     "Fri, 30 Jun 2090 24:00 UTC-04:00"},
};

static void test_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(format_rows); i++) {
        const FormatRow *row = &format_rows[i];
        const Zone *zone = calendar_set_zone(fixtures, row->zone);
        char text[ZONE_TEXT_SIZE];

        assert_string_equal(zone_format(zone, instant(row->at), text), row->plain);
        assert_string_equal(zone_format_end(zone, instant(row->at), text), row->end);
    }
}

static void test_odd_days(void **state)
{
    const Zone *havana = calendar_set_zone(fixtures, "America/Havana");
    const Zone *apia = calendar_set_zone(fixtures, "Pacific/Apia");
    const Zone *utc = calendar_set_zone(fixtures, "UTC");
    ZoneTime time;

    (void)state;
    /* Havana 2026-11-01: 00:00-01:00 comes twice; the day begins with the first. */
    assert_int_equal(zone_day_start(havana, (int32_t)zone_days_from_date(2026, 11, 1)),
                     instant("2026-11-01T04:00:00Z"));
    /* Samoa left out 2011-12-30. */
    assert_int_equal(zone_day_start(apia, (int32_t)zone_days_from_date(2011, 12, 30)),
                     instant("2011-12-30T10:00:00Z"));
    assert_int_equal(zone_day_start(apia, (int32_t)zone_days_from_date(2011, 12, 31)),
                     instant("2011-12-30T10:00:00Z"));
    assert_int_equal(zone_local_day(utc, -1), -1);
    zone_local_time(utc, -1, &time);
    assert_int_equal(time.year, 1969);
    assert_int_equal(time.second, 59);
    zone_local_time(utc, INT64_MIN, &time);
    assert_int_equal(time.year, 1);
    zone_local_time(utc, INT64_MAX, &time);
    assert_int_equal(time.year, 9999);
    zone_local_time(calendar_set_zone(fixtures, "Asia/Seoul"), 0, &time);
    assert_string_equal(time.abbreviation, "KST");
}

/* Every zone, every day of 2020..2033: a day's start is in the day, one millisecond before is not.
 */
static void test_day_starts_of_all_zones(void **state)
{
    const ZoneSet *zones = NULL;
    ZoneSet *owned = NULL;
    Error error = {0};

    (void)state;
    assert_true(zone_set_open(&owned, CALENDAR_ZONE_FOLDER, &error));
    zones = owned;
    assert_true(zone_count(zones) > 400);
    for (size_t i = 0; i < zone_count(zones); i++) {
        const Zone *zone = zone_at(zones, i);
        for (int32_t day = 18262; day < 23376; day++) {
            int64_t start_at_ms = zone_day_start(zone, day);
            if (zone_local_day(zone, start_at_ms) != day ||
                zone_local_day(zone, start_at_ms - 1) != day - 1) {
                fail_msg("%s day %d", zone_name(zone), day);
            }
        }
    }
    zone_set_release(&owned);
    assert_null(owned);
}

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//CPOR//fixture//EN\r\n"
#define ZONE "X-WR-TIMEZONE:Asia/Seoul\r\n"
#define SPAN "X-CPOR-FIRST:20200101\r\nX-CPOR-HORIZON:20261231\r\n"
#define WEEKEND "X-CPOR-WEEKEND:SA,SU\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20200101T000000Z\r\n" lines "END:VEVENT\r\n"
#define DAY "DTSTART;VALUE=DATE:20200101\r\n"
#define NAME "SUMMARY:New Year\r\n"
#define TAIL "END:VCALENDAR\r\n"

typedef struct FileRow {
    const char *name, *file_name, *content, *text; /* text NULL: the file is good */
} FileRow;

static const FileRow file_rows[] = {
    {"good", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY NAME) TAIL, NULL},
    {"good without holidays", "KR.ics", HEAD ZONE SPAN WEEKEND TAIL, NULL},
    {"good with plain line ends", "KR.ics",
     "BEGIN:VCALENDAR\nVERSION:2.0\n" ZONE SPAN WEEKEND "END:VCALENDAR\n", NULL},
    {"no calendar at all", "README.md", "", "no <CC>.ics"},
    {"file name", "korea.ics", HEAD ZONE SPAN WEEKEND TAIL, "korea.ics"},
    {"file name in lower case", "kr.ics", HEAD ZONE SPAN WEEKEND TAIL, "kr.ics"},
    {"empty", "KR.ics", "", "KR.ics"},
    {"not iCalendar", "KR.ics", "hello\r\n", "KR.ics"},
    {"only its last line", "KR.ics", "hello\r\nEND:VCALENDAR\r\n", "KR.ics"},
    {"cut off", "KR.ics", HEAD ZONE SPAN WEEKEND "BEGIN:VEVENT\r\n" DAY, "cut off"},
    {"event not closed", "KR.ics", HEAD ZONE SPAN WEEKEND "BEGIN:VEVENT\r\n" DAY NAME TAIL,
     "KR.ics"},
    {"bad line", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY NAME "nonsense\r\n") TAIL,
     "is not iCalendar"},
    {"two calendars", "KR.ics", HEAD ZONE SPAN WEEKEND TAIL HEAD ZONE SPAN WEEKEND TAIL,
     "is not iCalendar"},
    {"no zone", "KR.ics", HEAD SPAN WEEKEND TAIL, "X-WR-TIMEZONE"},
    {"two zones", "KR.ics", HEAD ZONE ZONE SPAN WEEKEND TAIL, "X-WR-TIMEZONE"},
    {"unknown zone", "KR.ics", HEAD "X-WR-TIMEZONE:Asia/Nowhere\r\n" SPAN WEEKEND TAIL,
     "X-WR-TIMEZONE"},
    {"zone is a path", "KR.ics", HEAD "X-WR-TIMEZONE:../../../etc/localtime\r\n" SPAN WEEKEND TAIL,
     "X-WR-TIMEZONE"},
    {"no span", "KR.ics", HEAD ZONE WEEKEND TAIL, "X-CPOR-HORIZON"},
    {"span swapped", "KR.ics",
     HEAD ZONE "X-CPOR-FIRST:20261231\r\nX-CPOR-HORIZON:20200101\r\n" WEEKEND TAIL, "swapped"},
    {"no such day", "KR.ics",
     HEAD ZONE "X-CPOR-FIRST:20200101\r\nX-CPOR-HORIZON:20260230\r\n" WEEKEND TAIL,
     "X-CPOR-HORIZON"},
    {"no weekend", "KR.ics", HEAD ZONE SPAN TAIL, "X-CPOR-WEEKEND is missing"},
    {"empty weekend", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:\r\n" TAIL, "KR.ics"},
    {"bad weekday", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:SA,XX\r\n" TAIL, "list of weekdays"},
    {"weekday in full", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:Sunday\r\n" TAIL,
     "list of weekdays"},
    {"only weekend", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:SU,MO,TU,WE,TH,FR,SA\r\n" TAIL,
     "list of weekdays"},
    {"second weekend without a day", "KR.ics", HEAD ZONE SPAN WEEKEND WEEKEND TAIL, "X-FROM"},
    {"first weekend with a day", "KR.ics",
     HEAD ZONE SPAN "X-CPOR-WEEKEND;X-FROM=20200101:SA,SU\r\n" TAIL, "X-FROM"},
    {"weekends do not rise", "KR.ics",
     HEAD ZONE SPAN WEEKEND "X-CPOR-WEEKEND;X-FROM=20200101:FR,SA\r\n" TAIL, "must rise"},
    {"holiday with a time", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT("DTSTART:20200101T000000Z\r\n" NAME) TAIL, "DTSTART"},
    {"holiday without a day", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(NAME) TAIL, "DTSTART"},
    {"holiday on no day", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT("DTSTART;VALUE=DATE:20200230\r\n" NAME) TAIL, "KR.ics"},
    {"holiday past the horizon", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT("DTSTART;VALUE=DATE:20270101\r\n" NAME) TAIL, "DTSTART"},
    {"holiday without a name", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY) TAIL, "SUMMARY"},
    {"holiday that recurs", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT(DAY NAME "RRULE:FREQ=YEARLY\r\n") TAIL, "RRULE"},
    {"holiday of several days", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT(DAY NAME "DTEND;VALUE=DATE:20200103\r\n") TAIL, "DTEND"},
    {"one day twice", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY NAME) EVENT(DAY NAME) TAIL,
     "two VEVENTs"},
};

static bool open_with_file(const FileRow *row, Error *reterr)
{
    char folder[] = "/tmp/cpor-calendar-XXXXXX";
    char path[128];
    CalendarSet *set = NULL;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/%s", folder, row->file_name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(row->content, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    bool good = calendar_set_open(&set, folder, reterr);
    assert_int_equal(good, set != NULL);
    calendar_set_release(&set);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return good;
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(file_rows); i++) {
        const FileRow *row = &file_rows[i];
        Error error = {0};
        bool good = open_with_file(row, &error);

        if (good != (row->text == NULL)) {
            fail_msg("row %s: %s", row->name, good ? "accepted" : error.text);
        }
        if (!good && (error.class != ERROR_FATAL || strstr(error.text, row->text) == NULL)) {
            fail_msg("row %s: %s: %s", row->name, error_class_name(error.class), error.text);
        }
    }
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
        cmocka_unit_test(test_zone_names),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_odd_days),
        cmocka_unit_test(test_day_starts_of_all_zones),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_deployed_calendars_open),
    };
    return cmocka_run_group_tests(tests, open_fixtures, release_fixtures);
}
