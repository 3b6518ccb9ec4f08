/* database_pooler.c - a pooler that gives each transaction another session is told at once, not by
 * the harm that it does: settings and prepared statements are the session's. */
#include "database_internal.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_COUNT = 3, PROBE_MS = 1000 };

static const char look_sql[] = "SELECT current_setting('cpor.session', true)";

static bool wants_session_mode(Error *reterr)
{
    return error_set(reterr, ERROR_FATAL,
                     "connect to PostgreSQL: what was set in our session is not there%s",
                     DB_SESSION_MODE_ADVICE);
}

/* A pooler has process ids of its own. */
static bool find_pooler(Database *database, bool *ret_found, Error *reterr)
{
    char pid[DB_VALUE_SIZE], ours[DB_VALUE_SIZE];
    if (!db_value(database, "SELECT pg_backend_pid()", pid, reterr))
        return false;
    snprintf(ours, sizeof ours, "%d", PQbackendPID(database->connection));
    *ret_found = strcmp(pid, ours) != 0;
    return true;
}

/* Whether another client sees what we have set: it has been given the same session. */
static bool is_shared(Database *probe, const char *mark)
{
    char seen[DB_VALUE_SIZE];
    Error error;
    return probe->connection != NULL && db_value(probe, look_sql, seen, &error) &&
           strcmp(seen, mark) == 0;
}

static bool look_twice(Database *database, Database *probe, const char *mark, Error *reterr)
{
    char seen[DB_VALUE_SIZE];
    for (int i = 0; i < LOOK_COUNT; i++) {
        if (is_shared(probe, mark))
            return wants_session_mode(reterr);
        if (!db_value(database, look_sql, seen, reterr))
            return false;
        if (strcmp(seen, mark) != 0)
            return wants_session_mode(reterr);
    }
    return true;
}

bool db_pooler_check(Database *database, const DbHost *host, Error *reterr)
{
    bool found;
    char mark[48], sql[96];
    if (!find_pooler(database, &found, reterr))
        return false;
    if (!found)
        return true;
    snprintf(mark, sizeof mark, "%d-%" PRId64, (int)getpid(), clock_mono_now());
    snprintf(sql, sizeof sql, "SET cpor.session = '%s'", mark);
    if (!db_simple(database, sql, NULL, reterr))
        return false;
    Database probe = {.url = database->url, .name = database->name, .timeout_ms = PROBE_MS};
    Error error; /* a pool that is full has no second session: then each is one client's */
    if (!db_connect_host(&probe, host, clock_mono_now() + PROBE_MS, &error))
        db_disconnect(&probe);
    const bool good = look_twice(database, &probe, mark, reterr);
    db_disconnect(&probe);
    return good;
}
