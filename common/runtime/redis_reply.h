/* redis_reply.h - what Redis says: refusals, and what INFO tells of how it is set up. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A refusal by its first words. */
typedef struct RedisRefusal {
    const char *start;  /* of the reply */
    const char *reason; /* label of the metric */
    bool is_setup;      /* a login or a right: refused where a worker starts */
    const char *advice; /* " (what to do)" or "" */
} RedisRefusal;

/* redis_refusal - the row of an error's text; the last row is for what no other knows. */
const RedisRefusal *redis_refusal(const char *text);

/* redis_info_read - a field of INFO's answer.
 * Returns: false, with ret_value "", where it is absent or longer than size - 1. */
bool redis_info_read(const char *info, const char *field, char *ret_value, size_t size);

/* redis_policy_evicts - whether a maxmemory-policy may drop keys that never expire, as ours. */
bool redis_policy_evicts(const char *policy);
