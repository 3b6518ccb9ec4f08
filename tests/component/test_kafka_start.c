/* test_kafka_start.c - the Kafka adapter against a real broker: where partitions begin. */
#include "component/kafka_member.h"
#include "runtime/kafka_internal.h"

enum { START = 60, PER_PARTITION = RECORD_COUNT / PARTITION_COUNT };

static int refused_count, asked_count; /* so many times RETRY first; so many in all */
static ErrorClass refusal;
static KafkaStart seen[PARTITION_COUNT]; /* of the last time, by partition */
static int64_t last_timestamp_ms;

static int begin_test(void **state)
{
    refused_count = asked_count = 0;
    refusal = ERROR_RETRY;
    last_timestamp_ms = 0;
    return start_installation(state);
}

/* Partition 0 begins at START, unless the group knows better; the others as the group says. */
static bool starting(void *context, KafkaStart *starts, size_t count, Error *reterr)
{
    (void)context;
    asked_count++;
    for (size_t i = 0; i < count; i++)
        seen[starts[i].partition] = starts[i];
    if (asked_count <= refused_count)
        return error_set(reterr, refusal, "the database is away");
    for (size_t i = 0; i < count; i++) {
        if (starts[i].partition != 0 || starts[i].committed_offset >= 0)
            continue;
        starts[i].start_offset = START;
        starts[i].last_timestamp_ms = last_timestamp_ms;
    }
    return true;
}

static void open_starting(Member *member, const char *instance)
{
    member_starting = starting;
    member_open(member, instance);
    member_starting = NULL;
}

/* Polls until so many records came; RETRY is no end. first[]: the first offset of each partition.
 */
static void copy(Member *member, size_t count, int64_t first[PARTITION_COUNT])
{
    Error error = {0};
    const int64_t deadline_mono_ms = clock_mono_now() + PATIENCE_MS;
    for (int i = 0; i < PARTITION_COUNT; i++)
        first[i] = -1;
    for (size_t copied = 0; copied < count; copied += member->batch.record_count) {
        if (member->batch.record_count > 0)
            member_finish(member);
        while (!kafka_poll(member->kafka, 100, &member->batch, &error) ||
               member->batch.record_count == 0)
            if (clock_mono_now() > deadline_mono_ms)
                fail_msg("%zu of %zu records came: %s", copied, count, error.text);
        for (size_t i = 0; i < member->batch.record_count; i++) {
            const Record *record = &member->batch.records[i];
            if (first[record->partition] < 0)
                first[record->partition] = record->offset;
        }
    }
    member_finish(member);
}

/* While the caller does not know, the member is in the group, and nothing is read. */
static void test_start_waits_and_begins_where_told(void **state)
{
    Member a;
    int64_t first[PARTITION_COUNT];
    (void)state;
    refused_count = 4;
    write_inputs(0, RECORD_COUNT);
    open_starting(&a, "a");
    copy(&a, RECORD_COUNT - START, first);
    assert_int_equal(asked_count, refused_count + 1);
    for (int i = 0; i < PARTITION_COUNT; i++)
        assert_int_equal(first[i], i == 0 ? START : 0);
    for (int i = 0; i < PARTITION_COUNT; i++) {
        assert_int_equal(seen[i].committed_offset, -1);
        assert_int_equal(seen[i].low_offset, 0);
        assert_int_equal(seen[i].high_offset, PER_PARTITION);
        assert_int_equal(kafka_published_offset(a.kafka, "in", i), PER_PARTITION);
    }
    assert_all_committed(RECORD_COUNT);
    member_close(&a);
}

/* The next one is told of the group's offsets, and not of the log's range. */
static void test_group_offsets_are_told(void **state)
{
    Member a, b;
    int64_t first[PARTITION_COUNT];
    (void)state;
    write_inputs(0, RECORD_COUNT);
    member_open(&a, "a");
    copy(&a, RECORD_COUNT, first);
    member_close(&a);
    write_inputs(RECORD_COUNT, RECORD_COUNT);
    open_starting(&b, "a");
    copy(&b, RECORD_COUNT, first);
    for (int i = 0; i < PARTITION_COUNT; i++) {
        assert_int_equal(first[i], PER_PARTITION);
        assert_int_equal(seen[i].committed_offset, PER_PARTITION);
        assert_int_equal(seen[i].high_offset, -1);
    }
    assert_each_once(2 * RECORD_COUNT);
    member_close(&b);
}

