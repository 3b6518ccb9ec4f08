/* settings.c - the settings that the tool reads; names and defaults are those of the workers. */
#include "cporctl.h"

const ConfigItem settings_common[] = {
    {"CPOR_SHARE_DIR", "", CONFIG_TEXT, 0, 0,
     "migrations, contracts, calendars; empty: deploy/ of the source tree"},
    {"CPOR_ENV", "development", CONFIG_TEXT, 0, 0,
     "development or production, as the workers have it"},
    {"CPOR_LOG_LEVEL", "warning", CONFIG_TEXT, 0, 0, "debug, info, warning or error"},
    {.name = NULL},
};

const ConfigItem settings_database[] = {
    {"CPOR_DATABASE_URL", "postgresql://127.0.0.1:5432/cpor", CONFIG_SECRET, 0, 0,
     "postgresql://user@host:port/name"},
    {"CPOR_DATABASE_TIMEOUT_MS", "10000", CONFIG_INTEGER, 100, 600000,
     "of each statement; connecting gets half"},
    {.name = NULL},
};

const ConfigItem settings_kafka[] = {
    {"CPOR_KAFKA_BROKERS", "127.0.0.1:9092", CONFIG_TEXT, 0, 0, "host:port,… to start from"},
    {"CPOR_KAFKA_PROPERTIES", "", CONFIG_TEXT, 0, 0,
     "file of librdkafka properties (key=value), e.g. for TLS and SASL; they win"},
    {"CPOR_KAFKA_TIMEOUT_MS", "30000", CONFIG_INTEGER, 1000, 600000,
     "of each administrative request"},
    {"CPOR_TOPIC_PREFIX", "cpor.", CONFIG_TEXT, 0, 0, "before every topic's name"},
    {.name = NULL},
};

const ConfigItem settings_group[] = {
    {"CPOR_GROUP_PREFIX", "cpor.", CONFIG_TEXT, 0, 0, "before the consumer group's name"},
    {.name = NULL},
};

const ConfigItem settings_signing[] = {
    {"CPOR_EVENT_KEYS", "", CONFIG_SECRET, 0, 0,
     "id:role:secret[,...]; the first reviewer's signs reviews, the first operator's the rest"},
    {"CPOR_DEMAND_SIGNATURES", "", CONFIG_TEXT, 0, 0,
     "as the workers have it: none, internal, privileged; empty: by CPOR_ENV"},
    {.name = NULL},
};

const ConfigItem settings_clock[] = {
    {"CPOR_CLOCK_START", "", CONFIG_TEXT, 0, 0,
     "scaled clock, as the workers have it: business time at its start (RFC 3339)"},
    {"CPOR_CLOCK_WALL_START", "", CONFIG_TEXT, 0, 0, "scaled clock: wall time at its start"},
    {"CPOR_CLOCK_SPEED", "", CONFIG_TEXT, 0, 0, "scaled clock: business seconds per second"},
    {.name = NULL},
};

const ConfigItem settings_timers[] = {
    {"CPOR_REDIS_URL", "redis://127.0.0.1:6379", CONFIG_SECRET, 0, 0,
     "index of timers; disposable"},
    {"CPOR_REDIS_PREFIX", "cpor:", CONFIG_TEXT, 0, 0, "prefix of every key in Redis"},
    {"CPOR_REDIS_TIMEOUT_MS", "1000", CONFIG_INTEGER, 10, 60000, "of one command"},
    {"CPOR_TIMER_SWEEP_SECONDS", "15", CONFIG_INTEGER, 1, 3600,
     "a timer due for longer than this is overdue: the workers' sweep should have found it"},
    {.name = NULL},
};

const ConfigItem settings_kept[] = {
    {"CPOR_KEPT_OPT_OUT_DAYS", "90", CONFIG_INTEGER, 1, 3650,
     "how long an opt-out waits for its claim"},
    {.name = NULL},
};

const ConfigItem settings_forget[] = {
    {"CPOR_FORGET_TIMEOUT_MS", "600000", CONFIG_INTEGER, 1000, 86400000,
     "of each statement; looking for an address reads whole tables"},
    {.name = NULL},
};

const ConfigItem settings_calendar[] = {
    {"CPOR_DEFAULT_COUNTRY", "US", CONFIG_TEXT, 0, 0, "calendar of a country without a file"},
    {"CPOR_BUSINESS_DAYS", "5", CONFIG_INTEGER, 1, 30, "length of a window"},
    {.name = NULL},
};

const ConfigItem settings_review[] = {
    {"CPOR_REVIEW_DAYS_MAX", "3", CONFIG_INTEGER, 1, 365,
     "a claim that awaits a reviewer for longer is late"},
    {.name = NULL},
};

const ConfigItem settings_setup[] = {
    {"CPOR_PARTITIONS", "12", CONFIG_INTEGER, 1, 1000,
     "of every topic; cannot be changed later without losing the order of a tenant's events"},
    {"CPOR_REPLICATION", "-1", CONFIG_INTEGER, -1, 100,
     "copies of every new topic; -1: the brokers' default, in production that of topics.json"},
    {"CPOR_SETUP_WAIT_MS", "60000", CONFIG_INTEGER, 0, 3600000,
     "how long to wait for each server to answer"},
    {"CPOR_MIGRATION_TIMEOUT_MS", "600000", CONFIG_INTEGER, 1000, 86400000,
     "of each migration; half of it: waiting for another setup to end"},
    {.name = NULL},
};

const ConfigItem settings_replay[] = {
    {"CPOR_REPLAY_WAIT_MS", "60000", CONFIG_INTEGER, 1000, 3600000,
     "how long to wait for the workers to go through a slice"},
    {.name = NULL},
};

const ConfigItem settings_audit[] = {
    {"CPOR_DEMAND_SIGNATURES", "", CONFIG_TEXT, 0, 0,
     "as the workers have it; what they demand is proved in the history; empty: by CPOR_ENV"},
    {"CPOR_SIGNED_SINCE", "", CONFIG_TEXT, 0, 0,
     "when the workers began to demand it (RFC 3339); what was recorded before may lack its proof"},
    {"CPOR_AUDIT_TIMEOUT_MS", "600000", CONFIG_INTEGER, 1000, 86400000, "of each check"},
    {"CPOR_AUDIT_SETTLE_MS", "10000", CONFIG_INTEGER, 0, 600000,
     "how long a difference between tables and logs may be in flight before it counts"},
    {"CPOR_AUDIT_OVERDUE_SECONDS", "300", CONFIG_INTEGER, 1, 86400,
     "a wait that is due for longer than this, by the wall clock, counts as forgotten"},
    {.name = NULL},
};
