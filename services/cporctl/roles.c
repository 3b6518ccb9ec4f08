/* roles.c - see roles.h. */
#include "roles.h"

#include "migrations.h"
#include "sql_file.h"

typedef struct RolesFound {
    bool are_there, may_make;
} RolesFound;

/* One of them stands for all: they are made together. */
static bool roles_look(Session *session, RolesFound *ret_found)
{
    static const DbStatement statement = {
        "roles-look",
        "select exists (select from pg_roles where rolname = current_database() || '_operator')"
        "::integer, (rolcreaterole or rolsuper)::integer from pg_roles"
        " where rolname = current_user"};
    DbResult *result = NULL;
    if (!database_run(session->database, &statement, NULL, 0, &result, &session->error))
        return false;
    *ret_found = (RolesFound){.are_there = db_integer(result, 0, 0) != 0,
                              .may_make = db_integer(result, 0, 1) != 0};
    db_result_release(&result);
    return true;
}

static bool file_run(Session *session, const char *path)
{
    const char *sql;
    return sql_file_read(session, path, &sql) &&
           database_execute(session->database, sql, &session->error);
}

static bool roles_make(Session *session, const RolesFound *found, SetupReport *report)
{
    const char *path = session_share_path(session, "security/roles.sql");
    if (!found->are_there && !found->may_make)
        return error_set(&session->error, ERROR_FATAL,
                         "make roles: the user of CPOR_DATABASE_URL has no CREATEROLE; as one who"
                         " has, run psql -v ON_ERROR_STOP=1 -d DATABASE -f %s, then this again",
                         path);
    if (!file_run(session, path))
        return false;
    if (!found->are_there)
        setup_report_add(report, SETUP_POSTGRESQL, "roles.sql", "created",
                         "roles created: grant them to the users of workers and operators");
    return true;
}

static bool roles_do(Session *session, SetupReport *report)
{
    const bool wanted = arguments_option(&session->arguments, "--roles") != NULL;
    RolesFound found;
    if (!roles_look(session, &found) || (wanted && !roles_make(session, &found, report)))
        return false;
    if (!wanted && !found.are_there)
        return true;
    if (!file_run(session, session_share_path(session, "security/rights.sql")))
        return false;
    setup_report_add(report, SETUP_POSTGRESQL, "rights.sql", "granted", "rights of roles granted");
    return true;
}

bool roles_apply(Session *session, SetupReport *report)
{
    const bool done = migrations_begin(session) && roles_do(session, report) &&
                      database_commit(session->database, &session->error);
    if (!done)
        database_rollback(session->database);
    return done;
}
