/* test_redis_reply.c - refusals of Redis and their advice; fields of INFO; policies that evict. */
#include "runtime/redis_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROW_COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static void refusals_have_a_reason_and_advice(void **state)
{
    static const struct {
        const char *text, *reason, *advice;
        bool is_setup;
    } rows[] = {
        {"NOAUTH Authentication required.", "NOAUTH", "CPOR_REDIS_URL", true},
        {"WRONGPASS invalid username-password pair", "WRONGPASS", "CPOR_REDIS_URL", true},
        {"NOPERM this user has no permissions", "NOPERM", "redis.acl", true},
        {"ERR The user executing the script can't run this command", "NOPERM", "redis.acl", true},
        {"ERR unknown command 'EVALSHA'", "UNKNOWN_COMMAND", "version", true},
        {"ERR DB index is out of range", "DB_INDEX", "CPOR_REDIS_URL", true},
        {"MISCONF Redis is configured to save RDB snapshots", "MISCONF", "disk", false},
        {"READONLY You can't write against a read only replica.", "READONLY", "primary", false},
        {"MASTERDOWN Link with MASTER is down", "MASTERDOWN", "primary", false},
        {"LOADING Redis is loading the dataset in memory", "LOADING", "will answer", false},
        {"BUSY Redis is busy running a script.", "BUSY", "SCRIPT KILL", false},
        {"OOM command not allowed when used memory > 'maxmemory'.", "OOM", "maxmemory", false},
        {"WRONGTYPE Operation against a key", "WRONGTYPE", "CPOR_REDIS_PREFIX", false},
        {"NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", "replicas", false},
        {"CLUSTERDOWN Hash slot not served", "CLUSTER", "without cluster", false},
        {"CROSSSLOT Keys in request don't hash", "CLUSTER", "without cluster", false},
        {"MOVED 3999 127.0.0.1:6381", "CLUSTER", "without cluster", false},
        {"ERR max number of clients reached", "CLIENTS", "maxclients", false},
        {"ERR Error running script (call to f_00): @user_script:9: -OOM command not allowed", "OOM",
         "maxmemory", false},
        {"ERR Error running script (call to f_00): @user_script: 9: -WRONGTYPE Operation",
         "WRONGTYPE", "CPOR_REDIS_PREFIX", false},
        {"ERR something of a version to come", "OTHER", "", false},
        {"", "OTHER", "", false},
    };
    (void)state;
    for (size_t i = 0; i < ROW_COUNT(rows); i++) {
        const RedisRefusal *refusal = redis_refusal(rows[i].text);
        if (strcmp(refusal->reason, rows[i].reason) != 0 ||
            strstr(refusal->advice, rows[i].advice) == NULL ||
            refusal->is_setup != rows[i].is_setup)
            fail_msg("%s: %s%s", rows[i].text, refusal->reason, refusal->advice);
    }
}

static void fields_of_info_are_found(void **state)
{
    static const char info[] = "# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n"
                               "empty:\r\nprefix_run_id:no\r\nrun_id:0123\r\nlast:x";
    static const struct {
        const char *field, *value;
    } rows[] = {{"redis_mode", "cluster"},
                {"run_id", "0123"},
                {"last", "x"},
                {"empty", ""},
                {"redis", ""},
                {"absent", ""},
                {"redis_version", ""}};
    (void)state;
    for (size_t i = 0; i < ROW_COUNT(rows); i++) {
        char value[8] = "before"; /* too small for a version */
        assert_int_equal(redis_info_read(info, rows[i].field, value, i == 6 ? 4 : sizeof value),
                         rows[i].value[0] != '\0');
        assert_string_equal(value, rows[i].value);
    }
}

static void what_may_drop_our_keys_evicts(void **state)
{
    static const struct {
        const char *policy;
        bool evicts;
    } rows[] = {{"noeviction", false},
                {"allkeys-lru", true},
                {"allkeys-lfu", true},
                {"allkeys-random", true},
                {"volatile-lru", false},
                {"volatile-ttl", false},
                {"", false}};
    (void)state;
    for (size_t i = 0; i < ROW_COUNT(rows); i++)
        assert_int_equal(redis_policy_evicts(rows[i].policy), rows[i].evicts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_have_a_reason_and_advice),
        cmocka_unit_test(fields_of_info_are_found),
        cmocka_unit_test(what_may_drop_our_keys_evicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
