/* claim_row.c - a claim as a row: one table of columns makes every statement. */
#include "store/claim_row.h"

#include "claim/claim_json.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum ColumnKind {
    COLUMN_TEXT, /* char array in Claim */
    COLUMN_INT32,
    COLUMN_INT64,
    COLUMN_SPECIAL, /* has functions of its own */
} ColumnKind;

typedef struct ClaimColumn {
    const char *name, *type;
    ColumnKind kind;
    size_t offset, size;
    const char *(*write)(const Entry *entry, Arena *arena); /* SPECIAL; NULL text is SQL NULL */
    bool (*read)(const char *text, Arena *arena, Entry *entry, Error *reterr);
} ClaimColumn;

static bool row_is_bad(const char *column, const char *text, Error *reterr)
{
    return error_set(reterr, ERROR_FATAL, "read claims.%s: unknown value '%.40s'", column, text);
}

static const char *status_write(const Entry *entry, Arena *arena)
{
    (void)arena;
    return claim_status_name(entry->claim->status);
}

static bool status_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    (void)arena;
    return claim_status_from_name(text, &entry->claim->status) ||
           row_is_bad("status", text, reterr);
}

static const char *reason_write(const Entry *entry, Arena *arena)
{
    (void)arena;
    return code_name(entry->claim->reason);
}

static bool reason_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    (void)arena;
    return *text == '\0' || code_from_name(text, &entry->claim->reason) ||
           row_is_bad("reason", text, reterr);
}

static const char *area_write(const Entry *entry, Arena *arena)
{
    (void)arena;
    return solution_area_name(entry->claim->solution_area);
}

static bool area_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    (void)arena;
    (void)reterr;
    entry->claim->solution_area = solution_area_from_name(text);
    return true;
}

static const char *origin_write(const Entry *entry, Arena *arena)
{
    (void)arena;
    return entry->claim->origin == ORIGIN_LEGACY ? "LEGACY" : "CLAIM";
}

static bool origin_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    (void)arena;
    (void)reterr;
    entry->claim->origin = strcmp(text, "LEGACY") == 0 ? ORIGIN_LEGACY : ORIGIN_CLAIM;
    return true;
}

enum { FLAG_GRACE = 1, FLAG_REVIEW_PENDING = 2 };

static const char *flags_write(const Entry *entry, Arena *arena)
{
    const Claim *claim = entry->claim;
    return arena_printf(arena, "%d",
                        (claim->grace ? FLAG_GRACE : 0) |
                            (claim->review_pending ? FLAG_REVIEW_PENDING : 0));
}

static bool flags_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    (void)arena;
    (void)reterr;
    const long flags = strtol(text, NULL, 10);
    entry->claim->grace = (flags & FLAG_GRACE) != 0;
    entry->claim->review_pending = (flags & FLAG_REVIEW_PENDING) != 0;
    return true;
}

static const char *lines_write(const Entry *entry, Arena *arena)
{
    return claim_lines_encode(entry->claim, arena);
}

static bool lines_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    return claim_lines_decode(text, arena, entry->claim, reterr);
}

static const char *findings_write(const Entry *entry, Arena *arena)
{
    return claim_findings_encode(entry->claim, arena);
}

static bool findings_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    return claim_findings_decode(text, arena, entry->claim, reterr);
}

static const char *hash_write(const Entry *entry, Arena *arena)
{
    (void)arena;
    return entry->content_hash;
}

static bool hash_read(const char *text, Arena *arena, Entry *entry, Error *reterr)
{
    (void)arena;
    (void)reterr;
    snprintf(entry->content_hash, sizeof entry->content_hash, "%s", text);
    return true;
}

#define FIELD(field, type, kind)                                                                   \
    {                                                                                              \
#field, type, kind, offsetof(Claim, field), sizeof((Claim *)NULL)->field, NULL, NULL       \
    }
