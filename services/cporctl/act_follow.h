/* act_follow.h - between act.c and act_follow.c. */
#pragma once

#include "act.h"

/* act_follow - after publishing: wait for the event's row of history, tell it in one line.
 * Returns: the exit code. */
MUST_CHECK ExitCode act_follow(Act *act, const char *event_id);
