/* test_clock.c - instants, their texts, and the scaled clock. */
#include "runtime/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static const int64_t at_ms_min = -62135596800000, at_ms_max = 253402300799999;

static void instants_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t at_ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2026-11-30T15:00:00Z", 1796050800000},
        {"2026-11-30T15:00:00.5Z", 1796050800500},
        {"2026-11-30T15:00:00.123000000Z", 1796050800123},
        {"2026-11-30T15:00:00.123000001Z", 1796050800124}, /* up: never early */
        {"2026-11-30T15:00:00.9991Z", 1796050801000},
        {"2026-12-01T00:00:00+09:00", 1796050800000},
        {"2026-11-30T09:30:00-05:30", 1796050800000},
        {"2026-11-30T15:00:00-00:00", 1796050800000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"0001-01-01T00:00:00Z", -62135596800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t at_ms = 0;
        if (!clock_parse(rows[i].text, strlen(rows[i].text), &at_ms))
            fail_msg("%s is refused", rows[i].text);
        assert_int_equal(at_ms, rows[i].at_ms);
    }
}

static void what_is_no_instant_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11-30",
        "2026-11-30T15:00:00",
        "2026-11-30T15:00Z",
        "2026-11-30 15:00:00Z",
        "2026-11-30T15:00:00Z ",
        " 2026-11-30T15:00:00Z",
        "2026-11-30T15:00:00.Z",
        "2026-11-30T15:00:00,5Z",
        "2026-11-30T15:00:00+0100",
        "2026-11-30T15:00:00+1:00",
        "2026-11-30T15:00:00+24:00",
        "2026-11-30T15:00:00+01:60",
        "2026-11-30T24:00:00Z",
        "2026-11-30T15:60:00Z",
        "2026-12-31T23:59:60Z", /* leap second */
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "+026-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01", /* before year 1 */
        "9999-12-31T23:59:59.9999Z", /* rounded up: after year 9999 */
        "9999-12-31T23:59:00-00:01",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t at_ms = 42;
        if (clock_parse(rows[i], strlen(rows[i]), &at_ms))
            fail_msg("%s is taken", rows[i]);
        assert_int_equal(at_ms, 42);
    }
}

/* A text's end is its size: neither a NUL inside it nor what lies behind it counts. */
static void size_bounds_the_text(void **state)
{
    static const char longer[] = "1970-01-01T00:00:00Zxyz";
    static const char hole[] = "1970-01-01T00:00:00\0Z";
    int64_t at_ms = 42;
    (void)state;
    assert_true(clock_parse(longer, 20, &at_ms));
    assert_int_equal(at_ms, 0);
    for (size_t size = 0; size < 20; size++)
        assert_false(clock_parse(longer, size, &at_ms));
    assert_false(clock_parse(hole, sizeof hole - 1, &at_ms));
}

static void instants_are_written(void **state)
{
    static const struct {
        int64_t at_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1796050800123, "2026-11-30T15:00:00.123Z"},
        {951868799999, "2000-02-29T23:59:59.999Z"},
        {-62135596800000, "0001-01-01T00:00:00.000Z"},
        {-62135596800001, "0001-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {INT64_MIN, "0001-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[CLOCK_TEXT_SIZE];
        assert_ptr_equal(clock_format(rows[i].at_ms, text), text);
        assert_string_equal(text, rows[i].text);
    }
}

/* Every day of the supported years, by an independent count of months. */
static void every_day_goes_through_text_and_back(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1, month = 1, day = 1;
    (void)state;
    for (int32_t days = -719162; days <= 2932896; days++) {
        char text[11], expected[64];
        int32_t back = 0;
        clock_date_format(days, text);
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", year, month, day);
        if (strcmp(text, expected) != 0)
            fail_msg("day %d: %s instead of %s", days, text, expected);
        if (!clock_date_parse(text, 10, &back) || back != days)
            fail_msg("%s reads as %d instead of %d", text, back, days);
        const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        day = day == lengths[month - 1] + (month == 2 && leap ? 1 : 0) ? 1 : day + 1;
        month = day != 1 ? month : month == 12 ? 1 : month + 1;
        year += day == 1 && month == 1 ? 1 : 0;
    }
    assert_int_equal(year, 10000);
}

static void dates_that_are_none_are_refused(void **state)
{
    static const char *const rows[] = {"",           "2026-11-31", "2026-11-3", "2026-11-30T",
                                       "0000-12-31", "2026/11/30", "2026-1-30", "20261130"};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t day = 42;
        assert_false(clock_date_parse(rows[i], strlen(rows[i]), &day));
        assert_int_equal(day, 42);
    }
}

