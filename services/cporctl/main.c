/* main.c - cporctl, the operator's tool: its commands, one row each. */
#include "cporctl.h"
#include "help_texts.h"

static const ConfigItem *const common_settings[] = {settings_common, NULL};
static const ConfigItem *const read_settings[] = {settings_common, settings_database, NULL};
static const ConfigItem *const kept_settings[] = {settings_common, settings_database, settings_kept,
                                                  NULL};
static const ConfigItem *const timer_settings[] = {settings_common, settings_database,
                                                   settings_timers, settings_clock, NULL};
static const ConfigItem *const lag_settings[] = {settings_common, settings_kafka, settings_group,
                                                 NULL};
static const ConfigItem *const forget_settings[] = {settings_common, settings_database,
                                                    settings_clock, settings_forget, NULL};
static const ConfigItem *const audit_settings[] = {
    settings_common, settings_database, settings_kafka, settings_group,
    settings_clock,  settings_calendar, settings_audit, NULL};
static const ConfigItem *const calendar_settings[] = {settings_common, settings_calendar, NULL};
static const ConfigItem *const setup_settings[] = {settings_common, settings_database,
                                                   settings_kafka, settings_setup, NULL};

static const ConfigItem *const rewind_settings[] = {
    settings_common, settings_database, settings_kafka, settings_group, settings_clock, NULL};
static const ConfigItem *const replay_settings[] = {settings_common,
                                                    settings_database,
                                                    settings_kafka,
                                                    settings_group,
                                                    settings_clock,
                                                    settings_replay,
                                                    NULL};

static const ConfigItem *const submit_settings[] = {settings_common,
                                                    settings_database,
                                                    settings_kafka,
                                                    settings_signing,
                                                    settings_clock,
                                                    settings_calendar,
                                                    NULL};

static const ConfigItem *const act_settings[] = {
    settings_common, settings_database, settings_kafka, settings_signing, settings_clock, NULL};
static const ConfigItem *const review_settings[] = {settings_common,
                                                    settings_database,
                                                    settings_kafka,
                                                    settings_signing,
                                                    settings_clock,
                                                    settings_review,
                                                    NULL};

static const ConfigItem *const skip_settings[] = {
    settings_common, settings_database, settings_kafka, settings_group, settings_clock, NULL};

static const ConfigItem *const dlq_settings[] = {settings_common, settings_kafka, NULL};

