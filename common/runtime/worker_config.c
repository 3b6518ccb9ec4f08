/* worker_config.c - a worker's arguments and the settings that all workers have. */
#include "worker_internal.h"

#include "crash_point.h"
#include "log.h"
#include "production.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE_MAX = 100 };

const ConfigItem worker_config_items[] = {
    {"CPOR_KAFKA_BROKERS", "127.0.0.1:9092", CONFIG_TEXT, 0, 0, "host:port,… to start from"},
    {"CPOR_KAFKA_PROPERTIES", "", CONFIG_TEXT, 0, 0,
     "file of librdkafka properties (key=value), e.g. for TLS and SASL; they win"},
    {"CPOR_TOPIC_PREFIX", "cpor.", CONFIG_TEXT, 0, 0, "before every topic's name"},
    {"CPOR_GROUP_PREFIX", "cpor.", CONFIG_TEXT, 0, 0, "before the consumer group's name"},
    {"CPOR_DATABASE_URL", "postgresql://127.0.0.1:5432/cpor", CONFIG_SECRET, 0, 0,
     "postgresql://user@host:port/name"},
    {"CPOR_DATABASE_TIMEOUT_MS", "10000", CONFIG_INTEGER, 100, 600000,
     "of each statement; connecting gets half"},
    {"CPOR_INSTANCE", "", CONFIG_TEXT, 0, 0,
     "this worker's name, stable over restarts, one process at a time; empty: the host's"},
    {"CPOR_ENV", "development", CONFIG_TEXT, 0, 0, "development or production"},
    {"CPOR_HTTP_ADDRESS", "127.0.0.1", CONFIG_TEXT, 0, 0,
     "where /healthz, /readyz and /metrics listen; 0.0.0.0 in a container"},
    {"CPOR_HTTP_PORT", "0", CONFIG_INTEGER, 0, 65535, "0: a free one, logged"},
    {"CPOR_LOG_LEVEL", "info", CONFIG_TEXT, 0, 0, "debug, info, warning or error"},
    {"CPOR_BATCH_COUNT_MAX", "0", CONFIG_INTEGER, 0, 5000,
     "records in a batch; 0: the worker's own choice"},
    {"CPOR_BATCH_SIZE_MAX", "4194304", CONFIG_INTEGER, 1024, 67108864,
     "bytes of values after which a batch is closed"},
    {"CPOR_BATCH_WAIT_MS", "5", CONFIG_INTEGER, 0, 1000,
     "how long a batch waits for more after its first record"},
    {"CPOR_ALLOW_CREATE_TIME", "false", CONFIG_BOOLEAN, 0, 0,
     "not in production: take records whose time is their publisher's for received then"},
    {"CPOR_SHARE_DIR", "", CONFIG_TEXT, 0, 0,
     "templates, calendars, catalogue; empty: deploy/ of the source tree"},
    {"CPOR_CLOCK_START", "", CONFIG_TEXT, 0, 0,
     "scaled clock, not in production: business time at its start (RFC 3339)"},
    {"CPOR_CLOCK_WALL_START", "", CONFIG_TEXT, 0, 0, "scaled clock: wall time at its start"},
    {"CPOR_CLOCK_SPEED", "", CONFIG_TEXT, 0, 0, "scaled clock: business seconds per second"},
    {.name = NULL},
};

static const ConfigItem no_items[] = {{.name = NULL}};

static void fill_tables(const WorkerSpec *spec, const ConfigItem *ret_tables[3])
{
    ret_tables[0] = worker_config_items;
    ret_tables[1] = spec->config_items == NULL ? no_items : spec->config_items;
    ret_tables[2] = NULL;
}

static void print_help(const WorkerSpec *spec)
{
    const ConfigItem *tables[3];
    fill_tables(spec, tables);
    printf("%s - %s\n\nUsage: %s [--help | --version]\n\n"
           "Settings come from the environment:\n\n",
           spec->name, spec->summary == NULL ? "" : spec->summary, spec->name);
    config_print_help(stdout, tables);
    printf("\nThe first SIGTERM or SIGINT drains, a second exits at once; SIGHUP reloads.\n"
           "Exit codes: 0 drained, 1 failed, 2 bad argument.\n");
}

int worker_arguments(const WorkerSpec *spec, int argc, char **argv)
{
    if (argc <= 1)
        return -1;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_help(spec);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", spec->name, CPOR_VERSION);
        return 0;
    }
    const char *unknown = argc == 2 ? argv[1] : argv[2];
    fprintf(stderr, "%s: unknown argument %s (try --help)\n", spec->name, unknown);
    return 2;
}

