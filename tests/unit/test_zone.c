/* test_zone.c - time zones: names, first instants of days, texts, rules, damaged files. */
#include "claim/calendar.h"
#include "claim/zone_data.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/calendar_instant.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static ZoneSet *zones;

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
        assert_true(zone_find(zones, good[i]) != NULL);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(zone_find(zones, bad[i]) != NULL);
    }
    assert_false(zone_find(zones, NULL) != NULL);
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
    {"Africa/Cairo", "2020-07-01T22:00:00Z", "Thu, 2 Jul 2020 00:00 UTC+02:00",
     "Wed, 1 Jul 2020 24:00 UTC+02:00"}, /* no summer time from 2015 to 2022 */
    {"America/New_York", "2090-07-01T04:00:00Z", "Sat, 1 Jul 2090 00:00 UTC-04:00",
     "Fri, 30 Jun 2090 24:00 UTC-04:00"},
};

static void test_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(format_rows); i++) {
        const FormatRow *row = &format_rows[i];
        const Zone *zone = zone_find(zones, row->zone);
        char text[ZONE_TEXT_SIZE];

        assert_string_equal(zone_format(zone, instant(row->at), text), row->plain);
        assert_string_equal(zone_format_end(zone, instant(row->at), text), row->end);
    }
}

static void test_odd_days(void **state)
{
    const Zone *havana = zone_find(zones, "America/Havana");
    const Zone *apia = zone_find(zones, "Pacific/Apia");
    const Zone *utc = zone_find(zones, "UTC");
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
    zone_local_time(zone_find(zones, "Asia/Seoul"), 0, &time);
    assert_string_equal(time.abbreviation, "KST");
}

/* Every zone, every day of 2020..2033: a day's start is in the day, one millisecond before is not.
 */
static void test_day_starts_of_all_zones(void **state)
{
    (void)state;
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
}

typedef struct RuleRow {
    const char *text;
    bool good;
    const char *start, *end; /* of summer time in 2028, a leap year */
} RuleRow;

static const RuleRow rule_rows[] = {
    {"KST-9", true, NULL, NULL},
    {"<+0545>-5:45", true, NULL, NULL},
    {"EST5EDT,M3.2.0,M11.1.0", true, "2028-03-12T07:00:00Z", "2028-11-05T06:00:00Z"},
    {"EET-2EEST,M4.5.5/0,M10.5.4/24", true, "2028-04-27T22:00:00Z", "2028-10-26T21:00:00Z"},
    {"IST-1GMT0,M10.5.0,M3.5.0/1", true, "2028-10-29T01:00:00Z", "2028-03-26T01:00:00Z"},
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, "2028-03-26T01:00:00Z", "2028-10-29T01:00:00Z"},
    {"AAA0BBB,J60/0,J365/0", true, "2028-03-01T00:00:00Z", "2028-12-30T23:00:00Z"},
    {"AAA0BBB,59/0,365/0", true, "2028-02-29T00:00:00Z", "2028-12-30T23:00:00Z"},
    {"", false, NULL, NULL},
    {"KST", false, NULL, NULL},
    {"K-9", false, NULL, NULL},
    {"KST-9x", false, NULL, NULL},
    {"KST-168", false, NULL, NULL},
    {"KST-27", false, NULL, NULL},
    {"EET42EEST+0,M4.5.5/0,M10.5.4/24", false, NULL, NULL},
    {"KST-9:60", false, NULL, NULL},
    {"<+09-9", false, NULL, NULL},
    {"EST5EDT", false, NULL, NULL},
    {"EST5EDT,M3.2.0", false, NULL, NULL},
    {"EST5EDT,M13.2.0,M11.1.0", false, NULL, NULL},
    {"EST5EDT,M3.6.0,M11.1.0", false, NULL, NULL},
    {"EST5EDT,M3.2.7,M11.1.0", false, NULL, NULL},
    {"EST5EDT,J0,J365", false, NULL, NULL},
    {"EST5EDT,0,366", false, NULL, NULL},
    {"EST5EDT,M3.2.0,M11.1.0,", false, NULL, NULL},
    {"ABCDEFGHIJ5", false, NULL, NULL},
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rule_rows); i++) {
        const RuleRow *row = &rule_rows[i];
        ZoneRule rule;
        int64_t start_s = 0;
        int64_t end_s = 0;

        if (zone_rule_parse(row->text, &rule) != row->good) {
            fail_msg("row %s", row->text);
        }
        if (row->good && rule.has_summer != (row->start != NULL)) {
            fail_msg("row %s: summer", row->text);
        }
        if (row->start != NULL) {
            zone_rule_shifts(&rule, 2028, &start_s, &end_s);
            if (start_s * 1000 != instant(row->start) || end_s * 1000 != instant(row->end)) {
                fail_msg("row %s: %" PRId64 " %" PRId64, row->text, start_s, end_s);
            }
        }
    }
}