static const Command commands[] = {
    {"setup", "make or check tables and topics", "[--fix] [--roles] [--json]", setup_details,
     setup_options, 0, 0, setup_settings, setup_run},
    {"status", "where a claim stands", "[--json] [TENANT_ID] CLAIM_ID", status_details,
     json_options, 1, 2, kept_settings, status_run},
    {"history", "what happened to a claim, and why", "[--json] [TENANT_ID] CLAIM_ID",
     history_details, json_options, 1, 2, kept_settings, history_run},
    {"submit", "check claim documents and publish them",
     "[--json] [--check | --skip-bad] [--revision] [--wait [--timeout SECONDS]] FILE…",
     submit_details, submit_options, 1, 500, submit_settings, submit_run},
    {"opt-out", "decline a claim for its customer",
     "[--json] [TENANT_ID] CLAIM_ID [--line N]… [--comment TEXT] --operator ID [--no-wait | "
     "--timeout SECONDS]",
     opt_out_details, opt_out_options, 1, 2, act_settings, opt_out_run},
    {"extend", "give a customer more time",
     "[--json] [TENANT_ID] CLAIM_ID --until INSTANT [--line N]… --reason TEXT --operator ID "
     "[--no-wait | --timeout SECONDS]",
     extend_details, extend_options, 1, 2, act_settings, extend_run},
    {"review", "a reviewer's verdict, or the claims that await one",
     "[--json] (--list | [TENANT_ID] CLAIM_ID (--approve | --reject | --ask) [--line N]… "
     "[--reason TEXT] [--finding CODE:LINE:MESSAGE]… --reviewer ID [--no-wait | --timeout "
     "SECONDS])",
     review_details, review_options, 0, 2, review_settings, review_run},
    {"dlq list", "records that could not be processed",
     "[--json] [--reason CODE] [--topic T] [--since INSTANT] [--limit N]", dlq_list_details,
     dlq_list_options, 0, 0, dlq_settings, dlq_list_run},
    {"dlq show", "one of them, with why and what to do", "[--json] PARTITION OFFSET [--full]",
     dlq_show_details, dlq_show_options, 0, 2, dlq_settings, dlq_show_run},
    {"dlq replay", "put them back on the topic that they came from",
     "[--json] (PARTITION OFFSET | --reason CODE | --all) [--dry-run]", dlq_replay_details,
     dlq_replay_options, 0, 2, dlq_settings, dlq_replay_run},
    {"dlq skip", "past a record that no program can read",
     "[--json] --topic T --partition N --offset N [--yes]", dlq_skip_details, dlq_skip_options, 0,
     0, skip_settings, dlq_skip_run},
    {"explain deadline", "why a window ends when it ends",
     "[--json] --country CC --at INSTANT [--time-zone ZONE] [--days N]", explain_deadline_details,
     explain_deadline_options, 0, 0, calendar_settings, explain_deadline_run},
    {"holders", "who is partner of record, slot by slot", "[--json] [TENANT_ID]", holders_details,
     json_options, 0, 1, read_settings, holders_run},
    {"find", "claims by partner, customer, subscription, status or time",
     "[--json] [--mpn ID] [--tenant ID] [--subscription ID] [--domain NAME] [--status S] "
     "[--since INSTANT] [--limit N]",
     find_details, find_options, 0, 0, read_settings, find_run},
    {"kept", "opt-outs that wait for their claim", "[--json] [--limit N]", kept_details,
     kept_options, 0, 0, kept_settings, kept_run},
    {"timers", "what waits, and whether Redis knows of it", "[--json] [--due] [--kind K]",
     timers_details, timers_options, 0, 0, timer_settings, timers_run},
    {"lag", "how far each worker is behind", "[--json] [--max N]", lag_details, lag_options, 0, 0,
     lag_settings, lag_run},
    {"calendar list", "the calendars, their weekends and years", "[--json]", calendar_list_details,
     json_options, 0, 0, calendar_settings, calendar_list_run},
    {"calendar deadlines", "the deadline of every day of notice, as CSV",
     "[--json] --country CC --from DATE --to DATE [--days N] [--time-zone ZONE]",
     calendar_deadlines_details, calendar_deadlines_options, 0, 0, calendar_settings,
     calendar_deadlines_run},
    {"forget", "erase a person's data",
     "[--json] (--email ADDRESS | [TENANT_ID] CLAIM_ID) --operator ID [--dry-run] [--yes]",
     forget_details, forget_options, 0, 2, forget_settings, forget_run},
    {"rewind", "after a restore: set the workers back to what the database knows",
     "[--json] [--yes] [--accept-loss]", rewind_details, rewind_options, 0, 0, rewind_settings,
     rewind_run},
    {"replay", "after rewind: go through what was set back, in order of receipt",
     "[--json] [--slice MS]", replay_details, replay_options, 0, 0, replay_settings, replay_run},
    {"audit", "check the promises on the stored data and on what was published",
     "[--json] [--no-kafka]", audit_details, audit_options, 0, 0, audit_settings, audit_run},
    {"completion bash", "completion of words for bash and zsh", "", completion_details, NULL, 0, 0,
     common_settings, completion_run},
    {"man", "the manual page, as roff", "", man_details, NULL, 0, 0, common_settings, man_run},
    {.name = NULL},
};

int main(int argc, char **argv)
{
    return cporctl_main(commands, argc, argv);
}
