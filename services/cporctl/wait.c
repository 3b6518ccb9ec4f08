/* wait.c - see wait.h. */
#include "wait.h"

#include "runtime/clock.h"

#include <stdio.h>
#include <time.h>

enum { WAIT_PAUSE_MS = 200, WAIT_QUIET_MS = 1000, WAIT_SAY_MS = 5000 };

Wait wait_begin(const char *what, const char *advice, int64_t limit_ms)
{
    const int64_t now_mono_ms = clock_mono_now();
    return (Wait){what, advice, now_mono_ms, limit_ms, now_mono_ms + WAIT_QUIET_MS};
}

bool wait_again(Wait *wait, Error *error)
{
    const struct timespec pause = {.tv_nsec = WAIT_PAUSE_MS * 1000000L};
    const int64_t now_mono_ms = clock_mono_now();
    const long long waited_s = (now_mono_ms - wait->begin_mono_ms) / 1000;
    if (error->class != ERROR_RETRY)
        return false;
    if (now_mono_ms - wait->begin_mono_ms >= wait->limit_ms) {
        const Error cause = *error;
        return error_set(error, ERROR_FATAL, "wait for %s: not there after %lld s: %.250s (%s)",
                         wait->what, waited_s, cause.text, wait->advice);
    }
    if (now_mono_ms >= wait->say_mono_ms) {
        fprintf(stderr, "waiting for %s: %lld s of %lld s (%s)\n", wait->what, waited_s,
                (long long)wait->limit_ms / 1000, error->text);
        wait->say_mono_ms = now_mono_ms + WAIT_SAY_MS;
    }
    nanosleep(&pause, NULL);
    return true;
}
