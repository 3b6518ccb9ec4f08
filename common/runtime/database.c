/* database.c - one connection to PostgreSQL: transactions, prepared statements, results. */
#include "database_internal.h"

#include "clock.h"
#include "crash_point.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DB_TAG_SIZE = 64 };

static void result_release(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

bool database_open(const char *url, const char *name, int timeout_ms, Database **ret_database,
                   Error *reterr)
{
    if (!db_url_check(url, reterr))
        return false;
    Database *database = calloc(1, sizeof *database);
    if (database == NULL)
        return error_set(reterr, ERROR_RETRY, "open database: out of memory");
    database->url = strdup(url);
    database->name = strdup(name);
    database->timeout_ms = timeout_ms;
    if (database->url == NULL || database->name == NULL)
        error_set(reterr, ERROR_RETRY, "open database: out of memory");
    else if (db_connect(database, reterr)) {
        *ret_database = database;
        return true;
    }
    database_release(&database);
    return false;
}

void database_release(Database **database_place)
{
    Database *database = *database_place;
    if (database == NULL)
        return;
    db_disconnect(database);
    free(database->url);
    free(database->name);
    free(database);
    *database_place = NULL;
}

/* The connection can no longer be trusted: it ends here, the next begin makes a new one. */
static bool connection_lost(Database *database, const char *what, const char *cause, Error *reterr)
{
    error_set(reterr, ERROR_RETRY, "%s: %.*s", what, (int)strcspn(cause, "\n"), cause);
    db_disconnect(database);
    return false;
}

/* Loudly, and not with each try. */
static void tell_unknown(Database *database, const Error *error)
{
    const int64_t now_mono_ms = clock_mono_now();
    if (now_mono_ms < database->unknown_next_mono_ms)
        return;
    database->unknown_next_mono_ms = now_mono_ms + DB_UNKNOWN_PAUSE_MS;
    log_error(LOG_ERROR, "database-error-unknown", error, "name=%s", database->name);
}

/* A result that is an error: by its SQLSTATE; none means that the connection broke. */
static bool result_failed(Database *database, const char *what, const PGresult *result,
                          Error *reterr)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (state == NULL || PQstatus(database->connection) == CONNECTION_BAD)
        return connection_lost(database, what, PQresultErrorMessage(result), reterr);
    const DbState *meaning = db_state(state);
    error_set_code(reterr, meaning->class, meaning->code, "%s: SQLSTATE %s: %s%s%s%s", what, state,
                   primary == NULL ? "" : primary, detail == NULL ? "" : ": ",
                   detail == NULL ? "" : detail, meaning->advice);
    if (db_state_is_unknown(meaning))
        tell_unknown(database, reterr);
    if (meaning->gives_connection_up)
        db_disconnect(database);
    return false;
}

