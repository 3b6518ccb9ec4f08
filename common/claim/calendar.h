/* calendar.h - business days: which calendar holds, and the instant at which a window closes. */
#pragma once

#include "claim/zone.h"
#include "runtime/error.h"

#include <stddef.h>
#include <stdint.h>

#define CALENDAR_ZONE_FOLDER "/usr/share/zoneinfo"

enum {
    CALENDAR_ID_SIZE = 3,       /* "KR" and its NUL */
    CALENDAR_VERSION_SIZE = 13, /* 12 hex digits and NUL */
    CALENDAR_WINDOW_DAY_COUNT_MAX = 64,
    CALENDAR_BUSINESS_DAY_COUNT_MAX = 30,
    CALENDAR_WARNING_DAY_COUNT = 60, /* so long before the horizon the metric warns */
};

/* Immutable after opening: any thread may read. Borrowed from its CalendarSet. */
typedef struct Calendar Calendar;

/* Owns every calendar of a folder, and the system's time zones. */
typedef struct CalendarSet CalendarSet;

typedef enum CalendarDayKind {
    CALENDAR_NOTICE_DAY, /* the local date of the notice: does not count */
    CALENDAR_WEEKEND,    /* does not count */
    CALENDAR_HOLIDAY,    /* does not count; also where it falls on a weekend */
    CALENDAR_COUNTED,    /* a business day */
} CalendarDayKind;

typedef struct CalendarDay {
    int32_t day; /* local days since 1970-01-01 */
    CalendarDayKind kind;
    const char *name; /* the holiday's name, else ""; borrowed from the calendar */
} CalendarDay;

/* How a deadline came about. Texts are borrowed from the CalendarSet. */
typedef struct CalendarDeadline {
    int64_t deadline_at_ms; /* the first instant that is too late */
    int32_t last_day;       /* the local day at whose 24:00 the window closes */
    const char *calendar_id;
    const char *calendar_version;
    const char *zone_name;
    size_t day_count;
    CalendarDay days[CALENDAR_WINDOW_DAY_COUNT_MAX]; /* notice day .. last_day, every day */
} CalendarDeadline;

/*
 * calendar_set_open - read <folder>/<CC>.ics for every country, and all time zones.
 *
 * In:      folder   deploy/calendars or a copy; files not ending in .ics are passed over.
 * Owns:    the caller owns *ret_set: calendar_set_release.
 * Errors:  FATAL  a file is bad (the text says which and why), none is there, or no tzdata.
 * Cost:    reads some 50 + 600 files, about 0.1 s; once at start. Not thread-safe (libical).
 */
MUST_CHECK bool calendar_set_open(CalendarSet **ret_set, const char *folder, Error *reterr);

/* calendar_set_release - free *set and set it to NULL; NULL is fine. */
void calendar_set_release(CalendarSet **set);

/* calendar_count - how many calendars were read. */
size_t calendar_count(const CalendarSet *set);

/* calendar_at - the index-th calendar in order of ids; index < calendar_count. */
const Calendar *calendar_at(const CalendarSet *set, size_t index);

/* calendar_find - the calendar of a country ("KR", upper case); NULL when there is none. */
const Calendar *calendar_find(const CalendarSet *set, const char *country);

/*
 * calendar_resolve - the calendar that holds for a customer. Pure.
 *
 * In:      customer_country, tenant_country  "" or NULL = not known.
 *          default_country                   the setting.
 * Returns: that of the customer's country, else of the tenant's, else the default's; a country
 *          without a file gets the default's. NULL only when the default has no file, which is
 *          to be checked at start.
 */
const Calendar *calendar_resolve(const CalendarSet *set, const char *customer_country,
                                 const char *tenant_country, const char *default_country);

/* calendar_id - the country code; borrowed. */
const char *calendar_id(const Calendar *calendar);

/* calendar_version - the first 12 hex digits of the SHA-256 of the file; borrowed. */
const char *calendar_version(const Calendar *calendar);

/* calendar_zone - the zone in which the calendar's days run. */
const Zone *calendar_zone(const Calendar *calendar);

/* calendar_first_day - the first day the calendar knows. */
int32_t calendar_first_day(const Calendar *calendar);

/* calendar_weekend - the weekdays that are weekend on a day: bit 0 = Sunday .. bit 6 = Saturday. */
uint8_t calendar_weekend(const Calendar *calendar, int32_t day);

/* calendar_horizon_day - the last day the calendar knows. */
int32_t calendar_horizon_day(const Calendar *calendar);

/* calendar_days_left - days from the local date of at_ms to the horizon; negative when passed. */
int32_t calendar_days_left(const Calendar *calendar, int64_t at_ms);

/* calendar_is_ending - less than CALENDAR_WARNING_DAY_COUNT days are left: the metric warns. */
bool calendar_is_ending(const Calendar *calendar, int64_t at_ms);

/* calendar_set_zone - the zone of an IANA name; NULL when there is none (also for NULL and ""). */
const Zone *calendar_set_zone(const CalendarSet *set, const char *time_zone);

/* zone_is_valid - true when the name is that of a zone in the system's tzdata. */
bool zone_is_valid(const CalendarSet *set, const char *time_zone);

/*
 * calendar_deadline - the end of the business_day_count-th business day after the day of notice.
 *
 * In:      time_zone            the customer's zone; NULL or "" = the calendar's.
 *          notified_at_ms       the instant of the hand-over.
 *          business_day_count   1..CALENDAR_BUSINESS_DAY_COUNT_MAX.
 * Out:     ret_deadline  texts borrowed from set.
 * Errors:  RETRY  a day is looked at that the calendar does not know (the notice waits for a newer
 *                 file), or time_zone is not in tzdata (for a newer tzdata).
 *          FATAL  business_day_count out of range, or a window above
 *                 CALENDAR_WINDOW_DAY_COUNT_MAX days.
 * Cost:    pure: no file, no allocation; some binary searches per day of the window.
 * Source:  domain, "Business days".
 */
MUST_CHECK bool calendar_deadline(const CalendarSet *set, const Calendar *calendar,
                                  const char *time_zone, int64_t notified_at_ms,
                                  int business_day_count, CalendarDeadline *ret_deadline,
                                  Error *reterr);

/*
 * calendar_reminder - the first instant of the business_day_count-th business day from the end of
 * a deadline's days: with 1, the day at whose end the deadline is. Pure.
 *
 * Returns: false when the deadline's days count fewer, or business_day_count is 0.
 */
bool calendar_reminder(const CalendarSet *set, const CalendarDeadline *deadline,
                       int business_day_count, int64_t *ret_at_ms);

/* calendar_day_kind_name - "notice day", "weekend", "holiday", "business day". */
const char *calendar_day_kind_name(CalendarDayKind kind);
