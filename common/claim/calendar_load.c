/* calendar_load.c - opens all calendars of a folder and the system's time zones. */
#include "claim/calendar_data.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static bool ends_with_ics(const char *name)
{
    size_t size = strlen(name);

    return size >= 4 && strcmp(name + size - 4, ".ics") == 0;
}

static bool is_upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

static bool calendar_add(CalendarSet *set, const char *folder, const char *name, Error *reterr)
{
    if (strlen(name) != 6 || !is_upper(name[0]) || !is_upper(name[1])) {
        return error_set(reterr, ERROR_FATAL,
                         "read calendar %s/%s: not named <CC>.ics, e.g. KR.ics", folder, name);
    }
    if (set->count == CALENDAR_COUNT_MAX) {
        return error_set(reterr, ERROR_FATAL, "read calendars in %s: more than %d", folder,
                         CALENDAR_COUNT_MAX);
    }
    Calendar *calendar = &set->calendars[set->count++];
    calendar->id[0] = name[0];
    calendar->id[1] = name[1];
    return calendar_file_load(folder, set->zones, calendar, reterr);
}

static int compare_calendars(const void *left, const void *right)
{
    return strcmp(((const Calendar *)left)->id, ((const Calendar *)right)->id);
}

static bool folder_read(CalendarSet *set, const char *folder, Error *reterr)
{
    const struct dirent *entry;
    DIR *stream __attribute__((cleanup(close_folder))) = opendir(folder);

    if (stream == NULL) {
        return error_set(reterr, ERROR_FATAL, "open calendars %s: %s", folder, strerror(errno));
    }
    while ((entry = readdir(stream)) != NULL) {
        if (ends_with_ics(entry->d_name) && !calendar_add(set, folder, entry->d_name, reterr)) {
            return false;
        }
    }
    if (set->count == 0) {
        return error_set(reterr, ERROR_FATAL, "open calendars %s: no <CC>.ics in it", folder);
    }
    qsort(set->calendars, set->count, sizeof set->calendars[0], compare_calendars);
    return true;
}

bool calendar_set_open(CalendarSet **ret_set, const char *folder, Error *reterr)
{
    CalendarSet *set __attribute__((cleanup(calendar_set_release))) = calloc(1, sizeof *set);

    if (set == NULL) {
        return error_set(reterr, ERROR_FATAL, "open calendars %s: out of memory", folder);
    }
    if (!zone_set_open(&set->zones, CALENDAR_ZONE_FOLDER, reterr) ||
        !folder_read(set, folder, reterr)) {
        return false;
    }
    *ret_set = set;
    set = NULL;
    return true;
}

void calendar_set_release(CalendarSet **set)
{
    if (*set == NULL) {
        return;
    }
    for (size_t i = 0; i < (*set)->count; i++) {
        calendar_deinit(&(*set)->calendars[i]);
    }
    zone_set_release(&(*set)->zones);
    free(*set);
    *set = NULL;
}
