/*
 * calendar_dump.c - prints deadlines and clock changes as CSV, for tests/system/test_calendars.py.
 *
 *     calendar_dump DIR CC FROM TO [ZONE]   notified_at_ms,deadline_at_ms of every local day's
 * first instant, its twelfth hour and its last millisecond calendar_dump --zones FROM TO
 * zone,at_s,offset_s at FROM and at every change until TO
 *
 * FROM and TO are YYYY-MM-DD; TO is left out.
 */
#include "claim/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSINESS_DAY_COUNT = 5, MS_PER_HOUR = 3600000, STEP_S = 3 * 3600 };

static bool day_read(const char *text, int32_t *ret_day)
{
    int year = 0;
    int month = 0;
    int day = 0;

    if (strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3 || month < 1 ||
        month > 12) {
        return false;
    }
    *ret_day = (int32_t)zone_days_from_date(year, month, day);
    return true;
}

static bool dump_day(const CalendarSet *set, const Calendar *calendar, const char *zone_text,
                     int32_t day, Error *reterr)
{
    const Zone *zone =
        zone_text == NULL ? calendar_zone(calendar) : calendar_set_zone(set, zone_text);
    int64_t start_at_ms = zone_day_start(zone, day);
    int64_t instants[3] = {start_at_ms, start_at_ms + 12 * MS_PER_HOUR,
                           zone_day_start(zone, day + 1) - 1};

    for (size_t i = 0; i < 3; i++) {
        CalendarDeadline deadline;
        if (!calendar_deadline(set, calendar, zone_text, instants[i], BUSINESS_DAY_COUNT, &deadline,
                               reterr)) {
            return false;
        }
        (void)printf("%" PRId64 ",%" PRId64 "\n", instants[i], deadline.deadline_at_ms);
    }
    return true;
}

static bool dump_deadlines(const char *folder, const char *country, int32_t from, int32_t to,
                           const char *zone_text, Error *reterr)
{
    CalendarSet *set __attribute__((cleanup(calendar_set_release))) = NULL;

    if (!calendar_set_open(&set, folder, reterr)) {
        return false;
    }
    const Calendar *calendar = calendar_find(set, country);
    if (calendar == NULL || (zone_text != NULL && !zone_is_valid(set, zone_text))) {
        return error_set(reterr, ERROR_FATAL, "dump %s: no such calendar or zone", country);
    }
    for (int32_t day = from; day < to; day++) {
        if (!dump_day(set, calendar, zone_text, day, reterr)) {
            return false;
        }
    }
    return true;
}

static int32_t zone_offset(const Zone *zone, int64_t at_s)
{
    ZoneTime time;

    zone_local_time(zone, at_s * 1000, &time);
    return time.offset_s;
}

/* Steps of three hours; the second of a change within one is then found by halving. */
static void dump_zone(const Zone *zone, int32_t from, int32_t to)
{
    int64_t before_s = (int64_t)from * 86400;
    int32_t next_offset_s = zone_offset(zone, before_s);

    (void)printf("%s,%" PRId64 ",%" PRId32 "\n", zone_name(zone), before_s, next_offset_s);
    for (; before_s < (int64_t)to * 86400 - STEP_S; before_s += STEP_S) {
        int32_t offset_s = next_offset_s;
        int64_t low_s = before_s;
        int64_t high_s = before_s + STEP_S;

        next_offset_s = zone_offset(zone, high_s);
        if (next_offset_s == offset_s) {
            continue;
        }
        while (high_s - low_s > 1) {
            int64_t middle_s = low_s + (high_s - low_s) / 2;
            if (zone_offset(zone, middle_s) == offset_s) {
                low_s = middle_s;
            } else {
                high_s = middle_s;
            }
        }
        (void)printf("%s,%" PRId64 ",%" PRId32 "\n", zone_name(zone), high_s,
                     zone_offset(zone, high_s));
    }
}

static bool dump_zones(int32_t from, int32_t to, Error *reterr)
{
    ZoneSet *zones __attribute__((cleanup(zone_set_release))) = NULL;

    if (!zone_set_open(&zones, CALENDAR_ZONE_FOLDER, reterr)) {
        return false;
    }
    for (size_t i = 0; i < zone_count(zones); i++) {
        dump_zone(zone_at(zones, i), from, to);
    }
    return true;
}

int main(int argc, char **argv)
{
    bool zones = argc == 4 && strcmp(argv[1], "--zones") == 0;
    Error error = {.class = ERROR_NONE};
    int32_t from = 0;
    int32_t to = 0;

    if ((!zones && argc != 5 && argc != 6) || !day_read(argv[zones ? 2 : 3], &from) ||
        !day_read(argv[zones ? 3 : 4], &to)) {
        (void)fprintf(stderr, "usage: calendar_dump DIR CC FROM TO [ZONE] | --zones FROM TO\n");
        return EXIT_FAILURE;
    }
    if (zones ? !dump_zones(from, to, &error)
              : !dump_deadlines(argv[1], argv[2], from, to, argc == 6 ? argv[5] : NULL, &error)) {
        (void)fprintf(stderr, "calendar_dump: %s\n", error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
