/* calendar.c - business days: which calendar holds, and when a window closes. Pure. */
#include "claim/calendar_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_id(const void *id, const void *calendar)
{
    return strcmp(id, ((const Calendar *)calendar)->id);
}

size_t calendar_count(const CalendarSet *set)
{
    return set->count;
}

const Calendar *calendar_at(const CalendarSet *set, size_t index)
{
    return &set->calendars[index];
}

const Calendar *calendar_find(const CalendarSet *set, const char *country)
{
    return country == NULL
               ? NULL
               : bsearch(country, set->calendars, set->count, sizeof set->calendars[0], compare_id);
}

static bool is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

const Calendar *calendar_resolve(const CalendarSet *set, const char *customer_country,
                                 const char *tenant_country, const char *default_country)
{
    const char *country = !is_empty(customer_country) ? customer_country : tenant_country;
    const Calendar *calendar = calendar_find(set, country);

    return calendar != NULL ? calendar : calendar_find(set, default_country);
}

const char *calendar_id(const Calendar *calendar)
{
    return calendar->id;
}

const char *calendar_version(const Calendar *calendar)
{
    return calendar->version;
}

const Zone *calendar_zone(const Calendar *calendar)
{
    return calendar->zone;
}

int32_t calendar_first_day(const Calendar *calendar)
{
    return calendar->first_day;
}

int32_t calendar_horizon_day(const Calendar *calendar)
{
    return calendar->horizon_day;
}

int32_t calendar_days_left(const Calendar *calendar, int64_t at_ms)
{
    return calendar->horizon_day - zone_local_day(calendar->zone, at_ms);
}

bool calendar_is_ending(const Calendar *calendar, int64_t at_ms)
{
    return calendar_days_left(calendar, at_ms) < CALENDAR_WARNING_DAY_COUNT;
}

const Zone *calendar_set_zone(const CalendarSet *set, const char *time_zone)
{
    return zone_find(set->zones, time_zone);
}

bool zone_is_valid(const CalendarSet *set, const char *zone_name)
{
    return calendar_set_zone(set, zone_name) != NULL;
}

static int compare_holiday(const void *day, const void *holiday)
{
    int32_t left = *(const int32_t *)day;
    int32_t right = ((const Holiday *)holiday)->day;

    return (left > right) - (left < right);
}

uint8_t calendar_weekend(const Calendar *calendar, int32_t day)
{
    size_t index = calendar->weekend_count - 1;

    while (index > 0 && calendar->weekends[index].first_day > day) {
        index--;
    }
    return calendar->weekends[index].weekdays;
}

static bool is_weekend(const Calendar *calendar, int32_t day)
{
    return (calendar_weekend(calendar, day) >> (((day + 4) % 7 + 7) % 7) & 1) != 0;
}

/* day is within first_day..horizon_day. */
static CalendarDay calendar_day(const Calendar *calendar, int32_t day)
{
    const Holiday *holiday = bsearch(&day, calendar->holidays, calendar->holiday_count,
                                     sizeof calendar->holidays[0], compare_holiday);

    if (holiday != NULL) {
        return (CalendarDay){.day = day, .kind = CALENDAR_HOLIDAY, .name = holiday->name};
    }
    return (CalendarDay){
        .day = day,
        .kind = is_weekend(calendar, day) ? CALENDAR_WEEKEND : CALENDAR_COUNTED,
        .name = "",
    };
}

static bool fail_outside(const Calendar *calendar, Error *reterr)
{
    const int64_t ms_per_day = 86400000;
    ZoneTime first;
    ZoneTime last;

    zone_local_time(calendar->zone, zone_day_start(calendar->zone, calendar->first_day), &first);
    zone_local_time(calendar->zone,
                    zone_day_start(calendar->zone, calendar->horizon_day) + ms_per_day / 2, &last);
    return error_set(reterr, ERROR_RETRY,
                     "compute deadline: calendar %s (version %s) knows %04d-%02d-%02d to its "
                     "horizon %04d-%02d-%02d only (a newer file is needed)",
                     calendar->id, calendar->version, first.year, first.month, first.day_of_month,
                     last.year, last.month, last.day_of_month);
}

/* Walks from the day of notice to the business_day_count-th business day after it. */
static bool window_walk(const Calendar *calendar, int32_t notice_day, int business_day_count,
                        CalendarDeadline *deadline, Error *reterr)
{
    int counted = 0;

    for (int32_t day = notice_day; counted < business_day_count; day++) {
        if (day < calendar->first_day || day > calendar->horizon_day) {
            return fail_outside(calendar, reterr);
        }
        if (deadline->day_count == CALENDAR_WINDOW_DAY_COUNT_MAX) {
            return error_set(reterr, ERROR_FATAL,
                             "compute deadline: %d business days in calendar %s take above %d days",
                             business_day_count, calendar->id, CALENDAR_WINDOW_DAY_COUNT_MAX);
        }
        CalendarDay entry = calendar_day(calendar, day);
        if (day == notice_day) {
            entry.kind = CALENDAR_NOTICE_DAY;
        }
        counted += entry.kind == CALENDAR_COUNTED ? 1 : 0;
        deadline->days[deadline->day_count++] = entry;
        deadline->last_day = day;
    }
    return true;
}

bool calendar_deadline(const CalendarSet *set, const Calendar *calendar, const char *time_zone,
                       int64_t notified_at_ms, int business_day_count,
                       CalendarDeadline *ret_deadline, Error *reterr)
{
    const Zone *zone = is_empty(time_zone) ? calendar->zone : zone_find(set->zones, time_zone);

    if (zone == NULL) {
        return error_set(reterr, ERROR_RETRY,
                         "compute deadline: time zone %.60s is not in tzdata (a newer one?)",
                         time_zone);
    }
    if (business_day_count < 1 || business_day_count > CALENDAR_BUSINESS_DAY_COUNT_MAX) {
        return error_set(reterr, ERROR_FATAL, "compute deadline: %d business days, not 1..%d",
                         business_day_count, CALENDAR_BUSINESS_DAY_COUNT_MAX);
    }
    CalendarDeadline deadline = {
        .calendar_id = calendar->id,
        .calendar_version = calendar->version,
        .zone_name = zone_name(zone),
    };
    if (!window_walk(calendar, zone_local_day(zone, notified_at_ms), business_day_count, &deadline,
                     reterr)) {
        return false;
    }
    deadline.deadline_at_ms = zone_day_start(zone, deadline.last_day + 1);
    *ret_deadline = deadline;
    return true;
}

bool calendar_reminder(const CalendarSet *set, const CalendarDeadline *deadline,
                       int business_day_count, int64_t *ret_at_ms)
{
    int counted = 0;

    for (size_t i = deadline->day_count; i-- > 0 && counted < business_day_count;) {
        counted += deadline->days[i].kind == CALENDAR_COUNTED ? 1 : 0;
        if (counted == business_day_count) {
            *ret_at_ms =
                zone_day_start(zone_find(set->zones, deadline->zone_name), deadline->days[i].day);
            return true;
        }
    }
    return false;
}

const char *calendar_day_kind_name(CalendarDayKind kind)
{
    switch (kind) {
    case CALENDAR_NOTICE_DAY:
        return "notice day";
    case CALENDAR_WEEKEND:
        return "weekend";
    case CALENDAR_HOLIDAY:
        return "holiday";
    case CALENDAR_COUNTED:
        return "business day";
    }
    return "?";
}
