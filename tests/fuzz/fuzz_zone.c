/* fuzz_zone.c - a TZif file: refused, or a zone whose days follow each other. */
#include "claim/zone_data.h"
#include "fuzz.h"

enum { LAST_DAY = 2932880 }; /* in the year 9999; beyond it the nearest end counts */

static void check_shifts(const Zone *zone)
{
    require(zone->shift_count > 0 && zone->shifts[0].at_s == INT64_MIN);
    for (size_t i = 0; i < zone->shift_count; i++) {
        const ZoneType *type = &zone->types[zone->shifts[i].type_index];
        require(type->offset_s <= ZONE_OFFSET_S_MAX && type->offset_s >= -ZONE_OFFSET_S_MAX);
        require(strnlen(type->abbreviation, ZONE_ABBREVIATION_SIZE) < ZONE_ABBREVIATION_SIZE);
        require(i == 0 || zone->shifts[i].at_s > zone->shifts[i - 1].at_s);
    }
}

/* Whatever a clock does: a day starts no earlier than the day before it, and is not over then. */
static void check_days(const Zone *zone, int32_t first_day)
{
    int64_t last_ms = INT64_MIN;
    for (int32_t day = first_day; day < first_day + 8; day++) {
        const int64_t start_ms = zone_day_start(zone, day);
        require(start_ms >= last_ms);
        require(zone_local_day(zone, start_ms) >= day);
        last_ms = start_ms;
        ZoneTime time;
        zone_local_time(zone, start_ms, &time);
        require(time.day == zone_local_day(zone, start_ms));
        require(zone_days_from_date(time.year, time.month, time.day_of_month) == time.day);
        require(time.hour >= 0 && time.hour < 24 && time.minute >= 0 && time.minute < 60);
        require(time.weekday == zone_weekday(time.day));
        char text[ZONE_TEXT_SIZE];
        require(strlen(zone_format_end(zone, start_ms, text)) < ZONE_TEXT_SIZE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Zone zone = {.name = "Fuzz/Zone"};
    Error error = {0};
    if (zone_decode(bytes, size, &zone, &error)) {
        static const int32_t days[] = {-719162, -4, 0, 10000, 20500, 47478, 60000, LAST_DAY};
        check_shifts(&zone);
        for (size_t i = 0; i < sizeof days / sizeof days[0]; i++)
            check_days(&zone, days[i]);
        for (size_t i = 1; i < zone.shift_count; i += 1 + zone.shift_count / 8) {
            if (zone.shifts[i].at_s < LAST_DAY * (int64_t)SECONDS_PER_DAY)
                check_days(&zone, zone_local_day(&zone, zone.shifts[i].at_s * 1000) - 2);
        }
    } else {
        require(error.class == ERROR_FATAL && strstr(error.text, "Fuzz/Zone") != NULL);
    }
    zone_deinit(&zone);
    return 0;
}
