/* test_rules_poe.c - proof of execution: which is good, which codes apply when none is. */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HELD "UNDER_REVIEW, UNDER_REVIEW"
#define ASKED "PARTNER_ACTION_REQUIRED"
#define BOTH(code) code "/1 question, " code "/2 question"
#define POE(members) "[{\"covers\":[1,2]," members "}]"
#define SIGNED "\"signed_by\":\"Kim\",\"signed_on\":"

static void receive_at(World *world, const char *text)
{
    world->first_submitted_at_ms = world->received_at_ms = instant(text);
}

CHANGE(at_seoul_midnight, receive_at(world, "2026-11-01T15:00:00Z"))
CHANGE(before_seoul_midnight, receive_at(world, "2026-11-01T14:59:59.999Z"))
CHANGE(on_leap_day, receive_at(world, "2028-02-29T03:00:00Z"))
CHANGE(year_after_leap_day, receive_at(world, "2029-02-28T03:00:00Z"))
CHANGE(day_after_leap_day, receive_at(world, "2028-03-01T03:00:00Z"))
/* A second revision: first submitted on 2026-11-02, this one received four days later. */
CHANGE(revised, world->received_at_ms = instant("2026-11-06T03:00:00Z"))

static const int32_t line_one[] = {1}, line_both[] = {1, 2};
CHANGE(evidence_later,
       world_add_evidence(world, (Poe){.signed_by = "Kim",
                                       .signed_on = date("2026-11-05"),
                                       .covers = line_both,
                                       .cover_count = 2,
                                       .index = -1,
                                       .received_at_ms = instant("2026-11-05T03:00:00Z")}))
CHANGE(evidence_disclosed, world->tenant.public_sector = true;
       world_add_evidence(world, (Poe){.public_sector_disclosure = true,
                                       .covers = line_one,
                                       .cover_count = 1,
                                       .signed_on = DAY_NONE,
                                       .index = -1}))
CHANGE(evidence_discloses_nothing, world->tenant.public_sector = true; world_add_evidence(
           world, (Poe){.public_sector_disclosure = true, .signed_on = DAY_NONE, .index = -1}))
CHANGE(public_sector, world->tenant.public_sector = true)
CHANGE(public_sector_puerto_rico, world->tenant.public_sector = true; world->tenant.country = "PR")
CHANGE(public_sector_canada, world->tenant.public_sector = true; world->tenant.country = "CA")

#define NOT_DISCLOSED                                                                              \
    {                                                                                              \
        "/poe/0/public_sector_disclosure", "false"                                                 \
    }

