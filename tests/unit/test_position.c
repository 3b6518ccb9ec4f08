/* test_position.c - where a partition begins, by the database's position and the group's offset. */
#include "store/position.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct Row {
    const char *name;
    int64_t next_offset, published_offset; /* the database's */
    int64_t committed_offset, low_offset, high_offset;
    PositionVerdict verdict;
} Row;

static const Row rows[] = {
    {"all new", 0, 0, -1, 0, 0, POSITION_AS_GROUP},
    {"records waited before the first start", 0, 0, -1, 0, 700, POSITION_AS_GROUP},
    {"published what was saved", 12, 5, 12, -1, -1, POSITION_AS_GROUP},
    {"a crash before the publishing", 20, 12, 12, -1, -1, POSITION_AS_GROUP},
    {"a crash in the very first batch", 20, 0, -1, 0, 20, POSITION_AS_GROUP},
    {"likewise, the log had a beginning before", 20, 0, -1, 7, 20, POSITION_AS_GROUP},
    {"the group is forgotten", 12, 12, -1, 0, 40, POSITION_AS_SAVED},
    {"likewise, after a crash before the publishing", 20, 12, -1, 0, 40, POSITION_AS_SAVED},
    {"likewise, nothing waits", 40, 40, -1, 0, 40, POSITION_AS_SAVED},
    {"likewise, saved by a release that noted nothing", 40, 0, -1, 0, 40, POSITION_AS_GROUP},
    {"likewise, the log begins there", 12, 12, -1, 12, 40, POSITION_AS_GROUP},
    {"likewise, the log begins later", 12, 12, -1, 30, 40, POSITION_AS_GROUP},
    {"likewise, all is gone", 12, 12, -1, 40, 40, POSITION_AS_GROUP},
    {"the topic was made anew", 12, 12, -1, 0, 0, POSITION_AS_GROUP},
    {"likewise, with fewer records", 12, 8, -1, 0, 11, POSITION_AS_GROUP},
    {"likewise, the group has begun it", 12, 12, 3, -1, -1, POSITION_AS_GROUP},
    {"the group begins at the first record", 0, 0, 0, -1, -1, POSITION_AS_GROUP},
    {"one commit was lost", 11, 9, 12, -1, -1, POSITION_OLD_DATABASE},
    {"an emptied database", 0, 0, 12, -1, -1, POSITION_OLD_DATABASE},
    {"none was kept", -1, 0, 12, -1, -1, POSITION_AS_GROUP},
    {"none was kept, the group is forgotten", -1, 0, -1, 0, 40, POSITION_AS_GROUP},
    {"the largest", INT64_MAX, INT64_MAX, INT64_MAX, -1, -1, POSITION_AS_GROUP},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Row *row = &rows[i];
        const Position position = {.next_offset = row->next_offset,
                                   .published_offset = row->published_offset};
        const PositionVerdict verdict =
            position_compare(&position, row->committed_offset, row->low_offset, row->high_offset);
        if (verdict != row->verdict)
            fail_msg("%s: %d, not %d", row->name, (int)verdict, (int)row->verdict);
    }
}

static void test_services(void **state)
{
    (void)state;
    assert_true(position_may_be_missing("customer-notification"));
    assert_false(position_may_be_missing("opt-out-expiry"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_services)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
