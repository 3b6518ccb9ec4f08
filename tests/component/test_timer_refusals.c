/* test_timer_refusals.c - what Redis refuses, against a redis-server of its own: away for whoever
 * runs, told to whoever starts. */
#include "runtime/metrics.h"
#include "runtime/redis_reply.h"

#include "timer_fixture.h"

enum { LEASE_LONG_MS = 3600000 };

static Timer claimed[TIMER_BATCH_COUNT_MAX];

static void expect_failure(TimerIndex *index, ErrorClass class)
{
    size_t count;
    int64_t next;
    Error error = {0};
    assert_false(timer_index_claim(index, 3, 1000, 1000, 10, claimed, &count, &next, &error));
    if (error.class != class)
        fail_msg("class %d: %s", error.class, error.text);
}

static void expect_answer(TimerIndex *index)
{
    Error error = {0};
    int64_t count;
    if (!timer_index_count(index, 3, &count, &error))
        fail_msg("%s", error.text);
}

/* Where a worker runs it is RETRY, where one starts it is FATAL. */
static void expect_refused(TimerIndex *index, const char *word)
{
    Error error = {0};
    char policy[TIMER_POLICY_SIZE] = "";
    expect_failure(index, ERROR_RETRY);
    assert_false(timer_index_check(index, policy, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    if (strstr(error.text, word) == NULL)
        fail_msg("%s: %s", word, error.text);
}

static void wrong_logins_are_fatal_at_start_only(void **state)
{
    admin_run("CONFIG SET requirepass s3cret");
    TimerIndex *none = open_with("", TIMER_TIMEOUT_MS);
    TimerIndex *wrong = open_with(":wrong@", TIMER_TIMEOUT_MS);
    TimerIndex *stranger = open_with("nobody:s3cret@", TIMER_TIMEOUT_MS);
    TimerIndex *right = open_with(":s3cret@", TIMER_TIMEOUT_MS);
    expect_refused(none, "CPOR_REDIS_URL");
    expect_refused(wrong, "CPOR_REDIS_URL");
    expect_refused(stranger, "CPOR_REDIS_URL");
    expect_answer(right);
    timer_index_release(&none);
    timer_index_release(&wrong);
    timer_index_release(&stranger);
    timer_index_release(&right);
    redisContext *admin = admin_connect();
    freeReplyObject(redisCommand(admin, "AUTH s3cret"));
    freeReplyObject(redisCommand(admin, "CONFIG SET requirepass %s", ""));
    redisFree(admin);
    expect_answer(*state);
}

/* What others do to our keys, or to the server, and the word that tells the remedy. Each is RETRY
 * for all that a running worker asks, and no reason not to start. */
static const struct {
    const char *break_with, *heal_with, *word;
} breakages[] = {
    {"SET test:timers:3 x", "DEL test:timers:3", "CPOR_REDIS_PREFIX"},
    {"LPUSH test:leases:3 x", "DEL test:leases:3", "CPOR_REDIS_PREFIX"},
    {"ZADD test:timers:3 1.5 half", "DEL test:timers:3", "CPOR_REDIS_PREFIX"},
    {"ZADD test:timers:3 -inf endless", "DEL test:timers:3", "CPOR_REDIS_PREFIX"},
    {"ZADD test:timers:3 -1e17 ancient", "DEL test:timers:3", "CPOR_REDIS_PREFIX"},
    {"ZADD test:timers:3 1 \x01", "DEL test:timers:3", "CPOR_REDIS_PREFIX"},
    {"ZADD test:leases:3 1 no-bar", "DEL test:leases:3", ""},
    {"ACL SETUSER default -evalsha", "ACL SETUSER default +@all", "redis.acl"},
    {"ACL SETUSER default -time", "ACL SETUSER default +@all", "redis.acl"},
    {"ACL SETUSER default -zrangebyscore", "ACL SETUSER default +@all", "redis.acl"},
    {"ACL SETUSER default resetkeys ~other:*", "ACL SETUSER default allkeys", "redis.acl"},
    {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "replicas"},
    {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "primary"},
};

static bool claim_fails(TimerIndex *index, Error *reterr)
{
    size_t count = 0;
    int64_t next = 0;
    *reterr = (Error){0};
    return !timer_index_claim(index, 3, 2000, LEASE_LONG_MS, 10, claimed, &count, &next, reterr);
}

static void whatever_redis_refuses_is_retry(void **state)
{
    for (size_t i = 0; i < sizeof breakages / sizeof breakages[0]; i++) {
        Error error;
        admin_run("FLUSHALL");
        arm_one(*state, "a", 1000);
        admin_run(breakages[i].break_with);
        if (!claim_fails(*state, &error))
            fail_msg("%s: was taken", breakages[i].break_with);
        if (error.class != ERROR_RETRY || strstr(error.text, breakages[i].word) == NULL)
            fail_msg("%s: %s: %s", breakages[i].break_with, error_class_name(error.class),
                     error.text);
        admin_run(breakages[i].heal_with);
        if (claim_fails(*state, &error))
            fail_msg("after %s: %s", breakages[i].heal_with, error.text);
    }
}

static void refusals_are_counted_by_reason(void **state)
{
    Metric *metric = metrics_counter("redis_refused_total", "reason=\"WRONGTYPE\"", "");
    const int64_t before = metric_value(metric);
    admin_run("SET test:timers:3 x");
    expect_failure(*state, ERROR_RETRY);
    assert_int_equal(metric_value(metric), before + 1);
}

static void a_foreign_key_is_no_reason_not_to_start(void **state)
{
    char policy[TIMER_POLICY_SIZE] = "";
    Error error = {0};
    admin_run("LPUSH test:filled:0 x");
    assert_false(timer_index_check(*state, policy, &error));
    assert_int_equal(error.class, ERROR_RETRY);
}

static void the_policy_is_told(void **state)
{
    static const char *const rows[] = {"noeviction", "allkeys-lru", "volatile-ttl"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char policy[TIMER_POLICY_SIZE] = "", command[96];
        Error error = {0};
        snprintf(command, sizeof command, "CONFIG SET maxmemory-policy %s", rows[i]);
        admin_run(command);
        if (!timer_index_check(*state, policy, &error))
            fail_msg("%s", error.text);
        assert_string_equal(policy, rows[i]);
        assert_int_equal(redis_policy_evicts(policy), i == 1);
    }
    admin_run("CONFIG SET maxmemory-policy noeviction");
}

/* A node of a cluster that has no slots, as one of a cluster that works: INFO tells the mode. */
static void a_cluster_is_refused(void **state)
{
    (void)state;
    server_kill();
    server_launch(true);
    TimerIndex *index = open_with("", TIMER_TIMEOUT_MS);
    expect_refused(index, "cluster mode");
    timer_index_release(&index);
    server_kill();
    server_launch(false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_begin, test_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_logins_are_fatal_at_start_only),
        TEST(whatever_redis_refuses_is_retry),
        TEST(refusals_are_counted_by_reason),
        TEST(a_foreign_key_is_no_reason_not_to_start),
        TEST(the_policy_is_told),
        TEST(a_cluster_is_refused),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
