/*
 * calendar_file.c - reads one calendar's iCalendar file; the one adapter of libical.
 *
 * Traps: libical reads on over bad lines and leaves X-LIC-ERROR properties behind, hence the count;
 * a file cut off at a line's end is no error to it, hence the look at the last line; texts got from
 * a property are borrowed from it or from a ring of buffers, and are copied here at once.
 */
#include "claim/calendar_data.h"
#include "claim/claim_file.h"

#include <libical/ical.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release_component(icalcomponent **component)
{
    if (*component != NULL) {
        icalcomponent_free(*component);
    }
}

static void release_text(char **text)
{
    free(*text);
}

static bool fail(const Calendar *calendar, Error *reterr, const char *cause)
{
    return error_set(reterr, ERROR_FATAL, "read calendar %s.ics: %s", calendar->id, cause);
}

static bool version_compute(const char *text, size_t size, char ret_version[CALENDAR_VERSION_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(text, size, digest, NULL, EVP_sha256(), NULL) != 1) {
        return false;
    }
    for (size_t i = 0; i < (CALENDAR_VERSION_SIZE - 1) / 2; i++) {
        (void)snprintf(ret_version + 2 * i, 3, "%02x", digest[i]);
    }
    return true;
}

static bool is_whole(const char *text, size_t size)
{
    static const char last_line[] = "END:VCALENDAR";

    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) {
        size--;
    }
    return size >= sizeof last_line - 1 && strlen(text) >= size &&
           memcmp(text + size - (sizeof last_line - 1), last_line, sizeof last_line - 1) == 0;
}

/* The property X-..., or NULL; *index says which of several, from 0. */
static icalproperty *x_property_find(icalcomponent *root, const char *name, size_t index)
{
    icalproperty *property = icalcomponent_get_first_property(root, ICAL_X_PROPERTY);

    for (; property != NULL; property = icalcomponent_get_next_property(root, ICAL_X_PROPERTY)) {
        const char *x_name = icalproperty_get_x_name(property);
        if (x_name != NULL && strcmp(x_name, name) == 0 && index-- == 0) {
            return property;
        }
    }
    return NULL;
}

/* A single value; NULL when missing or given twice. */
static const char *x_value(icalcomponent *root, const char *name)
{
    icalproperty *property = x_property_find(root, name, 0);

    return property == NULL || x_property_find(root, name, 1) != NULL
               ? NULL
               : icalproperty_get_x(property);
}

static bool day_from_time(struct icaltimetype time, int32_t *ret_day)
{
    if (icaltime_is_null_time(time) || !icaltime_is_date(time) || time.year < 1 ||
        time.year > 9999 || time.month < 1 || time.month > 12 || time.day < 1 ||
        time.day > icaltime_days_in_month(time.month, time.year)) {
        return false;
    }
    *ret_day = (int32_t)zone_days_from_date(time.year, time.month, time.day);
    return true;
}

/* YYYYMMDD; NULL is no day. */
static bool day_parse(const char *text, int32_t *ret_day)
{
    return text != NULL && strlen(text) == 8 && strspn(text, "0123456789") == 8 &&
           day_from_time(icaltime_from_string(text), ret_day);
}

/* "SA,SU"; the empty text is no weekend, which no country has: an error. */
static bool weekdays_parse(const char *text, uint8_t *ret_weekdays)
{
    static const char names[] = "SUMOTUWETHFRSA";
    unsigned weekdays = 0;

    for (;;) {
        int index = 0;
        while (index < 7 && strncmp(text, names + 2 * (size_t)index, 2) != 0) {
            index++;
        }
        if (index == 7) {
            return false;
        }
        weekdays |= 1U << index;
        text += 2;
        if (*text == '\0') {
            break;
        }
        if (*text++ != ',') {
            return false;
        }
    }
    *ret_weekdays = (uint8_t)weekdays;
    return weekdays != 0x7f; /* a week without a business day would never end */
}

static bool weekend_read(icalproperty *property, Calendar *calendar, Error *reterr)
{
    Weekend weekend = {.first_day = calendar->first_day};
    const char *from = icalproperty_get_parameter_as_string(property, "X-FROM");
    const char *value = icalproperty_get_x(property);
    size_t count = calendar->weekend_count;

    if (count == CALENDAR_WEEKEND_COUNT_MAX) {
        return fail(calendar, reterr, "too many X-CPOR-WEEKEND lines");
    }
    if ((from == NULL) != (count == 0) || (from != NULL && !day_parse(from, &weekend.first_day))) {
        return fail(calendar, reterr,
                    "X-CPOR-WEEKEND: every line but the first needs X-FROM=YYYYMMDD");
    }
    if (count > 0 && weekend.first_day <= calendar->weekends[count - 1].first_day) {
        return fail(calendar, reterr, "X-CPOR-WEEKEND: X-FROM must rise");
    }
    if (value == NULL || !weekdays_parse(value, &weekend.weekdays)) {
        return fail(calendar, reterr, "X-CPOR-WEEKEND is not a list of weekdays such as SA,SU");
    }
    calendar->weekends[calendar->weekend_count++] = weekend;
    return true;
}