static const RuleRow rows[] = {
    {CODE_POE_MISSING, "none", M365, {{"/poe", "[]"}}, NULL, BOTH("POE_MISSING"), HELD, ASKED},
    {CODE_POE_MISSING, "absent", M365, {{"/poe", NULL}}, NULL, BOTH("POE_MISSING"), HELD, ASKED},
    {CODE_POE_MISSING, "it came as evidence", M365, {{"/poe", NULL}}, evidence_later, PASSES},

    {CODE_POE_NOT_SIGNED,
     "signed by nobody",
     M365,
     {{"/poe/0/signed_by", "\"\""}},
     NULL,
     BOTH("POE_NOT_SIGNED"),
     HELD,
     ASKED},
    {CODE_POE_NOT_SIGNED,
     "absent",
     M365,
     {{"/poe/0/signed_by", NULL}},
     NULL,
     BOTH("POE_NOT_SIGNED"),
     HELD,
     ASKED},
    {CODE_POE_NOT_SIGNED,
     "signed by somebody",
     M365,
     {{"/poe/0/signed_by", "\"K\""}},
     NULL,
     PASSES},

    {CODE_POE_DATE_MISSING,
     "absent",
     M365,
     {{"/poe/0/signed_on", NULL}},
     NULL,
     BOTH("POE_DATE_MISSING"),
     HELD,
     ASKED},
    {CODE_POE_DATE_MISSING,
     "evidence has one",
     M365,
     {{"/poe/0/signed_on", NULL}},
     evidence_later,
     PASSES},

    {CODE_POE_TOO_OLD,
     "a year and a day",
     M365,
     {{"/poe/0/signed_on", "\"2025-11-01\""}},
     NULL,
     BOTH("POE_TOO_OLD"),
     HELD,
     ASKED},
    {CODE_POE_TOO_OLD,
     "the same day a year ago",
     M365,
     {{"/poe/0/signed_on", "\"2025-11-02\""}},
     NULL,
     PASSES},
    {CODE_POE_TOO_OLD,
     "the day begins at the customer's midnight",
     M365,
     {{"/poe/0/signed_on", "\"2025-11-01\""}},
     at_seoul_midnight,
     BOTH("POE_TOO_OLD"),
     HELD,
     ASKED},
    {CODE_POE_TOO_OLD,
     "a moment before it",
     M365,
     {{"/poe/0/signed_on", "\"2025-11-01\""}},
     before_seoul_midnight,
     PASSES},
    {CODE_POE_TOO_OLD,
     "counts from the first submission, not the revision",
     M365,
     {{"/poe/0/signed_on", "\"2025-11-02\""}},
     revised,
     PASSES},
    {CODE_POE_TOO_OLD,
     "submitted on 29 February",
     M365,
     {{"/poe/0/signed_on", "\"2027-02-28\""}},
     on_leap_day,
     PASSES},
    {CODE_POE_TOO_OLD,
     "submitted on 29 February, a day more",
     M365,
     {{"/poe/0/signed_on", "\"2027-02-27\""}},
     on_leap_day,
     BOTH("POE_TOO_OLD"),
     HELD,
     ASKED},
    {CODE_POE_TOO_OLD,
     "the day after 29 February",
     M365,
     {{"/poe/0/signed_on", "\"2027-03-01\""}},
     day_after_leap_day,
     PASSES},
    {CODE_POE_TOO_OLD,
     "the day after 29 February, a day more",
     M365,
     {{"/poe/0/signed_on", "\"2027-02-28\""}},
     day_after_leap_day,
     BOTH("POE_TOO_OLD"),
     HELD,
     ASKED},
    {CODE_POE_TOO_OLD,
     "29 February in the year between",
     M365,
     {{"/poe/0/signed_on", "\"2028-02-28\""}},
     year_after_leap_day,
     PASSES},
    {CODE_POE_TOO_OLD,
     "29 February in the year between, a day more",
     M365,
     {{"/poe/0/signed_on", "\"2028-02-27\""}},
     year_after_leap_day,
     BOTH("POE_TOO_OLD"),
     HELD,
     ASKED},

    {CODE_POE_DATE_IN_FUTURE,
     "tomorrow",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-03\""}},
     NULL,
     BOTH("POE_DATE_IN_FUTURE"),
     HELD,
     ASKED},
    {CODE_POE_DATE_IN_FUTURE,
     "today",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-02\""}},
     NULL,
     PASSES},
    {CODE_POE_DATE_IN_FUTURE,
     "today in Seoul, tomorrow in UTC",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-02\""}},
     at_seoul_midnight,
     PASSES},
    {CODE_POE_DATE_IN_FUTURE,
     "a moment before midnight in Seoul",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-02\""}},
     before_seoul_midnight,
     BOTH("POE_DATE_IN_FUTURE"),
     HELD,
     ASKED},
    {CODE_POE_DATE_IN_FUTURE,
     "still yesterday in Honolulu",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-02\""}, {"/customer/time_zone", "\"Pacific/Honolulu\""}},
     NULL,
     BOTH("POE_DATE_IN_FUTURE"),
     HELD,
     ASKED},
    {CODE_POE_DATE_IN_FUTURE,
     "a revision's may be newer than the submission",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-06\""}},
     revised,
     PASSES},
    {CODE_POE_DATE_IN_FUTURE,
     "a revision's is not newer than itself",
     M365,
     {{"/poe/0/signed_on", "\"2026-11-07\""}},
     revised,
     BOTH("POE_DATE_IN_FUTURE"),
     HELD,
     ASKED},

    {CODE_POE_LINE_NOT_COVERED,
     "one line left out",
     M365,
     {{"/poe/0/covers", "[2]"}},
     NULL,
     "POE_LINE_NOT_COVERED/1 question",
     HELD,
     ASKED},
    {CODE_POE_LINE_NOT_COVERED,
     "covers none",
     M365,
     {{"/poe/0/covers", "[]"}},
     NULL,
     BOTH("POE_LINE_NOT_COVERED"),
     HELD,
     ASKED},
    {CODE_POE_LINE_NOT_COVERED,
     "absent: none",
     M365,
     {{"/poe/0/covers", NULL}},
     NULL,
     BOTH("POE_LINE_NOT_COVERED"),
     HELD,
     ASKED},
    {CODE_POE_LINE_NOT_COVERED,
     "one proof for each",
     M365,
     {{"/poe", "[{\"covers\":[1]," SIGNED "\"2026-10-01\"},"
               "{\"covers\":[2]," SIGNED "\"2026-10-01\"}]"}},
     NULL,
     PASSES},

    {CODE_NONE,
     "every code that applies to one",
     M365,
     {{"/poe", POE("\"signed_on\":\"2020-01-01\"")}},
     NULL,
     "POE_NOT_SIGNED/1 question, POE_TOO_OLD/1 question, "
     "POE_NOT_SIGNED/2 question, POE_TOO_OLD/2 question",
     HELD,
     ASKED},
    {CODE_NONE,
     "neither signed nor dated",
     M365,
     {{"/poe", POE("\"kind\":\"SOW\"")}},
     NULL,
     "POE_NOT_SIGNED/1 question, POE_DATE_MISSING/1 question, "
     "POE_NOT_SIGNED/2 question, POE_DATE_MISSING/2 question",
     HELD,
     ASKED},
    {CODE_NONE,
     "every code of several, per line",
     M365,
     {{"/poe", "[{\"covers\":[1]," SIGNED "\"2020-01-01\"},{\"covers\":[1]," SIGNED
               "\"2026-12-01\"},{\"covers\":[2],\"signed_by\":\"Kim\"}]"}},
     NULL,
     "POE_TOO_OLD/1 question, POE_DATE_IN_FUTURE/1 question, POE_DATE_MISSING/2 question",
     HELD,
     ASKED},
    {CODE_NONE,
     "one good is enough",
     M365,
     {{"/poe", "[{\"covers\":[1,2]},{\"covers\":[1,2]," SIGNED "\"2026-10-01\"},"
               "{\"covers\":[1,2]," SIGNED "\"2020-01-01\"}]"}},
     NULL,
     PASSES},

    {CODE_POE_DISCLOSURE_MISSING,
     "public sector in the US",
     BIZAPPS,
     {NOT_DISCLOSED},
     public_sector,
     "POE_DISCLOSURE_MISSING question",
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING,
     "in Puerto Rico by the tenant's record",
     BIZAPPS,
     {NOT_DISCLOSED, {"/customer/country", NULL}},
     public_sector_puerto_rico,
     "POE_DISCLOSURE_MISSING question",
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING,
     "the customer's country goes before the tenant's",
     BIZAPPS,
     {NOT_DISCLOSED, {"/customer/country", "\"PR\""}},
     public_sector_canada,
     "POE_DISCLOSURE_MISSING question",
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING,
     "of Microsoft 365 too",
     M365,
     {{"/customer/country", "\"US\""}},
     public_sector,
     "POE_DISCLOSURE_MISSING question",
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING,
     "the one with it covers no line",
     BIZAPPS,
     {{"/poe", "[{\"covers\":[1,2]," SIGNED "\"2026-10-01\"},"
               "{\"public_sector_disclosure\":true," SIGNED "\"2026-10-01\"}]"}},
     public_sector,
     "POE_DISCLOSURE_MISSING question",
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING,
     "evidence with it covers no line",
     BIZAPPS,
     {NOT_DISCLOSED},
     evidence_discloses_nothing,
     "POE_DISCLOSURE_MISSING question",
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING,
     "no proof at all",
     BIZAPPS,
     {{"/poe", NULL}},
     public_sector,
     "POE_DISCLOSURE_MISSING question, " BOTH("POE_MISSING"),
     HELD,
     ASKED},
    {CODE_POE_DISCLOSURE_MISSING, "disclosed", BIZAPPS, {{0}}, public_sector, PASSES},
    {CODE_POE_DISCLOSURE_MISSING,
     "disclosed for one line",
     BIZAPPS,
     {NOT_DISCLOSED},
     evidence_disclosed,
     PASSES},
    {CODE_POE_DISCLOSURE_MISSING,
     "not in the public sector",
     BIZAPPS,
     {NOT_DISCLOSED},
     NULL,
     PASSES},
    {CODE_POE_DISCLOSURE_MISSING,
     "the customer's country is another",
     BIZAPPS,
     {NOT_DISCLOSED, {"/customer/country", "\"CA\""}},
     public_sector,
     PASSES},
    {CODE_POE_DISCLOSURE_MISSING,
     "the tenant's country is another",
     BIZAPPS,
     {NOT_DISCLOSED, {"/customer/country", NULL}},
     public_sector_canada,
     PASSES},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        run_row(&rows[i]);
    expect_rows_for(rows, COUNT_OF(rows), POE_CODES);
}

