/* cporctl.c - finds the command that was called and runs it. */
#include "cporctl.h"

#include <stdio.h>
#include <string.h>

const Option json_options[] = {
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* How many of argv's words the name takes, if it is this command: 1 or 2; else 0. */
static int name_matches(const char *name, int argc, char **argv)
{
    const char *space = strchr(name, ' ');
    if (space == NULL)
        return strcmp(name, argv[0]) == 0 ? 1 : 0;
    const size_t size = (size_t)(space - name);
    const bool first = strlen(argv[0]) == size && strncmp(name, argv[0], size) == 0;
    return first && argc > 1 && strcmp(space + 1, argv[1]) == 0 ? 2 : 0;
}

static const Command *command_find(const Command *commands, int argc, char **argv,
                                   int *ret_word_count)
{
    for (; commands->name != NULL; commands++) {
        *ret_word_count = name_matches(commands->name, argc, argv);
        if (*ret_word_count > 0)
            return commands;
    }
    return NULL;
}

static ExitCode call_unknown(const Command *commands, const char *word)
{
    const size_t size = strlen(word);
    for (; commands->name != NULL; commands++) {
        if (strncmp(commands->name, word, size) == 0 && commands->name[size] == ' ') {
            fprintf(stderr, "cporctl: %s wants one more word: cporctl %s\n", word, commands->name);
            return EXIT_CODE_USAGE;
        }
    }
    fprintf(stderr, "cporctl: unknown command %s (try cporctl --help)\n", word);
    return EXIT_CODE_USAGE;
}

/* A full disk, or a pipe whose reader has left, must not look like an answer. */
static ExitCode output_finish(ExitCode code)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    fprintf(stderr, "cporctl: write the answer: %m\n");
    return EXIT_CODE_NEGATIVE;
}

static ExitCode command_run(const Command *commands, const Command *command, int argc, char **argv)
{
    Session session = {.commands = commands, .command = command};
    bool wants_help = false;
    if (!arguments_read(command, argc, argv, &session.arguments, &wants_help, &session.error))
        return session_refuse(&session, "%s", session.error.text);
    if (wants_help) {
        help_print(command);
        return EXIT_CODE_DONE;
    }
    ExitCode code = EXIT_CODE_NEGATIVE;
    if (session_open(&session))
        code = command->run(&session);
    else
        session_fail(&session);
    session_close(&session);
    return code;
}

int cporctl_main(const Command *commands, int argc, char **argv)
{
    int word_count = 0;
    if (argc < 2) {
        fprintf(stderr, "cporctl: which command? (try cporctl --help)\n");
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_print_all(commands);
        return (int)output_finish(EXIT_CODE_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("cporctl %s\n", CPOR_VERSION);
        return (int)output_finish(EXIT_CODE_DONE);
    }
    const Command *command = command_find(commands, argc - 1, argv + 1, &word_count);
    if (command == NULL)
        return (int)call_unknown(commands, argv[1]);
    return (int)output_finish(
        command_run(commands, command, argc - 1 - word_count, argv + 1 + word_count));
}
