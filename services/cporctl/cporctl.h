/* cporctl.h - what a command of the operator's tool is made of, and what it may use. */
#pragma once

#include "runtime/arena.h"
#include "runtime/config.h"
#include "runtime/database.h"

#include <stddef.h>
#include <stdint.h>

enum {
    COMMAND_OPTION_COUNT_MAX = 16,
    COMMAND_WORD_COUNT_MAX = 1024, /* files that a shell found */
    COMMAND_REPEAT_COUNT_MAX = 256,
};

typedef enum ExitCode {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_NEGATIVE = 1, /* it failed, or the answer is no */
    EXIT_CODE_USAGE = 2,    /* called in a way that it does not have */
} ExitCode;

typedef struct Option {
    const char *name;       /* "--at" */
    const char *value_name; /* "INSTANT"; NULL: a flag; "N…": may be given again and again */
    const char *help;       /* one line */
} Option;

typedef struct Session Session;

/* One row of the table in main.c. Texts are static. */
typedef struct Command {
    const char *name;                      /* one word, or two: "explain deadline" */
    const char *summary;                   /* one line */
    const char *usage;                     /* what follows the name */
    const char *details;                   /* more for --help: what is printed, examples */
    const Option *options;                 /* ended by name NULL; --help is everybody's */
    size_t word_count_min, word_count_max; /* arguments that are no options */
    const ConfigItem *const *settings;     /* tables, ended by NULL */
    ExitCode (*run)(Session *session);
} Command;

/* What stood on the command line. Borrowed from argv. */
typedef struct Arguments {
    const Option *options;
    const char *values[COMMAND_OPTION_COUNT_MAX]; /* beside options; NULL: not given; the last */
    struct {
        int option; /* in options */
        const char *value;
    } repeats[COMMAND_REPEAT_COUNT_MAX]; /* of options that may be repeated, in their order */
    size_t repeat_count;
    const char *words[COMMAND_WORD_COUNT_MAX];
    size_t word_count;
} Arguments;

/* One call of one command. */
struct Session {
    const Command *commands; /* all of them: for what is made from the table */
    const Command *command;
    Arguments arguments;
    Config *config;
    Database *database; /* NULL before session_open_database */
    Arena arena;        /* what the command makes; lives until its end */
    bool is_json;       /* --json was given */
    bool has_colour;
    Error error; /* for functions of the libraries; told by session_fail */
};

/* cporctl_main - all of main: find the command in the table, read arguments, run it.
 *
 * In:      commands  ended by a row with name NULL.
 * Returns: the exit code. */
int cporctl_main(const Command *commands, int argc, char **argv);

/* The commands' functions. */
ExitCode audit_run(Session *session);
ExitCode explain_deadline_run(Session *session);
ExitCode history_run(Session *session);
ExitCode holders_run(Session *session);
ExitCode find_run(Session *session);
ExitCode kept_run(Session *session);
ExitCode timers_run(Session *session);
ExitCode lag_run(Session *session);
ExitCode calendar_list_run(Session *session);
ExitCode calendar_deadlines_run(Session *session);
ExitCode forget_run(Session *session);
ExitCode completion_run(Session *session);
ExitCode man_run(Session *session);
ExitCode submit_run(Session *session);
ExitCode opt_out_run(Session *session);
ExitCode extend_run(Session *session);
ExitCode review_run(Session *session);
ExitCode dlq_list_run(Session *session);
ExitCode dlq_show_run(Session *session);
ExitCode dlq_replay_run(Session *session);
ExitCode dlq_skip_run(Session *session);
ExitCode setup_run(Session *session);
ExitCode rewind_run(Session *session);
ExitCode replay_run(Session *session);
ExitCode status_run(Session *session);

/* Options, described beside the functions that read them. */
extern const Option json_options[]; /* --json alone */
extern const Option explain_deadline_options[];
extern const Option find_options[];
extern const Option kept_options[];
extern const Option timers_options[];
extern const Option lag_options[];
extern const Option calendar_deadlines_options[];
extern const Option forget_options[];
extern const Option audit_options[];
extern const Option submit_options[];
extern const Option opt_out_options[];
extern const Option extend_options[];
extern const Option review_options[];
extern const Option dlq_list_options[];
extern const Option dlq_show_options[];
extern const Option dlq_replay_options[];
extern const Option dlq_skip_options[];
extern const Option setup_options[];
extern const Option rewind_options[];
extern const Option replay_options[];

/* arguments_read - sort words and options.
 *
 * In:      argc, argv  what follows the command's name.
 * Out:     ret_help  --help is among them.
 * Errors:  FATAL  an unknown option, a missing or superfluous value, too few or many words. */
MUST_CHECK bool arguments_read(const Command *command, int argc, char **argv,
                               Arguments *ret_arguments, bool *ret_help, Error *reterr);

/* arguments_option - an option's value ("" for a flag); NULL: not given. */
const char *arguments_option(const Arguments *arguments, const char *name);

/* arguments_repeat - the index-th value of an option that may be repeated; NULL: no more. */
const char *arguments_repeat(const Arguments *arguments, const char *name, size_t index);

/* help_print_all / help_print - the list of commands; one command with options and settings. */
void help_print_all(const Command *commands);
void help_print(const Command *command);

/* Tables of settings, in settings.c. */
extern const ConfigItem settings_common[];
extern const ConfigItem settings_database[];
extern const ConfigItem settings_kafka[];
extern const ConfigItem settings_group[];
extern const ConfigItem settings_signing[];
extern const ConfigItem settings_clock[];
extern const ConfigItem settings_timers[];
extern const ConfigItem settings_kept[];
extern const ConfigItem settings_forget[];
extern const ConfigItem settings_calendar[];
extern const ConfigItem settings_review[];
extern const ConfigItem settings_setup[];
extern const ConfigItem settings_replay[];
extern const ConfigItem settings_audit[];

/* session_open - settings, log, colour. session_close - give everything back. */
MUST_CHECK bool session_open(Session *session);
void session_close(Session *session);

/* session_open_database - connect once; timeout_ms is that of each statement, half of it of
 * connecting.
 * Errors:  in session->error. */
MUST_CHECK bool session_open_database(Session *session, int timeout_ms);
/* session_open_reader - with the setting's time-out: what most commands want. */
MUST_CHECK bool session_open_reader(Session *session);

/* session_begin_snapshot - a read-only transaction in which all reads see the same moment. */
MUST_CHECK bool session_begin_snapshot(Session *session);

/* session_share_path - a path below the installation's data: CPOR_SHARE_DIR, else the source
 * tree's deploy/ beside the binary. name e.g. "calendars". Borrowed from the session's arena. */
const char *session_share_path(Session *session, const char *name);

/* session_is_production - by CPOR_ENV. Errors:  in session->error: another name. */
MUST_CHECK bool session_is_production(Session *session, bool *ret_is_production);

/* session_clock - business time as the workers have it, from the settings of settings_clock.
 * Errors:  in session->error. */
struct Clock;
MUST_CHECK bool session_clock(Session *session, struct Clock *ret_clock);

/* session_fail - tell session->error on standard error. Returns: EXIT_CODE_NEGATIVE. */
ExitCode session_fail(const Session *session);
/* session_refuse - tell what is wrong with the call. Returns: EXIT_CODE_USAGE. */
ExitCode session_refuse(const Session *session, const char *format, ...) PRINTF_LIKE(2, 3);
/* session_deny - tell a negative answer. Returns: EXIT_CODE_NEGATIVE. */
ExitCode session_deny(const Session *session, const char *format, ...) PRINTF_LIKE(2, 3);
