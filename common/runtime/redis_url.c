/* redis_url.c - a Redis URL taken apart, from left to right. */
#include "redis_url.h"

#include <stddef.h>
#include <string.h>

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *found = lower == '\0' ? NULL : strchr(digits, lower);
    return found == NULL ? -1 : (int)(found - digits);
}

/* Percent-decode text into a field; no NUL, nothing too long. */
static bool field_decode(const char *text, size_t size, char field[REDIS_URL_FIELD_SIZE])
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || used + 1 >= REDIS_URL_FIELD_SIZE)
            return false;
        field[used++] = c;
    }
    field[used] = '\0';
    return true;
}

static bool number_parse(const char *text, size_t size, int max, int *ret_number)
{
    int number = 0;
    if (size == 0 || size > 6)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return number <= max;
}

static bool login_parse(const char *text, size_t size, RedisUrl *url)
{
    const char *colon = memchr(text, ':', size);
    if (colon == NULL)
        return false;
    const size_t user_size = (size_t)(colon - text);
    return field_decode(text, user_size, url->user) &&
           field_decode(colon + 1, size - user_size - 1, url->password);
}

/* host, host:port, [address] or [address]:port */
static bool address_parse(const char *text, size_t size, RedisUrl *url)
{
    const char *end = text + size;
    const bool bracketed = size > 0 && text[0] == '[';
    const char *host = bracketed ? text + 1 : text;
    const char *host_end = memchr(host, bracketed ? ']' : ':', (size_t)(end - host));
    if (host_end == NULL) {
        if (bracketed)
            return false;
        host_end = end;
    }
    const char *rest = bracketed ? host_end + 1 : host_end;
    if (host_end == host || !field_decode(host, (size_t)(host_end - host), url->host))
        return false;
    if (rest == end)
        return true;
    return *rest == ':' && number_parse(rest + 1, (size_t)(end - rest - 1), 65535, &url->port) &&
           url->port > 0;
}

bool redis_url_parse(const char *url, RedisUrl *ret_url, Error *reterr)
{
    static const char scheme[] = "redis://";
    RedisUrl parsed = {.port = 6379};
    if (strncmp(url, "rediss://", 9) == 0)
        return error_set(reterr, ERROR_FATAL,
                         "read Redis URL: rediss:// is not there: the client library has no TLS"
                         " (use redis:// on a private network or through a tunnel:"
                         " deploy/security/README.md)");
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return error_set(reterr, ERROR_FATAL,
                         "read Redis URL: must be redis://[[user]:password@]host[:port][/db]");
    const char *address = url + sizeof scheme - 1;
    const char *at = strrchr(address, '@');
    if (at != NULL && !login_parse(address, (size_t)(at - address), &parsed))
        return error_set(reterr, ERROR_FATAL, "read Redis URL: bad user or password part");
    if (at != NULL)
        address = at + 1;
    const char *slash = strchrnul(address, '/');
    if (!address_parse(address, (size_t)(slash - address), &parsed))
        return error_set(reterr, ERROR_FATAL, "read Redis URL: bad host or port");
    if (slash[0] == '/' && slash[1] != '\0' &&
        !number_parse(slash + 1, strlen(slash + 1), 1000000, &parsed.db))
        return error_set(reterr, ERROR_FATAL, "read Redis URL: bad database number");
    *ret_url = parsed;
    return true;
}
