/* main.c - cporctl, the operator's tool: its commands, one row each. */
#include "cporctl.h"
#include "help_texts.h"

static const ConfigItem *const read_settings[] = {settings_common, settings_database, NULL};
static const ConfigItem *const audit_settings[] = {settings_common, settings_database,
                                                   settings_audit, NULL};
static const ConfigItem *const calendar_settings[] = {settings_common, settings_calendar, NULL};
static const ConfigItem *const setup_settings[] = {settings_common, settings_database,
                                                   settings_kafka, settings_setup, NULL};

static const Command commands[] = {
    {"setup", "make or check tables and topics", "[--fix]", setup_details, setup_options, 0, 0,
     setup_settings, setup_run},
    {"status", "where a claim stands", "[--json] [TENANT_ID] CLAIM_ID", status_details,
     json_options, 1, 2, read_settings, status_run},
    {"history", "what happened to a claim, and why", "[--json] [TENANT_ID] CLAIM_ID",
     history_details, json_options, 1, 2, read_settings, history_run},
    {"explain deadline", "why a window ends when it ends",
     "[--json] --country CC --at INSTANT [--time-zone ZONE] [--days N]", explain_deadline_details,
     explain_deadline_options, 0, 0, calendar_settings, explain_deadline_run},
    {"holders", "who is partner of record, slot by slot", "[--json] [TENANT_ID]", holders_details,
     json_options, 0, 1, read_settings, holders_run},
    {"audit", "check the promises on the stored data", "[--json]", audit_details, json_options, 0,
     0, audit_settings, audit_run},
    {.name = NULL},
};

int main(int argc, char **argv)
{
    return cporctl_main(commands, argc, argv);
}
