/*
 * database.h - the adapter of libpq: one connection, prepared statements over arrays, error
 * classes.
 *
 * A statement takes text parameters; arrays are built column by column (DbColumn) as PostgreSQL
 * array literals, so that one round trip handles a whole batch. PQgetvalue borrows from its result.
 */
#pragma once

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

enum { DB_PARAMETER_COUNT_MAX = 40 };

typedef struct Database Database;

/*
 * database_open - connect, set statement_timeout, lock_timeout and plan_cache_mode.
 *
 * In:      url         postgresql://…
 *          name        application_name.
 *          timeout_ms  of each statement; connecting gets half of it.
 * Errors:  RETRY  the server is away.
 *          FATAL  authentication, ours or the server's (a certificate that is not the one that
 *                 sslmode asks for); no such database.
 */
MUST_CHECK bool database_open(const char *url, const char *name, int timeout_ms,
                              Database **ret_database, Error *reterr);
void database_release(Database **database);

/*
 * database_begin / database_commit / database_rollback.
 *
 * database_begin connects again after a lost connection (prepared statements are made anew), and
 * takes one that does not answer it within two seconds for lost.
 * A connection lost during COMMIT is RETRY: the outcome is unknown, every save is idempotent.
 */
MUST_CHECK bool database_begin(Database *database, Error *reterr);
MUST_CHECK bool database_commit(Database *database, Error *reterr);
void database_rollback(Database *database);

/*
 * database_on_connect - what to ask of each new connection before anything else: it may be to
 * another server than before. Not of the one that database_open made.
 *
 * In:      check  may use the database, as between two transactions; context is borrowed. Its error
 *                 is that of the database_begin, and closes the connection.
 */
void database_on_connect(Database *database, bool (*check)(void *context, Error *reterr),
                         void *context);

/* A column of a set: the text of a PostgreSQL array literal, growing in an arena. */
typedef struct DbColumn {
    Arena *arena;
    char *text;
    size_t size, room;
    size_t count;
} DbColumn;

/* db_column_init - an empty column; borrows the arena. The others add an element, quoted as the
 * literal needs it; texts are copied. */
void db_column_init(DbColumn *column, Arena *arena);
void db_column_add_text(DbColumn *column, const char *text); /* NULL: SQL NULL */
void db_column_add_integer(DbColumn *column, int64_t value);
void db_column_add_null(DbColumn *column);
/* db_column_literal - close the literal and return it, borrowed from the arena. */
const char *db_column_literal(DbColumn *column);

typedef struct DbStatement {
    const char *name; /* unique in the process */
    const char *sql;
} DbStatement;

typedef struct DbResult DbResult;

/*
 * database_run - execute a statement (prepared at first use) and keep all its rows.
 *
 * In:      parameters  count texts; NULL is SQL NULL.
 * Out:     ret_result  owned by the caller; db_result_release. NULL allowed if no rows are wanted.
 * Errors:  RETRY  connection, time-out, deadlock, serialization, admin shutdown, lock,
 *                 too many connections, read-only (a fail-over), disk full; any SQLSTATE that the
 *                 table does not know, loudly.
 *          FATAL  a statement that cannot work (schema, syntax, privilege); with code "POISON" the
 *                 data of this call is at fault: a value out of range, a violated constraint.
 */
MUST_CHECK bool database_run(Database *database, const DbStatement *statement,
                             const char *const *parameters, size_t count, DbResult **ret_result,
                             Error *reterr);
void db_result_release(DbResult **result);

/* db_result_rows - how many; a row's number is 0 … count - 1, a column's its place in the query. */
size_t db_result_rows(const DbResult *result);
/* db_text - a value, borrowed from the result; "" for NULL. */
const char *db_text(const DbResult *result, size_t row, int column);
bool db_is_null(const DbResult *result, size_t row, int column);
int64_t db_integer(const DbResult *result, size_t row, int column); /* 0 for NULL */

/* database_execute - run SQL text without parameters (migrations): several statements allowed. */
MUST_CHECK bool database_execute(Database *database, const char *sql, Error *reterr);

/* database_is_connected - last known state, for /readyz. */
bool database_is_connected(const Database *database);
