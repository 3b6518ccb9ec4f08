/* database_connect.c - connecting to PostgreSQL within a time-out. */
#include "database_internal.h"

#include "clock.h"
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool db_wait_socket(PGconn *connection, bool want_write, int64_t deadline_mono_ms)
{
    const int64_t left_ms = deadline_mono_ms - clock_mono_now();
    struct pollfd poll_fd = {.fd = PQsocket(connection),
                             .events = (short)(want_write ? POLLIN | POLLOUT : POLLIN)};
    if (poll_fd.fd < 0 || left_ms <= 0)
        return false;
    const int answer = poll(&poll_fd, 1, (int)left_ms);
    return answer > 0 || (answer < 0 && errno == EINTR);
}

/*
 * libpq keeps no SQLSTATE of a refused connection; with PQERRORS_VERBOSE its text holds it:
 * "FATAL:  28P01: password …". The severity's word is translated, so the pattern is looked for.
 */
static void refused_state(const char *text, char ret_state[6])
{
    for (const char *c = strstr(text, ":  "); c != NULL; c = strstr(c + 1, ":  ")) {
        const char *state = c + 3;
        size_t size = 0;
        while (size < 5 &&
               (isdigit((unsigned char)state[size]) || isupper((unsigned char)state[size])))
            size++;
        if (size == 5 && state[5] == ':') {
            memcpy(ret_state, state, 5);
            ret_state[5] = '\0';
            return;
        }
    }
    ret_state[0] = '\0';
}

/* What no SQLSTATE tells, and no retry heals: somebody has to change something here or at the
 * server. libpq's own words; it translates none, for no locale is ever set. */
typedef struct ConnectFault {
    const char *text, *advice;
} ConnectFault;

static const ConnectFault connect_faults[] = {
    {"certificate verify failed",
     "the server's certificate is not by the CA in sslrootcert, or has expired: renew it there, or"
     " name the right CA in CPOR_DATABASE_URL"},
    {"does not match host name",
     "connect by the name that the server's certificate has, or give it one with this name"},
    {"server does not support SSL", "set ssl = on at the server; sslmode asks for TLS"},
    {"root certificate file", "sslrootcert in CPOR_DATABASE_URL must name the CA's certificate"},
    {"certificate file", "sslcert and sslkey in CPOR_DATABASE_URL must name readable files"},
    {"private key file", "sslcert and sslkey in CPOR_DATABASE_URL must name readable files"},
    {"unknown ca", "the server does not know the CA of the certificate in sslcert"},
    {"pg_hba.conf", "the server's pg_hba.conf must let this user in from here"},
    {"password", "put the right one into CPOR_DATABASE_URL"},
};

static const ConnectFault *connect_fault(const char *text)
{
    for (size_t i = 0; i < sizeof connect_faults / sizeof connect_faults[0]; i++)
        if (strstr(text, connect_faults[i].text) != NULL)
            return &connect_faults[i];
    return NULL;
}

/* A name with several addresses has a line for each: that of the fault, else the first. */
static const char *telling_line(const char *text, const ConnectFault *fault)
{
    const char *line = fault == NULL ? text : strstr(text, fault->text);
    while (line > text && line[-1] != '\n')
        line--;
    return line;
}

static bool connect_failed(Database *database, const char *cause, Error *reterr)
{
    char state[6];
    const char *text = cause != NULL ? cause : PQerrorMessage(database->connection);
    refused_state(text, state);
    /* The client gives up by itself where the server wants a password: no SQLSTATE, no healing. */
    const bool wants_password = PQconnectionNeedsPassword(database->connection) != 0;
    const ConnectFault *fault = connect_fault(text);
    const ErrorClass class = wants_password || fault != NULL ? ERROR_FATAL : db_state(state)->class;
    const char *line = telling_line(text, fault);
    error_set(reterr, class, "connect to PostgreSQL: %.*s%s%s%s%s", (int)strcspn(line, "\n"), line,
              wants_password ? " (28P01)" : "", fault == NULL ? "" : " (",
              fault == NULL ? db_state(state)->advice : fault->advice, fault == NULL ? "" : ")");
    db_disconnect(database);
    return false;
}

static bool connect_poll(Database *database, int64_t deadline_mono_ms, Error *reterr)
{
    PGconn *connection = database->connection;
    bool want_write = true; /* as if the first answer had been PGRES_POLLING_WRITING */
    for (;;) {
        if (!db_wait_socket(connection, want_write, deadline_mono_ms) &&
            clock_mono_now() >= deadline_mono_ms)
            return connect_failed(database, "no answer in time", reterr);
        switch (PQconnectPoll(connection)) {
        case PGRES_POLLING_OK:
            return true;
        case PGRES_POLLING_READING:
            want_write = false;
            break;
        case PGRES_POLLING_WRITING:
        case PGRES_POLLING_ACTIVE:
            want_write = true;
            break;
        case PGRES_POLLING_FAILED:
            return connect_failed(database, NULL, reterr);
        }
    }
}

