/* test_replay.c - whose turn it is while a gap is gone through, and what is not published again. */
#include "runtime/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROW_COUNT = 6 };

typedef struct Row {
    const char *name;
    const char *topic;
    int32_t partition;
    int64_t offset, receipt_at_ms;
    bool is_selected, is_dropped;
} Row;

static const ReplayPlace places[] = {{"a", 0, 10, 1000}, {"b", 1, 5, 1000}};
static const Replay replay = {places, 2, 100};

/* One batch, in the order of its partitions. */
static const Row rows[ROW_COUNT] = {
    {"received by the horizon", "a", 0, 7, 100, true, true},
    {"received after it", "a", 0, 8, 101, false, true},
    {"received by it, behind one that waits", "a", 0, 9, 99, false, true},
    {"behind the gap", "b", 1, 5, 50, false, false},
    {"of a partition without a gap", "a", 1, 3, 50, false, false},
    {"of a topic that was made anew", "b", 1, 3, 1001, false, false},
};

static Record record_of(const Row *row)
{
    return (Record){.topic = row->topic,
                    .partition = row->partition,
                    .offset = row->offset,
                    .receipt_at_ms = row->receipt_at_ms};
}

static void test_turns(void **state)
{
    Arena arena;
    Record records[ROW_COUNT], selected[ROW_COUNT];
    size_t next = 0;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ROW_COUNT; i++)
        records[i] = record_of(&rows[i]);
    const Batch batch = {.records = records, .record_count = ROW_COUNT, .arena = &arena};
    const size_t count = replay_select(&replay, &batch, selected);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const bool is_next = next < count && selected[next].offset == rows[i].offset &&
                             strcmp(selected[next].topic, rows[i].topic) == 0;
        if (is_next != rows[i].is_selected)
            fail_msg("%s: expected %d, actual %d", rows[i].name, rows[i].is_selected, is_next);
        next += is_next;
    }
    assert_int_equal(next, count);
    assert_false(replay_is_over(&replay));
    arena_deinit(&arena);
}

static void test_drop(void **state)
{
    Arena arena;
    Record records[ROW_COUNT];
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        Batch batch = {.arena = &arena};
        const Outcome wake = {.topic = "t"}, outcome = {.topic = "t", .cause = &records[i]};
        records[i] = record_of(&rows[i]);
        batch_add_outcome(&batch, &outcome);
        batch_add_outcome(&batch, &wake); /* of no record: a timer's */
        batch_add_dead_letter(&batch, &records[i], "CODE", "detail");
        replay_drop(&replay, &batch);
        if (batch.outcome_count != (rows[i].is_dropped ? 1U : 2U) ||
            batch.dead_letter_count != (rows[i].is_dropped ? 0U : 1U))
            fail_msg("%s: %zu outcomes, %zu dead letters", rows[i].name, batch.outcome_count,
                     batch.dead_letter_count);
        assert_null(batch.outcomes[batch.outcome_count - 1].cause);
    }
    arena_deinit(&arena);
}

enum { ITEM_COUNT_MAX = 5, SLICE_COUNT_MAX = 4 };

typedef struct SliceRow {
    const char *name;
    ReplayItem items[ITEM_COUNT_MAX];
    size_t count;
    size_t ends[SLICE_COUNT_MAX]; /* 0: no more */
} SliceRow;

#define ITEM(at_ms, of, place)                                                                     \
    {                                                                                              \
        .timestamp_ms = (at_ms), .key = of, .place_index = place                                   \
    }

static const SliceRow slice_rows[] = {
    {"of several tenants, within 50 ms",
     {ITEM(100, "a", 0), ITEM(120, "b", 1), ITEM(150, "c", 2)},
     3,
     {3}},
    {"later than 50 ms", {ITEM(100, "a", 0), ITEM(151, "b", 0)}, 2, {1, 2}},
    {"of one tenant in one place", {ITEM(100, "a", 0), ITEM(101, "a", 0)}, 2, {2}},
    {"a record and what follows from it", {ITEM(100, "a", 0), ITEM(105, "a", 1)}, 2, {1, 2}},
    {"of one tenant at one instant", {ITEM(100, "a", 0), ITEM(100, "a", 1)}, 2, {2}},
    /* The horizon would let through what follows, too. */
    {"what follows, and another's at the same instant",
     {ITEM(100, "a", 0), ITEM(105, "b", 1), ITEM(105, "c", 2), ITEM(105, "a", 1)},
     4,
     {1, 4}},
    {"the same behind others",
     {ITEM(100, "a", 0), ITEM(101, "b", 1), ITEM(105, "c", 2), ITEM(105, "a", 1),
      ITEM(106, "c", 0)},
     5,
     {2, 4, 5}},
};

static void test_slices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slice_rows / sizeof slice_rows[0]; i++) {
        const SliceRow *row = &slice_rows[i];
        size_t number = 0;
        for (size_t first = 0; first < row->count; first = row->ends[number++]) {
            const size_t end = replay_slice_end(row->items, row->count, first, 50);
            if (number == SLICE_COUNT_MAX || end != row->ends[number])
                fail_msg("%s: slice %zu expected to end at %zu, actual %zu", row->name, number,
                         number == SLICE_COUNT_MAX ? 0 : row->ends[number], end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
