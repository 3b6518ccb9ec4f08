/* timer_index_script.c - the Lua texts; Redis runs each of them as one step. */
#include "timer_index_script.h"

/*
 * A leased timer leaves the timers' set: claiming never walks over what is leased. In the
 * leases' set its member is "due|member" and its score the wall instant, by the store's own
 * clock, at which the lease runs out. One that ran out goes back with its due instant, unless it
 * was armed again meanwhile (NX): the newer instant wins.
 *
 * Both sets are read from their lowest score on, so what was read is what has the lowest ranks:
 * removing by rank needs no list of members. unpack is limited to some 8,000 values, hence chunks.
 */
static const char script_claim[] =
    "local timers, leases = KEYS[1], KEYS[2]\n"
    "local now, lease_ms, count_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local time = redis.call('TIME')\n"
    "local wall_ms = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "\n"
    "local function add(key, option, pairs)\n"
    "    for first = 1, #pairs, 2000 do\n"
    "        local last = math.min(first + 1999, #pairs)\n"
    "        redis.call('ZADD', key, option, unpack(pairs, first, last))\n"
    "    end\n"
    "end\n"
    "\n"
    "local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', wall_ms),\n"
    "                           'LIMIT', 0, count_max)\n"
    "if #expired > 0 then\n"
    "    local back = {}\n"
    "    for i, lease in ipairs(expired) do\n"
    "        local bar = string.find(lease, '|', 1, true)\n"
    "        back[2 * i - 1] = string.sub(lease, 1, bar - 1)\n"
    "        back[2 * i] = string.sub(lease, bar + 1)\n"
    "    end\n"
    "    add(timers, 'NX', back)\n"
    "    redis.call('ZREMRANGEBYRANK', leases, 0, #expired - 1)\n"
    "end\n"
    "\n"
    "local due = redis.call('ZRANGEBYSCORE', timers, '-inf', now, 'WITHSCORES',\n"
    "                       'LIMIT', 0, count_max)\n"
    "if #due > 0 then\n"
    "    local until_ms = string.format('%.0f', wall_ms + lease_ms)\n"
    "    local leased = {}\n"
    "    for i = 1, #due, 2 do\n"
    "        leased[i] = until_ms\n"
    "        leased[i + 1] = due[i + 1] .. '|' .. due[i]\n"
    "    end\n"
    "    redis.call('ZREMRANGEBYRANK', timers, 0, #due / 2 - 1)\n"
    "    add(leases, 'CH', leased)\n" /* CH only fills the place of NX; it changes a count */
    "end\n"
    "\n"
    "local first = redis.call('ZRANGE', timers, 0, 0, 'WITHSCORES')\n"
    "local next_due = first[2] or ''\n"
    "if #expired == count_max then\n" /* perhaps more of them: be asked again at once */
    "    next_due = now\n"
    "end\n"
    "return { next_due, due }\n";

static const char script_is_filled[] = "if redis.call('GET', KEYS[1]) == ARGV[1] then\n"
                                       "    return 1\n"
                                       "end\n"
                                       "redis.call('SET', KEYS[1], 'filling:' .. ARGV[1])\n"
                                       "return 0\n";

static const char script_mark_filled[] = "local marker = redis.call('GET', KEYS[1])\n"
                                         "if marker == ARGV[1] then\n"
                                         "    return 1\n"
                                         "end\n"
                                         "if marker ~= 'filling:' .. ARGV[1] then\n"
                                         "    return 0\n"
                                         "end\n"
                                         "redis.call('SET', KEYS[1], ARGV[1])\n"
                                         "return 1\n";

static const char script_is_marked[] = "return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0\n";

const char *const timer_scripts[SCRIPT_COUNT] = {
    [SCRIPT_CLAIM] = script_claim,
    [SCRIPT_IS_FILLED] = script_is_filled,
    [SCRIPT_IS_MARKED] = script_is_marked,
    [SCRIPT_MARK_FILLED] = script_mark_filled,
};