#define SPECIAL(name, type, write, read)                                                           \
    {                                                                                              \
        name, type, COLUMN_SPECIAL, 0, 0, write, read                                              \
    }

static const ClaimColumn columns_of_claims[] = {
    FIELD(tenant_id, "uuid", COLUMN_TEXT), /* these three first: keys and guard of an update */
    FIELD(claim_id, "text", COLUMN_TEXT),
    FIELD(version, "bigint", COLUMN_INT64),
    FIELD(revision, "integer", COLUMN_INT32),
    FIELD(sequence, "integer", COLUMN_INT32),
    SPECIAL("status", "text", status_write, status_read),
    SPECIAL("reason", "text", reason_write, reason_read),
    FIELD(mpn_id, "text", COLUMN_TEXT),
    FIELD(domain, "text", COLUMN_TEXT),
    SPECIAL("solution_area", "text", area_write, area_read),
    FIELD(activities, "integer", COLUMN_INT32),
    SPECIAL("origin", "text", origin_write, origin_read),
    FIELD(country, "text", COLUMN_TEXT),
    FIELD(partner_country, "text", COLUMN_TEXT),
    FIELD(first_submitted_at_ms, "bigint", COLUMN_INT64),
    FIELD(received_at_ms, "bigint", COLUMN_INT64),
    FIELD(validated_at_ms, "bigint", COLUMN_INT64),
    FIELD(answer_due_at_ms, "bigint", COLUMN_INT64),
    FIELD(reminder_at_ms, "bigint", COLUMN_INT64),
    FIELD(recheck_at_ms, "bigint", COLUMN_INT64),
    FIELD(notified_at_ms, "bigint", COLUMN_INT64),
    FIELD(notice_revision, "integer", COLUMN_INT32),
    FIELD(notice_retry_at_ms, "bigint", COLUMN_INT64),
    FIELD(notice_failed_since_ms, "bigint", COLUMN_INT64),
    FIELD(notice_failure_count, "integer", COLUMN_INT32),
    SPECIAL("flags", "integer", flags_write, flags_read),
    FIELD(calendar_id, "text", COLUMN_TEXT),
    FIELD(calendar_version, "text", COLUMN_TEXT),
    FIELD(time_zone, "text", COLUMN_TEXT),
    FIELD(rules_version, "text", COLUMN_TEXT),
    FIELD(traceparent, "text", COLUMN_TEXT),
    SPECIAL("lines", "jsonb", lines_write, lines_read),
    SPECIAL("findings", "jsonb", findings_write, findings_read),
    SPECIAL("content_hash", "text", hash_write, hash_read),
};
const size_t claim_column_count = sizeof columns_of_claims / sizeof columns_of_claims[0];
_Static_assert(sizeof columns_of_claims / sizeof columns_of_claims[0] <= CLAIM_COLUMN_COUNT_MAX,
               "parameters have room");

/* ---- statements ---- */

enum { SQL_SIZE = 8192 };

static void sql_add(char *sql, const char *format, ...) PRINTF_LIKE(2, 3);
static void sql_add(char *sql, const char *format, ...)
{
    const size_t size = strlen(sql);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql + size, SQL_SIZE - size, format, arguments);
    va_end(arguments);
}

static void sql_add_names(char *sql, const char *before, size_t first)
{
    for (size_t i = first; i < claim_column_count; i++)
        sql_add(sql, "%s%s%s", i == first ? "" : ", ", before, columns_of_claims[i].name);
}

static void sql_add_unnest(char *sql)
{
    sql_add(sql, "unnest(");
    for (size_t i = 0; i < claim_column_count; i++)
        sql_add(sql, "%s$%zu::%s[]", i == 0 ? "" : ", ", i + 1, columns_of_claims[i].type);
    sql_add(sql, ") as u(");
    sql_add_names(sql, "", 0);
    sql_add(sql, ")");
}

