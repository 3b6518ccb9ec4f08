/* test_rules_claim.c - rules about the whole claim: each code's rows, then findings together. */
#include "unit/rules_fixture.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BOTH(code) "REJECTED " code ", REJECTED " code
#define HELD "UNDER_REVIEW, UNDER_REVIEW"
#define ASKED "PARTNER_ACTION_REQUIRED"

CHANGE(no_partner, world->has_partner = false)
CHANGE(no_tenant, world->has_tenant = false)
CHANGE(global_account, world->partner.location = false)
CHANGE(not_enrolled, world->partner.enrolments = PROGRAM_OSU_BIZAPPS)
CHANGE(only_sell, world->partner.enrolments = PROGRAM_OSA_SELL)
CHANGE(only_usage, world->partner.enrolments = PROGRAM_OSU_BIZAPPS)
CHANGE(enrolled_tomorrow, world->partner.valid_from = date("2026-11-03"))
CHANGE(enrolled_until_yesterday, world->partner.valid_to = date("2026-11-01"))
CHANGE(enrolled_today, world->partner.valid_from = world->partner.valid_to = date("2026-11-02"))
CHANGE(contact_rule_off, world->policy.contact_at_customer = false)
/* After midnight in Seoul, where the customer is, and a day earlier in UTC. */
CHANGE(enrolled_local_day,
       world->first_submitted_at_ms = world->received_at_ms = instant("2026-11-01T15:00:00Z");
       world->partner.valid_from = date("2026-11-02"))

