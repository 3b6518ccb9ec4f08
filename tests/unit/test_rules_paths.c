/* test_rules_paths.c - a finding about a proof of execution says which document is to be mended. */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define POE(members) "{\"covers\":[1,2]," members "}"

static const struct {
    Code code;
    const char *poe, *path;
} paths[] = {
    {CODE_POE_MISSING, "[]", "/poe"},
    {CODE_POE_NOT_SIGNED, "[{}," POE("\"signed_by\":\"\",\"signed_on\":\"2026-10-02\"") "]",
     "/poe/1/signed_by"},
    {CODE_POE_DATE_MISSING, "[" POE("\"signed_by\":\"Kim\"") "]", "/poe/0/signed_on"},
    {CODE_POE_TOO_OLD, "[" POE("\"signed_by\":\"Kim\",\"signed_on\":\"2020-01-01\"") "]",
     "/poe/0/signed_on"},
    {CODE_POE_DATE_IN_FUTURE, "[{}," POE("\"signed_by\":\"Kim\",\"signed_on\":\"2026-12-01\"") "]",
     "/poe/1/signed_on"},
    {CODE_POE_LINE_NOT_COVERED, "[{\"signed_by\":\"Kim\"}]", "/poe"},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        World world;
        world_open(&world, M365);
        world_patch(&world, "/poe", paths[i].poe);
        world_submit(&world);
        world_validate(&world, world.received_at_ms);
        assert_int_equal(world.claim.finding_count, 2); /* one per line */
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(world.claim.findings[j].code, paths[i].code);
            assert_string_equal(world.claim.findings[j].path, paths[i].path);
        }
        world_close(&world);
    }
}

/* What came as evidence has no place in the document. */
static void test_path_of_evidence(void **state)
{
    static const int32_t lines[] = {1, 2};
    World world;
    (void)state;
    world_open(&world, M365);
    world_patch(&world, "/poe", NULL);
    world_add_evidence(&world, (Poe){.signed_by = "Kim",
                                     .signed_on = date("2020-01-01"),
                                     .covers = lines,
                                     .cover_count = 2,
                                     .index = -1});
    world_submit(&world);
    world_validate(&world, world.received_at_ms);
    assert_int_equal(world.claim.findings[0].code, CODE_POE_TOO_OLD);
    assert_string_equal(world.claim.findings[0].path, "/poe");
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_path_of_evidence),
    };
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