static bool weekends_read(icalcomponent *root, Calendar *calendar, Error *reterr)
{
    icalproperty *property;

    while ((property = x_property_find(root, "X-CPOR-WEEKEND", calendar->weekend_count)) != NULL) {
        if (!weekend_read(property, calendar, reterr)) {
            return false;
        }
    }
    return calendar->weekend_count > 0 || fail(calendar, reterr, "X-CPOR-WEEKEND is missing");
}

/* What would change the days in a way this reader does not follow. */
static bool has_more_days(icalcomponent *event)
{
    static const icalproperty_kind kinds[] = {ICAL_DTEND_PROPERTY, ICAL_DURATION_PROPERTY,
                                              ICAL_RRULE_PROPERTY, ICAL_RDATE_PROPERTY};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (icalcomponent_get_first_property(event, kinds[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool holiday_read(icalcomponent *event, Calendar *calendar, Error *reterr)
{
    Holiday holiday = {.day = 0};
    const char *name = icalcomponent_get_summary(event);

    if (has_more_days(event)) {
        return fail(calendar, reterr,
                    "a VEVENT has DTEND, DURATION, RRULE or RDATE (one day each)");
    }
    if (!day_from_time(icalcomponent_get_dtstart(event), &holiday.day) ||
        holiday.day < calendar->first_day || holiday.day > calendar->horizon_day) {
        return fail(calendar, reterr,
                    "a VEVENT has no DTSTART;VALUE=DATE from X-CPOR-FIRST to X-CPOR-HORIZON");
    }
    if (name == NULL || *name == '\0') {
        return fail(calendar, reterr, "a VEVENT has no SUMMARY");
    }
    holiday.name = strdup(name);
    if (holiday.name == NULL) {
        return fail(calendar, reterr, "out of memory");
    }
    calendar->holidays[calendar->holiday_count++] = holiday;
    return true;
}

static int compare_days(const void *left, const void *right)
{
    int32_t left_day = ((const Holiday *)left)->day;
    int32_t right_day = ((const Holiday *)right)->day;

    return (left_day > right_day) - (left_day < right_day);
}

static bool holidays_read(icalcomponent *root, Calendar *calendar, Error *reterr)
{
    int count = icalcomponent_count_components(root, ICAL_VEVENT_COMPONENT);

    if (count < 0 || count > CALENDAR_HOLIDAY_COUNT_MAX) {
        return fail(calendar, reterr, "too many VEVENTs");
    }
    calendar->holidays = calloc((size_t)count + 1, sizeof *calendar->holidays);
    if (calendar->holidays == NULL) {
        return fail(calendar, reterr, "out of memory");
    }
    for (icalcomponent *event = icalcomponent_get_first_component(root, ICAL_VEVENT_COMPONENT);
         event != NULL; event = icalcomponent_get_next_component(root, ICAL_VEVENT_COMPONENT)) {
        if (!holiday_read(event, calendar, reterr)) {
            return false;
        }
    }
    qsort(calendar->holidays, calendar->holiday_count, sizeof *calendar->holidays, compare_days);
    for (size_t i = 1; i < calendar->holiday_count; i++) {
        if (calendar->holidays[i].day == calendar->holidays[i - 1].day) {
            return fail(calendar, reterr, "two VEVENTs on one day");
        }
    }
    return true;
}

static bool calendar_read(icalcomponent *root, const ZoneSet *zones, Calendar *calendar,
                          Error *reterr)
{
    calendar->zone = zone_find(zones, x_value(root, "X-WR-TIMEZONE"));
    if (calendar->zone == NULL) {
        return fail(calendar, reterr, "X-WR-TIMEZONE is missing or not in tzdata");
    }
    if (!day_parse(x_value(root, "X-CPOR-FIRST"), &calendar->first_day) ||
        !day_parse(x_value(root, "X-CPOR-HORIZON"), &calendar->horizon_day) ||
        calendar->first_day > calendar->horizon_day) {
        return fail(calendar, reterr,
                    "X-CPOR-FIRST and X-CPOR-HORIZON (YYYYMMDD) are missing, bad or swapped");
    }
    return weekends_read(root, calendar, reterr) && holidays_read(root, calendar, reterr);
}

bool calendar_file_load(const char *folder, const ZoneSet *zones, Calendar *calendar, Error *reterr)
{
    char file_name[CALENDAR_ID_SIZE + 4];
    char *text __attribute__((cleanup(release_text))) = NULL;
    size_t size = 0;

    (void)snprintf(file_name, sizeof file_name, "%s.ics", calendar->id);
    if (!claim_file_read(folder, file_name, CALENDAR_FILE_SIZE_MAX, &text, &size, reterr)) {
        return false;
    }
    if (!is_whole(text, size)) {
        return fail(calendar, reterr, "does not end with END:VCALENDAR (cut off?)");
    }
    icalcomponent *root __attribute__((cleanup(release_component))) = icalparser_parse_string(text);
    if (root == NULL || icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT ||
        icalcomponent_count_errors(root) != 0) {
        return fail(calendar, reterr, "is not iCalendar");
    }
    if (!version_compute(text, size, calendar->version)) {
        return fail(calendar, reterr, "libcrypto cannot compute SHA-256");
    }
    return calendar_read(root, zones, calendar, reterr);
}

void calendar_deinit(Calendar *calendar)
{
    for (size_t i = 0; i < calendar->holiday_count; i++) {
        free(calendar->holidays[i].name);
    }
    free(calendar->holidays);
    calendar->holidays = NULL;
    calendar->holiday_count = 0;
}
