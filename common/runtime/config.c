/* config.c - settings from the environment, checked all at once when the process starts. */
#include "config.h"

#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_VALUE_SIZE_MAX = 4096, CONFIG_ITEM_COUNT_MAX = 256, CONFIG_NAME_SIZE = 96 };

typedef struct Setting {
    const ConfigItem *item;
    char *text; /* owned */
    int64_t integer;
} Setting;

struct Config {
    size_t count;
    Setting settings[CONFIG_ITEM_COUNT_MAX];
};

void config_release(Config **config)
{
    if (*config == NULL)
        return;
    for (size_t i = 0; i < (*config)->count; i++)
        free((*config)->settings[i].text);
    free(*config);
    *config = NULL;
}

static const char *kind_name(ConfigKind kind)
{
    switch (kind) {
    case CONFIG_TEXT:
        return "text";
    case CONFIG_SECRET:
        return "secret";
    case CONFIG_INTEGER:
        return "integer";
    case CONFIG_BOOLEAN:
        return "true or false";
    }
    return "";
}

/* Reads a file's first line into value, without its line end: secrets are mounted as files. */
static bool secret_read_file(const char *name, const char *path, char *value, Error *reterr)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(reterr, ERROR_FATAL, "read %s_FILE \"%.200s\": %s", name, path,
                         strerror(errno));
    const size_t size = fread(value, 1, CONFIG_VALUE_SIZE_MAX + 1, file);
    const bool broken = ferror(file) != 0;
    fclose(file);
    if (broken || size > CONFIG_VALUE_SIZE_MAX)
        return error_set(reterr, ERROR_FATAL, "read %s_FILE \"%.200s\": %s", name, path,
                         broken ? "cannot be read" : "too long");
    value[size] = '\0';
    value[strcspn(value, "\r\n")] = '\0';
    return true;
}

/* An empty variable counts as not set: that is how compose files pass on what is not there. */
static const char *environment_get(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* A secret's text: NAME, or the content of the file that NAME_FILE names, not both. */
static bool secret_read(const ConfigItem *item, char *buffer, const char **ret_text, Error *reterr)
{
    char file_name[CONFIG_NAME_SIZE];
    snprintf(file_name, sizeof file_name, "%s_FILE", item->name);
    const char *path = environment_get(file_name);
    const char *text = environment_get(item->name);
    if (path != NULL && text != NULL)
        return error_set(reterr, ERROR_FATAL, "read %s: %s is set as well (unset one of them)",
                         item->name, file_name);
    if (path != NULL && !secret_read_file(item->name, path, buffer, reterr))
        return false;
    *ret_text = path != NULL ? buffer : text;
    return true;
}

static bool integer_read(const ConfigItem *item, const char *text, int64_t *ret_value,
                         Error *reterr)
{
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    const bool starts_well = (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
    if (!starts_well || errno != 0 || *end != '\0' || value < item->min || value > item->max)
        return error_set(reterr, ERROR_FATAL,
                         "read %s: \"%.40s\" is no integer from %" PRId64 " to %" PRId64,
                         item->name, text, item->min, item->max);
    *ret_value = value;
    return true;
}

static bool boolean_read(const ConfigItem *item, const char *text, int64_t *ret_value,
                         Error *reterr)
{
    const bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0)
        return error_set(reterr, ERROR_FATAL, "read %s: \"%.40s\" is neither true nor false",
                         item->name, text);
    *ret_value = is_true;
    return true;
}

static bool setting_check(const ConfigItem *item, const char *text, int64_t *ret_integer,
                          Error *reterr)
{
    if (strlen(text) > CONFIG_VALUE_SIZE_MAX)
        return error_set(reterr, ERROR_FATAL, "read %s: longer than %d bytes", item->name,
                         CONFIG_VALUE_SIZE_MAX);
    switch (item->kind) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        return true;
    case CONFIG_INTEGER:
        return integer_read(item, text, ret_integer, reterr);
    case CONFIG_BOOLEAN:
        return boolean_read(item, text, ret_integer, reterr);
    }
    return error_set(reterr, ERROR_FATAL, "read %s: unknown kind of setting", item->name);
}