static bool result_is_good(const PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* Send what is queued; while the server does not read, it may be sending: read, too. */
static bool send_all(PGconn *connection, int64_t deadline_mono_ms)
{
    for (;;) {
        const int answer = PQflush(connection);
        if (answer <= 0)
            return answer == 0;
        if (!db_wait_socket(connection, true, deadline_mono_ms) || PQconsumeInput(connection) == 0)
            return false;
    }
}

/*
 * The next result of the command under way, or NULL at its end.
 *
 * Errors:  RETRY  no answer by the deadline (a half-open connection gives none, ever), or the
 *                 connection broke; it is closed.
 */
static bool next_result(Database *database, const char *what, int64_t deadline_mono_ms,
                        PGresult **ret_result, Error *reterr)
{
    PGconn *connection = database->connection;
    while (PQisBusy(connection)) {
        if (!db_wait_socket(connection, false, deadline_mono_ms))
            return connection_lost(database, what, "no answer in time, connection given up",
                                   reterr);
        if (PQconsumeInput(connection) == 0)
            return connection_lost(database, what, PQerrorMessage(connection), reterr);
    }
    *ret_result = PQgetResult(connection);
    return true;
}

/* Read all results of what was sent. The first error counts; the last good result is kept. */
static bool read_results(Database *database, const char *what, int sent, int64_t deadline_mono_ms,
                         PGresult **ret_result, Error *reterr)
{
    bool ok = true;
    *ret_result = NULL;
    if (!sent || !send_all(database->connection, deadline_mono_ms))
        return connection_lost(database, what, PQerrorMessage(database->connection), reterr);
    for (;;) {
        PGresult *result = NULL;
        Error later; /* "server closed the connection" after the reason why it did */
        if (!next_result(database, what, deadline_mono_ms, &result, ok ? reterr : &later)) {
            result_release(ret_result);
            return false;
        }
        if (result == NULL)
            break;
        result_release(ret_result);
        *ret_result = result;
        if (ok && !result_is_good(result))
            ok = result_failed(database, what, result, reterr);
        if (database->connection == NULL)
            break;
    }
    if (!ok)
        result_release(ret_result);
    return ok;
}

/* Of a statement's answer. */
static int64_t answer_deadline(const Database *database)
{
    return clock_mono_now() + database->timeout_ms + DB_GRACE_MS;
}

static bool simple_until(Database *database, const char *sql, int64_t deadline_mono_ms,
                         char *ret_tag, Error *reterr)
{
    char what[48];
    PGresult *result;
    snprintf(what, sizeof what, "run \"%.32s\"", sql);
    if (!read_results(database, what, PQsendQuery(database->connection, sql), deadline_mono_ms,
                      &result, reterr))
        return false;
    if (ret_tag != NULL)
        snprintf(ret_tag, DB_TAG_SIZE, "%s", PQcmdStatus(result));
    result_release(&result);
    return true;
}

bool db_simple(Database *database, const char *sql, char *ret_tag, Error *reterr)
{
    return simple_until(database, sql, answer_deadline(database), ret_tag, reterr);
}

bool db_value(Database *database, const char *sql, char ret_value[DB_VALUE_SIZE], Error *reterr)
{
    PGresult *result;
    if (!read_results(database, "look at the session", PQsendQuery(database->connection, sql),
                      answer_deadline(database), &result, reterr))
        return false;
    snprintf(ret_value, DB_VALUE_SIZE, "%s",
             PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
    result_release(&result);
    return true;
}

/* On a connection that turns out to be dead it is tried once more on a new one, for nothing was
 * done yet. */
bool database_begin(Database *database, Error *reterr)
{
    static const char sql[] = "BEGIN";
    crash_point_restart(CRASH_AFTER_STATEMENT);
    if (database->connection != NULL) {
        if (simple_until(database, sql, clock_mono_now() + DB_BEGIN_MS, NULL, reterr))
            return true;
        if (database->connection != NULL || database->is_checking)
            return false;
        log_error(LOG_INFO, "database-reconnect", reterr, "name=%s", database->name);
    }
    return db_connect(database, reterr) && db_simple(database, sql, NULL, reterr);
}

void database_on_connect(Database *database, bool (*check)(void *context, Error *reterr),
                         void *context)
{
    database->check = check;
    database->check_context = context;
}

bool database_commit(Database *database, Error *reterr)
{
    char tag[DB_TAG_SIZE];
    if (database->connection == NULL)
        return error_set(reterr, ERROR_RETRY, "commit: the connection was lost before");
    if (!db_simple(database, "COMMIT", tag, reterr))
        return false;
    /* The server answers COMMIT of a failed transaction with success and rolls it back. */
    if (strcmp(tag, "COMMIT") == 0)
        return true;
    return error_set(reterr, ERROR_FATAL, "commit: a statement had failed and was passed over");
}

void database_rollback(Database *database)
{
    if (database->connection == NULL || PQtransactionStatus(database->connection) == PQTRANS_IDLE)
        return;
    Error error;
    if (!db_simple(database, "ROLLBACK", NULL, &error))
        db_disconnect(database);
}

bool database_execute(Database *database, const char *sql, Error *reterr)
{
    if (database->connection == NULL && !db_connect(database, reterr))
        return false;
    return db_simple(database, sql, NULL, reterr);
}

static bool is_prepared(const Database *database, const char *name)
{
    for (size_t i = 0; i < database->prepared_count; i++)
        if (strcmp(database->prepared[i], name) == 0)
            return true;
    return false;
}

static bool prepare(Database *database, const DbStatement *statement, Error *reterr)
{
    char what[96];
    PGresult *result;
    if (is_prepared(database, statement->name))
        return true;
    if (database->prepared_count == DB_STATEMENT_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "prepare %s: more than %d statements",
                         statement->name, DB_STATEMENT_COUNT_MAX);
    snprintf(what, sizeof what, "prepare %.60s", statement->name);
    const int sent = PQsendPrepare(database->connection, statement->name, statement->sql, 0, NULL);
    if (!read_results(database, what, sent, answer_deadline(database), &result, reterr))
        return false;
    result_release(&result);
    database->prepared[database->prepared_count++] = statement->name;
    return true;
}

bool database_run(Database *database, const DbStatement *statement, const char *const *parameters,
                  size_t count, DbResult **ret_result, Error *reterr)
{
    char what[96];
    PGresult *result;
    if (count > DB_PARAMETER_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "run %s: %zu parameters, at most %d", statement->name,
                         count, DB_PARAMETER_COUNT_MAX);
    if (database->connection == NULL)
        return error_set(reterr, ERROR_RETRY, "run %s: the connection was lost before",
                         statement->name);
    if (!prepare(database, statement, reterr))
        return false;
    snprintf(what, sizeof what, "run %.60s", statement->name);
    const int sent = PQsendQueryPrepared(database->connection, statement->name, (int)count,
                                         parameters, NULL, NULL, 0);
    if (!read_results(database, what, sent, answer_deadline(database), &result, reterr))
        return false;
    crash_point(CRASH_AFTER_STATEMENT);
    if (ret_result != NULL)
        *ret_result = (DbResult *)result;
    else
        result_release(&result);
    return true;
}

bool database_is_connected(const Database *database)
{
    return atomic_load(&database->connected);
}

/* A DbResult is libpq's result under a name that keeps libpq out of the header. */
static const PGresult *result_of(const DbResult *result)
{
    return (const PGresult *)result;
}

void db_result_release(DbResult **result)
{
    PQclear((PGresult *)*result);
    *result = NULL;
}

size_t db_result_rows(const DbResult *result)
{
    return (size_t)PQntuples(result_of(result));
}

const char *db_text(const DbResult *result, size_t row, int column)
{
    return PQgetvalue(result_of(result), (int)row, column);
}

bool db_is_null(const DbResult *result, size_t row, int column)
{
    return PQgetisnull(result_of(result), (int)row, column) == 1;
}

int64_t db_integer(const DbResult *result, size_t row, int column)
{
    return strtoll(db_text(result, row, column), NULL, 10);
}
