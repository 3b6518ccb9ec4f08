/* test_timer_index.c - timer_index.h against a redis-server of its own, in a temporary folder. */
#include "timer_fixture.h"

enum {
    SHORT_TIMEOUT_MS = 200,
    LEASE_LONG_MS = 3600000,
    TRY_COUNT_MAX = 2000,
    MANY = 20001,
};

static Timer timers[MANY];
static Timer claimed[TIMER_BATCH_COUNT_MAX];

static size_t claim(TimerIndex *index, int64_t now_ms, int lease_ms, size_t count_max,
                    int64_t *ret_next)
{
    size_t count = 0;
    Error error = {0};
    if (!timer_index_claim(index, 3, now_ms, lease_ms, count_max, claimed, &count, ret_next,
                           &error))
        fail_msg("%s", error.text);
    return count;
}

static void expect_claim(TimerIndex *index, int64_t now_ms, const char *member, int64_t due_at_ms)
{
    int64_t next;
    assert_int_equal(claim(index, now_ms, LEASE_LONG_MS, 10, &next), 1);
    assert_string_equal(claimed[0].member, member);
    assert_int_equal(claimed[0].due_at_ms, due_at_ms);
}

static void expect_nothing(TimerIndex *index, int64_t now_ms)
{
    int64_t next;
    assert_int_equal(claim(index, now_ms, LEASE_LONG_MS, 10, &next), 0);
}

static void expect_count(TimerIndex *index, int64_t expected)
{
    int64_t count = -1;
    Error error = {0};
    assert_true(timer_index_count(index, 3, &count, &error));
    assert_int_equal(count, expected);
}

static void remove_claimed(TimerIndex *index, size_t count)
{
    Error error = {0};
    if (!timer_index_remove(index, 3, claimed, count, &error))
        fail_msg("%s", error.text);
}

static bool is_filled(TimerIndex *index)
{
    bool filled = true;
    Error error = {0};
    if (!timer_index_is_filled(index, 3, &filled, &error))
        fail_msg("%s", error.text);
    return filled;
}

static void fill(TimerIndex *index)
{
    Error error = {0};
    assert_false(is_filled(index));
    if (!timer_index_mark_filled(index, 3, &error))
        fail_msg("%s", error.text);
    assert_true(is_filled(index));
}

static void expect_failure(TimerIndex *index, ErrorClass class)
{
    size_t count;
    int64_t next;
    Error error = {0};
    assert_false(timer_index_claim(index, 3, 1000, 1000, 10, claimed, &count, &next, &error));
    if (error.class != class)
        fail_msg("class %d: %s", error.class, error.text);
}

static void due_ones_come_in_order(void **state)
{
    int64_t next = 0;
    arm_one(*state, "c", 3000);
    arm_one(*state, "a|x", 1000);
    arm_one(*state, "b 2", 2000);
    assert_int_equal(claim(*state, 999, LEASE_LONG_MS, 10, &next), 0);
    assert_int_equal(next, 1000);
    assert_int_equal(claim(*state, 2000, LEASE_LONG_MS, 10, &next), 2);
    assert_string_equal(claimed[0].member, "a|x");
    assert_string_equal(claimed[1].member, "b 2");
    assert_int_equal(next, 3000);
    assert_int_equal(claim(*state, 3000, LEASE_LONG_MS, 10, &next), 1);
    assert_int_equal(next, INT64_MAX);
}

static void far_instants_are_exact(void **state)
{
    arm_one(*state, "last", 253402300799999);
    expect_nothing(*state, 253402300799998);
    expect_claim(*state, 253402300799999, "last", 253402300799999);
    arm_one(*state, "first", -62135596800000);
    expect_claim(*state, 0, "first", -62135596800000);
}

static void leased_ones_are_not_given_again(void **state)
{
    arm_one(*state, "a", 1000);
    expect_claim(*state, 1000, "a", 1000);
    expect_nothing(*state, 1000);
    expect_count(*state, 1);
    remove_claimed(*state, 1);
    expect_count(*state, 0);
}

/* The lease is so short that it has run out when the store's clock says so, whoever asks when. */
static void a_lease_runs_out(void **state)
{
    int64_t next;
    arm_one(*state, "a", 1000);
    assert_int_equal(claim(*state, 1000, 1, 10, &next), 1);
    size_t count = 0;
    for (int i = 0; i < TRY_COUNT_MAX && count == 0; i++)
        count = claim(*state, 1000, LEASE_LONG_MS, 10, &next);
    assert_int_equal(count, 1);
    assert_string_equal(claimed[0].member, "a");
    assert_int_equal(claimed[0].due_at_ms, 1000);
    expect_nothing(*state, 1000);
}

