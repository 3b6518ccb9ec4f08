/* options.c - see options.h. */
#include "options.h"

#include "claim/uuid.h"
#include "runtime/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

ExitCode option_number(const Session *session, const char *name, int64_t min, int64_t max,
                       int64_t absent_value, int64_t *ret_value)
{
    const char *text = arguments_option(&session->arguments, name);
    char *end = NULL;
    *ret_value = absent_value;
    if (text == NULL)
        return EXIT_CODE_DONE;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < min || value > max)
        return session_refuse(session, "%s %.20s: wants a number from %" PRId64 " to %" PRId64,
                              name, text, min, max);
    *ret_value = value;
    return EXIT_CODE_DONE;
}

ExitCode option_instant(const Session *session, const char *name, int64_t *ret_at_ms)
{
    const char *text = arguments_option(&session->arguments, name);
    *ret_at_ms = 0;
    if (text == NULL || clock_parse(text, strlen(text), ret_at_ms))
        return EXIT_CODE_DONE;
    return session_refuse(session, "%s %.60s: wants an instant such as 2026-11-30T15:00:00Z", name,
                          text);
}

ExitCode option_day(const Session *session, const char *name, int32_t *ret_day)
{
    const char *text = arguments_option(&session->arguments, name);
    if (text == NULL)
        return session_refuse(session, "%s DATE is missing", name);
    if (clock_date_parse(text, strlen(text), ret_day))
        return EXIT_CODE_DONE;
    return session_refuse(session, "%s %.20s: wants a day such as 2026-11-30", name, text);
}

ExitCode option_guid(Session *session, const char *name, const char **ret_guid)
{
    const char *text = arguments_option(&session->arguments, name);
    *ret_guid = NULL;
    if (text == NULL)
        return EXIT_CODE_DONE;
    if (!uuid_is_valid(text, strlen(text)))
        return session_refuse(session, "%s %.60s: wants a GUID", name, text);
    char *guid = arena_new(&session->arena, UUID_SIZE);
    uuid_fold(text, guid);
    *ret_guid = guid;
    return EXIT_CODE_DONE;
}
