/* validation_policy.c - settings of the rules. */
#include "claim_validation.h"

#include <stdio.h>
#include <string.h>

enum { SECOND_MS = 1000, HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

const ConfigItem validation_config_items[] = {
    STORE_CONFIG_ITEMS,
    {"CPOR_CONTACT_AT_CUSTOMER", "true", CONFIG_BOOLEAN, 0, 0,
     "ask when the contact's mail domain is not the tenant's"},
    {"CPOR_GRACE_SECONDS", "600", CONFIG_INTEGER, 0, 86400,
     "wait for a partner's or tenant's record before refusing for want of it"},
    {"CPOR_WAIT_DAYS", "7", CONFIG_INTEGER, 0, 60,
     "wait for a subscription to show before refusing"},
    {"CPOR_RECHECK_HOURS", "24", CONFIG_INTEGER, 1, 240, "between looks while waiting"},
    {"CPOR_REVIEW", "none", CONFIG_TEXT, 0, 0,
     "manual review: none, all, or programmes (OSU_M365,OSU_BIZAPPS,OSA_SELL)"},
    {.name = NULL},
};

static bool read_review(const char *text, RulePolicy *policy, Error *reterr)
{
    char copy[128], *rest = copy;
    if (strcmp(text, "none") == 0 || strcmp(text, "all") == 0) {
        policy->review = strcmp(text, "all") == 0 ? REVIEW_ALL : REVIEW_NONE;
        return true;
    }
    policy->review = REVIEW_PROGRAMS;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        const unsigned program = program_from_name(word);
        if (program == 0)
            return error_set(reterr, ERROR_FATAL,
                             "read CPOR_REVIEW: '%s' is none, all, or a list of OSU_M365, "
                             "OSU_BIZAPPS, OSA_SELL",
                             text);
        policy->review_programs |= program;
    }
    return true;
}

bool validation_policy_read(const Config *config, RulePolicy *ret_policy, Error *reterr)
{
    RulePolicy policy = {
        .contact_at_customer = config_boolean(config, "CPOR_CONTACT_AT_CUSTOMER"),
        .grace_ms = config_integer(config, "CPOR_GRACE_SECONDS") * SECOND_MS,
        .wait_ms = config_integer(config, "CPOR_WAIT_DAYS") * DAY_MS,
        .recheck_ms = config_integer(config, "CPOR_RECHECK_HOURS") * HOUR_MS,
    };
    if (!read_review(config_text(config, "CPOR_REVIEW"), &policy, reterr))
        return false;
    *ret_policy = policy;
    return true;
}
