/* config.h - settings from the environment, described by a table that also prints --help. */
#pragma once

#include "error.h"

#include <stdint.h>
#include <stdio.h>

typedef enum ConfigKind {
    CONFIG_TEXT,
    CONFIG_SECRET,  /* never printed; NAME_FILE names a file that holds it instead */
    CONFIG_INTEGER, /* min..max */
    CONFIG_BOOLEAN, /* true / false */
} ConfigKind;

typedef struct ConfigItem {
    const char *name;         /* environment variable, e.g. "CPOR_KAFKA_BROKERS" */
    const char *default_text; /* NULL: required */
    ConfigKind kind;
    int64_t min, max; /* CONFIG_INTEGER; unit is in the name (…_MS) or the help */
    const char *help; /* one line */
} ConfigItem;

typedef struct Config Config;

/*
 * config_load - read every item of the tables from the environment and check it.
 *
 * In:      tables  NULL-terminated list of tables, each ended by an item with name NULL.
 * Out:     ret_config  owned by the caller; config_release.
 * Errors:  FATAL  the first bad or missing setting: its name, what it may be, what to do.
 */
MUST_CHECK bool config_load(const ConfigItem *const *tables, Config **ret_config, Error *reterr);
void config_release(Config **config);

/* config_text / config_integer / config_boolean - a setting by name; borrowed from config.
 * A name that is in no table is a programming error and ends the process with a log line. */
const char *config_text(const Config *config, const char *name);
int64_t config_integer(const Config *config, const char *name);
bool config_boolean(const Config *config, const char *name);

/* config_find_text - as config_text; NULL for a name that is in no table. */
const char *config_find_text(const Config *config, const char *name);

/* config_print_help - the tables as text: name, default, range, help. Secrets' values never. */
void config_print_help(FILE *file, const ConfigItem *const *tables);