const DbStatement *claim_select_statement(void)
{
    static char sql[SQL_SIZE];
    static const DbStatement statement = {"claims-select", sql};
    if (sql[0] == '\0') {
        sql_add(sql, "select ");
        sql_add_names(sql, "c.", 0);
        sql_add(sql, " from claims c join unnest($1::uuid[], $2::text[]) as w(tenant_id, claim_id)"
                     " on c.tenant_id = w.tenant_id and c.claim_id = w.claim_id"
                     " order by c.tenant_id, c.claim_id for update of c");
    }
    return &statement;
}

const DbStatement *claim_insert_statement(void)
{
    static char sql[SQL_SIZE];
    static const DbStatement statement = {"claims-insert", sql};
    if (sql[0] == '\0') {
        sql_add(sql, "insert into claims (");
        sql_add_names(sql, "", 0);
        sql_add(sql, ") select ");
        sql_add_names(sql, "u.", 0);
        sql_add(sql, " from ");
        sql_add_unnest(sql);
        sql_add(sql, " on conflict do nothing returning 1");
    }
    return &statement;
}

const DbStatement *claim_update_statement(void)
{
    static char sql[SQL_SIZE];
    static const DbStatement statement = {"claims-update", sql};
    if (sql[0] == '\0') {
        sql_add(sql, "update claims c set ");
        for (size_t i = 2; i < claim_column_count; i++)
            sql_add(sql, "%s%s = u.%s", i == 2 ? "" : ", ", columns_of_claims[i].name,
                    columns_of_claims[i].name);
        sql_add(sql, " from ");
        sql_add_unnest(sql);
        sql_add(sql, " where c.tenant_id = u.tenant_id and c.claim_id = u.claim_id"
                     " and c.version = u.version - 1 returning 1");
    }
    return &statement;
}

/* ---- rows ---- */

static bool column_read(const ClaimColumn *column, const DbResult *result, size_t row, int index,
                        Arena *arena, Entry *entry, Error *reterr)
{
    char *field = (char *)entry->claim + column->offset;
    switch (column->kind) {
    case COLUMN_TEXT:
        snprintf(field, column->size, "%s", db_text(result, row, index));
        return true;
    case COLUMN_INT32: {
        const int32_t value = (int32_t)db_integer(result, row, index);
        memcpy(field, &value, sizeof value);
        return true;
    }
    case COLUMN_INT64: {
        const int64_t value = db_integer(result, row, index);
        memcpy(field, &value, sizeof value);
        return true;
    }
    case COLUMN_SPECIAL:
        return column->read(db_text(result, row, index), arena, entry, reterr);
    }
    return false;
}

bool claim_row_read(const DbResult *result, size_t row, Arena *arena, Entry *entry, Error *reterr)
{
    entry->claim = arena_new(arena, sizeof *entry->claim);
    for (size_t i = 0; i < claim_column_count; i++)
        if (!column_read(&columns_of_claims[i], result, row, (int)i, arena, entry, reterr))
            return false;
    return true;
}

static void column_write(const ClaimColumn *column, const Entry *entry, Arena *arena,
                         DbColumn *ret_column)
{
    const char *field = (const char *)entry->claim + column->offset;
    int32_t small;
    int64_t large;
    switch (column->kind) {
    case COLUMN_TEXT:
        db_column_add_text(ret_column, field);
        return;
    case COLUMN_INT32:
        memcpy(&small, field, sizeof small);
        db_column_add_integer(ret_column, small);
        return;
    case COLUMN_INT64:
        memcpy(&large, field, sizeof large);
        db_column_add_integer(ret_column, large);
        return;
    case COLUMN_SPECIAL:
        db_column_add_text(ret_column, column->write(entry, arena));
        return;
    }
}

void claim_row_write(const Entry *entry, Arena *arena, DbColumn *columns)
{
    for (size_t i = 0; i < claim_column_count; i++)
        column_write(&columns_of_claims[i], entry, arena, &columns[i]);
}