static void test_fatal_comes_out_of_the_poll(void **state)
{
    Member a;
    Error error = {0};
    (void)state;
    refused_count = 1;
    refusal = ERROR_FATAL;
    write_inputs(0, RECORD_COUNT);
    open_starting(&a, "a");
    const int64_t deadline_mono_ms = clock_mono_now() + PATIENCE_MS;
    while (kafka_poll(a.kafka, 100, &a.batch, &error)) {
        assert_int_equal(a.batch.record_count, 0);
        assert_true(clock_mono_now() < deadline_mono_ms);
    }
    assert_int_equal(error.class, ERROR_FATAL);
    assert_string_equal(error.text, "the database is away");
    assert_int_equal(asked_count, 1);
    member_close(&a);
}

/* Records before the place are much later than the last that was handled: of another topic. */
static void test_a_topic_made_anew_is_read_from_its_first_record(void **state)
{
    Member a;
    int64_t first[PARTITION_COUNT];
    (void)state;
    last_timestamp_ms = clock_wall_now() - 3600 * 1000;
    write_inputs(0, RECORD_COUNT);
    open_starting(&a, "a");
    copy(&a, RECORD_COUNT, first);
    assert_int_equal(first[0], 0);
    assert_each_once(RECORD_COUNT);
    member_close(&a);
}

/* Put back before any of it was read, a partition goes on where it began, not as the group says. */
static void test_put_back_keeps_the_start(void **state)
{
    Member a;
    Error error = {0};
    int64_t first[PARTITION_COUNT];
    (void)state;
    write_inputs(0, RECORD_COUNT);
    open_starting(&a, "a");
    member_poll(&a);
    must(kafka_put_back(a.kafka, &a.batch, a.batch.records, a.batch.record_count, &error), &error);
    kafka_batch_end(a.kafka, &a.batch);
    copy(&a, RECORD_COUNT - START, first);
    assert_int_equal(first[0], START);
    assert_all_committed(RECORD_COUNT);
    member_close(&a);
}

/* What a cut left over comes behind what is put back, not before it. */
static void test_put_back_of_a_cut_batch_keeps_the_order(void **state)
{
    Member a;
    Error error = {0};
    int64_t next[PARTITION_COUNT];
    (void)state;
    write_inputs(0, RECORD_COUNT);
    open_starting(&a, "a");
    member_poll(&a);
    while (a.batch.record_count < 2) {
        kafka_batch_end(a.kafka, &a.batch);
        member_poll(&a);
    }
    for (int i = 0; i < PARTITION_COUNT; i++)
        next[i] = -1;
    batch_cut(&a.batch, 1);
    const int32_t partition = a.batch.records[0].partition;
    next[partition] = a.batch.records[0].offset;
    bool is_back = false;
    must(kafka_put_back(a.kafka, &a.batch, a.batch.records, 1, &error), &error);
    kafka_batch_end(a.kafka, &a.batch);
    while (!is_back) {
        member_poll(&a);
        for (size_t i = 0; i < a.batch.record_count; i++) {
            const Record *record = &a.batch.records[i];
            if (next[record->partition] >= 0)
                assert_int_equal(record->offset, next[record->partition]);
            next[record->partition] = record->offset + 1;
            is_back |= record->partition == partition;
        }
        kafka_batch_end(a.kafka, &a.batch);
    }
    member_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start_waits_and_begins_where_told, begin_test),
        cmocka_unit_test_setup(test_group_offsets_are_told, begin_test),
        cmocka_unit_test_setup(test_fatal_comes_out_of_the_poll, begin_test),
        cmocka_unit_test_setup(test_a_topic_made_anew_is_read_from_its_first_record, begin_test),
        cmocka_unit_test_setup(test_put_back_keeps_the_start, begin_test),
        cmocka_unit_test_setup(test_put_back_of_a_cut_batch_keeps_the_order, begin_test),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
