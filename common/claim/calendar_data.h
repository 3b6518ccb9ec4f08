/* calendar_data.h - how calendars are kept; for calendar*.c only. */
#pragma once

#include "claim/calendar.h"

enum {
    CALENDAR_COUNT_MAX = 300,
    CALENDAR_FILE_SIZE_MAX = 1 << 20,
    CALENDAR_HOLIDAY_COUNT_MAX = 8192,
    CALENDAR_WEEKEND_COUNT_MAX = 16,
};

typedef struct Holiday {
    int32_t day;
    char *name;
} Holiday;

/* From first_day on these are the weekend, until the next one. */
typedef struct Weekend {
    int32_t first_day;
    uint8_t weekdays; /* bit 0 = Sunday .. bit 6 = Saturday */
} Weekend;

/* Owns its holidays and their names; zone is borrowed from the set's zones. */
struct Calendar {
    char id[CALENDAR_ID_SIZE];
    char version[CALENDAR_VERSION_SIZE];
    const Zone *zone;
    int32_t first_day;
    int32_t horizon_day;
    Weekend
        weekends[CALENDAR_WEEKEND_COUNT_MAX]; /* by first_day; the first begins with first_day */
    size_t weekend_count;
    Holiday *holidays; /* by day, one per day */
    size_t holiday_count;
};

struct CalendarSet {
    Calendar calendars[CALENDAR_COUNT_MAX]; /* by id */
    size_t count;
    ZoneSet *zones;
};

/* calendar_file_load - fill a calendar whose id is set from <folder>/<id>.ics; FATAL when bad. */
MUST_CHECK bool calendar_file_load(const char *folder, const ZoneSet *zones, Calendar *calendar,
                                   Error *reterr);

/* calendar_deinit - free what a calendar owns, also one half loaded. */
void calendar_deinit(Calendar *calendar);
