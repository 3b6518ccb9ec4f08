/* test_kafka.c - the Kafka adapter against a real broker (CPOR_TEST_KAFKA_BROKERS): what it writes,
 * what it refuses. */
#include "component/kafka_member.h"
#include "runtime/kafka_internal.h"

#include <dirent.h>
#include <signal.h>

static void test_outcomes_and_offsets(void **state)
{
    (void)state;
    Member a;
    const int64_t before_ms = clock_wall_now() - 60000;
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    assert_false(kafka_is_assigned(a.kafka));
    assert_false(kafka_has_partitions(a.kafka));
    int64_t next_offset[PARTITION_COUNT] = {0};
    size_t copied = 0;
    while (copied < RECORD_COUNT) {
        member_poll(&a);
        assert_in_range(a.batch.record_count, 1, 50);
        for (size_t i = 0; i < a.batch.record_count; i++) {
            const Record *record = &a.batch.records[i];
            assert_string_equal(record->topic, "in");
            assert_int_equal(record->offset, next_offset[record->partition]++);
            assert_int_equal(record->header_count, 2);
            assert_non_null(record_header(record, "ce_id"));
            assert_true(record->receipt_at_ms == record->timestamp_ms);
            assert_true(record->timestamp_ms > before_ms);
        }
        copied += a.batch.record_count;
        member_finish(&a);
    }
    assert_true(kafka_is_assigned(a.kafka));
    assert_true(kafka_has_partitions(a.kafka));
    assert_int_equal(kafka_lag(a.kafka), 0);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    const rd_kafka_message_t *first = judge.messages[0];
    assert_header(first, "ce_specversion", "1.0");
    assert_header(first, "ce_source", "cpor/copier");
    assert_header(first, "ce_type", "cpor.copied.v1");
    assert_header(first, "ce_time", "2026-11-30T15:00:00.123Z");
    assert_header(first, "content-type", "application/json");
    assert_header(first, "traceparent", SAMPLE_TRACE);
    assert_memory_equal(first->key, "tenant", 6);
    member_close(&a);
}

/* A handler that has enough to publish: the rest comes first in the next batch, once, in order;
 * also where the batch had to wait for so long that the partitions were paused. */
static void test_cut_batch(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    bool lost;
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    int64_t next_offset[PARTITION_COUNT] = {0};
    for (size_t copied = 0, round = 0; copied < RECORD_COUNT; round++) {
        member_poll(&a);
        const size_t polled = a.batch.record_count;
        batch_cut(&a.batch, 1 + round % 3 * 10);
        assert_in_range(a.batch.record_count, 1, polled);
        for (size_t i = 0; i < a.batch.record_count; i++) {
            const Record *record = &a.batch.records[i];
            assert_int_equal(record->offset, next_offset[record->partition]++);
        }
        if (round % 8 == 0)
            must(kafka_wait(a.kafka, 350, &lost, &error), &error);
        copied += a.batch.record_count;
        member_finish(&a);
    }
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    member_close(&a);
}

/* What a batch left over counts in the next one's size: cut again and again it must not grow. */
static void test_cut_batches_stay_small(void **state)
{
    enum { LARGE_SIZE = 200000, LARGE_COUNT = 30, SIZE_MAX_SET = 1 << 20 };
    (void)state;
    static char value[LARGE_SIZE];
    Member a;
    memset(value, 'x', sizeof value);
    for (int i = 0; i < LARGE_COUNT; i++)
        judge_write(&judge, topic("in"), 0, "k", 1, value, sizeof value, NULL);
    judge_flush(&judge);
    member_open(&a, "a");
    Error error = {0};
    for (int done = 0; done < LARGE_COUNT; done++) {
        size_t size = 0;
        member_poll(&a);
        for (size_t i = 0; i < a.batch.record_count; i++)
            size += a.batch.records[i].value_size;
        assert_in_range(size, LARGE_SIZE, SIZE_MAX_SET + LARGE_SIZE - 1);
        batch_cut(&a.batch, 1);
        must(kafka_publish(a.kafka, &a.batch, &error), &error);
        kafka_batch_end(a.kafka, &a.batch);
    }
    member_close(&a);
}

