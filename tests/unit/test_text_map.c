/* test_text_map.c - put, get and replace, over many more keys than the first buckets. */
#include "runtime/text_map.h"
#include "unit/codec_fixture.h"

enum { KEY_COUNT = 5000 };

static void test_put_and_get(void **state)
{
    Arena arena;
    TextMap map;
    int values[2];
    char key[] = "a";
    (void)state;
    arena_init(&arena);
    text_map_init(&map, &arena);
    assert_null(text_map_get(&map, "a"));
    text_map_put(&map, key, &values[0]);
    key[0] = 'b'; /* the key was copied */
    assert_ptr_equal(text_map_get(&map, "a"), &values[0]);
    assert_null(text_map_get(&map, "b"));
    assert_null(text_map_get(&map, ""));
    assert_null(text_map_get(&map, "aa"));
    text_map_put(&map, "a", &values[1]);
    assert_ptr_equal(text_map_get(&map, "a"), &values[1]);
    assert_int_equal(map.count, 1);
    text_map_put(&map, "a", NULL); /* as if never put */
    assert_null(text_map_get(&map, "a"));
    text_map_put(&map, "", &values[0]);
    assert_ptr_equal(text_map_get(&map, ""), &values[0]);
    arena_deinit(&arena);
}

static void test_many(void **state)
{
    static int values[KEY_COUNT];
    Arena arena;
    TextMap map;
    char key[32];
    (void)state;
    arena_init(&arena);
    text_map_init(&map, &arena);
    const size_t bucket_count = map.bucket_count;
    for (int i = 0; i < KEY_COUNT; i++) {
        snprintf(key, sizeof key, "tenant/%d", i);
        text_map_put(&map, key, &values[i]);
    }
    assert_int_equal(map.count, KEY_COUNT);
    assert_true(map.bucket_count > bucket_count); /* it grew on the way */
    for (int i = 0; i < KEY_COUNT; i++) {
        snprintf(key, sizeof key, "tenant/%d", i);
        assert_ptr_equal(text_map_get(&map, key), &values[i]);
    }
    assert_null(text_map_get(&map, "tenant/5000"));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_get),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
