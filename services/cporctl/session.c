/* session.c - what a command has at hand: settings, database, the installation's files. */
#include "cporctl.h"

#include "runtime/clock.h"
#include "runtime/crash_point.h"
#include "runtime/log.h"

#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* https://no-color.org: set and not empty means no. */
static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (no_color != NULL && *no_color != '\0')
        return false;
    return isatty(STDOUT_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

bool session_open(Session *session)
{
    arena_init(&session->arena);
    session->is_json = arguments_option(&session->arguments, "--json") != NULL;
    session->has_colour = wants_colour() && !session->is_json;
    return config_load(session->command->settings, &session->config, &session->error) &&
           log_init("cporctl", "cporctl", config_text(session->config, "CPOR_LOG_LEVEL"),
                    &session->error) &&
           crash_point_arm(&session->error);
}

void session_close(Session *session)
{
    database_release(&session->database);
    arena_deinit(&session->arena);
    config_release(&session->config);
}

bool session_open_database(Session *session, int timeout_ms)
{
    return database_open(config_text(session->config, "CPOR_DATABASE_URL"), "cporctl", timeout_ms,
                         &session->database, &session->error);
}

bool session_open_reader(Session *session)
{
    return session_open_database(session,
                                 (int)config_integer(session->config, "CPOR_DATABASE_TIMEOUT_MS"));
}

bool session_begin_snapshot(Session *session)
{
    return database_begin(session->database, &session->error) &&
           database_execute(session->database,
                            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                            &session->error);
}

/* build/release/bin/cporctl is three folders below the source tree. */
const char *session_share_path(Session *session, const char *name)
{
    char exe[PATH_MAX];
    const char *configured = config_text(session->config, "CPOR_SHARE_DIR");
    if (*configured != '\0')
        return arena_printf(&session->arena, "%s/%s", configured, name);
    const ssize_t size = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[size > 0 ? size : 0] = '\0';
    return arena_printf(&session->arena, "%s/../../../deploy/%s", dirname(exe), name);
}

bool session_is_production(Session *session, bool *ret_is_production)
{
    const char *name = config_text(session->config, "CPOR_ENV");
    *ret_is_production = strcmp(name, "production") == 0;
    return *ret_is_production || strcmp(name, "development") == 0 ||
           error_set(&session->error, ERROR_FATAL,
                     "read CPOR_ENV \"%.40s\": must be development or production", name);
}

bool session_clock(Session *session, Clock *ret_clock)
{
    const Config *config = session->config;
    return clock_init(ret_clock, config_text(config, "CPOR_CLOCK_START"),
                      config_text(config, "CPOR_CLOCK_WALL_START"),
                      config_text(config, "CPOR_CLOCK_SPEED"), false, &session->error);
}

static void tell(const Session *session, const char *format, va_list arguments, const char *end)
    PRINTF_LIKE(2, 0);
static void tell(const Session *session, const char *format, va_list arguments, const char *end)
{
    fflush(stdout); /* what was done before comes first */
    fprintf(stderr, "cporctl %s: ", session->command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "%s\n", end);
}

ExitCode session_fail(const Session *session)
{
    fflush(stdout);
    fprintf(stderr, "cporctl %s: %s\n", session->command->name, session->error.text);
    return EXIT_CODE_NEGATIVE;
}

ExitCode session_refuse(const Session *session, const char *format, ...)
{
    char end[80];
    va_list arguments;
    snprintf(end, sizeof end, " (try cporctl %s --help)", session->command->name);
    va_start(arguments, format);
    tell(session, format, arguments, end);
    va_end(arguments);
    return EXIT_CODE_USAGE;
}

ExitCode session_deny(const Session *session, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(session, format, arguments, "");
    va_end(arguments);
    return EXIT_CODE_NEGATIVE;
}