static void all_leases_that_ran_out_come_back(void **state)
{
    static bool seen[MANY];
    int64_t next = INT64_MAX;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < MANY; i++) {
        timers[i].due_at_ms = 1000 + i % 7;
        snprintf(timers[i].member, sizeof timers[i].member, "m%d", i);
    }
    arm(*state, timers, MANY);
    for (int i = 0; i <= MANY / TIMER_BATCH_COUNT_MAX; i++)
        claim(*state, 2000, 1, TIMER_BATCH_COUNT_MAX, &next);
    int found = 0;
    for (int i = 0; i < TRY_COUNT_MAX && found < MANY; i++) {
        const size_t count = claim(*state, 2000, LEASE_LONG_MS, TIMER_BATCH_COUNT_MAX, &next);
        for (size_t j = 0; j < count; j++, found++) {
            const long id = strtol(claimed[j].member + 1, NULL, 10);
            assert_false(seen[id]);
            seen[id] = true;
        }
    }
    assert_int_equal(found, MANY);
    expect_count(*state, MANY);
}

static void armed_again_while_leased_stays(void **state)
{
    arm_one(*state, "a", 1000);
    expect_claim(*state, 1000, "a", 1000);
    arm_one(*state, "a", 5000);
    remove_claimed(*state, 1);
    expect_count(*state, 1);
    expect_nothing(*state, 4999);
    expect_claim(*state, 5000, "a", 5000);
}

/* The wake-up came too early, changed nothing, and its handler armed the same instant again
 * before the claimer came to remove it. */
static void armed_again_with_the_same_instant_stays(void **state)
{
    arm_one(*state, "a", 1000);
    expect_claim(*state, 1000, "a", 1000);
    arm_one(*state, "a", 1000);
    remove_claimed(*state, 1);
    expect_claim(*state, 1000, "a", 1000);
}

static void armed_again_before_the_lease_ran_out_keeps_the_new_instant(void **state)
{
    int64_t next = 0;
    arm_one(*state, "a", 1000);
    assert_int_equal(claim(*state, 1000, 1, 10, &next), 1);
    arm_one(*state, "a", 5000);
    int64_t count = 2;
    Error error = {0};
    for (int i = 0; i < TRY_COUNT_MAX && count == 2; i++) { /* until the lease has run out */
        assert_int_equal(claim(*state, 4999, LEASE_LONG_MS, 10, &next), 0);
        assert_true(timer_index_count(*state, 3, &count, &error));
    }
    assert_int_equal(count, 1);
    assert_int_equal(next, 5000);
}

static void two_clients_never_share_a_lease(void **state)
{
    static bool seen[MANY];
    TimerIndex *clients[2] = {*state, open_with("", TIMER_TIMEOUT_MS)};
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < MANY; i++) {
        timers[i].due_at_ms = 1000;
        snprintf(timers[i].member, sizeof timers[i].member, "m%d", i);
    }
    arm(clients[0], timers, MANY);
    arm(clients[1], timers, MANY); /* again: moves nothing */
    expect_count(clients[1], MANY);
    int total = 0;
    for (size_t i = 0, count = 1; count > 0; i++) {
        int64_t next;
        count = claim(clients[i % 2], 1000, LEASE_LONG_MS, 777, &next);
        for (size_t j = 0; j < count; j++, total++) {
            const long id = strtol(claimed[j].member + 1, NULL, 10);
            assert_false(seen[id]);
            seen[id] = true;
        }
        remove_claimed(clients[i % 2], i % 3 == 0 ? count : 0);
    }
    assert_int_equal(total, MANY);
    timer_index_release(&clients[1]);
}

static void an_emptied_store_is_not_filled(void **state)
{
    fill(*state);
    admin_run("FLUSHALL");
    assert_false(is_filled(*state));
    fill(*state);
}