static size_t read_zone_file(uint8_t *data, size_t size_max)
{
    FILE *stream = fopen(CALENDAR_ZONE_FOLDER "/America/New_York", "rb");

    assert_non_null(stream);
    size_t size = fread(data, 1, size_max, stream);
    assert_int_equal(fclose(stream), 0);
    assert_true(size > 100 && size < size_max);
    return size;
}

/* A heap block of the exact size, so that the sanitizer sees a read behind it. */
static bool decode_exact(const uint8_t *data, size_t size, Error *reterr)
{
    Zone zone = {.name = "Test/Zone"};
    uint8_t *copy = malloc(size + (size == 0 ? 1 : 0));

    assert_non_null(copy);
    memcpy(copy, data, size);
    bool good = zone_decode(copy, size, &zone, reterr);
    if (good) {
        (void)zone_day_start(&zone, 20000);
    }
    zone_deinit(&zone);
    free(copy);
    return good;
}

static void test_cut_off_files_are_refused(void **state)
{
    static uint8_t data[16384];
    size_t size = read_zone_file(data, sizeof data);
    Error error = {0};

    (void)state;
    assert_true(decode_exact(data, size, &error));
    for (size_t cut = 0; cut < size; cut++) {
        error.class = ERROR_NONE;
        assert_false(decode_exact(data, cut, &error));
        assert_int_equal(error.class, ERROR_FATAL);
    }
}

/* Any answer is fine, as long as no byte outside of the file is read. Seeded, hence repeatable. */
static void test_damaged_files_do_no_harm(void **state)
{
    static uint8_t data[16384];
    size_t size = read_zone_file(data, sizeof data);
    uint32_t seed = 20261122;
    size_t refused_count = 0;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        seed = seed * 1664525U + 1013904223U;
        size_t index = (seed >> 8) % (round % 2 == 0 ? size : 44);
        uint8_t kept = data[index];
        Error error = {0};
        data[index] = (uint8_t)(seed >> 24 ^ round);
        refused_count += decode_exact(data, size, &error) ? 0 : 1;
        data[index] = kept;
    }
    assert_true(refused_count > 1000);
}

static void test_no_folder(void **state)
{
    ZoneSet *set = NULL;
    Error error = {0};

    (void)state;
    assert_false(zone_set_open(&set, "/nowhere/zoneinfo", &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_non_null(strstr(error.text, "tzdata"));
    assert_false(zone_set_open(&set, CPOR_SOURCE_DIR "/tests/unit/calendars", &error));
    assert_non_null(strstr(error.text, "none found"));
    assert_null(set);
}

static int open_zones(void **state)
{
    Error error = {0};

    (void)state;
    return zone_set_open(&zones, CALENDAR_ZONE_FOLDER, &error) ? 0 : -1;
}

static int release_zones(void **state)
{
    (void)state;
    zone_set_release(&zones);
    return zones == NULL ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_names),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_odd_days),
        cmocka_unit_test(test_day_starts_of_all_zones),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_cut_off_files_are_refused),
        cmocka_unit_test(test_damaged_files_do_no_harm),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, open_zones, release_zones);
}