typedef struct Sample {
    const char *key;
    size_t key_size;
    const char *value;
    size_t value_size;
    int header_count;
} Sample;

static rd_kafka_headers_t *sample_headers(int count)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)count);
    for (int i = 0; i < count; i++) {
        const char *name = i % 3 == 0 ? "twice" : "\xff odd name";
        if (i % 5 == 4)
            rd_kafka_header_add(headers, name, -1, NULL, 0);
        else
            rd_kafka_header_add(headers, name, -1, "\0\x01value", i % 5 == 3 ? 0 : 7);
    }
    return headers;
}

static void assert_same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    assert_int_equal(a == NULL, b == NULL);
    assert_int_equal(a_size, b_size);
    if (a_size > 0)
        assert_memory_equal(a, b, a_size);
}

static void assert_dead_letter_is(const rd_kafka_message_t *letter, const Sample *sample)
{
    rd_kafka_headers_t *headers, *expected = sample_headers(sample->header_count);
    assert_same_bytes(letter->key, letter->key_len, sample->key, sample->key_size);
    assert_same_bytes(letter->payload, letter->len, sample->value, sample->value_size);
    assert_int_equal(rd_kafka_message_headers(letter, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_cnt(headers), sample->header_count + 7);
    for (size_t i = 0; i < (size_t)sample->header_count; i++) {
        const char *name, *expected_name;
        const void *value, *expected_value;
        size_t size, expected_size;
        rd_kafka_header_get_all(headers, i, &name, &value, &size);
        rd_kafka_header_get_all(expected, i, &expected_name, &expected_value, &expected_size);
        assert_string_equal(name, expected_name);
        assert_same_bytes(value, size, expected_value, expected_size);
    }
    rd_kafka_headers_destroy(expected);
}

static void test_dead_letters_are_identical(void **state)
{
    (void)state;
    static const Sample samples[] = {
        {"key", 3, "not json", 8, 3},   {NULL, 0, "\0\xff\n", 3, 1}, {"\0", 1, "", 0, 0},
        {"tombstone", 9, NULL, 0, 100}, {"", 0, "x", 1, 7},
    };
    enum { COUNT = sizeof samples / sizeof samples[0] };
    Member a;
    Error error = {0};
    char number[32], at[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < COUNT; i++)
        judge_write(&judge, topic("in"), 2, (void *)(uintptr_t)samples[i].key, samples[i].key_size,
                    (void *)(uintptr_t)samples[i].value, samples[i].value_size,
                    sample_headers(samples[i].header_count));
    judge_flush(&judge);
    member_open(&a, "a");
    size_t done = 0;
    while (done < COUNT) {
        member_poll(&a);
        for (size_t i = 0; i < a.batch.record_count; i++, done++) {
            const Record *record = &a.batch.records[i];
            assert_int_equal(record->header_count, samples[done].header_count);
            clock_format(record->receipt_at_ms, at);
            batch_add_dead_letter(&a.batch, record, "NOT_JSON", "because");
        }
        must(kafka_publish(a.kafka, &a.batch, &error), &error);
        kafka_batch_end(a.kafka, &a.batch);
    }
    judge_read(&judge, topic("dead-letter"), 1);
    assert_int_equal(judge.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const rd_kafka_message_t *letter = judge.messages[i];
        assert_dead_letter_is(letter, &samples[i]);
        assert_header(letter, "dlq_reason", "NOT_JSON");
        assert_header(letter, "dlq_detail", "because");
        assert_header(letter, "dlq_service", "copier");
        assert_header(letter, "dlq_topic", topic("in"));
        assert_header(letter, "dlq_partition", "2");
        snprintf(number, sizeof number, "%zu", i);
        assert_header(letter, "dlq_offset", number);
    }
    assert_header(judge.messages[COUNT - 1], "dlq_timestamp", at);
    member_close(&a);
}

/* An aborted try leaves nothing behind, and the same batch goes out with the next. */
static void test_publish_again_after_retry(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    const Outcome nowhere = {
        .topic = "nowhere", .key = "k", .type = "t", .id = "i", .body = "{}", .body_size = 2};
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    member_poll(&a);
    const size_t first = a.batch.record_count;
    member_handle(&a);
    batch_add_outcome(&a.batch, &nowhere);
    assert_false(kafka_publish(a.kafka, &a.batch, &error));
    if (error.class != ERROR_RETRY || strstr(error.text, "cporctl setup") == NULL ||
        strstr(error.text, "nowhere") == NULL)
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    assert_int_equal(a.batch.record_count, first);
    member_finish(&a);
    member_copy(&a, RECORD_COUNT - first);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    member_close(&a);
}

static void test_too_large_record_is_fatal(void **state)
{
    (void)state;
    static char body[3000];
    Member a;
    Error error = {0};
    memset(body, 'x', sizeof body);
    judge_create_topic(&judge, topic("small"), 1, "max.message.bytes=2000");
    write_inputs(0, PARTITION_COUNT);
    member_open(&a, "a");
    member_poll(&a);
    const Outcome large = {.topic = "small",
                           .key = "k",
                           .type = "t",
                           .id = "i",
                           .body = body,
                           .body_size = sizeof body};
    batch_add_outcome(&a.batch, &large);
    assert_false(kafka_publish(a.kafka, &a.batch, &error));
    if (error.class != ERROR_FATAL || strstr(error.text, topic("small")) == NULL ||
        strstr(error.text, "3000 bytes") == NULL)
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    judge_read(&judge, topic("small"), 1);
    assert_int_equal(judge.count, 0);
    member_close(&a);
}

static void test_append(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    Outcome outcomes[300];
    member_open(&a, "a");
    for (int i = 0; i < 300; i++)
        outcomes[i] = (Outcome){.topic = "out",
                                .key = "t",
                                .type = "cpor.window.closed.v1",
                                .id = arena_printf(&a.arena, "id-%d", i),
                                .body = "{}",
                                .body_size = 2};
    must(kafka_append(a.kafka, outcomes, 300, 10000, &error), &error);
    must(kafka_append(a.kafka, outcomes, 0, 10000, &error), &error);
    judge_read(&judge, topic("out"), PARTITION_COUNT);
    assert_int_equal(judge.count, 300);
    for (size_t i = 0; i < 300; i++) {
        assert_header(judge.messages[i], "ce_id", outcomes[i].id); /* one key: one order */
        assert_int_equal(judge.messages[i]->partition, judge.messages[0]->partition);
    }
    outcomes[0].topic = "nowhere";
    assert_false(kafka_append(a.kafka, outcomes, 1, 5000, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_false(kafka_append(a.kafka, outcomes, 1, 1, &error)); /* leaves before its callback */
    assert_int_equal(error.class, ERROR_RETRY);
    member_close(&a);
}

static void test_missing_topic_is_told_and_found_later(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    snprintf(prefix, sizeof prefix, "test-%d-%lld-none.", (int)getpid(),
             (long long)clock_wall_now() / 1000);
    member_open(&a, "a");
    const int64_t deadline_mono_ms = clock_mono_now() + PATIENCE_MS;
    while (kafka_poll(a.kafka, 100, &a.batch, &error))
        assert_true(clock_mono_now() < deadline_mono_ms);
    if (error.class != ERROR_RETRY || strstr(error.text, "cporctl setup") == NULL)
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    judge_create_topic(&judge, topic("in"), PARTITION_COUNT, NULL);
    judge_create_topic(&judge, topic("out"), PARTITION_COUNT, NULL);
    write_inputs(0, PARTITION_COUNT);
    while (a.batch.record_count == 0) {
        assert_true(clock_mono_now() < deadline_mono_ms);
        if (!kafka_poll(a.kafka, 100, &a.batch, &error))
            assert_int_equal(error.class, ERROR_RETRY);
    }
    member_close(&a);
}

static void test_open_classes(void **state)
{
    (void)state;
    Member a;
    Error error = {0};
    assert_false(member_try(&a, "a", "127.0.0.1:1", "", &error));
    assert_int_equal(error.class, ERROR_RETRY);
    member_close(&a);
    assert_false(member_try(&a, "a", brokers, "/nonexistent/file", &error));
    assert_int_equal(error.class, ERROR_FATAL);
    member_close(&a);
    assert_false(member_try(&a, "a", brokers, "/proc/self/cmdline", &error));
    assert_int_equal(error.class, ERROR_FATAL);
    member_close(&a);
}

static void signal_broker(int number)
{
    const char *pid = getenv("CPOR_TEST_KAFKA_PID");
    if (pid == NULL || kill((pid_t)strtol(pid, NULL, 10), number) != 0)
        fail_msg("CPOR_TEST_KAFKA_PID is no broker of ours: run tests/run component");
}

static int let_broker_go_on(void **state)
{
    (void)state;
    signal_broker(SIGCONT);
    return 0;
}

/* Each call comes back, that of the abort too, though nothing answers. */
static void test_publish_while_the_broker_is_silent(void **state)
{
    (void)state;
    Member a, successor;
    Error error = {0};
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    member_poll(&a);
    member_handle(&a);
    signal_broker(SIGSTOP);
    for (int i = 0; i < 2; i++) {
        assert_false(kafka_publish(a.kafka, &a.batch, &error));
        if (error.class != ERROR_RETRY)
            fail_msg("%s: %s", error_class_name(error.class), error.text);
    }
    signal_broker(SIGCONT);
    member_close(&a);
    member_open(&successor, "a");
    member_copy(&successor, RECORD_COUNT);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    member_close(&successor);
}

static size_t count_threads(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    while (readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    return count;
}

/* The client waits for ever for a message that is still out: we do not. */
static void test_client_that_does_not_close(void **state)
{
    (void)state;
    static Kafka *abandoned; /* its threads use it, so it is left; and reachable, so no leak */
    Member a;
    write_inputs(0, PARTITION_COUNT);
    const size_t thread_count = count_threads();
    member_open(&a, "a");
    member_poll(&a);
    abandoned = a.kafka;
    const size_t message_count = abandoned->message_count;
    abandoned->message_count = 0;
    const int64_t before_mono_ms = clock_mono_now();
    kafka_release(&a.kafka);
    assert_null(a.kafka);
    assert_true(clock_mono_now() - before_mono_ms >= KAFKA_CLOSE_MS); /* it did hang */
    arena_deinit(&a.arena);
    for (size_t i = 0; i < message_count; i++)
        rd_kafka_message_destroy(abandoned->messages[i]);
    for (int i = 0; i < 300 && count_threads() > thread_count; i++)
        usleep(100000); /* now it closes */
    assert_true(count_threads() <= thread_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_outcomes_and_offsets, start_installation),
        cmocka_unit_test_setup(test_cut_batch, start_installation),
        cmocka_unit_test_setup(test_cut_batches_stay_small, start_installation),
        cmocka_unit_test_setup(test_dead_letters_are_identical, start_installation),
        cmocka_unit_test_setup(test_publish_again_after_retry, start_installation),
        cmocka_unit_test_setup(test_too_large_record_is_fatal, start_installation),
        cmocka_unit_test_setup(test_append, start_installation),
        cmocka_unit_test_setup(test_missing_topic_is_told_and_found_later, NULL),
        cmocka_unit_test_setup(test_open_classes, NULL),
        cmocka_unit_test_setup_teardown(test_publish_while_the_broker_is_silent, start_installation,
                                        let_broker_go_on),
        cmocka_unit_test_setup(test_client_that_does_not_close, start_installation),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