static const RuleRow rows[] = {
    {CODE_NONE, "a Microsoft 365 claim", M365, {{0}}, NULL, NULL, NULL, NULL},
    {CODE_NONE, "a Business Applications claim", BIZAPPS, {{0}}, NULL, NULL, NULL, NULL},
    {CODE_NONE, "a revenue association", REVENUE, {{0}}, NULL, NULL, NULL, NULL},

    {CODE_FIELD_MISSING, "no name", M365, {{"/claim_name", NULL}}, NULL, "FIELD_MISSING refusal",
     BOTH("FIELD_MISSING"), "REJECTED"},
    {CODE_FIELD_MISSING, "nothing optional", M365,
     {{"/customer/name", NULL}, {"/customer/country", NULL}, {"/customer/locale", NULL},
      {"/partner/name", NULL}, {"/program", NULL}, {"/comments", NULL}},
     NULL, NULL, NULL, NULL},
    {CODE_FIELD_MISSING, "no lines: a claim that cannot be more than refused", M365,
     {{"/lines", NULL}, {"/poe/0/covers", NULL}}, NULL, "FIELD_MISSING refusal", "", "REJECTED"},
    {CODE_FIELD_INVALID, "an empty name", M365, {{"/claim_name", "\"\""}}, NULL,
     "FIELD_INVALID refusal", BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_FIELD_INVALID, "two bad fields", M365,
     {{"/claim_name", "\"\""}, {"/customer/country", "\"us\""}}, NULL,
     "FIELD_INVALID refusal, FIELD_INVALID refusal", BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_FIELD_INVALID, "the shortest name", M365, {{"/claim_name", "\"a\""}}, NULL, NULL, NULL,
     NULL},

    {CODE_WRONG_PROGRAM, "a co-op programme", M365, {{"/program", "\"CSP\""}}, NULL,
     "WRONG_PROGRAM refusal", BOTH("WRONG_PROGRAM"), "REJECTED"},
    {CODE_WRONG_PROGRAM, "of the other area", M365, {{"/program", "\"OSU_BIZAPPS\""}}, NULL,
     "WRONG_PROGRAM refusal", BOTH("WRONG_PROGRAM"), "REJECTED"},
    {CODE_WRONG_PROGRAM, "does not fit the activity", BIZAPPS,
     {{"/program", "\"OSA_SELL\""}, {"/activities", "[\"USAGE\"]"}}, NULL, "WRONG_PROGRAM refusal",
     BOTH("WRONG_PROGRAM"), "REJECTED"},
    {CODE_WRONG_PROGRAM, "revenue association has none", REVENUE, {{"/program", "\"OSA_SELL\""}},
     NULL, "WRONG_PROGRAM refusal", "REJECTED WRONG_PROGRAM", "REJECTED"},
    {CODE_WRONG_PROGRAM, "fits one of two activities", BIZAPPS, {{"/program", "\"OSA_SELL\""}},
     NULL, NULL, NULL, NULL},
    {CODE_WRONG_PROGRAM, "absent", BIZAPPS, {{"/program", NULL}}, NULL, NULL, NULL, NULL},

    {CODE_ACTIVITY_INVALID, "pre-sales of Microsoft 365", M365,
     {{"/program", NULL}, {"/activities", "[\"PRE_SALES\"]"}}, NULL, "ACTIVITY_INVALID refusal",
     BOTH("ACTIVITY_INVALID"), "REJECTED"},
    {CODE_ACTIVITY_INVALID, "usage and pre-sales of Microsoft 365", M365,
     {{"/activities", "[\"USAGE\",\"PRE_SALES\"]"}}, NULL, "ACTIVITY_INVALID refusal",
     BOTH("ACTIVITY_INVALID"), "REJECTED"},
    {CODE_ACTIVITY_INVALID, "revenue association and usage", REVENUE,
     {{"/activities", "[\"REVENUE_ASSOCIATION\",\"USAGE\"]"}}, NULL, "ACTIVITY_INVALID refusal",
     "REJECTED ACTIVITY_INVALID", "REJECTED"},
    {CODE_ACTIVITY_INVALID, "pre-sales alone", BIZAPPS,
     {{"/program", NULL}, {"/activities", "[\"PRE_SALES\"]"}}, only_sell, NULL, NULL, NULL},
    {CODE_ACTIVITY_INVALID, "usage alone", BIZAPPS, {{"/activities", "[\"USAGE\"]"}}, only_usage,
     NULL, NULL, NULL},

    {CODE_PARTNER_UNKNOWN, "no such partner", M365, {{0}}, no_partner, "PARTNER_UNKNOWN refusal",
     BOTH("PARTNER_UNKNOWN"), "REJECTED"},
    {CODE_PARTNER_UNKNOWN, "an MPN ID that cannot be read is no unknown partner", M365,
     {{"/mpn_id", NULL}}, no_partner, "FIELD_MISSING refusal", BOTH("FIELD_MISSING"), "REJECTED"},
    {CODE_MPN_NOT_LOCATION, "a global account", M365, {{0}}, global_account,
     "MPN_NOT_LOCATION refusal", BOTH("MPN_NOT_LOCATION"), "REJECTED"},
    {CODE_MPN_NOT_LOCATION, "a global account's revenue association", REVENUE, {{0}},
     global_account, "MPN_NOT_LOCATION refusal", "REJECTED MPN_NOT_LOCATION", "REJECTED"},
    {CODE_MPN_NOT_LOCATION, "a location", M365, {{0}}, NULL, NULL, NULL, NULL},

    {CODE_MPN_NOT_ENROLLED, "in another programme", M365, {{0}}, not_enrolled,
     "MPN_NOT_ENROLLED refusal", BOTH("MPN_NOT_ENROLLED"), "REJECTED"},
    {CODE_MPN_NOT_ENROLLED, "in one of two", BIZAPPS, {{0}}, only_usage,
     "MPN_NOT_ENROLLED refusal", BOTH("MPN_NOT_ENROLLED"), "REJECTED"},
    {CODE_MPN_NOT_ENROLLED, "in the other of two", BIZAPPS, {{0}}, only_sell,
     "MPN_NOT_ENROLLED refusal", BOTH("MPN_NOT_ENROLLED"), "REJECTED"},
    {CODE_MPN_NOT_ENROLLED, "from the next day on", M365, {{0}}, enrolled_tomorrow,
     "MPN_NOT_ENROLLED refusal", BOTH("MPN_NOT_ENROLLED"), "REJECTED"},
    {CODE_MPN_NOT_ENROLLED, "until the day before", M365, {{0}}, enrolled_until_yesterday,
     "MPN_NOT_ENROLLED refusal", BOTH("MPN_NOT_ENROLLED"), "REJECTED"},
    {CODE_MPN_NOT_ENROLLED, "on this day alone", M365, {{0}}, enrolled_today, NULL, NULL, NULL},
    {CODE_MPN_NOT_ENROLLED, "the day is the customer's", M365, {{0}}, enrolled_local_day, NULL,
     NULL, NULL},
    {CODE_MPN_NOT_ENROLLED, "revenue association needs no programme", REVENUE, {{0}}, NULL, NULL,
     NULL, NULL},

    {CODE_DOMAIN_TENANT_MISMATCH, "another domain", M365,
     {{"/customer/domain", "\"fabrikam.example\""}}, NULL, "DOMAIN_TENANT_MISMATCH refusal",
     BOTH("DOMAIN_TENANT_MISMATCH"), "REJECTED"},
    {CODE_DOMAIN_TENANT_MISMATCH, "a subdomain is not verified", M365,
     {{"/customer/domain", "\"mail.contoso.example\""}}, NULL, "DOMAIN_TENANT_MISMATCH refusal",
     BOTH("DOMAIN_TENANT_MISMATCH"), "REJECTED"},
    {CODE_DOMAIN_TENANT_MISMATCH, "no such tenant", M365, {{0}}, no_tenant,
     "DOMAIN_TENANT_MISMATCH refusal", BOTH("DOMAIN_TENANT_MISMATCH"), "REJECTED"},
    {CODE_DOMAIN_TENANT_MISMATCH, "the tenant's second domain, in capitals", M365,
     {{"/customer/domain", "\"Second.Example\""}}, NULL, NULL, NULL, NULL},

    {CODE_CONTACT_NOT_AT_CUSTOMER, "at the partner", M365,
     {{"/customer/contact/email", "\"min@fabrikam.example\""}}, NULL,
     "CONTACT_NOT_AT_CUSTOMER question", HELD, ASKED},
    {CODE_CONTACT_NOT_AT_CUSTOMER, "a domain that only ends like it", M365,
     {{"/customer/contact/email", "\"kim@notcontoso.example\""}}, NULL,
     "CONTACT_NOT_AT_CUSTOMER question", HELD, ASKED},
    {CODE_CONTACT_NOT_AT_CUSTOMER, "the domain above it", M365,
     {{"/customer/contact/email", "\"kim@contoso.example.evil.example\""}}, NULL,
     "CONTACT_NOT_AT_CUSTOMER question", HELD, ASKED},
    {CODE_CONTACT_NOT_AT_CUSTOMER, "a subdomain", M365,
     {{"/customer/contact/email", "\"kim@Mail.Contoso.example\""}}, NULL, NULL, NULL, NULL},
    {CODE_CONTACT_NOT_AT_CUSTOMER, "another verified domain", M365,
     {{"/customer/contact/email", "\"kim@second.example\""}}, NULL, NULL, NULL, NULL},
    {CODE_CONTACT_NOT_AT_CUSTOMER, "the setting turns it off", M365,
     {{"/customer/contact/email", "\"min@fabrikam.example\""}}, contact_rule_off, NULL, NULL,
     NULL},

    {CODE_TECHNICAL_CONTACT_MISSING, "one Dynamics line", BIZAPPS,
     {{"/customer/technical_contact", NULL}}, NULL, "TECHNICAL_CONTACT_MISSING refusal",
     BOTH("TECHNICAL_CONTACT_MISSING"), "REJECTED"},
    {CODE_TECHNICAL_CONTACT_MISSING, "no Dynamics line", BIZAPPS,
     {{"/customer/technical_contact", NULL},
      {"/lines", "[{\"line\":2,\"product\":\"POWER_BI\"}]"},
      {"/poe/0/covers", "[2]"}},
     NULL, NULL, NULL, NULL},

    {CODE_REVENUE_FIELDS_MISSING, "no seller", REVENUE, {{"/revenue/dynamics_seller_name", NULL}},
     NULL, "REVENUE_FIELDS_MISSING refusal", "REJECTED REVENUE_FIELDS_MISSING", "REJECTED"},
    {CODE_REVENUE_FIELDS_MISSING, "no customer", REVENUE, {{"/revenue/customer_name", NULL}}, NULL,
     "REVENUE_FIELDS_MISSING refusal", "REJECTED REVENUE_FIELDS_MISSING", "REJECTED"},
    {CODE_REVENUE_FIELDS_MISSING, "no solution", REVENUE, {{"/revenue/isv_solution_name", NULL}},
     NULL, "REVENUE_FIELDS_MISSING refusal", "REJECTED REVENUE_FIELDS_MISSING", "REJECTED"},
    {CODE_REVENUE_FIELDS_MISSING, "nothing of it", REVENUE, {{"/revenue", NULL}}, NULL,
     "REVENUE_FIELDS_MISSING refusal", "REJECTED REVENUE_FIELDS_MISSING", "REJECTED"},
    {CODE_REVENUE_FIELDS_MISSING, "no name of the customer", REVENUE, {{"/customer/name", NULL}},
     NULL, "REVENUE_FIELDS_MISSING refusal", "REJECTED REVENUE_FIELDS_MISSING", "REJECTED"},
    {CODE_REVENUE_FIELDS_MISSING, "not asked of usage", BIZAPPS, {{"/customer/name", NULL}}, NULL,
     NULL, NULL, NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        run_row(&rows[i]);
    expect_rows_for(rows, COUNT_OF(rows), CLAIM_CODES);
}

/* ---- together ---- */

static void spoil_everything(World *world)
{
    world->partner.location = false;
    world->partner.enrolments = 0;
    world->tenant.public_sector = true;
    world->subscriptions[1].channel = CHANNEL_CSP;
    world->subscriptions[1].state = SUBSCRIPTION_EXPIRED;
}

static const RuleRow together[] = {
    {CODE_NONE, "every finding at once", BIZAPPS,
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
     BOTH("FIELD_MISSING"), "REJECTED"},
    {CODE_NONE, "the claim's refusal is every line's reason, a line's own is still reported", M365,
     {{"/lines/1/workload", "\"NO_SUCH\""}}, global_account,
     "MPN_NOT_LOCATION refusal, PRODUCT_UNKNOWN/2 refusal", BOTH("MPN_NOT_LOCATION"), "REJECTED"},
    {CODE_NONE, "a question beside a refusal of the claim holds nothing", M365,
     {{"/customer/contact/email", "\"a@b.example\""}}, global_account,
     "MPN_NOT_LOCATION refusal, CONTACT_NOT_AT_CUSTOMER question", BOTH("MPN_NOT_LOCATION"),
     "REJECTED"},
    {CODE_NONE, "the first in the table's order is the reason", M365,
     {{"/program", "\"CSP\""}, {"/customer/domain", "\"other.example\""}}, NULL,
     "WRONG_PROGRAM refusal, DOMAIN_TENANT_MISMATCH refusal", BOTH("WRONG_PROGRAM"), "REJECTED"},
    {CODE_NONE, "a question about the claim beside a refused line", M365,
     {{"/customer/contact/email", "\"a@b.example\""}, {"/lines/1/workload", "\"NO_SUCH\""}}, NULL,
     "CONTACT_NOT_AT_CUSTOMER question, PRODUCT_UNKNOWN/2 refusal",
     "UNDER_REVIEW, REJECTED PRODUCT_UNKNOWN", ASKED},
    {CODE_NONE, "unreadable activities: no rule that needs them", M365,
     {{"/activities", "[\"DANCING\"]"}}, not_enrolled, "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"), "REJECTED"},
};

