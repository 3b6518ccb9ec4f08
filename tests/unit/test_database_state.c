/* test_database_state.c - what each SQLSTATE of PostgreSQL 15 to 17 means for the loop. */
#include "runtime/database_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    ErrorClass class;
    bool gives_connection_up;
    const char *code, *states[24];
} rows[] = {
    /* the world, on the same connection */
    {ERROR_RETRY, false, "", {"40000", "40001", "40002", "40003", "40P01", "53000", "53100",
                              "53200", "53300", "53400", "55000", "55006", "55P02", "55P03",
                              "55P04", "57000", "57014", "57P01", "57P02", "57P03", "57P05"}},
    /* likewise, on a new one */
    {ERROR_RETRY,
     true,
     "",
     {"08000", "08001", "08003", "08004", "08006", "08007", "08P01", "58000", "58030", "58P01",
      "58P02", "58P03"}},
    {ERROR_RETRY,
     true,
     "",
     {"25000", "25001", "25002", "25003", "25004", "25005", "25006", "25007", "25008", "25P01",
      "25P02", "25P03", "25P04"}},
    /* in no table: a new release's, an extension's, the server's own fault */
    {ERROR_RETRY, true, "", {"XX000", "XX001", "XX002", "P0001", "ZZ123", "F0000", "72000"}},
    /* the batch's data */
    {ERROR_FATAL, false, "POISON", {"21000", "22000", "22001", "22003", "22007", "22012", "22021",
                                    "22P02", "22P05", "22030", "23000", "23502", "23503", "23505",
                                    "23514", "23P01", "54000", "54001", "54011", "54023", "44000"}},
    /* the set-up */
    {ERROR_FATAL,
     false,
     "",
     {"42000", "42501", "42601", "42703", "42883", "42P01", "28000", "28P01", "3D000", "3F000",
      "0A000", "0L000", "0P000", "57P04"}},
    {ERROR_FATAL, true, "", {"42P05", "26000"}},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (const char *const *each = rows[i].states; *each != NULL; each++) {
            const DbState *meaning = db_state(*each);
            if (meaning->class != rows[i].class || strcmp(meaning->code, rows[i].code) != 0 ||
                meaning->gives_connection_up != rows[i].gives_connection_up)
                fail_msg("%s: class %d, code \"%s\", gives up %d", *each, (int)meaning->class,
                         meaning->code, meaning->gives_connection_up);
        }
    }
}

static void test_unknown_is_told(void **state)
{
    (void)state;
    assert_true(db_state_is_unknown(db_state("XX000")));
    assert_false(db_state_is_unknown(db_state("25006")));
    assert_false(db_state_is_unknown(db_state(""))); /* none at all: the connection broke */
    assert_false(db_state_is_unknown(db_state(NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_unknown_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
