/* text_map.c - a chained hash table in an arena. */
#include "runtime/text_map.h"

#include <string.h>

struct TextMapEntry {
    TextMapEntry *next;
    const char *key;
    void *value;
    uint64_t hash;
};

enum { TEXT_MAP_BUCKET_COUNT_MIN = 64 };

static uint64_t text_hash(const char *key)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return hash;
}

void text_map_init(TextMap *map, Arena *arena)
{
    *map = (TextMap){.arena = arena, .bucket_count = TEXT_MAP_BUCKET_COUNT_MIN};
    map->buckets = arena_new(arena, map->bucket_count * sizeof *map->buckets);
}

static TextMapEntry *text_map_find(const TextMap *map, const char *key, uint64_t hash)
{
    TextMapEntry *entry = map->buckets[hash & (map->bucket_count - 1)];
    while (entry != NULL && (entry->hash != hash || strcmp(entry->key, key) != 0))
        entry = entry->next;
    return entry;
}

static void text_map_grow(TextMap *map)
{
    const size_t room = map->bucket_count * 4;
    TextMapEntry **buckets = arena_new(map->arena, room * sizeof *buckets);
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (TextMapEntry *entry = map->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            entry->next = buckets[entry->hash & (room - 1)];
            buckets[entry->hash & (room - 1)] = entry;
        }
    }
    map->buckets = buckets;
    map->bucket_count = room;
}

void *text_map_get(const TextMap *map, const char *key)
{
    const TextMapEntry *entry = text_map_find(map, key, text_hash(key));
    return entry == NULL ? NULL : entry->value;
}

void text_map_put(TextMap *map, const char *key, void *value)
{
    const uint64_t hash = text_hash(key);
    TextMapEntry *entry = text_map_find(map, key, hash);
    if (entry != NULL) {
        entry->value = value;
        return;
    }
    if (map->count >= map->bucket_count * 2)
        text_map_grow(map);
    entry = arena_new(map->arena, sizeof *entry);
    TextMapEntry **bucket = &map->buckets[hash & (map->bucket_count - 1)];
    *entry = (TextMapEntry){
        .next = *bucket, .key = arena_text(map->arena, key), .value = value, .hash = hash};
    *bucket = entry;
    map->count++;
}
