/* audit_map.h - a hash table of 16-byte keys with a fixed-size value: a million associations in
 * some 50 MB. Keys are digests or ids, evenly spread already; none is all zero. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct AuditKey {
    uint8_t bytes[16];
} AuditKey;

typedef struct AuditMap {
    uint8_t *rows; /* owned: key, then value; all zero: free */
    size_t row_size, value_size, room, count;
} AuditMap;

/* audit_map_init - an empty map; audit_map_deinit - give its memory back. */
void audit_map_init(AuditMap *map, size_t value_size);
void audit_map_deinit(AuditMap *map);

/* audit_map_get - the value, or NULL. Borrowed until the next put. */
void *audit_map_get(const AuditMap *map, const AuditKey *key);

/* audit_map_put - the value, zeroed where the key is new. Out of memory ends the process. */
void *audit_map_put(AuditMap *map, const AuditKey *key, bool *ret_new);

/* audit_map_next - walk all rows. In: index 0 to begin. Returns: a value, or NULL at the end. */
void *audit_map_next(const AuditMap *map, size_t *index, AuditKey *ret_key);

/* audit_key_from_uuid - false: the text is no GUID. audit_key_from_text - a digest of any text. */
bool audit_key_from_uuid(const char *text, AuditKey *ret_key);
AuditKey audit_key_from_text(const char *text);

/* audit_key_format - as a GUID; returns ret_text. */
char *audit_key_format(const AuditKey *key, char ret_text[37]);
