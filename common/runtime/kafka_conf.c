/* kafka_conf.c - see kafka_conf.h. */
#include "kafka_conf.h"

#include <ctype.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 4096, WHY_SIZE = 256 };

bool kafka_conf_set(rd_kafka_conf_t *conf, const char *key, const char *value, Error *reterr)
{
    char why[WHY_SIZE];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return true;
    return error_set(reterr, ERROR_FATAL, "set Kafka property %s: %s", key, why);
}

static char *text_trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        text[--size] = '\0';
    return text;
}

static bool conf_set_line(rd_kafka_conf_t *conf, char *line, const char *path, int line_number,
                          Error *reterr)
{
    char *key = text_trim(line);
    if (*key == '\0' || *key == '#')
        return true;
    char *equals = strchr(key, '=');
    if (equals == NULL)
        return error_set(reterr, ERROR_FATAL, "read %s line %d: it has no \"key=value\"", path,
                         line_number);
    *equals = '\0';
    return kafka_conf_set(conf, text_trim(key), text_trim(equals + 1), reterr);
}

static void file_release(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

bool kafka_conf_set_file(rd_kafka_conf_t *conf, const char *path, Error *reterr)
{
    if (path == NULL || *path == '\0')
        return true;
    __attribute__((cleanup(file_release))) FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(reterr, ERROR_FATAL, "open Kafka properties %s: %m", path);
    char line[LINE_SIZE];
    for (int i = 1; fgets(line, sizeof line, file) != NULL; i++)
        if (!conf_set_line(conf, line, path, i, reterr))
            return false;
    return true;
}
