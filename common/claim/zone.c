/* zone.c - questions to a loaded zone: local day, first instant of a day, local time. Pure. */
#include "claim/zone_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MS_PER_SECOND = 1000,
    DAY_OF_YEAR_1 = -719162,    /* 0001-01-01 */
    DAY_OF_YEAR_9999 = 2932896, /* 9999-12-31 */
};

static int64_t divide_down(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

/* H. Hinnant, days_from_civil: years begin in March, in eras of 400 years. */
int64_t zone_days_from_date(int year, int month, int day_of_month)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = divide_down(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day_of_month - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

/* The inverse: civil_from_days. */
static void date_from_days(int64_t day, ZoneTime *ret_time)
{
    int64_t era = divide_down(day + 719468, 146097);
    int64_t day_of_era = day + 719468 - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * day_of_year + 2) / 153; /* 0 = March */

    ret_time->day_of_month = (int)(day_of_year - (153 * month_index + 2) / 5 + 1);
    ret_time->month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
    ret_time->year = (int)(year_of_era + era * 400 + (ret_time->month <= 2 ? 1 : 0));
}

int zone_weekday(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* Two days of room at both ends: no offset leads outside of the years 1..9999. */
static int64_t clamp_second(int64_t at_s)
{
    const int64_t first = ((int64_t)DAY_OF_YEAR_1 + 2) * SECONDS_PER_DAY;
    const int64_t last = ((int64_t)DAY_OF_YEAR_9999 - 2) * SECONDS_PER_DAY;

    return at_s < first ? first : at_s > last ? last : at_s;
}

/* Index of the last shift that is not after at_s; the first one holds since ever. */
static size_t shift_index_at(const Zone *zone, int64_t at_s)
{
    size_t low = 0;
    size_t high = zone->shift_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->shifts[middle].at_s <= at_s) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static const ZoneType *shift_type(const Zone *zone, size_t index)
{
    return &zone->types[zone->shifts[index].type_index];
}

const char *zone_name(const Zone *zone)
{
    return zone->name;
}

int32_t zone_local_day(const Zone *zone, int64_t at_ms)
{
    int64_t at_s = clamp_second(divide_down(at_ms, MS_PER_SECOND));
    const ZoneType *type = shift_type(zone, shift_index_at(zone, at_s));

    return (int32_t)divide_down(at_s + type->offset_s, SECONDS_PER_DAY);
}

/*
 * Between two shifts local time runs evenly, so there the first instant at which it is not before
 * midnight is max(begin, midnight - offset). The earliest stretch that holds such an instant wins.
 */
int64_t zone_day_start(const Zone *zone, int32_t day)
{
    int64_t midnight_s = clamp_second((int64_t)day * SECONDS_PER_DAY);
    size_t index = shift_index_at(zone, midnight_s - ZONE_OFFSET_S_MAX);

    for (;; index++) {
        int64_t begin_s = zone->shifts[index].at_s;
        int64_t start_s = midnight_s - shift_type(zone, index)->offset_s;
        if (start_s < begin_s) {
            start_s = begin_s;
        }
        if (index + 1 == zone->shift_count || start_s < zone->shifts[index + 1].at_s) {
            return start_s * MS_PER_SECOND;
        }
    }
}

void zone_local_time(const Zone *zone, int64_t at_ms, ZoneTime *ret_time)
{
    int64_t at_s = clamp_second(divide_down(at_ms, MS_PER_SECOND));
    const ZoneType *type = shift_type(zone, shift_index_at(zone, at_s));
    int64_t day = divide_down(at_s + type->offset_s, SECONDS_PER_DAY);
    int second_of_day = (int)(at_s + type->offset_s - day * SECONDS_PER_DAY);

    date_from_days(day, ret_time);
    ret_time->day = (int32_t)day;
    ret_time->hour = second_of_day / 3600;
    ret_time->minute = second_of_day / 60 % 60;
    ret_time->second = second_of_day % 60;
    ret_time->weekday = zone_weekday(day);
    ret_time->offset_s = type->offset_s;
    ret_time->abbreviation = type->abbreviation;
}

static char *format_time(const ZoneTime *time, char ret_text[ZONE_TEXT_SIZE])
{
    static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int offset_minutes = (time->offset_s < 0 ? -time->offset_s : time->offset_s) / 60;

    (void)snprintf(ret_text, ZONE_TEXT_SIZE, "%s, %d %s %d %02d:%02d UTC%c%02d:%02d",
                   weekdays[time->weekday], time->day_of_month, months[time->month - 1], time->year,
                   time->hour, time->minute, time->offset_s < 0 ? '-' : '+', offset_minutes / 60,
                   offset_minutes % 60);
    return ret_text;
}

char *zone_format(const Zone *zone, int64_t at_ms, char ret_text[ZONE_TEXT_SIZE])
{
    ZoneTime time;

    zone_local_time(zone, at_ms, &time);
    return format_time(&time, ret_text);
}

char *zone_format_end(const Zone *zone, int64_t at_ms, char ret_text[ZONE_TEXT_SIZE])
{
    ZoneTime time;

    if (at_ms != zone_day_start(zone, zone_local_day(zone, at_ms))) {
        return zone_format(zone, at_ms, ret_text);
    }
    zone_local_time(zone, at_ms - 1, &time);
    time.hour = 24;
    time.minute = 0;
    return format_time(&time, ret_text);
}
