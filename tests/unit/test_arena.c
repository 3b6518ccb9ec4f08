/* test_arena.c - memory of a batch: zeroed, aligned, apart, used again after a reset. */
#include "runtime/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MIB = 1024 * 1024 };

static const size_t sizes[] = {0, 1, 7, 16, 17, 1000, 65535, 65536, 65537, 3 * MIB, 1, 40000};

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    unsigned char *given[COUNT];
    Arena arena;
    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            given[i] = arena_new(&arena, sizes[i]);
            assert_int_equal((uintptr_t)given[i] % _Alignof(max_align_t), 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(given[i][j], 0);
            memset(given[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(given[i][j], i + 1);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    assert_int_equal(arena.total_size, 0);
}

static void a_steady_state_takes_no_more(void **state)
{
    Arena arena;
    size_t first_size = 0;
    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 2000; i++)
            arena_new(&arena, 500);
        if (round == 0)
            first_size = arena.total_size;
        assert_int_equal(arena.total_size, first_size);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

static void a_reset_keeps_four_mebibytes(void **state)
{
    Arena arena;
    (void)state;
    arena_init(&arena);
    for (int i = 0; i < 10; i++)
        arena_new(&arena, MIB);
    assert_int_equal(arena.total_size, 10 * MIB);
    arena_reset(&arena);
    assert_int_equal(arena.total_size, 4 * MIB);
    arena_new(&arena, 5 * MIB);
    arena_reset(&arena);
    assert_true(arena.total_size <= 4 * MIB);
    arena_deinit(&arena);
}

static void texts_are_copied(void **state)
{
    Arena arena;
    char source[] = "abcdef";
    (void)state;
    arena_init(&arena);
    const char *part = arena_copy(&arena, source, 3);
    const char *whole = arena_text(&arena, source);
    const char *empty = arena_copy(&arena, NULL, 0);
    const char *made = arena_printf(&arena, "%s-%05d", source, 42);
    const char *wide = arena_printf(&arena, "%0*d", 100000, 7);
    source[0] = 'X';
    assert_string_equal(part, "abc");
    assert_string_equal(whole, "abcdef");
    assert_string_equal(empty, "");
    assert_string_equal(made, "abcdef-00042");
    assert_int_equal(strlen(wide), 100000);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(a_steady_state_takes_no_more),
        cmocka_unit_test(a_reset_keeps_four_mebibytes),
        cmocka_unit_test(texts_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
