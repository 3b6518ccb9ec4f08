/* test_record.c - headers of a record, and what a batch publishes. */
#include "runtime/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_last_header_of_a_name(void **state)
{
    (void)state;
    static const RecordHeader headers[] = {{"ce_id", "one", 3}, {"CE_Id", "two", 3}, {"x", "", 0}};
    static const Record record = {.headers = headers, .header_count = 3};
    assert_memory_equal(record_header(&record, "ce_id")->value, "two", 3);
    assert_memory_equal(record_header(&record, "CE_ID")->value, "two", 3);
    assert_int_equal(record_header(&record, "x")->value_size, 0);
    assert_null(record_header(&record, ""));
    assert_null(record_header(&record, "ce_"));
}

static void test_headers_fit(void **state)
{
    (void)state;
    assert_true(record_headers_fit(0, 0));
    assert_true(record_headers_fit(65536, 65536));
    assert_false(record_headers_fit(1, 65537));
    assert_false(record_headers_fit(65537, 0));
}

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* Only what the standard calls well-formed is passed on. */
static void test_traces(void **state)
{
    static const struct {
        const char *parent, *state;
        bool has_parent, has_state;
    } rows[] = {
        {TRACE, "a=b", true, true},
        {TRACE, "", true, false},
        {TRACE, "a=b\n", true, false},
        {TRACE, "a=\xc3\xa9", true, false},
        {"01" TRACE, "a=b", false, false},
        {"", "a=b", false, false},
        {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=b", false, false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "a=b", false, false},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "a=b", false, false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "a=b", false, false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", "a=b", false, false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x", "a=b", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const RecordHeader headers[] = {{"Traceparent", rows[i].parent, strlen(rows[i].parent)},
                                        {"tracestate", rows[i].state, strlen(rows[i].state)}};
        const Record record = {.headers = headers, .header_count = 2};
        assert_int_equal(record_traceparent(&record) != NULL, rows[i].has_parent);
        assert_int_equal(record_tracestate(&record) != NULL, rows[i].has_state);
    }
    static char longest[TRACESTATE_SIZE_MAX + 1];
    memset(longest, 'a', sizeof longest);
    RecordHeader headers[] = {{"traceparent", TRACE, TRACEPARENT_LENGTH},
                              {"tracestate", longest, TRACESTATE_SIZE_MAX}};
    const Record record = {.headers = headers, .header_count = 2};
    assert_non_null(record_tracestate(&record));
    headers[1].value_size++;
    assert_null(record_tracestate(&record));
}

/* No outcome may be larger than what every topic and consumer takes. */
static void test_outcomes_fit(void **state)
{
    static char key[OUTCOME_NAME_SIZE_MAX + 1];
    static const struct {
        size_t body_size, key_size;
        bool fits;
    } rows[] = {
        {0, 36, true},
        {OUTCOME_SIZE_MAX, 36, true},
        {OUTCOME_SIZE_MAX + 1, 36, false},
        {1, OUTCOME_NAME_SIZE_MAX - 2, true},
        {1, OUTCOME_NAME_SIZE_MAX - 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Error error = {0};
        memset(key, 'k', rows[i].key_size);
        key[rows[i].key_size] = '\0';
        const Outcome outcome = {
            .topic = "out", .type = "t", .id = "i", .key = key, .body_size = rows[i].body_size};
        assert_int_equal(outcomes_fit(&outcome, 1, &error), rows[i].fits);
        assert_int_equal(error_is_poison(&error), !rows[i].fits);
    }
}

static void test_batch_grows_in_order(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static Record records[COUNT];
    Arena arena;
    arena_init(&arena);
    Batch batch = {.arena = &arena, .records = records, .record_count = COUNT};
    for (int i = 0; i < COUNT; i++) {
        const Outcome outcome = {.topic = "out", .at_ms = i};
        batch_add_outcome(&batch, &outcome);
        batch_add_dead_letter(&batch, &records[i], "NOT_JSON", NULL);
    }
    assert_int_equal(batch.outcome_count, COUNT);
    assert_int_equal(batch.dead_letter_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(batch.outcomes[i].at_ms, i);
        assert_ptr_equal(batch.dead_letters[i].record, &records[i]);
    }
    arena_deinit(&arena);
}

/* Hours of retries must cost no more memory than one try. */
static void test_discard_takes_memory_back(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena);
    Batch batch = {.arena = &arena};
    size_t size_of_one = 0;
    for (int try = 0; try < 100; try++) {
        for (int i = 0; i < 1000; i++) {
            const Outcome outcome = {.topic = "out", .at_ms = i};
            batch_add_outcome(&batch, &outcome);
        }
        assert_int_equal(batch.outcome_count, 1000);
        if (try == 0)
            size_of_one = arena.total_size;
        batch_discard_outcomes(&batch);
        assert_int_equal(batch.outcome_count, 0);
    }
    assert_true(arena.total_size <= size_of_one);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_header_of_a_name),
        cmocka_unit_test(test_headers_fit),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_outcomes_fit),
        cmocka_unit_test(test_batch_grows_in_order),
        cmocka_unit_test(test_discard_takes_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
