/* database_url.c - a URL that libpq would repeat in its complaints, password and all, is not used.
 */
#include "database_internal.h"

#include <stddef.h>
#include <string.h>

/* "" where it is not set. */
static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val == NULL ? "" : options->val;
    return "";
}

/* A '/' or a second '@' in a password that is not written as %XX makes libpq take the password's
 * rest for a host, a port or a name, which its texts show. */
static bool is_taken_apart_well(const char *url, const PQconninfoOption *options)
{
    const char *scheme = strstr(url, "://");
    const char *port = option_value(options, "port");
    size_t at_count = 0;
    for (const char *c = scheme; c != NULL && *c != '\0' && *c != '?'; c++)
        at_count += *c == '@';
    return at_count <= 1 && (at_count == 0 || *option_value(options, "user") != '\0') &&
           port[strspn(port, "0123456789,")] == '\0';
}

bool db_url_check(const char *url, Error *reterr)
{
    char *why = NULL; /* repeats the URL */
    PQconninfoOption *options = PQconninfoParse(url, &why);
    const bool good = options != NULL && is_taken_apart_well(url, options);
    PQconninfoFree(options);
    PQfreemem(why);
    return good ||
           error_set(reterr, ERROR_FATAL,
                     "read the database's URL: it is not postgresql://user:password@host:port/name"
                     " (special characters in user and password as %%XX)");
}
