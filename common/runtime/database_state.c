/* database_state.c - SQLSTATEs: what each means for the loop, and for the connection. */
#include "database_internal.h"

#include <stddef.h>
#include <string.h>

/* The first that matches. */
static const DbState states[] = {
    {"42501", ERROR_FATAL, "", false,
     " (the user of CPOR_DATABASE_URL has no right to it: grant the user the role made"
     " for this by cporctl setup --roles; setup again where a release brought new "
     "rights)"},
    {"42P05", ERROR_FATAL, "", true, DB_SESSION_MODE_ADVICE}, /* the statement is another's */
    {"26000", ERROR_FATAL, "", true, DB_SESSION_MODE_ADVICE}, /* ours is not there */
    {"57P04", ERROR_FATAL, "", false, ""},                    /* database_dropped */
    {"57", ERROR_RETRY, "", false, ""}, /* operator intervention: shutdown, statement_timeout */
    {"08", ERROR_RETRY, "", true, ""},  /* connection */
    /* read-only: an old primary, a standby before its promotion; it may stay so, another is the one
     * to ask. 25P02: we lost count of the transaction. 25P03, 25P04: we were stopped in it. */
    {"25", ERROR_RETRY, "", true, ""},
    {"40", ERROR_RETRY, "", false, ""}, /* serialization, deadlock, completion unknown */
    {"53", ERROR_RETRY, "", false, ""}, /* resources: disk full, memory, too many connections */
    {"54", ERROR_FATAL, DB_POISON, false, ""}, /* program limits: this statement is too large */
    {"55", ERROR_RETRY, "", false, ""}, /* locks, an object in use, a server that starts up */
    {"58", ERROR_RETRY, "", true, ""},  /* system: an I/O error of the server */
    {"21", ERROR_FATAL, DB_POISON, false, ""}, /* cardinality */
    {"22", ERROR_FATAL, DB_POISON, false, ""}, /* data */
    {"23", ERROR_FATAL, DB_POISON, false, ""}, /* constraints */
    {"44", ERROR_FATAL, DB_POISON, false, ""}, /* a check option of a view */
    {"0A", ERROR_FATAL, "", false, ""},        /* feature not supported: a server that is too old */
    {"0L", ERROR_FATAL, "", false, ""},        /* grantor */
    {"0P", ERROR_FATAL, "", false, ""},        /* role */
    {"28", ERROR_FATAL, "", false, ""},        /* authorization */
    {"3D", ERROR_FATAL, "", false, ""},        /* no such database */
    {"3F", ERROR_FATAL, "", false, ""},        /* no such schema */
    {"42", ERROR_FATAL, "", false, ""},        /* syntax, names, types, privileges */
};

/* A new server's, an extension's, an internal error: an exit would only begin a loop of exits. */
static const DbState unknown = {"", ERROR_RETRY, "", true, ""};
static const DbState none = {"", ERROR_RETRY, "", false, ""};

const DbState *db_state(const char *sqlstate)
{
    if (sqlstate == NULL || *sqlstate == '\0')
        return &none;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) == 0)
            return &states[i];
    return &unknown;
}

bool db_state_is_unknown(const DbState *state)
{
    return state == &unknown;
}
