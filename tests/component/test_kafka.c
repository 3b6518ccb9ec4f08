/* test_kafka.c - the Kafka adapter against a real broker (CPOR_TEST_KAFKA_BROKERS). */
#include "runtime/kafka.h"

#include "component/kafka_judge.h"
#include "runtime/clock.h"

#include <unistd.h>

enum { PARTITION_COUNT = 4, RECORD_COUNT = 400, PATIENCE_MS = 30000 };

static const char *brokers;
static char properties_path[64];
static Judge judge;
static const Clock real_clock = {0, 0, 1};
static int installation; /* each test has its own prefixes */
static char prefix[64];

/* One worker's adapter with its batch. */
typedef struct Member {
    Kafka *kafka;
    Arena arena;
    Batch batch;
} Member;

static void must(bool ok, const Error *error)
{
    if (!ok)
        fail_msg("%s: %s", error_class_name(error->class), error->text);
}

static char *topic(const char *short_name)
{
    static char name[4][128];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(name[turn], sizeof name[turn], "%s%s", prefix, short_name);
    return name[turn];
}

static bool member_try(Member *member, const char *instance, const char *member_brokers,
                       const char *properties, Error *reterr)
{
    static const char *const input_topics[] = {"in", NULL};
    const KafkaSettings settings = {
        .brokers = member_brokers,
        .properties_file = properties,
        .topic_prefix = prefix,
        .group_prefix = prefix,
        .service = "copier",
        .instance = instance,
        .input_topics = input_topics,
        .batch_count_max = 50,
        .batch_wait_ms = 5,
        .batch_size_max = 1 << 20,
        .clock = &real_clock,
    };
    *member = (Member){0};
    arena_init(&member->arena);
    member->batch.arena = &member->arena;
    return kafka_open(&settings, &member->kafka, reterr);
}

static void member_open(Member *member, const char *instance)
{
    Error error = {0};
    must(member_try(member, instance, brokers, properties_path, &error), &error);
}

static void member_close(Member *member)
{
    if (member->kafka != NULL)
        kafka_batch_end(member->kafka, &member->batch);
    kafka_release(&member->kafka);
    arena_deinit(&member->arena);
}

/* Poll until a batch comes. */
static void member_poll(Member *member)
{
    Error error = {0};
    const int64_t deadline_mono_ms = clock_mono_now() + PATIENCE_MS;
    while (member->batch.record_count == 0) {
        if (clock_mono_now() > deadline_mono_ms)
            fail_msg("no records came");
        must(kafka_poll(member->kafka, 100, &member->batch, &error), &error);
    }
}

/* The handler: each record becomes an outcome whose id names its coordinates. */
static void member_handle(Member *member)
{
    Batch *batch = &member->batch;
    batch_discard_outcomes(batch);
    for (size_t i = 0; i < batch->record_count; i++) {
        const Record *record = &batch->records[i];
        const Outcome outcome = {
            .topic = "out",
            .key = "tenant",
            .type = "cpor.copied.v1",
            .id =
                arena_printf(batch->arena, "%d/%lld", record->partition, (long long)record->offset),
            .subject = i % 2 == 0 ? "C-1" : NULL,
            .at_ms = 1796050800123,
            .body = record->value,
            .body_size = record->value_size,
            .cause = record,
        };
        batch_add_outcome(batch, &outcome);
    }
}

static void member_finish(Member *member)
{
    Error error = {0};
    member_handle(member);
    must(kafka_publish(member->kafka, &member->batch, &error), &error);
    kafka_batch_end(member->kafka, &member->batch);
}

static int start_installation(void **state)
{
    (void)state;
    installation++;
    snprintf(prefix, sizeof prefix, "test-%d-%lld-%d.", (int)getpid(),
             (long long)clock_wall_now() / 1000, installation);
    judge_create_topic(&judge, topic("in"), PARTITION_COUNT, NULL);
    judge_create_topic(&judge, topic("out"), PARTITION_COUNT, NULL);
    judge_create_topic(&judge, topic("dead-letter"), 1, NULL);
    return 0;
}

static void write_inputs(int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char value[32];
        const int size = snprintf(value, sizeof value, "{\"n\":%d}", i);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
        rd_kafka_header_add(headers, "ce_id", -1, value, size);
        rd_kafka_header_add(headers, "traceparent", -1, "00-aa-bb-01", -1);
        judge_write(&judge, topic("in"), i % PARTITION_COUNT, "k", 1, value, (size_t)size, headers);
    }
    judge_flush(&judge);
}

static const void *header_of(const rd_kafka_message_t *message, const char *name, size_t *ret_size)
{
    rd_kafka_headers_t *headers;
    const void *value = NULL;
    *ret_size = 0;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, name, &value, ret_size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return value;
    return NULL;
}

static void assert_header(const rd_kafka_message_t *message, const char *name, const char *text)
{
    size_t size;
    const void *value = header_of(message, name, &size);
    if (value == NULL || size != strlen(text) || memcmp(value, text, size) != 0)
        fail_msg("header %s is \"%.*s\", not \"%s\"", name, (int)size,
                 value == NULL ? "" : (const char *)value, text);
}

