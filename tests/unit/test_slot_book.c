/* test_slot_book.c - who holds a slot and who contends for it, while a batch moves lines. */
#include "claim/slot_book.h"
#include "unit/codec_fixture.h"

#define TENANT "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f"
#define OTHER_TENANT "99999999-9999-4999-8999-999999999999"

typedef struct Fixture {
    Arena arena;
    SlotBook book;
    Line lines[2];
    Claim claim;
} Fixture;

static int setup(void **state)
{
    static Fixture fixture;
    fixture = (Fixture){.lines = {{.number = 1, .slot = "TEAMS", .poe_day = 20000},
                                  {.number = 2, .poe_day = DAY_NONE}}};
    fixture.claim = (Claim){.tenant_id = TENANT,
                            .claim_id = "C-1",
                            .mpn_id = "100",
                            .lines = fixture.lines,
                            .line_count = 2};
    arena_init(&fixture.arena);
    slot_book_init(&fixture.book, &fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    arena_deinit(&fixture->arena);
    return 0;
}

/* Moves line 1 and tells the book. */
static void move(Fixture *fixture, LineStatus status)
{
    Line was[2];
    memcpy(was, fixture->lines, sizeof was);
    fixture->lines[0].status = status;
    slot_book_update(&fixture->book, &fixture->claim, was, 2, fixture->claim.mpn_id);
}

static const char *contender(const Fixture *fixture, const char *mpn_id)
{
    return slot_book_contender(&fixture->book, TENANT, "TEAMS", mpn_id);
}

static const Holder *holder(const Fixture *fixture)
{
    return slot_book_holder(&fixture->book, TENANT, "TEAMS");
}

static void test_set_and_free(void **state)
{
    Fixture *fixture = *state;
    SlotBook *book = &fixture->book;
    Holder given = {.claim_id = "C-9", .mpn_id = "200", .line = 3, .poe_day = 7};
    assert_null(holder(fixture));
    slot_book_set_holder(book, TENANT, "TEAMS", &given);
    given.line = 4; /* it was copied */
    assert_int_equal(holder(fixture)->line, 3);
    assert_null(slot_book_holder(book, OTHER_TENANT, "TEAMS"));
    assert_null(slot_book_holder(book, TENANT, "YAMMER"));
    slot_book_set_holder(book, TENANT, "TEAMS", NULL);
    assert_null(holder(fixture));
    slot_book_set_contender(book, TENANT, "TEAMS", "200", "C-9");
    assert_string_equal(contender(fixture, "200"), "C-9");
    assert_null(contender(fixture, "100"));
    assert_null(slot_book_contender(book, OTHER_TENANT, "TEAMS", "200"));
    assert_null(slot_book_contender(book, TENANT, "TEAMS_PHONE", "200"));
    slot_book_set_contender(book, TENANT, "TEAMS", "200", NULL);
    assert_null(contender(fixture, "200"));
}

/* Open or official, and in a slot. */
static void test_line_is_contender(void **state)
{
    static const bool contends[LINE_STATUS_COUNT] = {
        [LINE_UNDER_REVIEW] = true,
        [LINE_VALIDATED] = true,
        [LINE_OPT_OUT_OPEN] = true,
        [LINE_OFFICIAL] = true,
    };
    (void)state;
    for (int status = 0; status < LINE_STATUS_COUNT; status++) {
        Line line = {.status = (LineStatus)status, .slot = "TEAMS"};
        assert_int_equal(line_is_contender(&line), contends[status]);
        line.slot[0] = '\0';
        assert_false(line_is_contender(&line));
    }
}

static void test_life_of_a_line(void **state)
{
    Fixture *fixture = *state;
    char id[UUID_SIZE];
    slot_book_update(&fixture->book, &fixture->claim, NULL, 0, "");
    assert_string_equal(contender(fixture, "100"), "C-1");
    assert_null(holder(fixture));
    move(fixture, LINE_VALIDATED);
    move(fixture, LINE_OPT_OUT_OPEN);
    assert_string_equal(contender(fixture, "100"), "C-1");
    assert_null(holder(fixture));
    move(fixture, LINE_OFFICIAL);
    assert_string_equal(contender(fixture, "100"), "C-1");
    association_id(&fixture->claim, 1, id);
    assert_string_equal(holder(fixture)->association_id, id);
    assert_string_equal(holder(fixture)->claim_id, "C-1");
    assert_string_equal(holder(fixture)->mpn_id, "100");
    assert_int_equal(holder(fixture)->line, 1);
    assert_int_equal(holder(fixture)->poe_day, 20000);
    move(fixture, LINE_ENDED);
    assert_null(contender(fixture, "100"));
    assert_null(holder(fixture));
}

/* A fresher proof of the holder is known at once. */
static void test_holder_is_refreshed(void **state)
{
    Fixture *fixture = *state;
    move(fixture, LINE_OFFICIAL);
    fixture->lines[0].poe_day = 20300;
    move(fixture, LINE_OFFICIAL);
    assert_int_equal(holder(fixture)->poe_day, 20300);
}

/* Who loses a slot that another one took meanwhile leaves the other's entry alone. */
static void test_leaving_is_about_oneself(void **state)
{
    Fixture *fixture = *state;
    const Holder successor = {.claim_id = "C-2", .mpn_id = "200", .line = 1};
    move(fixture, LINE_OFFICIAL);
    slot_book_set_holder(&fixture->book, TENANT, "TEAMS", &successor);
    slot_book_set_contender(&fixture->book, TENANT, "TEAMS", "100", "C-3");
    move(fixture, LINE_ENDED);
    assert_string_equal(holder(fixture)->claim_id, "C-2");
    assert_string_equal(contender(fixture, "100"), "C-3");
}

/* A revision may change the MPN ID: the old one's entry goes, and a withdrawn line's. */
static void test_revision(void **state)
{
    Fixture *fixture = *state;
    Line was[2];
    slot_book_update(&fixture->book, &fixture->claim, NULL, 0, "");
    memcpy(was, fixture->lines, sizeof was);
    snprintf(fixture->claim.mpn_id, sizeof fixture->claim.mpn_id, "300");
    slot_book_update(&fixture->book, &fixture->claim, was, 2, "100");
    assert_null(contender(fixture, "100"));
    assert_string_equal(contender(fixture, "300"), "C-1");
    move(fixture, LINE_WITHDRAWN);
    assert_null(contender(fixture, "300"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set_and_free, setup, teardown),
        cmocka_unit_test(test_line_is_contender),
        cmocka_unit_test_setup_teardown(test_life_of_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_holder_is_refreshed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving_is_about_oneself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revision, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
