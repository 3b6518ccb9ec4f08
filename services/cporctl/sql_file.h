/* sql_file.h - a file of SQL from the installation's data. */
#pragma once

#include "cporctl.h"

/* sql_file_read - the whole text, in the session's arena. Errors: in session->error. */
MUST_CHECK bool sql_file_read(Session *session, const char *path, const char **ret_sql);
