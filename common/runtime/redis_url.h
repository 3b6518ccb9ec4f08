/* redis_url.h - redis://[[user]:password@]host[:port][/db] taken apart. */
#pragma once

#include "error.h"

enum { REDIS_URL_FIELD_SIZE = 256 };

/* Parts of the URL, percent-decoded; "" where it has none. */
typedef struct RedisUrl {
    char user[REDIS_URL_FIELD_SIZE];
    char password[REDIS_URL_FIELD_SIZE];
    char host[REDIS_URL_FIELD_SIZE]; /* an IPv6 address without its brackets */
    int port;                        /* 6379 if not given */
    int db;                          /* 0 if not given */
} RedisUrl;

/*
 * redis_url_parse - take a Redis URL apart.
 *
 * Errors:  FATAL  another scheme (rediss too: no TLS here), or a part that is wrong. The text
 *                 never repeats the URL: it may hold a password.
 */
MUST_CHECK bool redis_url_parse(const char *url, RedisUrl *ret_url, Error *reterr);
