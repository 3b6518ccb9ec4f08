/* test_kafka_group.c - the Kafka adapter against a real broker: several members, each record once.
 */
#include "component/kafka_member.h"
#include "runtime/kafka_internal.h"

/* The predecessor decided and would publish; its successor has the name and publishes the same. */
static void test_zombie_is_fenced(void **state)
{
    (void)state;
    Member zombie, successor;
    Error error = {0};
    write_inputs(0, RECORD_COUNT);
    member_open(&zombie, "a");
    member_poll(&zombie);
    member_finish(&zombie);
    member_poll(&zombie);
    member_handle(&zombie);
    const size_t held = zombie.batch.record_count;
    assert_true(held > 0);

    member_open(&successor, "a");
    member_poll(&successor);
    assert_false(kafka_publish(zombie.kafka, &zombie.batch, &error));
    if (error.class != ERROR_FATAL || strstr(error.text, "CPOR_INSTANCE") == NULL)
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    assert_false(kafka_publish(zombie.kafka, &zombie.batch, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    member_close(&zombie);

    const size_t first = successor.batch.record_count;
    member_finish(&successor);
    member_copy(&successor, RECORD_COUNT - 50 - first);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    member_close(&successor);
}

static void wait_until_lost(Member *member)
{
    Error error = {0};
    bool lost = false;
    const int64_t deadline_mono_ms = clock_mono_now() + PATIENCE_MS;
    while (!lost && clock_mono_now() < deadline_mono_ms)
        must(kafka_wait(member->kafka, 100, &lost, &error), &error);
    assert_true(lost);
}

/* Both, in turns, until nothing comes for a while. */
static void copy_together(Member *a, Member *b, size_t count)
{
    Error error = {0};
    Member *const members[] = {a, b};
    size_t copied = 0;
    const int64_t deadline_mono_ms = clock_mono_now() + PATIENCE_MS;
    while (copied < count && clock_mono_now() < deadline_mono_ms)
        for (int i = 0; i < 2; i++) {
            Member *member = members[i];
            must(kafka_poll(member->kafka, 50, &member->batch, &error), &error);
            if (member->batch.record_count == 0)
                continue;
            member_handle(member);
            if (kafka_publish(member->kafka, &member->batch, &error)) {
                copied += member->batch.record_count;
                kafka_batch_end(member->kafka, &member->batch);
            } else {
                assert_int_equal(error.class, ERROR_RETRY);
                wait_until_lost(member);
                kafka_batch_end(member->kafka, &member->batch);
            }
        }
    assert_int_equal(copied, count);
}

/* A rebalance while the batch waits for a retry: it is dropped, and read again by whoever has it.
 */
static void test_lost_batch(void **state)
{
    (void)state;
    Member a, b;
    Error error = {0};
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    member_poll(&a);
    member_handle(&a);
    member_open(&b, "b");
    wait_until_lost(&a);
    assert_false(kafka_publish(a.kafka, &a.batch, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    kafka_batch_end(a.kafka, &a.batch);
    copy_together(&a, &b, RECORD_COUNT);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    member_close(&a);
    member_close(&b);
}

/* What a batch left over is lost with its partitions: another member has it. */
static void test_rest_of_a_cut_batch_is_lost(void **state)
{
    (void)state;
    Member a, b;
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    member_poll(&a);
    assert_in_range(a.batch.record_count, 4, 50);
    batch_cut(&a.batch, 3);
    member_finish(&a);
    member_open(&b, "b");
    wait_until_lost(&a);
    copy_together(&a, &b, RECORD_COUNT - 3);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    member_close(&a);
    member_close(&b);
}

/* A member that hangs longer than max.poll.interval.ms is thrown out; another takes its partitions
 * and publishes. What the first holds must never come out, though it knows of nothing. */
static void test_hanging_member_cannot_publish(void **state)
{
    (void)state;
    Member a, b;
    Error error = {0};
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    member_poll(&a);
    member_handle(&a);
    member_open(&b, "b");
    member_copy(&b, RECORD_COUNT);
    assert_false(kafka_publish(a.kafka, &a.batch, &error));
    if (error.class != ERROR_RETRY)
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    assert_false(kafka_publish(a.kafka, &a.batch, &error)); /* nor when it tries again */
    assert_int_equal(error.class, ERROR_RETRY);
    wait_until_lost(&a);
    kafka_batch_end(a.kafka, &a.batch);
    assert_each_once(RECORD_COUNT);

    write_inputs(RECORD_COUNT, RECORD_COUNT); /* it is a member again */
    copy_together(&a, &b, RECORD_COUNT);
    assert_each_once(2 * RECORD_COUNT);
    assert_all_committed(2 * RECORD_COUNT);
    member_close(&a);
    member_close(&b);
}

/* Records that come, or were fetched already, while a batch waits are neither lost nor shuffled. */
static void test_wait_loses_nothing(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    bool lost = true;
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    size_t copied = 0;
    int64_t next_offset[PARTITION_COUNT] = {0};
    for (int round = 0; copied < 2 * RECORD_COUNT; round++) {
        member_poll(&a);
        for (size_t i = 0; i < a.batch.record_count; i++) {
            const Record *record = &a.batch.records[i];
            assert_int_equal(record->offset, next_offset[record->partition]++);
        }
        const Record *before = a.batch.records;
        for (int i = 0; round < 5 && i < 4; i++) { /* the first sleep, the last ones pause */
            must(kafka_wait(a.kafka, 150, &lost, &error), &error);
            assert_false(lost);
        }
        assert_ptr_equal(before, a.batch.records);
        if (round == 1)
            write_inputs(RECORD_COUNT, RECORD_COUNT);
        copied += a.batch.record_count;
        member_finish(&a);
    }
    assert_each_once(2 * RECORD_COUNT);
    member_close(&a);
}

enum { WIDE_COUNT = 64 };

static int start_wide_installation(void **state)
{
    (void)state;
    start_topics(WIDE_COUNT);
    for (int i = 0; i < WIDE_COUNT; i++)
        judge_write(&judge, topic("in"), i, "k", 1, "{}", 2, NULL);
    judge_flush(&judge);
    return 0;
}

static void poll_every_partition(Member *member)
{
    bool seen[WIDE_COUNT] = {false};
    for (size_t count = 0; count < WIDE_COUNT; kafka_batch_end(member->kafka, &member->batch)) {
        member_poll(member);
        for (size_t i = 0; i < member->batch.record_count; i++) {
            bool *place = &seen[member->batch.records[i].partition];
            count += !*place;
            *place = true;
        }
    }
}

/* As the group does it, but with offsets, so that the client starts all of them at once. */
static void assign_anew(Kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(WIDE_COUNT);
    for (int i = 0; i < WIDE_COUNT; i++)
        rd_kafka_topic_partition_list_add(list, topic("in"), i)->offset = 0;
    kafka_rebalance(kafka->consumer, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, list, kafka);
    kafka_rebalance(kafka->consumer, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, list, kafka);
    rd_kafka_topic_partition_list_destroy(list);
}

/* A partition whose start the client loses (see kafka_rebalance) is silent until the next
 * rebalance: with partitions resumed behind their assignment one in some 8,000 starts was. */
static void test_every_partition_starts(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    bool lost;
    member_open(&a, "a");
    poll_every_partition(&a);
    for (int round = 0; round < 600; round++) {
        if (round % 10 == 0) /* too long to sleep: the assignment comes into a pause */
            must(kafka_wait(a.kafka, 350, &lost, &error), &error);
        assign_anew(a.kafka);
        poll_every_partition(&a);
    }
    member_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_zombie_is_fenced, start_installation),
        cmocka_unit_test_setup(test_lost_batch, start_installation),
        cmocka_unit_test_setup(test_rest_of_a_cut_batch_is_lost, start_installation),
        cmocka_unit_test_setup(test_hanging_member_cannot_publish, start_installation),
        cmocka_unit_test_setup(test_wait_loses_nothing, start_installation),
        cmocka_unit_test_setup(test_every_partition_starts, start_wide_installation),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