static bool setting_load(const ConfigItem *item, Setting *ret_setting, Error *reterr)
{
    char buffer[CONFIG_VALUE_SIZE_MAX + 2];
    const char *text = NULL;
    if (item->kind != CONFIG_SECRET)
        text = environment_get(item->name);
    else if (!secret_read(item, buffer, &text, reterr))
        return false;
    if (text == NULL)
        text = item->default_text;
    if (text == NULL)
        return error_set(reterr, ERROR_FATAL, "read %s: not set (%s; set it in the environment)",
                         item->name, item->help);
    Setting setting = {.item = item};
    if (!setting_check(item, text, &setting.integer, reterr))
        return false;
    setting.text = strdup(text);
    if (setting.text == NULL)
        return error_set(reterr, ERROR_FATAL, "read %s: out of memory", item->name);
    *ret_setting = setting;
    return true;
}

static const Setting *config_find(const Config *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++)
        if (strcmp(config->settings[i].item->name, name) == 0)
            return &config->settings[i];
    return NULL;
}

static bool config_add(Config *config, const ConfigItem *item, Error *reterr)
{
    if (config_find(config, item->name) != NULL)
        return error_set(reterr, ERROR_FATAL, "read %s: described twice", item->name);
    if (config->count == CONFIG_ITEM_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "read %s: more than %d settings", item->name,
                         CONFIG_ITEM_COUNT_MAX);
    if (!setting_load(item, &config->settings[config->count], reterr))
        return false;
    config->count++;
    return true;
}

bool config_load(const ConfigItem *const *tables, Config **ret_config, Error *reterr)
{
    Config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return error_set(reterr, ERROR_FATAL, "read settings: out of memory");
    for (; *tables != NULL; tables++) {
        for (const ConfigItem *item = *tables; item->name != NULL; item++) {
            if (!config_add(config, item, reterr)) {
                config_release(&config);
                return false;
            }
        }
    }
    *ret_config = config;
    return true;
}

/* A name that no table has is our own slip; going on would run with a setting nobody chose. */
static const Setting *config_expect(const Config *config, const char *name, bool is_number)
{
    const Setting *setting = config_find(config, name);
    if (setting != NULL) {
        const ConfigKind kind = setting->item->kind;
        if (!is_number || kind == CONFIG_INTEGER || kind == CONFIG_BOOLEAN)
            return setting;
    }
    log_write(LOG_ERROR, "setting-misused", "name=%s problem=\"%s\"", name,
              setting == NULL ? "in no table" : "not a number");
    _exit(1);
}

const char *config_text(const Config *config, const char *name)
{
    return config_expect(config, name, false)->text;
}

const char *config_find_text(const Config *config, const char *name)
{
    const Setting *setting = config_find(config, name);
    return setting == NULL ? NULL : setting->text;
}

int64_t config_integer(const Config *config, const char *name)
{
    return config_expect(config, name, true)->integer;
}

bool config_boolean(const Config *config, const char *name)
{
    return config_expect(config, name, true)->integer != 0;
}

static void item_print(FILE *file, const ConfigItem *item)
{
    fprintf(file, "  %s\n      %s\n      %s", item->name, item->help, kind_name(item->kind));
    if (item->kind == CONFIG_INTEGER)
        fprintf(file, " %" PRId64 "..%" PRId64, item->min, item->max);
    if (item->kind == CONFIG_SECRET)
        fprintf(file, ", or %s_FILE names a file with it", item->name);
    if (item->default_text == NULL)
        fprintf(file, "; required\n");
    else if (item->kind == CONFIG_SECRET)
        fprintf(file, "; optional\n");
    else
        fprintf(file, "; default \"%s\"\n", item->default_text);
}

void config_print_help(FILE *file, const ConfigItem *const *tables)
{
    for (; *tables != NULL; tables++)
        for (const ConfigItem *item = *tables; item->name != NULL; item++)
            item_print(file, item);
}