/* The four codes that no row has are findings all the same: the services'. */
static void test_codes_of_services(void **state)
{
    (void)state;
    for (int code = CODE_POE_DISCLOSURE_MISSING + 1; code < CODE_COUNT; code++) {
        const bool is_of_services =
            code == CODE_REVIEWER_REJECTED || code == CODE_REVIEWER_QUESTION ||
            code == CODE_CONTACT_UNREACHABLE || code == CODE_NO_PARTNER_RESPONSE;
        assert_int_equal(code_row((Code)code)->kind != FINDING_NONE, is_of_services);
    }
}

static void test_newest(void **state)
{
    const Zone *zone = zone_find(world_zones, "Asia/Seoul");
    const int64_t at_ms = instant(SUBMITTED_AT);
    const int32_t today = date("2026-11-02");
    const Poe poe[] = {
        {.signed_by = "a",
         .signed_on = today - 9,
         .covers = line_both,
         .cover_count = 2,
         .received_at_ms = at_ms},
        {.signed_by = "a",
         .signed_on = today - 3,
         .covers = line_one,
         .cover_count = 1,
         .received_at_ms = at_ms},
        {.signed_by = "",
         .signed_on = today,
         .covers = line_both,
         .cover_count = 2,
         .received_at_ms = at_ms},
        {.signed_by = "a",
         .signed_on = today + 1,
         .covers = line_both,
         .cover_count = 2,
         .received_at_ms = at_ms},
    };
    unsigned faults = 99;
    (void)state;
    assert_int_equal(poe_newest(poe, 4, 1, today, zone, &faults), today - 3);
    assert_int_equal(faults, 0);
    assert_int_equal(poe_newest(poe, 4, 2, today, zone, &faults), today - 9);
    assert_int_equal(faults, 0);
    assert_int_equal(poe_newest(poe, 4, 3, today, zone, &faults), DAY_NONE);
    assert_int_equal(faults, 1u << (CODE_POE_LINE_NOT_COVERED - CODE_POE_MISSING));
    assert_int_equal(poe_newest(NULL, 0, 1, today, zone, &faults), DAY_NONE);
    assert_int_equal(faults, 1u << (CODE_POE_MISSING - CODE_POE_MISSING));
}

static void test_year_before(void **state)
{
    static const char *const days[][2] = {
        {"2026-11-02", "2025-11-02"}, {"2028-02-29", "2027-02-28"}, {"2029-02-28", "2028-02-28"},
        {"2028-03-01", "2027-03-01"}, {"2029-03-01", "2028-03-01"}, {"2000-01-01", "1999-01-01"},
        {"2024-12-31", "2023-12-31"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(days); i++)
        assert_int_equal(day_year_before(date(days[i][0])), date(days[i][1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_codes_of_services),
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_year_before),
    };
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
