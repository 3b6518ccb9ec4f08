/* review_list.h - the claims that await a reviewer. */
#pragma once

#include "cporctl.h"

/* review_list - print them, oldest first, with how long they wait and which are late.
 * Returns: the exit code. */
MUST_CHECK ExitCode review_list(Session *session);
