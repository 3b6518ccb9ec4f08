/* help.c - what --help prints. */
#include "cporctl.h"

#include <stdio.h>
#include <string.h>

static const char exit_codes[] =
    "Exit codes: 0 done, 1 failed or the answer is no, 2 called in a wrong way.\n";

void help_print_all(const Command *commands)
{
    printf("cporctl - sets up, shows and checks a CPOR claims installation\n\n"
           "Usage: cporctl COMMAND [OPTION | ARGUMENT]…\n\nCommands:\n");
    for (; commands->name != NULL; commands++)
        printf("  %-18s %s\n", commands->name, commands->summary);
    printf("\ncporctl COMMAND --help tells more; cporctl --version tells the version.\n%s",
           exit_codes);
}

static void options_print(const Option *options)
{
    printf("\nOptions:\n");
    for (; options != NULL && options->name != NULL; options++) {
        const char *value = options->value_name == NULL ? "" : options->value_name;
        const int width = 18 - (int)strlen(options->name) + (strstr(value, "…") == NULL ? 0 : 2);
        printf("  %s %-*s %s\n", options->name, width > 0 ? width : 0, value, options->help);
    }
    printf("  %-19s %s\n", "--help", "this text");
}

void help_print(const Command *command)
{
    printf("cporctl %s - %s\n\nUsage: cporctl %s %s\n\n%s", command->name, command->summary,
           command->name, command->usage, command->details);
    options_print(command->options);
    printf("\nSettings, from the environment:\n");
    config_print_help(stdout, command->settings);
    printf("\n%s", exit_codes);
}