static void emptied_while_filling_is_retry(void **state)
{
    Error error = {0};
    assert_false(is_filled(*state));
    admin_run("FLUSHALL");
    assert_false(timer_index_mark_filled(*state, 3, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    fill(*state);
}

/* The file of the store survives, the marker in it names the instance before. */
static void a_restarted_store_is_not_filled(void **state)
{
    fill(*state);
    arm_one(*state, "a", 1000);
    server_kill();
    expect_failure(*state, ERROR_RETRY);
    expect_failure(*state, ERROR_RETRY);
    server_launch(false);
    assert_false(is_filled(*state));
    expect_claim(*state, 1000, "a", 1000);
    fill(*state);
}

static void silence_is_retry(void **state)
{
    (void)state;
    TimerIndex *index = open_with("", SHORT_TIMEOUT_MS);
    arm_one(index, "a", 1000);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    Error error = {0};
    int64_t count;
    const bool answered = timer_index_count(index, 3, &count, &error);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    assert_false(answered);
    assert_int_equal(error.class, ERROR_RETRY);
    timer_index_release(&index);
    index = open_with("", TIMER_TIMEOUT_MS);
    expect_count(index, 1);
    timer_index_release(&index);
}

static void a_full_store_is_retry(void **state)
{
    Error error = {0};
    const Timer timer = {.due_at_ms = 1000, .member = "a"};
    admin_run("CONFIG SET maxmemory 1");
    assert_false(timer_index_arm(*state, 3, &timer, 1, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    admin_run("CONFIG SET maxmemory 0");
    arm(*state, &timer, 1);
}

static void a_replica_is_retry(void **state)
{
    Error error = {0};
    const Timer timer = {.due_at_ms = 1000, .member = "a"};
    admin_run("REPLICAOF 127.0.0.1 1");
    assert_false(timer_index_arm(*state, 3, &timer, 1, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    admin_run("REPLICAOF NO ONE");
    arm(*state, &timer, 1);
}

static void forgotten_scripts_are_sent_again(void **state)
{
    arm_one(*state, "a", 1000);
    admin_run("SCRIPT FLUSH");
    expect_claim(*state, 1000, "a", 1000);
}

static void bad_input_is_fatal(void **state)
{
    static const Timer bad[] = {
        {.due_at_ms = 1, .member = ""},
        {.due_at_ms = 1, .member = "a\nb"},
        {.due_at_ms = INT64_MAX, .member = "a"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Error error = {0};
        assert_false(timer_index_arm(*state, 3, &bad[i], 1, &error));
        assert_int_equal(error.class, ERROR_FATAL);
    }
    expect_count(*state, 0);
}

/* Known answers, computed apart: a shard that moves strands the timers of the shard before. */
static void shards_are_stable(void **state)
{
    static const struct {
        const char *tenant_id;
        int shard;
    } rows[] = {{"", 5}, {"a", 12}, {"tenant-1", 11}, {"de-0001", 10}, {"acme", 15}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(timer_shard(rows[i].tenant_id), rows[i].shard);
}

static void urls_are_checked(void **state)
{
    static const struct {
        const char *url;
        bool taken;
    } rows[] = {
        {"redis://localhost", true},
        {"redis://u:p%40ss@host:1/2", true},
        {"redis://:p@[::1]:6379", true},
        {"redis://host/", true},
        {"", false},
        {"host:6379", false},
        {"rediss://host", false},
        {"redis://", false},
        {"redis://host:", false},
        {"redis://host:0", false},
        {"redis://host:65536", false},
        {"redis://host:1x", false},
        {"redis://host/x", false},
        {"redis://[::1", false},
        {"redis://secret@host", false},
        {"redis://u:secret%2@host", false},
        {"redis://u:secret%00@h", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TimerIndex *index = NULL;
        Error error = {0};
        if (timer_index_open(rows[i].url, "test:", 1000, &index, &error) != rows[i].taken)
            fail_msg("%s: %s", rows[i].url, error.text);
        assert_int_equal(error.class, rows[i].taken ? ERROR_NONE : ERROR_FATAL);
        assert_null(strstr(error.text, "secret"));
        timer_index_release(&index);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_begin, test_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(due_ones_come_in_order),
        TEST(far_instants_are_exact),
        TEST(leased_ones_are_not_given_again),
        TEST(a_lease_runs_out),
        TEST(all_leases_that_ran_out_come_back),
        TEST(armed_again_while_leased_stays),
        TEST(armed_again_with_the_same_instant_stays),
        TEST(armed_again_before_the_lease_ran_out_keeps_the_new_instant),
        TEST(two_clients_never_share_a_lease),
        TEST(an_emptied_store_is_not_filled),
        TEST(emptied_while_filling_is_retry),
        TEST(a_restarted_store_is_not_filled),
        TEST(silence_is_retry),
        TEST(a_full_store_is_retry),
        TEST(a_replica_is_retry),
        TEST(forgotten_scripts_are_sent_again),
        TEST(bad_input_is_fatal),
        cmocka_unit_test(shards_are_stable),
        cmocka_unit_test(urls_are_checked),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
