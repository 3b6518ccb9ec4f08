/* kafka_member.h - for the tests of the Kafka adapter: members of a group that copy "in" to "out".
 */
#pragma once

#include "component/kafka_judge.h"
#include "runtime/clock.h"
#include "runtime/kafka.h"

#include <unistd.h>

#define SAMPLE_TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

enum { PARTITION_COUNT = 4, RECORD_COUNT = 400, PATIENCE_MS = 30000 };

static const char *brokers;
static char properties_folder[4000], properties_path[4096];
static Judge judge;
static const Clock real_clock = {0, 0, 1};
static int installation; /* each test has its own prefixes */
static char prefix[64];

static KafkaStartsAsked *member_starting; /* of members that are opened from now on */

/* One worker's adapter with its batch. */
typedef struct Member {
    Kafka *kafka;
    Arena arena;
    Batch batch;
} Member;

static inline void must(bool ok, const Error *error)
{
    if (!ok)
        fail_msg("%s: %s", error_class_name(error->class), error->text);
}

static inline char *topic(const char *short_name)
{
    static char name[4][128];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(name[turn], sizeof name[turn], "%s%s", prefix, short_name);
    return name[turn];
}

static inline bool member_try(Member *member, const char *instance, const char *member_brokers,
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
        .starting = member_starting,
    };
    *member = (Member){0};
    arena_init(&member->arena);
    member->batch.arena = &member->arena;
    return kafka_open(&settings, &member->kafka, reterr);
}

static inline void member_open(Member *member, const char *instance)
{
    Error error = {0};
    must(member_try(member, instance, brokers, properties_path, &error), &error);
}

static inline void member_close(Member *member)
{
    if (member->kafka != NULL)
        kafka_batch_end(member->kafka, &member->batch);
    kafka_release(&member->kafka);
    arena_deinit(&member->arena);
}

/* Poll until a batch comes. */
static inline void member_poll(Member *member)
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
static inline void member_handle(Member *member)
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

static inline void member_finish(Member *member)
{
    Error error = {0};
    member_handle(member);
    must(kafka_publish(member->kafka, &member->batch, &error), &error);
    kafka_batch_end(member->kafka, &member->batch);
}

static inline void start_topics(int input_partition_count)
{
    installation++;
    snprintf(prefix, sizeof prefix, "test-%d-%lld-%d.", (int)getpid(),
             (long long)clock_wall_now() / 1000, installation);
    judge_create_topic(&judge, topic("in"), input_partition_count, NULL);
    judge_create_topic(&judge, topic("out"), PARTITION_COUNT, NULL);
    judge_create_topic(&judge, topic("dead-letter"), 1, NULL);
}

static inline int start_installation(void **state)
{
    (void)state;
    start_topics(PARTITION_COUNT);
    return 0;
}

static inline void write_inputs(int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char value[32];
        const int size = snprintf(value, sizeof value, "{\"n\":%d}", i);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
        rd_kafka_header_add(headers, "ce_id", -1, value, size);
        rd_kafka_header_add(headers, "traceparent", -1, SAMPLE_TRACE, -1);
        judge_write(&judge, topic("in"), i % PARTITION_COUNT, "k", 1, value, (size_t)size, headers);
    }
    judge_flush(&judge);
}

static inline const void *header_of(const rd_kafka_message_t *message, const char *name,
                                    size_t *ret_size)
{
    rd_kafka_headers_t *headers;
    const void *value = NULL;
    *ret_size = 0;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, name, &value, ret_size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return value;
    return NULL;
}

static inline void assert_header(const rd_kafka_message_t *message, const char *name,
                                 const char *text)
{
    size_t size;
    const void *value = header_of(message, name, &size);
    if (value == NULL || size != strlen(text) || memcmp(value, text, size) != 0)
        fail_msg("header %s is \"%.*s\", not \"%s\"", name, (int)size,
                 value == NULL ? "" : (const char *)value, text);
}

/* Every input n of 0..count-1 exactly once for a read_committed reader. */
static inline void assert_each_once(int count)
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
static inline void assert_all_committed(int count)
{
    char group[128];
    snprintf(group, sizeof group, "%scopier", prefix);
    for (int i = 0; i < PARTITION_COUNT; i++)
        assert_int_equal(judge_committed(&judge, group, topic("in"), i), count / PARTITION_COUNT);
}

static inline size_t member_copy(Member *member, size_t count)
{
    size_t copied = 0;
    while (copied < count) {
        member_poll(member);
        copied += member->batch.record_count;
        member_finish(member);
    }
    return copied;
}

static inline int open_all(void **state)
{
    (void)state;
    brokers = getenv("CPOR_TEST_KAFKA_BROKERS");
    if (brokers == NULL) {
        print_error("CPOR_TEST_KAFKA_BROKERS is not set: run tests/run component\n");
        return -1;
    }
    judge_open(&judge, brokers);
    /* Time-outs short enough for a test; that they pass through the file is tested with them. */
    const char *temporary = getenv("TMPDIR");
    snprintf(properties_folder, sizeof properties_folder, "%s/test_kafka_XXXXXX",
             temporary == NULL ? P_tmpdir : temporary);
    if (mkdtemp(properties_folder) == NULL)
        return -1;
    snprintf(properties_path, sizeof properties_path, "%s/properties", properties_folder);
    FILE *file = fopen(properties_path, "we");
    if (file == NULL)
        return -1;
    fprintf(file, "# test\n\n max.poll.interval.ms = 6000 \n"
                  "topic.metadata.refresh.interval.ms=500\n");
    return fclose(file);
}

static inline int close_all(void **state)
{
    (void)state;
    if (judge.producer != NULL)
        judge_close(&judge);
    return unlink(properties_path) == 0 ? rmdir(properties_folder) : -1;
}
