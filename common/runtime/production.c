/* production.c - see production.h. */
#include "production.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_SIZE = 256, SECRET_SIZE_MIN = 32, SECRET_BYTE_KIND_COUNT_MIN = 10 };

/* ---- hosts ---- */

static bool text_ends(const char *text, const char *end)
{
    const size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcasecmp(text + size - end_size, end) == 0;
}

/* Is it the domain, or of it? */
static bool host_is_of(const char *host, const char *domain)
{
    const size_t size = strlen(host), domain_size = strlen(domain);
    return text_ends(host, domain) && (size == domain_size || host[size - domain_size - 1] == '.');
}

/* Reserved by RFC 2606 and 6761: nobody can be reached there. */
static bool host_is_example(const char *host)
{
    static const char *const domains[] = {"example",     "invalid",     "test",
                                          "example.com", "example.net", "example.org"};
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (host_is_of(host, domains[i]))
            return true;
    return false;
}

static bool host_is_loopback(const char *host)
{
    return host_is_of(host, "localhost") || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::1") == 0 || strcmp(host, "::") == 0 ||
           strncasecmp(host, "::ffff:127.", 11) == 0;
}

static void host_copy(const char *text, size_t size, char ret_host[HOST_SIZE])
{
    if (size > 0 && text[size - 1] == '.')
        size--;
    snprintf(ret_host, HOST_SIZE, "%.*s", (int)(size < HOST_SIZE ? size : HOST_SIZE - 1), text);
}

/* Of scheme://[user@]host[:port]/…, without the brackets of an IPv6 address. */
static void url_host(const char *url, char ret_host[HOST_SIZE])
{
    const char *scheme_end = strstr(url, "://");
    const char *start = scheme_end == NULL ? url : scheme_end + 3;
    const size_t size = strcspn(start, "/?#");
    for (size_t i = size; i-- > 0;) {
        if (start[i] != '@')
            continue;
        start += i + 1;
        break;
    }
    if (*start == '[')
        host_copy(start + 1, strcspn(start + 1, "]"), ret_host);
    else
        host_copy(start, strcspn(start, ":/?#"), ret_host);
}

/* ---- kinds of settings: true if bad ---- */

static bool address_is_bad(const char *text)
{
    char host[HOST_SIZE];
    const char *at = strrchr(text, '@');
    const char *domain = at == NULL ? text : at + 1;
    host_copy(domain, strcspn(domain, "> "), host);
    return *text != '\0' && (host_is_example(host) || host_is_loopback(host));
}

static bool link_is_bad(const char *text)
{
    char host[HOST_SIZE];
    url_host(text, host);
    return *text != '\0' && (strncasecmp(text, "https://", 8) != 0 || host_is_example(host) ||
                             host_is_loopback(host));
}

static bool secret_is_weak(const char *secret, size_t size)
{
    bool seen[UINT8_MAX + 1] = {false};
    size_t kind_count = 0;
    for (size_t i = 0; i < size; i++) {
        kind_count += !seen[(unsigned char)secret[i]];
        seen[(unsigned char)secret[i]] = true;
    }
    return size < SECRET_SIZE_MIN || kind_count < SECRET_BYTE_KIND_COUNT_MIN;
}

/* One after another with commas; a secret is behind so many colons, and may have more. */
static bool keys_are_bad(const char *text, int colon_count)
{
    while (*text != '\0') {
        const size_t size = strcspn(text, ",");
        size_t start = 0;
        for (int i = 0; i < colon_count; i++) {
            const char *colon = memchr(text + start, ':', size - start);
            if (colon != NULL)
                start = (size_t)(colon - text) + 1;
        }
        if (secret_is_weak(text + start, size - start) ||
            memmem(text, size, "development", 11) != NULL)
            return true;
        text += size;
        text += strspn(text, ",");
    }
    return false;
}

/* id:secret */
static bool link_keys_are_bad(const char *text)
{
    return keys_are_bad(text, 1);
}

/* id:role:secret */
static bool event_keys_are_bad(const char *text)
{
    return keys_are_bad(text, 2);
}

static bool is_set(const char *text)
{
    return *text != '\0';
}

static bool is_true(const char *text)
{
    return strcmp(text, "true") == 0;
}

/* ---- the table ---- */

#define ADDRESS "nobody has this address (give one of your own, where mail is read)"
#define LINK "customers cannot trust or reach it (give https:// and your own host's name)"
#define KEYS                                                                                       \
    "a key is weak (give each a secret of its own, of 32 random bytes or more: openssl rand "      \
    "-base64 32)"
#define CLOCK "in production time runs as it does (unset it)"

static const struct {
    const char *setting;
    bool (*is_bad)(const char *text);
    const char *text;
} rows[] = {
    {"CPOR_MAIL_FROM", address_is_bad, ADDRESS},
    {"CPOR_PROGRAMME_ADDRESS", address_is_bad, ADDRESS},
    {"CPOR_OPT_OUT_URL", link_is_bad, LINK},
    {"CPOR_OPT_OUT_KEYS", link_keys_are_bad, KEYS},
    {"CPOR_EVENT_KEYS", event_keys_are_bad, KEYS},
    {"CPOR_ALLOW_CREATE_TIME", is_true,
     "in production only the broker's time is a receipt (unset it; cporctl setup --fix sets the "
     "topics)"},
    {"CPOR_CLOCK_START", is_set, CLOCK},
    {"CPOR_CLOCK_WALL_START", is_set, CLOCK},
    {"CPOR_CLOCK_SPEED", is_set, CLOCK},
};

_Static_assert(sizeof rows / sizeof rows[0] <= PRODUCTION_FINDING_COUNT_MAX, "room for all rows");

size_t production_check(ProductionGet *get, const void *context,
                        ProductionFinding ret_findings[PRODUCTION_FINDING_COUNT_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = get(context, rows[i].setting);
        if (text != NULL && rows[i].is_bad(text))
            ret_findings[count++] = (ProductionFinding){rows[i].setting, rows[i].text};
    }
    return count;
}

const char *production_topic_problem(int replication, int min_in_sync)
{
    enum { REPLICATION_MIN = 3, IN_SYNC_MIN = 2 };
    if (replication < REPLICATION_MIN)
        return "one broker that dies may take it along (three copies: kafka-reassign-partitions)";
    if (min_in_sync < IN_SYNC_MIN)
        return "a record may be on one broker only when it counts (cporctl setup --fix sets "
               "min.insync.replicas=2)";
    return NULL;
}
