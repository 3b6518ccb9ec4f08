/* test_record.c - headers of a record, and what a batch publishes. */
#include "runtime/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_first_header_of_a_name(void **state)
{
    (void)state;
    static Record record = {.headers = {{"ce_id", "one", 3}, {"ce_id", "two", 3}, {"x", "", 0}},
                            .header_count = 3};
    assert_memory_equal(record_header(&record, "ce_id")->value, "one", 3);
    assert_int_equal(record_header(&record, "x")->value_size, 0);
    assert_null(record_header(&record, "CE_ID"));
    assert_null(record_header(&record, ""));
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
        cmocka_unit_test(test_first_header_of_a_name),
        cmocka_unit_test(test_batch_grows_in_order),
        cmocka_unit_test(test_discard_takes_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
