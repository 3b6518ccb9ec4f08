/* timer_fixture.h - what the tests of the timers share: an index on the server of the test, armed.
 */
#pragma once

#include "runtime/timer_index.h"

#include "redis_server.h"

enum { TIMER_TIMEOUT_MS = 10000 };

static inline TimerIndex *open_with(const char *login, int timeout_ms)
{
    char url[128];
    TimerIndex *index = NULL;
    Error error = {0};
    snprintf(url, sizeof url, "redis://%s127.0.0.1:%d", login, server.port);
    if (!timer_index_open(url, "test:", timeout_ms, &index, &error))
        fail_msg("%s", error.text);
    return index;
}

static inline int test_begin(void **state)
{
    admin_run("FLUSHALL");
    *state = open_with("", TIMER_TIMEOUT_MS);
    return 0;
}

static inline int test_end(void **state)
{
    timer_index_release((TimerIndex **)state);
    return 0;
}

static inline void arm(TimerIndex *index, const Timer *list, size_t count)
{
    Error error = {0};
    if (!timer_index_arm(index, 3, list, count, &error))
        fail_msg("%s", error.text);
}

static inline void arm_one(TimerIndex *index, const char *member, int64_t due_at_ms)
{
    Timer timer = {.due_at_ms = due_at_ms};
    snprintf(timer.member, sizeof timer.member, "%s", member);
    arm(index, &timer, 1);
}
