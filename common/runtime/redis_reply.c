/* redis_reply.c - see redis_reply.h. */
#include "redis_reply.h"

#include <stdio.h>
#include <string.h>

#define LOGIN " (user and password are in CPOR_REDIS_URL)"
#define RIGHTS " (deploy/security/redis.acl has the rights that are needed)"
#define VERSION " (give CPOR_REDIS_URL a Redis of version 6 or newer, without renamed commands)"
#define PRIMARY " (CPOR_REDIS_URL must name the primary, not a replica)"
#define CLUSTER " (give CPOR_REDIS_URL a server without cluster mode)"
#define FOREIGN                                                                                    \
    " (somebody else writes to our keys: give CPOR_REDIS_PREFIX a prefix of our own, or delete "   \
    "all keys that begin with it; they are filled anew)"

static const RedisRefusal refusals[] = {
    {"NOAUTH", "NOAUTH", true, LOGIN},
    {"WRONGPASS", "WRONGPASS", true, LOGIN},
    {"ERR invalid password", "WRONGPASS", true, LOGIN},
    {"ERR AUTH", "WRONGPASS", true, LOGIN},
    {"ERR Client sent AUTH", "WRONGPASS", true, LOGIN},
    {"ERR DB index", "DB_INDEX", true, " (CPOR_REDIS_URL names a database that is not there)"},
    {"NOPERM", "NOPERM", true, RIGHTS},
    {"ERR The user executing the script", "NOPERM", true, RIGHTS}, /* Redis 7, inside of ours */
    {"ERR unknown command", "UNKNOWN_COMMAND", true, VERSION},
    {"ERR wrong number", "UNKNOWN_COMMAND", true, VERSION},
    {"MISCONF", "MISCONF", false,
     " (Redis cannot save its data: see its log and its disk; or turn stop-writes-on-bgsave-error "
     "off, nothing here needs its snapshots)"},
    {"READONLY", "READONLY", false, PRIMARY},
    {"MASTERDOWN", "MASTERDOWN", false, PRIMARY},
    {"LOADING", "LOADING", false, " (it is reading its data; it will answer)"},
    {"BUSY", "BUSY", false, " (a script of somebody runs too long: SCRIPT KILL ends it)"},
    {"OOM", "OOM", false, " (raise maxmemory, or delete what others keep there)"},
    {"NOREPLICAS", "NOREPLICAS", false,
     " (its replicas are away; min-replicas-to-write asks for "
     "them, nothing here does)"},
    {"WRONGTYPE", "WRONGTYPE", false, FOREIGN},
    {"CLUSTERDOWN", "CLUSTER", false, CLUSTER},
    {"CROSSSLOT", "CLUSTER", false, CLUSTER},
    {"MOVED", "CLUSTER", false, CLUSTER},
    {"ASK", "CLUSTER", false, CLUSTER},
    {"TRYAGAIN", "CLUSTER", false, CLUSTER},
    {"ERR max number of clients", "CLIENTS", false, " (raise maxclients)"},
    {"", "OTHER", false, ""},
};

/* Where a script's call was refused, Redis before 7 puts words of its own before the reason. */
static bool is_refused_by(const char *text, const char *start)
{
    static const char before[] = "ERR Error running script";
    if (strncmp(text, start, strlen(start)) == 0)
        return true;
    char inside[64];
    snprintf(inside, sizeof inside, "-%s ", start);
    return strncmp(text, before, sizeof before - 1) == 0 && strstr(text, inside) != NULL;
}

const RedisRefusal *redis_refusal(const char *text)
{
    const RedisRefusal *refusal = refusals;
    while (!is_refused_by(text, refusal->start))
        refusal++;
    return refusal;
}

bool redis_info_read(const char *info, const char *field, char *ret_value, size_t size)
{
    const size_t field_size = strlen(field);
    ret_value[0] = '\0';
    for (const char *line = info; *line != '\0';) {
        const size_t line_size = strcspn(line, "\r\n");
        if (line_size > field_size && line[field_size] == ':' &&
            strncmp(line, field, field_size) == 0) {
            const size_t value_size = line_size - field_size - 1;
            if (value_size >= size)
                return false;
            snprintf(ret_value, size, "%.*s", (int)value_size, line + field_size + 1);
            return value_size > 0;
        }
        line += line_size;
        line += strspn(line, "\r\n");
    }
    return false;
}

/* volatile-… drops only keys that expire, and none of ours does. */
bool redis_policy_evicts(const char *policy)
{
    return strncmp(policy, "allkeys-", 8) == 0;
}
