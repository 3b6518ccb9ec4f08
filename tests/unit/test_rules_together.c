/* test_rules_together.c - findings of several rules: all at once, and none of what is unreadable.
 */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BOTH(code) "REJECTED " code ", REJECTED " code
#define HELD "UNDER_REVIEW, UNDER_REVIEW"
#define ASKED "PARTNER_ACTION_REQUIRED"

CHANGE(global_account, world->partner.location = false)
CHANGE(not_enrolled, world->partner.enrolments = PROGRAM_OSU_BIZAPPS)

static void spoil_everything(World *world)
{
    world->partner.location = false;
    world->partner.enrolments = 0;
    world->tenant.public_sector = true;
    world->subscriptions[1].channel = CHANNEL_CSP;
    world->subscriptions[1].state = SUBSCRIPTION_EXPIRED;
}

static const RuleRow together[] = {
    {CODE_NONE,
     "every finding at once",
     BIZAPPS,
     {{"/claim_name", NULL},
      {"/program", "\"CSP\""},
      {"/customer/domain", "\"other.example\""},
      {"/customer/contact/email", "\"a@b.example\""},
      {"/customer/technical_contact", NULL},
      {"/lines/0/product", "\"NO_SUCH\""},
      {"/poe", "[{\"covers\":[1],\"signed_on\":\"2024-01-01\"}]"}},
     spoil_everything,
     "FIELD_MISSING refusal, WRONG_PROGRAM refusal, MPN_NOT_LOCATION refusal, "
     "MPN_NOT_ENROLLED refusal, DOMAIN_TENANT_MISMATCH refusal, CONTACT_NOT_AT_CUSTOMER question, "
     "POE_DISCLOSURE_MISSING question, "
     "PRODUCT_UNKNOWN/1 refusal, POE_NOT_SIGNED/1 question, POE_TOO_OLD/1 question, "
     "SUBSCRIPTION_CSP/2 refusal, SUBSCRIPTION_INACTIVE/2 refusal, "
     "POE_LINE_NOT_COVERED/2 question",
     BOTH("FIELD_MISSING"),
     "REJECTED"},
    {CODE_NONE,
     "the claim's refusal is every line's reason, a line's own is still reported",
     M365,
     {{"/lines/1/workload", "\"NO_SUCH\""}},
     global_account,
     "MPN_NOT_LOCATION refusal, PRODUCT_UNKNOWN/2 refusal",
     BOTH("MPN_NOT_LOCATION"),
     "REJECTED"},
    {CODE_NONE,
     "a question beside a refusal of the claim holds nothing",
     M365,
     {{"/customer/contact/email", "\"a@b.example\""}},
     global_account,
     "MPN_NOT_LOCATION refusal, CONTACT_NOT_AT_CUSTOMER question",
     BOTH("MPN_NOT_LOCATION"),
     "REJECTED"},
    {CODE_NONE,
     "the first in the table's order is the reason",
     M365,
     {{"/program", "\"CSP\""}, {"/customer/domain", "\"other.example\""}},
     NULL,
     "WRONG_PROGRAM refusal, DOMAIN_TENANT_MISMATCH refusal",
     BOTH("WRONG_PROGRAM"),
     "REJECTED"},
    {CODE_NONE,
     "a question about the claim beside a refused line",
     M365,
     {{"/customer/contact/email", "\"a@b.example\""}, {"/lines/1/workload", "\"NO_SUCH\""}},
     NULL,
     "CONTACT_NOT_AT_CUSTOMER question, PRODUCT_UNKNOWN/2 refusal",
     "UNDER_REVIEW, REJECTED PRODUCT_UNKNOWN",
     ASKED},
    {CODE_NONE,
     "unreadable activities: no rule that needs them",
     M365,
     {{"/activities", "[\"DANCING\"]"}},
     not_enrolled,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
};

static void test_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(together); i++)
        run_row(&together[i]);
}

/* A value that cannot be read is no input: only its FIELD finding is reported. */
static const RuleRow unreadable[] = {
    {CODE_NONE,
     "technical contact",
     BIZAPPS,
     {{"/customer/technical_contact", "[]"}},
     NULL,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
    {CODE_NONE,
     "programme",
     M365,
     {{"/program", "7"}},
     NULL,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
    {CODE_NONE,
     "area",
     M365,
     {{"/solution_area", "\"AZURE\""}},
     NULL,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
    {CODE_NONE,
     "domain",
     M365,
     {{"/customer/domain", "\"x\""}},
     NULL,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
    {CODE_NONE,
     "mail address",
     M365,
     {{"/customer/contact/email", "\"x\""}},
     NULL,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
    {CODE_NONE,
     "subscription",
     BIZAPPS,
     {{"/lines/1/subscription_id", "\"x\""}},
     NULL,
     "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"),
     "REJECTED"},
};

static void test_unreadable(void **state)
{
    run_row(*state);
}

int main(void)
{
    struct CMUnitTest tests[1 + COUNT_OF(unreadable)] = {cmocka_unit_test(test_together)};
    RuleRow row_copies[COUNT_OF(unreadable)]; /* cmocka's state is not const */
    memcpy(row_copies, unreadable, sizeof row_copies);
    for (size_t i = 0; i < COUNT_OF(unreadable); i++)
        tests[1 + i] = (struct CMUnitTest){.name = unreadable[i].name,
                                           .test_func = test_unreadable,
                                           .initial_state = &row_copies[i]};
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
