/* worker_signals.c - SIGTERM, SIGINT, SIGHUP as flags that the loop looks at. */
#include "worker_internal.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_count;
static volatile sig_atomic_t reload_asked;

/* The first drains. A second means that draining takes too long: whatever is under way is safe to
 * be cut anywhere, that is what the rest of the design is for. */
static void on_stop(int signal_number)
{
    (void)signal_number;
    if (stop_count > 0)
        _exit(1);
    stop_count = 1;
}

static void on_reload(int signal_number)
{
    (void)signal_number;
    reload_asked = 1;
}

static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(signal_number, &action, NULL);
}

void worker_signals_open(void)
{
    handle(SIGTERM, on_stop);
    handle(SIGINT, on_stop);
    handle(SIGHUP, on_reload);
    handle(SIGPIPE, SIG_IGN); /* a closed connection is an error code, not a death */
}

bool worker_is_stopping(void)
{
    return stop_count > 0;
}

bool worker_take_reload(void)
{
    const bool asked = reload_asked != 0;
    reload_asked = 0;
    return asked;
}
