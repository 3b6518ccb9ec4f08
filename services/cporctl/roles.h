/* roles.h - the group roles of deploy/security, and what they may do. */
#pragma once

#include "setup_report.h"

/*
 * roles_apply - with --roles make the roles that are missing; where roles are there, give each the
 * rights of this release, no more. Without either nothing is done or said.
 *
 * In:      session  its database is open; the tables are there.
 * Errors:  in session->error: we may not make roles; we do not own the tables. Nothing was done.
 * Again:   safe, also in several processes at a time.
 */
MUST_CHECK bool roles_apply(Session *session, SetupReport *report);