static void settings_make_a_clock(void **state)
{
    static const struct {
        const char *start, *wall_start, *speed;
        bool production;
        bool taken;
        Clock clock;
    } rows[] = {
        {"", "", "", false, true, {0, 0, 1}},
        {"", "", "1", true, true, {0, 0, 1}},
        {"1000", "2000", "60", false, true, {1000, 2000, 60}},
        {"-5", "1970-01-01T00:00:01Z", "", false, true, {-5, 1000, 1}},
        {"1000", "2000", "1000000", false, true, {1000, 2000, 1000000}},
        {"1000", "2000", "60", true, false, {0}},
        {"1000", "2000", "", true, false, {0}},
        {"", "", "2", true, false, {0}},
        {"", "", "2", false, false, {0}},
        {"1000", "", "2", false, false, {0}},
        {"", "2000", "2", false, false, {0}},
        {"1000", "2000", "0", false, false, {0}},
        {"1000", "2000", "-1", false, false, {0}},
        {"1000", "2000", "1000001", false, false, {0}},
        {"1000", "2000", "2x", false, false, {0}},
        {"1000", "2000", " 2", false, false, {0}},
        {"yesterday", "2000", "2", false, false, {0}},
        {"1000", "99999999999999999999", "2", false, false, {0}},
        {"1000", "253402300800000", "2", false, false, {0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        Clock clock = {7, 7, 7};
        Error error = {0};
        const bool taken = clock_init(&clock, rows[i].start, rows[i].wall_start, rows[i].speed,
                                      rows[i].production, &error);
        if (taken != rows[i].taken)
            fail_msg("row %zu: %s", i, error.text);
        assert_int_equal(error.class, taken ? ERROR_NONE : ERROR_FATAL);
        assert_int_equal(clock.start_at_ms, taken ? rows[i].clock.start_at_ms : 7);
        assert_int_equal(clock.wall_start_ms, taken ? rows[i].clock.wall_start_ms : 7);
        assert_int_equal(clock.speed, taken ? rows[i].clock.speed : 7);
    }
}

static void business_time_saturates(void **state)
{
    const Clock clock = {.start_at_ms = 1000, .wall_start_ms = 500, .speed = CLOCK_SPEED_MAX};
    (void)state;
    assert_int_equal(clock_from_wall(&clock, INT64_MAX), INT64_MAX);
    assert_int_equal(clock_from_wall(&clock, INT64_MIN), INT64_MIN);
    assert_int_equal(clock_from_wall(&clock, 501), 1000 + CLOCK_SPEED_MAX);
    assert_int_equal(clock_from_wall(&clock, 499), 1000 - CLOCK_SPEED_MAX);
    const Clock far = {.start_at_ms = -1000, .wall_start_ms = at_ms_max, .speed = 1};
    assert_int_equal(clock_to_wall(&far, INT64_MAX), INT64_MAX);
}

/* clock_to_wall names the first wall instant that is not before: that one is, the one before it
 * is not. Seeded, so that a failure can be had again. */
static void to_wall_is_the_first_instant(void **state)
{
    unsigned short seed[3] = {1, 2, 3};
    (void)state;
    for (int i = 0; i < 100000; i++) {
        const Clock clock = {
            .start_at_ms = nrand48(seed) * 100L - at_ms_max / 1000,
            .wall_start_ms = nrand48(seed) * 100L,
            .speed = 1 + nrand48(seed) % CLOCK_SPEED_MAX,
        };
        const int64_t at_ms = clock.start_at_ms + (jrand48(seed) * 1000L);
        const int64_t wall_ms = clock_to_wall(&clock, at_ms);
        if (clock_from_wall(&clock, wall_ms) < at_ms ||
            clock_from_wall(&clock, wall_ms - 1) >= at_ms)
            fail_msg("step %d of seed 1 2 3: speed %ld", i, (long)clock.speed);
    }
}

static void the_real_clock_is_the_wall(void **state)
{
    const Clock real = {0, 0, 1};
    (void)state;
    const int64_t before_ms = clock_wall_now();
    const int64_t now_ms = clock_now(&real);
    assert_in_range(now_ms - before_ms, 0, 60000);
    assert_int_equal(clock_from_wall(&real, at_ms_min), at_ms_min);
    assert_int_equal(clock_to_wall(&real, at_ms_max), at_ms_max);
    const int64_t mono_ms = clock_mono_now();
    assert_true(clock_mono_now() >= mono_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_read),
        cmocka_unit_test(what_is_no_instant_is_refused),
        cmocka_unit_test(size_bounds_the_text),
        cmocka_unit_test(instants_are_written),
        cmocka_unit_test(every_day_goes_through_text_and_back),
        cmocka_unit_test(dates_that_are_none_are_refused),
        cmocka_unit_test(settings_make_a_clock),
        cmocka_unit_test(business_time_saturates),
        cmocka_unit_test(to_wall_is_the_first_instant),
        cmocka_unit_test(the_real_clock_is_the_wall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
