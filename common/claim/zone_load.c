/* zone_load.c - reads all zones of a tzdata folder at start, so that deciding needs no file. */
#include "claim/claim_file.h"
#include "claim/zone_data.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ZONE_FILE_SIZE_MAX = 65536, ZONE_FOLDER_DEPTH_MAX = 3 };

/* Copies of the tree, this machine's own settings, and the placeholder of an unset zone. */
static const char *const left_out[] = {"posix", "right", "localtime", "posixrules", "Factory"};

static void close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static bool is_zone_word(const char *word)
{
    if (*word == '\0') {
        return false;
    }
    for (; *word != '\0'; word++) {
        if (!isalnum((unsigned char)*word) && strchr("_+-", *word) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_left_out(const char *name)
{
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        if (strcmp(name, left_out[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A file that is no TZif file (zone.tab and the like) is passed over. */
static bool zone_add(ZoneSet *set, const char *folder, const char *name, Error *reterr)
{
    char *data = NULL;
    size_t size = 0;

    if (!claim_file_read(folder, name, ZONE_FILE_SIZE_MAX, &data, &size, reterr)) {
        return false;
    }
    bool good = true;
    if (size >= 4 && memcmp(data, "TZif", 4) == 0) {
        if (set->count == ZONE_COUNT_MAX) {
            good = error_set(reterr, ERROR_FATAL, "read time zones in %s: more than %d", folder,
                             ZONE_COUNT_MAX);
        } else {
            Zone *zone = &set->zones[set->count++];
            (void)snprintf(zone->name, sizeof zone->name, "%s", name);
            good = zone_decode((const uint8_t *)data, size, zone, reterr);
        }
    }
    free(data);
    return good;
}

static bool folder_read(ZoneSet *set, const char *folder, const char *prefix, int depth,
                        Error *reterr);

static bool entry_read(ZoneSet *set, const char *folder, const char *name, int depth, Error *reterr)
{
    char path[PATH_MAX];
    struct stat status;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        stat(path, &status) != 0) {
        return error_set(reterr, ERROR_FATAL, "read time zone %s: %s", name, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return depth == ZONE_FOLDER_DEPTH_MAX || folder_read(set, folder, name, depth + 1, reterr);
    }
    return !S_ISREG(status.st_mode) || zone_add(set, folder, name, reterr);
}

/* prefix is "" or the folder's part of the zones' names: "America/Argentina". */
static bool folder_read(ZoneSet *set, const char *folder, const char *prefix, int depth,
                        Error *reterr)
{
    char path[PATH_MAX];
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "%s/%s", folder, prefix);
    DIR *stream __attribute__((cleanup(close_folder))) = opendir(path);
    if (stream == NULL) {
        return error_set(reterr, ERROR_FATAL, "open time zones %s: %s (is tzdata installed?)", path,
                         strerror(errno));
    }
    while ((entry = readdir(stream)) != NULL) {
        char name[ZONE_NAME_SIZE];
        if (!is_zone_word(entry->d_name) || (depth == 0 && is_left_out(entry->d_name))) {
            continue;
        }
        int size = snprintf(name, sizeof name, "%s%s%s", prefix, *prefix == '\0' ? "" : "/",
                            entry->d_name);
        if (size < (int)sizeof name && !entry_read(set, folder, name, depth, reterr)) {
            return false;
        }
    }
    return true;
}

static int compare_zones(const void *left, const void *right)
{
    return strcmp(((const Zone *)left)->name, ((const Zone *)right)->name);
}

bool zone_set_open(ZoneSet **ret_set, const char *folder, Error *reterr)
{
    ZoneSet *set __attribute__((cleanup(zone_set_release))) = calloc(1, sizeof *set);

    if (set == NULL || (set->zones = calloc(ZONE_COUNT_MAX, sizeof *set->zones)) == NULL) {
        return error_set(reterr, ERROR_FATAL, "read time zones in %s: out of memory", folder);
    }
    if (!folder_read(set, folder, "", 0, reterr)) {
        return false;
    }
    if (set->count == 0) {
        return error_set(reterr, ERROR_FATAL, "read time zones in %s: none found (tzdata?)",
                         folder);
    }
    qsort(set->zones, set->count, sizeof *set->zones, compare_zones);
    *ret_set = set;
    set = NULL;
    return true;
}

void zone_set_release(ZoneSet **set)
{
    if (*set == NULL) {
        return;
    }
    for (size_t i = 0; i < (*set)->count; i++) {
        zone_deinit(&(*set)->zones[i]);
    }
    free((*set)->zones);
    free(*set);
    *set = NULL;
}

static int compare_name(const void *name, const void *zone)
{
    return strcmp(name, ((const Zone *)zone)->name);
}

const Zone *zone_find(const ZoneSet *set, const char *name)
{
    return name == NULL ? NULL
                        : bsearch(name, set->zones, set->count, sizeof *set->zones, compare_name);
}

size_t zone_count(const ZoneSet *set)
{
    return set->count;
}

const Zone *zone_at(const ZoneSet *set, size_t index)
{
    return &set->zones[index];
}