/* Every input n of 0..count-1 exactly once for a read_committed reader. */
static void assert_each_once(int count)
{
    static int seen[JUDGE_RECORD_COUNT_MAX];
    memset(seen, 0, sizeof seen);
    judge_read(&judge, topic("out"), PARTITION_COUNT);
    for (size_t i = 0; i < judge.count; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)judge.messages[i]->len,
                 (const char *)judge.messages[i]->payload);
        const int n = (int)strtol(text + strlen("{\"n\":"), NULL, 10);
        assert_in_range(n, 0, count - 1);
        seen[n]++;
    }
    for (int n = 0; n < count; n++)
        if (seen[n] != 1)
            fail_msg("input %d was published %d times", n, seen[n]);
}

/* Until the group's offsets are at the end of what was written. */
static void assert_all_committed(int count)
{
    char group[128];
    snprintf(group, sizeof group, "%scopier", prefix);
    for (int i = 0; i < PARTITION_COUNT; i++)
        assert_int_equal(judge_committed(&judge, group, topic("in"), i), count / PARTITION_COUNT);
}

static size_t member_copy(Member *member, size_t count)
{
    size_t copied = 0;
    while (copied < count) {
        member_poll(member);
        copied += member->batch.record_count;
        member_finish(member);
    }
    return copied;
}

static void test_outcomes_and_offsets(void **state)
{
    (void)state;
    Member a;
    const int64_t before_ms = clock_wall_now() - 60000;
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    assert_false(kafka_is_assigned(a.kafka));
    int64_t next_offset[PARTITION_COUNT] = {0};
    size_t copied = 0;
    while (copied < RECORD_COUNT) {
        member_poll(&a);
        assert_in_range(a.batch.record_count, 1, 50);
        for (size_t i = 0; i < a.batch.record_count; i++) {
            const Record *record = &a.batch.records[i];
            assert_string_equal(record->topic, "in");
            assert_int_equal(record->offset, next_offset[record->partition]++);
            assert_int_equal(record->header_total, 2);
            assert_non_null(record_header(record, "ce_id"));
            assert_true(record->receipt_at_ms == record->timestamp_ms);
            assert_true(record->timestamp_ms > before_ms);
        }
        copied += a.batch.record_count;
        member_finish(&a);
    }
    assert_true(kafka_is_assigned(a.kafka));
    assert_int_equal(kafka_lag(a.kafka), 0);
    assert_each_once(RECORD_COUNT);
    assert_all_committed(RECORD_COUNT);
    const rd_kafka_message_t *first = judge.messages[0];
    assert_header(first, "ce_specversion", "1.0");
    assert_header(first, "ce_source", "cpor/copier");
    assert_header(first, "ce_type", "cpor.copied.v1");
    assert_header(first, "ce_time", "2026-11-30T15:00:00.123Z");
    assert_header(first, "content-type", "application/json");
    assert_header(first, "traceparent", "00-aa-bb-01");
    assert_memory_equal(first->key, "tenant", 6);
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
            assert_int_equal(record->header_total, samples[done].header_count);
            assert_int_equal(record->header_count, record->header_total > RECORD_HEADER_COUNT_MAX
                                                       ? RECORD_HEADER_COUNT_MAX
                                                       : record->header_total);
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
        for (int i = 0; i < 3; i++) {
            must(kafka_wait(a.kafka, 20, &lost, &error), &error);
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

static int open_all(void **state)
{
    (void)state;
    brokers = getenv("CPOR_TEST_KAFKA_BROKERS");
    if (brokers == NULL) {
        print_error("CPOR_TEST_KAFKA_BROKERS is not set: run tests/run component\n");
        return -1;
    }
    judge_open(&judge, brokers);
    /* Time-outs short enough for a test; that they pass through the file is tested with them. */
    snprintf(properties_path, sizeof properties_path, "/tmp/test_kafka_%d", (int)getpid());
    FILE *file = fopen(properties_path, "we");
    if (file == NULL)
        return -1;
    fprintf(file, "# test\n\n max.poll.interval.ms = 6000 \n"
                  "topic.metadata.refresh.interval.ms=500\n");
    return fclose(file);
}

static int close_all(void **state)
{
    (void)state;
    if (judge.producer != NULL)
        judge_close(&judge);
    return unlink(properties_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_outcomes_and_offsets, start_installation),
        cmocka_unit_test_setup(test_dead_letters_are_identical, start_installation),
        cmocka_unit_test_setup(test_zombie_is_fenced, start_installation),
        cmocka_unit_test_setup(test_lost_batch, start_installation),
        cmocka_unit_test_setup(test_hanging_member_cannot_publish, start_installation),
        cmocka_unit_test_setup(test_wait_loses_nothing, start_installation),
        cmocka_unit_test_setup(test_publish_again_after_retry, start_installation),
        cmocka_unit_test_setup(test_too_large_record_is_fatal, start_installation),
        cmocka_unit_test_setup(test_append, start_installation),
        cmocka_unit_test_setup(test_missing_topic_is_told_and_found_later, NULL),
        cmocka_unit_test_setup(test_open_classes, NULL),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