static void test_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(together); i++)
        run_row(&together[i]);
}

/* A value that cannot be read is no input: only its FIELD finding is reported. */
static const RuleRow unreadable[] = {
    {CODE_NONE, "technical contact", BIZAPPS, {{"/customer/technical_contact", "[]"}}, NULL,
     "FIELD_INVALID refusal", BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_NONE, "programme", M365, {{"/program", "7"}}, NULL, "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_NONE, "area", M365, {{"/solution_area", "\"AZURE\""}}, NULL, "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_NONE, "domain", M365, {{"/customer/domain", "\"x\""}}, NULL, "FIELD_INVALID refusal",
     BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_NONE, "mail address", M365, {{"/customer/contact/email", "\"x\""}}, NULL,
     "FIELD_INVALID refusal", BOTH("FIELD_INVALID"), "REJECTED"},
    {CODE_NONE, "subscription", BIZAPPS, {{"/lines/1/subscription_id", "\"x\""}}, NULL,
     "FIELD_INVALID refusal", BOTH("FIELD_INVALID"), "REJECTED"},
};

static void test_unreadable(void **state)
{
    run_row(*state);
}

int main(void)
{
    struct CMUnitTest tests[2 + COUNT_OF(unreadable)] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_together),
    };
    RuleRow row_copies[COUNT_OF(unreadable)]; /* cmocka's state is not const */
    memcpy(row_copies, unreadable, sizeof row_copies);
    for (size_t i = 0; i < COUNT_OF(unreadable); i++)
        tests[2 + i] = (struct CMUnitTest){.name = unreadable[i].name,
                                           .test_func = test_unreadable,
                                           .initial_state = &row_copies[i]};
    return cmocka_run_group_tests(tests, rules_group_open, rules_group_close);
}
