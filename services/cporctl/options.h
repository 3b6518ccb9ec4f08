/* options.h - options whose value is more than a text. */
#pragma once

#include "cporctl.h"

/* option_number - a whole number. Out: ret_value  absent_value where the option is not given.
 * Returns: EXIT_CODE_DONE, or EXIT_CODE_USAGE and why was told. */
MUST_CHECK ExitCode option_number(const Session *session, const char *name, int64_t min,
                                  int64_t max, int64_t absent_value, int64_t *ret_value);

/* option_instant - RFC 3339. Out: ret_at_ms  0 where the option is not given. Returns: as above. */
MUST_CHECK ExitCode option_instant(const Session *session, const char *name, int64_t *ret_at_ms);

/* option_day - YYYY-MM-DD, which must be given. Returns: as above. */
MUST_CHECK ExitCode option_day(const Session *session, const char *name, int32_t *ret_day);

/* option_guid - in lower case, in the session's arena. Out: ret_guid  NULL: not given. */
MUST_CHECK ExitCode option_guid(Session *session, const char *name, const char **ret_guid);