static void log_notice(void *opaque, const char *text)
{
    (void)opaque;
    log_write(LOG_DEBUG, "database-notice", "text=\"%s\"", text);
}

static PGconn *connect_start(const Database *database, const DbHost *host)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", database->timeout_ms);
    /* Ours before the URL, so that the URL may override: what follows it is ours alone. A standby,
     * or an old primary that is read-only, is no server to work on. */
    const char *const keywords[] = {"tcp_user_timeout",
                                    "keepalives_idle",
                                    "target_session_attrs",
                                    "dbname",
                                    "host",
                                    "hostaddr",
                                    "port",
                                    "application_name",
                                    "client_encoding",
                                    NULL};
    const char *const values[] = {timeout,    "30",          "read-write", database->url,
                                  host->name, host->address, host->port,   database->name,
                                  "UTF8",     NULL};
    return PQconnectStartParams(keywords, values, 1);
}

/*
 * lock_timeout below statement_timeout, so that the text says what was waited for. A worker that
 * is stopped in a transaction must not hold its locks: idle_in_transaction_session_timeout.
 * Generic plans: arrays of every size through one plan, which stale statistics cannot spoil.
 * Planned while a table is empty, such a plan would scan it for ever: measured in the bench,
 * history's look-up cost 34-99 us a claim instead of 3. Every statement here has its index.
 */
static bool session_set_up(Database *database, Error *reterr)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SET statement_timeout = %d; SET lock_timeout = %d;"
             "SET idle_in_transaction_session_timeout = %d;"
             "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off;"
             "SET default_transaction_isolation = 'read committed'; SET timezone = 'UTC'",
             database->timeout_ms, database->timeout_ms / 2, 2 * database->timeout_ms);
    return db_simple(database, sql, NULL, reterr);
}

static bool connection_check(Database *database, Error *reterr)
{
    if (database->check == NULL)
        return true;
    database->is_checking = true;
    const bool good = database->check(database->check_context, reterr);
    database->is_checking = false;
    return good;
}

bool db_connect_host(Database *database, const DbHost *host, int64_t deadline_mono_ms,
                     Error *reterr)
{
    db_disconnect(database);
    database->connection = connect_start(database, host);
    if (database->connection == NULL)
        return error_set(reterr, ERROR_RETRY, "connect to PostgreSQL: out of memory");
    if (PQstatus(database->connection) == CONNECTION_BAD)
        return connect_failed(database, NULL, reterr);
    PQsetErrorVerbosity(database->connection, PQERRORS_VERBOSE);
    PQsetNoticeProcessor(database->connection, log_notice, NULL);
    if (!connect_poll(database, deadline_mono_ms, reterr))
        return false;
    PQsetErrorVerbosity(database->connection, PQERRORS_DEFAULT);
    return PQsetnonblocking(database->connection, 1) == 0 || connect_failed(database, NULL, reterr);
}

/* The first error, but that of a server which may heal before that of one which cannot. */
static void keep_error(Error *kept, const Error *error, const DbHost *host, size_t host_count)
{
    if (kept->class != ERROR_NONE && (kept->class == ERROR_RETRY || error->class != ERROR_RETRY))
        return;
    *kept = *error;
    if (host_count > 1)
        error_set(kept, error->class, "%.380s (%.40s %.8s, one of %zu addresses that were tried)",
                  error->text, host->name[0] == '\0' ? host->address : host->name, host->port,
                  host_count);
}

/* Half of the time-out for all: whoever began to connect before the network was whole again must
 * ask anew soon. A silent host has its share of it. */
static bool connect_any(Database *database, DbHost *ret_host, Error *reterr)
{
    DbHost hosts[DB_HOST_COUNT_MAX];
    Error kept = {0};
    const size_t count = db_hosts(database->url, database->good_host, hosts);
    const int64_t deadline_mono_ms = clock_mono_now() + database->timeout_ms / 2;
    for (size_t i = 0; i < count; i++) {
        const int64_t now_mono_ms = clock_mono_now();
        const int64_t share_ms = (deadline_mono_ms - now_mono_ms) / (int64_t)(count - i);
        if (db_connect_host(database, &hosts[i], now_mono_ms + share_ms, reterr)) {
            database->good_host = hosts[i].index;
            *ret_host = hosts[i];
            return true;
        }
        keep_error(&kept, reterr, &hosts[i], count);
    }
    if (count == 0)
        return error_set(reterr, ERROR_RETRY, "connect to PostgreSQL: out of memory");
    *reterr = kept;
    return false;
}

bool db_connect(Database *database, Error *reterr)
{
    DbHost host;
    db_disconnect(database);
    if (!connect_any(database, &host, reterr))
        return false;
    if (!session_set_up(database, reterr) || !db_pooler_check(database, &host, reterr) ||
        !connection_check(database, reterr)) {
        db_disconnect(database);
        return false;
    }
    atomic_store(&database->connected, true);
    return true;
}

void db_disconnect(Database *database)
{
    if (database->connection != NULL)
        PQfinish(database->connection);
    database->connection = NULL;
    database->prepared_count = 0;
    atomic_store(&database->connected, false);
}
