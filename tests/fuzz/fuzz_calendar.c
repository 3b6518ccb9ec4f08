/* fuzz_calendar.c - a calendar's iCalendar file: refused, or in order and good for deadlines. */
#include "claim/calendar_data.h"
#include "fuzz.h"

enum { MS_PER_DAY = 86400000 };

static const ZoneSet *zones(void)
{
    static ZoneSet *set;
    Error error = {0};
    if (set == NULL)
        require(zone_set_open(&set, CALENDAR_ZONE_FOLDER, &error));
    return set;
}

static void check_order(const Calendar *calendar)
{
    require(calendar->first_day <= calendar->horizon_day);
    require(calendar->weekend_count > 0 && calendar->weekend_count <= CALENDAR_WEEKEND_COUNT_MAX);
    require(calendar->weekends[0].first_day == calendar->first_day);
    for (size_t i = 0; i < calendar->weekend_count; i++) {
        require(calendar->weekends[i].weekdays != 0);
        require(i == 0 || calendar->weekends[i].first_day > calendar->weekends[i - 1].first_day);
    }
    for (size_t i = 0; i < calendar->holiday_count; i++) {
        require(calendar->holidays[i].name != NULL);
        require(i == 0 || calendar->holidays[i].day > calendar->holidays[i - 1].day);
    }
}

/* A deadline is after the notice, or there is none: past the calendar's end it must fail. */
static void check_deadline(const Calendar *calendar, int64_t at_ms)
{
    CalendarSet set = {.zones = (ZoneSet *)(uintptr_t)zones()};
    CalendarDeadline deadline;
    Error error = {0};
    if (!calendar_deadline(&set, calendar, "", at_ms, 5, &deadline, &error))
        return;
    require(deadline.deadline_at_ms > at_ms + 4 * (int64_t)MS_PER_DAY);
    require(deadline.last_day <= calendar->horizon_day);
    require(zone_local_day(calendar->zone, deadline.deadline_at_ms) == deadline.last_day + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Calendar calendar = {.id = "ZZ"};
    Error error = {0};
    (void)fuzz_file("ZZ.ics", bytes, size);
    if (calendar_file_load(fuzz_folder, zones(), &calendar, &error)) {
        check_order(&calendar);
        check_deadline(&calendar, (int64_t)calendar.first_day * MS_PER_DAY + MS_PER_DAY);
        check_deadline(&calendar, (int64_t)calendar.horizon_day * MS_PER_DAY - 7 * MS_PER_DAY);
        check_deadline(&calendar, INT64_C(1795964400000));
    } else {
        require(error.class == ERROR_FATAL && strstr(error.text, "ZZ.ics") != NULL);
    }
    calendar_deinit(&calendar);
    return 0;
}
