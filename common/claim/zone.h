/* zone.h - IANA time zones from the system's tzdata: an instant's local day, a day's first instant.
 */
#pragma once

#include "runtime/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ZONE_NAME_SIZE = 48, /* the longest of IANA has 32 letters */
    ZONE_TEXT_SIZE = 48, /* "Mon, 30 Nov 2026 24:00 UTC+09:00" and its NUL */
    ZONE_ABBREVIATION_SIZE = 8,
    ZONE_COUNT_MAX = 2000, /* tzdata 2026 has 597 names */
};

/* Immutable after loading: any thread may read. Borrowed from its ZoneSet. */
typedef struct Zone Zone;

/* Owns every zone of one folder. */
typedef struct ZoneSet ZoneSet;

typedef struct ZoneTime {
    int32_t day; /* local days since 1970-01-01 */
    int year, month, day_of_month, hour, minute, second;
    int weekday;              /* 0 = Sunday */
    int offset_s;             /* local minus UTC */
    const char *abbreviation; /* borrowed from the zone: "KST", or "+03" where there is none */
} ZoneTime;

/*
 * zone_set_open - read all zones of a tzdata folder, so that deciding needs no file.
 *
 * In:      folder   e.g. "/usr/share/zoneinfo"; its posix/ and right/ are left out.
 * Owns:    the caller owns *ret_set: zone_set_release.
 * Errors:  FATAL  no such folder, no zone in it, or a damaged TZif file.
 * Cost:    some 600 small files; about 2 MB stay.
 * Source:  ADR-0004 (why not libical), RFC 9636 (TZif).
 */
MUST_CHECK bool zone_set_open(ZoneSet **ret_set, const char *folder, Error *reterr);

/* zone_set_release - free *set and set it to NULL; NULL is fine. */
void zone_set_release(ZoneSet **set);

/*
 * zone_find - the zone with exactly this name, NULL when there is none (also for NULL and "").
 *
 * A name is only compared with those read at open and never becomes a path.
 */
const Zone *zone_find(const ZoneSet *set, const char *name);

/* zone_count - how many zones were read. */
size_t zone_count(const ZoneSet *set);

/* zone_at - the index-th zone in order of names; index < zone_count. */
const Zone *zone_at(const ZoneSet *set, size_t index);

/* zone_name - borrowed from the zone. */
const char *zone_name(const Zone *zone);

/* zone_local_day - the local date of an instant, as days since 1970-01-01. Pure. Before 1970 the
 * offset of 1970 is used, after 2100 that of 2100; beyond years 1..9999 the nearest end counts. */
int32_t zone_local_day(const Zone *zone, int64_t at_ms);

/*
 * zone_day_start - the first instant of a local day. Pure.
 *
 * Where clocks jump over midnight it is the instant of the jump; where midnight comes twice, the
 * first; for a day that never was (Samoa's 2011-12-30), the first instant of the next one.
 */
int64_t zone_day_start(const Zone *zone, int32_t day);

/* zone_local_time - an instant's local date and time. Pure. */
void zone_local_time(const Zone *zone, int64_t at_ms, ZoneTime *ret_time);

/* zone_format - "Mon, 30 Nov 2026 18:05 UTC+09:00"; returns ret_text. */
char *zone_format(const Zone *zone, int64_t at_ms, char ret_text[ZONE_TEXT_SIZE]);

/*
 * zone_format_end - as zone_format, but the start of a day reads as 24:00 of the day before, with
 * the offset of that day: how a person reads "until". Returns ret_text.
 */
char *zone_format_end(const Zone *zone, int64_t at_ms, char ret_text[ZONE_TEXT_SIZE]);

/* zone_days_from_date - days since 1970-01-01 of a Gregorian date, month 1..12. Pure. */
int64_t zone_days_from_date(int year, int month, int day_of_month);
