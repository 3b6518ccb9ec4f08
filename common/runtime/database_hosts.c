/* database_hosts.c - the servers that a URL names, one by one: libpq waits for the first one's
 * silence as long as we let it, and never comes to the second. */
#include "database_internal.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0 && options->val != NULL)
            return options->val;
    return "";
}

static size_t list_count(const char *list)
{
    size_t count = 1;
    for (; *list != '\0'; list++)
        count += *list == ',';
    return count;
}

/* A list of one counts for all hosts. */
static void list_copy(const char *list, size_t index, size_t size, char *ret_text)
{
    if (list_count(list) == 1)
        index = 0;
    for (; index > 0; index--)
        list = strchr(list, ',') + 1;
    snprintf(ret_text, size, "%.*s", (int)strcspn(list, ","), list);
}

typedef struct HostList {
    DbHost *hosts;
    size_t count;
} HostList;

static void add(HostList *list, const DbHost *host)
{
    if (list->count < DB_HOST_COUNT_MAX)
        list->hosts[list->count++] = *host;
}

/* A name has several addresses, of which the first may be silent, too. */
static void add_addresses(HostList *list, const DbHost *host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const bool is_name = host->name[0] != '\0' && host->name[0] != '/' && host->name[0] != '@';
    const size_t before = list->count;
    if (host->address[0] == '\0' && is_name && getaddrinfo(host->name, NULL, &hints, &found) == 0) {
        for (const struct addrinfo *each = found; each != NULL; each = each->ai_next) {
            DbHost one = *host;
            if (getnameinfo(each->ai_addr, each->ai_addrlen, one.address, sizeof one.address, NULL,
                            0, NI_NUMERICHOST) == 0)
                add(list, &one);
        }
        freeaddrinfo(found);
    }
    if (list->count == before)
        add(list, host); /* an address, a socket, or a name that libpq complains of */
}

static void add_host(HostList *list, const PQconninfoOption *options, size_t index)
{
    DbHost host = {.index = index};
    const char *addresses = option_value(options, "hostaddr");
    list_copy(option_value(options, "host"), index, sizeof host.name, host.name);
    list_copy(option_value(options, "port"), index, sizeof host.port, host.port);
    if (*addresses != '\0')
        list_copy(addresses, index, sizeof host.address, host.address);
    add_addresses(list, &host);
}

size_t db_hosts(const char *url, size_t first, DbHost ret_hosts[DB_HOST_COUNT_MAX])
{
    HostList list = {.hosts = ret_hosts};
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL)
        return 0;
    const char *names = option_value(options, "host");
    const size_t count = list_count(*names != '\0' ? names : option_value(options, "hostaddr"));
    if (first < count)
        add_host(&list, options, first);
    for (size_t i = 0; i < count; i++)
        if (i != first)
            add_host(&list, options, i);
    PQconninfoFree(options);
    return list.count;
}
