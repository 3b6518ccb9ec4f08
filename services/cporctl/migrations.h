/* migrations.h - the schema's files, each applied once. */
#pragma once

#include "setup_report.h"

/*
 * migrations_apply - apply the *.sql of a folder in the order of their names, each in its own
 * transaction with its row in schema_migrations. Each is reported, or "up to date".
 *
 * In:      session  its database is open.
 * Errors:  in session->error: a file that was applied and is another one now; SQL that fails
 *          (nothing of that file stays); the connection.
 * Again:   safe, also in several processes at a time: the second waits for the first.
 */
MUST_CHECK bool migrations_apply(Session *session, const char *folder, SetupReport *report);

/* migrations_begin - a transaction in which no other setup of this database is at work.
 * Errors:  in session->error. */
MUST_CHECK bool migrations_begin(Session *session);
