/* test_worker_idle.c - when a worker without partitions says so. */
#include "runtime/worker_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct Look {
    int64_t at_mono_ms;
    bool has_partitions;
    int64_t seconds; /* told; 0: nothing is */
} Look;

static const Look looks[] = {
    {1000, false, 0},                                          /* the start */
    {30999, false, 0},  {31000, false, 30}, {31100, false, 0}, /* once */
    {60999, false, 0},  {65000, false, 64}, /* a step took long: late, and once all the same */
    {94999, false, 0},  {95000, false, 94}, {100000, true, 0},  {900000, true, 0},
    {900100, false, 0}, /* a revocation: counted anew */
    {929900, true, 0},  {930000, false, 0}, {959999, false, 0}, {960000, false, 30},
};

static void test_looks(void **state)
{
    WorkerIdle idle = {0};
    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        int64_t seconds = 0;
        const bool is_told =
            worker_idle_look(&idle, looks[i].has_partitions, looks[i].at_mono_ms, &seconds);
        if (is_told != (looks[i].seconds > 0) || seconds != looks[i].seconds)
            fail_msg("at %lld: told %d, %lld s", (long long)looks[i].at_mono_ms, is_told,
                     (long long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_looks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
