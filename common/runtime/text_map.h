/* text_map.h - texts to pointers, in a batch's arena: how a batch finds its claims again. */
#pragma once

#include "runtime/arena.h"

#include <stdint.h>

typedef struct TextMapEntry TextMapEntry;

typedef struct TextMap {
    Arena *arena; /* borrowed */
    TextMapEntry **buckets;
    size_t bucket_count, count;
} TextMap;

/* text_map_init - an empty map; memory comes from the arena and goes with it. */
void text_map_init(TextMap *map, Arena *arena);

/* text_map_get - the value put last under key, or NULL. Cost: O(1) on average. */
void *text_map_get(const TextMap *map, const char *key);

/* text_map_put - put or replace; key is copied, value borrowed (NULL: as if never put). */
void text_map_put(TextMap *map, const char *key, void *value);
