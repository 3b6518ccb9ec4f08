/* database_internal.h - what the files of the database adapter share; nobody else includes it. */
#pragma once

#include "database.h"

#include <libpq-fe.h>
#include <stdatomic.h>

enum {
    DB_STATEMENT_COUNT_MAX = 128,
    DB_HOST_COUNT_MAX = 16,
    DB_VALUE_SIZE = 64,
    /* The server's own statement_timeout speaks first; ours is for a connection that is dead. */
    DB_GRACE_MS = 2000,
    /* BEGIN asks nothing of the server. Connections die together and in silence, and the workers
     * wait for one another's records: found out one after another, each would cost a time-out. */
    DB_BEGIN_MS = 2000,
    DB_UNKNOWN_PAUSE_MS = 10000, /* between two lines about a SQLSTATE that is in no table */
};

/* One place to connect to. "" where the URL says nothing: libpq's own way. */
typedef struct DbHost {
    char name[256], address[64], port[8];
    size_t index; /* which of the URL's hosts */
} DbHost;

struct Database {
    char *url;
    char *name;
    size_t good_host; /* of the URL's; the one that answered last */
    int timeout_ms;
    PGconn *connection; /* NULL: lost, or never made */
    atomic_bool connected;
    const char *prepared[DB_STATEMENT_COUNT_MAX]; /* names, on this connection */
    size_t prepared_count;
    bool (*check)(void *context, Error *reterr); /* of a new connection; may be NULL */
    void *check_context;
    int64_t unknown_next_mono_ms;
    bool is_checking; /* it does not connect anew by itself */
};

/* db_url_check - whether libpq can be trusted with a URL. Errors: FATAL  it holds nothing of it. */
MUST_CHECK bool db_url_check(const char *url, Error *reterr);

/* db_connect - make the connection and set its session up; closes a half-made one. */
MUST_CHECK bool db_connect(Database *database, Error *reterr);

/*
 * db_hosts - what a URL names, each address of each name by itself.
 *
 * In:      first  the host (its number in the URL) that comes first.
 * Returns: how many; 0: the URL cannot be read.
 */
size_t db_hosts(const char *url, size_t first, DbHost ret_hosts[DB_HOST_COUNT_MAX]);

/* db_connect_host - connect to one of them, without setting the session up; a half-made connection
 * is closed. */
MUST_CHECK bool db_connect_host(Database *database, const DbHost *host, int64_t deadline_mono_ms,
                                Error *reterr);

/* db_pooler_check - whether the session is ours alone. Errors: FATAL  a pooler shares it. */
MUST_CHECK bool db_pooler_check(Database *database, const DbHost *host, Error *reterr);

/* db_disconnect - drop the connection and what was prepared on it. */
void db_disconnect(Database *database);

/* db_wait_socket - until the socket is readable (or also writable) or the deadline has passed. */
MUST_CHECK bool db_wait_socket(PGconn *connection, bool want_write, int64_t deadline_mono_ms);

/* This batch's data is at fault; see error.h. */
#define DB_POISON "POISON"
#define DB_SESSION_MODE_ADVICE                                                                     \
    " (a pooler gives our session's statements to others: workers want session mode,"              \
    " pool_mode = session, or the server itself)"

/* What a SQLSTATE means. */
typedef struct DbState {
    const char *prefix; /* two characters: the whole class; five: one state */
    ErrorClass class;
    const char *code;         /* of the Error */
    bool gives_connection_up; /* the next begin makes a new one, perhaps to another server */
    const char *advice;       /* what to do, in parentheses, to end a text with; "" mostly */
} DbState;

/* db_state - from the one table; none at all, and what is not in it, is RETRY. Never NULL. */
const DbState *db_state(const char *sqlstate);
bool db_state_is_unknown(const DbState *state);

/* db_simple - run SQL text; every result must be a success.
 * Out: ret_tag  the last command's tag (64 bytes), may be NULL. */
MUST_CHECK bool db_simple(Database *database, const char *sql, char *ret_tag, Error *reterr);

/* db_value - the one value that SQL text gives; "" for NULL. */
MUST_CHECK bool db_value(Database *database, const char *sql, char ret_value[DB_VALUE_SIZE],
                         Error *reterr);
