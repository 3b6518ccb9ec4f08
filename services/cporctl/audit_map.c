/* audit_map.c - see audit_map.h. Open addressing, half full at most. */
#include "audit_map.h"

#include "claim/uuid.h"
#include "runtime/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 1024, KEY_SIZE = sizeof(AuditKey) };

void audit_map_init(AuditMap *map, size_t value_size)
{
    *map = (AuditMap){.value_size = value_size, .row_size = KEY_SIZE + (value_size + 7) / 8 * 8};
}

void audit_map_deinit(AuditMap *map)
{
    free(map->rows);
    *map = (AuditMap){0};
}

static bool row_is_free(const uint8_t *row)
{
    static const AuditKey none;
    return memcmp(row, &none, KEY_SIZE) == 0;
}

/* The row with this key, or the free one where it belongs. */
static uint8_t *row_find(const AuditMap *map, const AuditKey *key)
{
    uint64_t hash;
    memcpy(&hash, key->bytes + 8, sizeof hash);
    for (size_t i = hash & (map->room - 1);; i = (i + 1) & (map->room - 1)) {
        uint8_t *row = map->rows + i * map->row_size;
        if (row_is_free(row) || memcmp(row, key, KEY_SIZE) == 0)
            return row;
    }
}

static void map_grow(AuditMap *map)
{
    AuditMap wider = *map;
    wider.room = map->room == 0 ? ROOM_MIN : 2 * map->room;
    wider.rows = calloc(wider.room, map->row_size);
    if (wider.rows == NULL) {
        log_write(LOG_ERROR, "out-of-memory", "wanted_bytes=%zu", wider.room * map->row_size);
        exit(1);
    }
    for (size_t i = 0; i < map->room; i++) {
        const uint8_t *row = map->rows + i * map->row_size;
        AuditKey key;
        memcpy(&key, row, KEY_SIZE);
        if (!row_is_free(row))
            memcpy(row_find(&wider, &key), row, map->row_size);
    }
    free(map->rows);
    *map = wider;
}

void *audit_map_get(const AuditMap *map, const AuditKey *key)
{
    uint8_t *row = map->room == 0 ? NULL : row_find(map, key);
    return row == NULL || row_is_free(row) ? NULL : row + KEY_SIZE;
}

void *audit_map_put(AuditMap *map, const AuditKey *key, bool *ret_new)
{
    if (2 * (map->count + 1) > map->room)
        map_grow(map);
    uint8_t *row = row_find(map, key);
    const bool is_new = row_is_free(row);
    if (is_new) {
        memcpy(row, key, KEY_SIZE);
        map->count++;
    }
    if (ret_new != NULL)
        *ret_new = is_new;
    return row + KEY_SIZE;
}

void *audit_map_next(const AuditMap *map, size_t *index, AuditKey *ret_key)
{
    for (; *index < map->room; (*index)++) {
        uint8_t *row = map->rows + *index * map->row_size;
        if (row_is_free(row))
            continue;
        (*index)++;
        memcpy(ret_key, row, KEY_SIZE);
        return row + KEY_SIZE;
    }
    return NULL;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return (digit | 0x20) - 'a' + 10;
}

bool audit_key_from_uuid(const char *text, AuditKey *ret_key)
{
    size_t digit_count = 0;
    if (!uuid_is_valid(text, strlen(text)))
        return false;
    *ret_key = (AuditKey){0};
    for (; *text != '\0'; text++) {
        if (*text == '-')
            continue;
        uint8_t *byte = &ret_key->bytes[digit_count++ / 2];
        *byte = (uint8_t)(*byte << 4 | hex_value(*text));
    }
    return true;
}

AuditKey audit_key_from_text(const char *text)
{
    AuditKey key = {0};
    char id[UUID_SIZE];
    uuid_event(text, id);
    (void)!audit_key_from_uuid(id, &key); /* what it made is one */
    return key;
}

char *audit_key_format(const AuditKey *key, char ret_text[37])
{
    size_t size = 0;
    for (size_t i = 0; i < KEY_SIZE; i++)
        size += (size_t)snprintf(ret_text + size, 37 - size, "%s%02x",
                                 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", key->bytes[i]);
    return ret_text;
}
