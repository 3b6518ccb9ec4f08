/* migrations.c - see migrations.h. */
#include "migrations.h"

#include "sql_file.h"

#include "runtime/digest.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MIGRATION_COUNT_MAX = 1000, SHA256_TEXT_SIZE = 65 };

/* The lock is the transaction's, not the session's: a connection that is made anew after a loss
 * cannot go on without it. The number is "cporctl" in ASCII. A table that workers use is waited
 * for shortly only: whoever comes after us would wait behind us. */
static const char begin_sql[] = "select pg_advisory_xact_lock(27989646657156204);"
                                "set local lock_timeout = '10s'";

static const char table_sql[] =
    "create table if not exists schema_migrations (name text not null primary key,"
    " sha256 text not null, applied_at timestamptz not null default now())";

typedef struct Migration {
    const char *name;
    const char *sql;
    char sha256[SHA256_TEXT_SIZE];
} Migration;

typedef struct MigrationList {
    const char *names[MIGRATION_COUNT_MAX];
    size_t count;
} MigrationList;

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_migration(const char *name)
{
    const size_t size = strlen(name);
    return name[0] != '.' && size > 4 && strcmp(name + size - 4, ".sql") == 0;
}

static void folder_release(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static bool list_read(Session *session, const char *path, MigrationList *list)
{
    __attribute__((cleanup(folder_release))) DIR *folder = opendir(path);
    if (folder == NULL)
        return error_set(&session->error, ERROR_FATAL, "open %s: %m (set CPOR_SHARE_DIR)", path);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (!is_migration(entry->d_name))
            continue;
        if (list->count == MIGRATION_COUNT_MAX)
            return error_set(&session->error, ERROR_FATAL, "read %s: more than %d migrations", path,
                             MIGRATION_COUNT_MAX);
        list->names[list->count++] = arena_text(&session->arena, entry->d_name);
    }
    qsort(list->names, list->count, sizeof list->names[0], compare_names);
    return list->count > 0 ||
           error_set(&session->error, ERROR_FATAL, "read %s: no *.sql is there", path);
}

static bool migration_read(Session *session, const char *folder, const char *name,
                           Migration *ret_migration)
{
    const char *path = arena_printf(&session->arena, "%s/%s", folder, name);
    *ret_migration = (Migration){.name = name};
    if (!sql_file_read(session, path, &ret_migration->sql))
        return false;
    sha256_hex(ret_migration->sql, strlen(ret_migration->sql), ret_migration->sha256);
    return true;
}

bool migrations_begin(Session *session)
{
    return database_begin(session->database, &session->error) &&
           database_execute(session->database, begin_sql, &session->error);
}

/* Out: ret_applied  it is in the table already, with this content. */
static bool migration_look(Session *session, const Migration *migration, bool *ret_applied)
{
    static const DbStatement statement = {
        "migration-select",
        "select sha256, to_char(applied_at, 'YYYY-MM-DD HH24:MI') from schema_migrations"
        " where name = $1"};
    DbResult *result = NULL;
    if (!database_run(session->database, &statement, &migration->name, 1, &result, &session->error))
        return false;
    *ret_applied = db_result_rows(result) > 0;
    bool good = true;
    if (*ret_applied && strcmp(db_text(result, 0, 0), migration->sha256) != 0)
        good = error_set(&session->error, ERROR_FATAL,
                         "migration %s was changed after it was applied on %s UTC: SHA-256 is "
                         "%.12s…, applied was %.12s… (put the file back; write a change as a new "
                         "migration)",
                         migration->name, db_text(result, 0, 1), migration->sha256,
                         db_text(result, 0, 0));
    db_result_release(&result);
    return good;
}

static bool migration_run(Session *session, const Migration *migration)
{
    static const DbStatement statement = {
        "migration-insert", "insert into schema_migrations (name, sha256) values ($1, $2)"};
    const char *parameters[] = {migration->name, migration->sha256};
    if (!database_execute(session->database, migration->sql, &session->error)) {
        const Error cause = session->error;
        return error_set(&session->error, cause.class, "apply migration %s: %.380s",
                         migration->name, cause.text);
    }
    return database_run(session->database, &statement, parameters, 2, NULL, &session->error);
}

/* Begins; the caller commits or rolls back. */
static bool migration_step(Session *session, const Migration *migration, bool *ret_new)
{
    bool is_applied = false;
    if (!migrations_begin(session) || !migration_look(session, migration, &is_applied))
        return false;
    *ret_new = !is_applied;
    return is_applied || migration_run(session, migration);
}

static bool migration_apply(Session *session, const Migration *migration, bool *ret_new)
{
    const bool done = migration_step(session, migration, ret_new) &&
                      database_commit(session->database, &session->error);
    if (!done)
        database_rollback(session->database);
    return done;
}

static bool table_make(Session *session)
{
    const bool done = migrations_begin(session) &&
                      database_execute(session->database, table_sql, &session->error) &&
                      database_commit(session->database, &session->error);
    if (!done)
        database_rollback(session->database);
    return done;
}

/* A newer release was set up here before: going back is allowed, but somebody should know. */
static bool warn_of_unknown(Session *session, const MigrationList *list, SetupReport *report)
{
    static const DbStatement statement = {
        "migrations-unknown",
        "select name from schema_migrations where name <> all ($1::text[]) order by name"};
    DbResult *result = NULL;
    DbColumn names;
    db_column_init(&names, &session->arena);
    for (size_t i = 0; i < list->count; i++)
        db_column_add_text(&names, list->names[i]);
    const char *parameters[] = {db_column_literal(&names)};
    if (!database_run(session->database, &statement, parameters, 1, &result, &session->error))
        return false;
    for (size_t i = 0; i < db_result_rows(result); i++)
        setup_report_add(report, SETUP_POSTGRESQL, db_text(result, i, 0), "unknown",
                         "warning: migration %s was applied by a newer release",
                         db_text(result, i, 0));
    db_result_release(&result);
    return true;
}

bool migrations_apply(Session *session, const char *folder, SetupReport *report)
{
    MigrationList list = {.count = 0};
    size_t new_count = 0;
    if (!list_read(session, folder, &list) || !table_make(session))
        return false;
    for (size_t i = 0; i < list.count; i++) {
        Migration migration;
        bool is_new = false;
        if (!migration_read(session, folder, list.names[i], &migration) ||
            !migration_apply(session, &migration, &is_new))
            return false;
        if (is_new)
            setup_report_add(report, SETUP_POSTGRESQL, migration.name, "applied",
                             "migration %s applied", migration.name);
        new_count += is_new;
    }
    if (new_count == 0)
        setup_report_add(report, SETUP_POSTGRESQL, NULL, "up-to-date",
                         "up to date (%zu migration%s)", list.count, list.count == 1 ? "" : "s");
    return warn_of_unknown(session, &list, report);
}