/* Names of topics, groups, transactions and metrics are made of these. */
static bool is_name(const char *text, size_t size_min)
{
    const size_t size = strlen(text);
    return size >= size_min && size <= NAME_SIZE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               size;
}

static bool check_name(const char *setting, const char *text, size_t size_min, Error *reterr)
{
    return is_name(text, size_min) ||
           error_set(reterr, ERROR_FATAL,
                     "read %s \"%.100s\": must be %zu to %d of A-Z a-z 0-9 . _ -", setting, text,
                     size_min, NAME_SIZE_MAX);
}

static bool read_instance(Worker *worker, Error *reterr)
{
    const char *instance = config_text(worker->config, "CPOR_INSTANCE");
    char host[HOST_NAME_MAX + 1] = "";
    if (*instance == '\0' && gethostname(host, sizeof host - 1) == 0)
        instance = host;
    if (!check_name("CPOR_INSTANCE", instance, 1, reterr))
        return false;
    snprintf(worker->instance, sizeof worker->instance, "%s", instance);
    return true;
}

static bool read_environment(Worker *worker, Error *reterr)
{
    const char *name = config_text(worker->config, "CPOR_ENV");
    worker->production = strcmp(name, "production") == 0;
    return worker->production || strcmp(name, "development") == 0 ||
           error_set(reterr, ERROR_FATAL,
                     "read CPOR_ENV \"%.40s\": must be development or "
                     "production",
                     name);
}

static const char *get_setting(const void *config, const char *name)
{
    return config_find_text(config, name);
}

/* All at once, a line each: whoever sets up production shall not learn of them one by one. */
static bool check_production(const Worker *worker, Error *reterr)
{
    ProductionFinding findings[PRODUCTION_FINDING_COUNT_MAX];
    if (!worker->production)
        return true;
    const size_t count = production_check(get_setting, worker->config, findings);
    for (size_t i = 0; i < count; i++)
        log_write(LOG_ERROR, "production-refused", "setting=%s problem=\"%s\"", findings[i].setting,
                  findings[i].text);
    return count == 0 ||
           error_set(
               reterr, ERROR_FATAL,
               "check settings: production refuses %zu of them (a line before this tells each; "
               "CPOR_ENV=development takes them)",
               count);
}

bool worker_configure(Worker *worker, Error *reterr)
{
    const ConfigItem *tables[3];
    fill_tables(worker->spec, tables);
    if (!config_load(tables, &worker->config, reterr))
        return false;
    const Config *config = worker->config;
    return read_instance(worker, reterr) && read_environment(worker, reterr) &&
           check_name("CPOR_TOPIC_PREFIX", config_text(config, "CPOR_TOPIC_PREFIX"), 0, reterr) &&
           check_name("CPOR_GROUP_PREFIX", config_text(config, "CPOR_GROUP_PREFIX"), 0, reterr) &&
           log_init(worker->spec->name, worker->instance, config_text(config, "CPOR_LOG_LEVEL"),
                    reterr) &&
           check_production(worker, reterr) && crash_point_arm(reterr) &&
           clock_init(&worker->clock, config_text(config, "CPOR_CLOCK_START"),
                      config_text(config, "CPOR_CLOCK_WALL_START"),
                      config_text(config, "CPOR_CLOCK_SPEED"), worker->production, reterr);
}

/* build/release/bin/NAME is three folders below the source tree. */
static const char *share_root(const Worker *worker, Arena *arena)
{
    const char *configured = config_text(worker->config, "CPOR_SHARE_DIR");
    if (*configured != '\0')
        return configured;
    char exe[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[size > 0 ? size : 0] = '\0';
    return arena_printf(arena, "%s/../../../deploy", dirname(exe));
}

const char *worker_share_dir(const Worker *worker, const char *name)
{
    /* What the worker keeps for ever is no part of its visible state. */
    Arena *lasting = (Arena *)(uintptr_t)&worker->lasting;
    return arena_printf(lasting, "%s/%s", share_root(worker, lasting), name);
}

const Config *worker_config(const Worker *worker)
{
    return worker->config;
}

const Clock *worker_clock(const Worker *worker)
{
    return &worker->clock;
}

Database *worker_database(Worker *worker)
{
    return worker->database;
}

Kafka *worker_kafka(Worker *worker)
{
    return worker->kafka;
}

const char *worker_service(const Worker *worker)
{
    return worker->spec->name;
}

const char *worker_instance(const Worker *worker)
{
    return worker->instance;
}

Arena *worker_lasting(Worker *worker)
{
    return &worker->lasting;
}

int64_t worker_started_at_ms(const Worker *worker)
{
    return worker->started_at_ms;
}

bool worker_is_production(const Worker *worker)
{
    return worker->production;
}
