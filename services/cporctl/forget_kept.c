/* forget_kept.c - see forget_kept.h. A row holds the record as it came: its value is JSON, its
 * headers are a JSON array of {name, value} in hex; see store_kept.c. */
#include "forget_kept.h"

#include "claim/strict_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The statements' columns, in order. */
enum {
    COLUMN_CAUSE,
    COLUMN_ACTOR_TYPE,
    COLUMN_ACTOR_ID,
    COLUMN_NOTE,
    COLUMN_KEY,
    COLUMN_VALUE,
    COLUMN_HEADERS,
};

typedef struct KeptTable {
    DbStatement select, update;
} KeptTable;

#define SELECT(TABLE)                                                                              \
    "select cause_key, actor_type, actor_id, note, encode(record_key, 'hex'),"                     \
    " encode(record_value, 'hex'), record_headers from " TABLE                                     \
    " where tenant_id = $1::uuid and claim_id = $2 order by cause_key for update"
#define UPDATE(TABLE)                                                                              \
    "update " TABLE " set actor_id = $2, note = $3, record_key = decode($4, 'hex'),"               \
    " record_value = decode($5, 'hex'), record_headers = $6 where cause_key = $1::uuid"

static const KeptTable tables[] = {
    {{"forget-kept", SELECT("kept_opt_outs")}, {"forget-kept-set", UPDATE("kept_opt_outs")}},
    {{"forget-expired", SELECT("expired_opt_outs")},
     {"forget-expired-set", UPDATE("expired_opt_outs")}},
};

typedef struct KeptErasing {
    Session *session;
    const Erasing *erasing;
    const char *tenant_id;
    bool is_theirs, is_changed;
} KeptErasing;

/* ---- hex ---- */

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10) & 15;
}

/* Zero-terminated behind its end. */
static char *bytes_of(Arena *arena, const char *hex, size_t *ret_size)
{
    *ret_size = strlen(hex) / 2;
    char *bytes = arena_new(arena, *ret_size + 1);
    for (size_t i = 0; i < *ret_size; i++)
        bytes[i] = (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return bytes;
}

static const char *hex_of(Arena *arena, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    const size_t size = strlen(text);
    char *hex = arena_new(arena, 2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[(unsigned char)text[i] >> 4];
        hex[2 * i + 1] = digits[(unsigned char)text[i] & 15];
    }
    return hex;
}

/* ---- the record ---- */

/* A key only finds the partition; the right one is the tenant. */
static const char *key_erased(KeptErasing *kept, const char *hex)
{
    size_t size;
    if (hex == NULL)
        return NULL;
    const char *key = bytes_of(&kept->session->arena, hex, &size);
    if (strcasecmp(key, kept->tenant_id) == 0 ||
        (!kept->is_theirs && !erase_names(kept->erasing, key)))
        return hex;
    kept->is_changed = true;
    return hex_of(&kept->session->arena, kept->tenant_id);
}

static bool value_erased(KeptErasing *kept, const char *hex, const char **ret_hex)
{
    JSON_AUTO root = NULL;
    size_t size;
    *ret_hex = hex;
    if (hex == NULL)
        return true;
    const char *bytes = bytes_of(&kept->session->arena, hex, &size);
    if (!json_decode_strict(bytes, size, &root, &kept->session->error))
        return false;
    if (!erase_opt_out(kept->erasing, kept->is_theirs, root))
        return true;
    char *text = json_dumps(root, JSON_COMPACT);
    *ret_hex = hex_of(&kept->session->arena, text == NULL ? "{}" : text);
    free(text);
    return kept->is_changed = true;
}

/* What says which event it is, how to read it and what it is traced by stays. */
static bool is_needed_header(const char *name)
{
    return strncmp(name, "ce_", 3) == 0 || strcasecmp(name, "content-type") == 0 ||
           strcasecmp(name, "traceparent") == 0 || strcasecmp(name, "tracestate") == 0;
}

static bool wants_header(KeptErasing *kept, const json_t *header)
{
    Arena *arena = &kept->session->arena;
    const char *name = json_string_value(json_object_get(header, "name"));
    const char *value = json_string_value(json_object_get(header, "value"));
    size_t size;
    if (name == NULL || value == NULL || is_needed_header(bytes_of(arena, name, &size)))
        return false;
    const char *text = bytes_of(arena, value, &size);
    return size > 0 && strcmp(text, ERASED_MARK) != 0 &&
           (kept->is_theirs || erase_names(kept->erasing, text));
}

static const char *headers_erased(KeptErasing *kept, const char *text)
{
    JSON_AUTO root = json_loads(text, 0, NULL);
    bool changed = false;
    for (size_t i = 0; i < json_array_size(root); i++) {
        json_t *header = json_array_get(root, i);
        if (!wants_header(kept, header))
            continue;
        json_object_set_new(header, "value",
                            json_string(hex_of(&kept->session->arena, ERASED_MARK)));
        changed = kept->is_changed = true;
    }
    if (!changed)
        return text;
    char *dumped = json_dumps(root, JSON_COMPACT);
    const char *copy = arena_text(&kept->session->arena, dumped == NULL ? "[]" : dumped);
    free(dumped);
    return copy;
}

/* ---- rows ---- */

static const char *text_or_null(const DbResult *result, size_t row, int column)
{
    return db_is_null(result, row, column) ? NULL : db_text(result, row, column);
}

static bool row_erase(Session *session, const Erasing *erasing, const char *tenant_id,
                      const KeptTable *table, const DbResult *result, size_t row, size_t *count)
{
    const char *actor = db_text(result, row, COLUMN_ACTOR_ID);
    const char *note = text_or_null(result, row, COLUMN_NOTE), *value;
    const bool actor_goes =
        erase_wants_actor(erasing, db_text(result, row, COLUMN_ACTOR_TYPE), actor);
    const bool note_goes = note != NULL && strcmp(note, ERASED_MARK) != 0 &&
                           (actor_goes || erase_wants_text(erasing, note));
    KeptErasing kept = {session, erasing, tenant_id, actor_goes || erasing->email == NULL,
                        actor_goes || note_goes};
    if (!value_erased(&kept, text_or_null(result, row, COLUMN_VALUE), &value))
        return false;
    const char *parameters[] = {db_text(result, row, COLUMN_CAUSE),
                                actor_goes ? ERASED_MARK : actor,
                                note_goes ? ERASED_MARK : note,
                                key_erased(&kept, text_or_null(result, row, COLUMN_KEY)),
                                value,
                                headers_erased(&kept, db_text(result, row, COLUMN_HEADERS))};
    if (!kept.is_changed)
        return true;
    (*count)++;
    return database_run(session->database, &table->update, parameters, 6, NULL, &session->error);
}

bool forget_kept(Session *session, const Erasing *erasing, const char *const names[2],
                 size_t *ret_count)
{
    bool good = true;
    for (size_t i = 0; good && i < sizeof tables / sizeof tables[0]; i++) {
        DbResult *result = NULL;
        good =
            database_run(session->database, &tables[i].select, names, 2, &result, &session->error);
        for (size_t row = 0; good && row < db_result_rows(result); row++)
            good = row_erase(session, erasing, names[0], &tables[i], result, row, ret_count);
        db_result_release(&result);
    }
    return good;
}
