/* man.c - `cporctl man`: the manual page, from the table of commands. */
#include "cporctl.h"

#include <stdio.h>
#include <string.h>

enum { SETTING_COUNT_MAX = 200 };

/* A text as roff takes it: no line of it is a request, and '-' is the one that can be typed. */
static void print_roff(const char *text)
{
    bool at_start = true;
    for (; *text != '\0'; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            printf("\\&");
        if (*text == '\\')
            printf("\\e");
        else if (*text == '-')
            printf("\\-");
        else
            putchar(*text);
        at_start = *text == '\n';
    }
}

static void print_option(const char *name, const char *value_name, const char *help)
{
    printf(".TP\n.B ");
    print_roff(name);
    if (value_name != NULL)
        printf(" \\fI%s\\fR", value_name);
    printf("\n");
    print_roff(help);
    printf("\n");
}

static void print_command(const Command *command)
{
    printf(".SS cporctl %s ", command->name);
    print_roff(command->usage);
    printf("\n");
    print_roff(command->summary);
    printf(".\n.PP\n.nf\n");
    print_roff(command->details);
    printf(".fi\n");
    for (const Option *option = command->options; option != NULL && option->name != NULL; option++)
        print_option(option->name, option->value_name, option->help);
}

static void print_setting(const ConfigItem *item)
{
    print_option(item->name, NULL, item->help);
    if (item->kind == CONFIG_SECRET)
        printf("; or %s_FILE names a file that holds it\n", item->name);
    else if (item->default_text != NULL && *item->default_text != '\0') {
        printf("; default ");
        print_roff(item->default_text);
        printf("\n");
    }
}

static bool is_new(const ConfigItem **seen, size_t *count, const ConfigItem *item)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(seen[i]->name, item->name) == 0)
            return false;
    if (*count < SETTING_COUNT_MAX)
        seen[(*count)++] = item;
    return true;
}

static void print_settings(const Command *commands)
{
    const ConfigItem *seen[SETTING_COUNT_MAX];
    size_t count = 0;
    for (const Command *command = commands; command->name != NULL; command++)
        for (const ConfigItem *const *table = command->settings; *table != NULL; table++)
            for (const ConfigItem *item = *table; item->name != NULL; item++)
                if (is_new(seen, &count, item))
                    print_setting(item);
}

ExitCode man_run(Session *session)
{
    printf(".TH CPORCTL 1 \"\" \"cporctl %s\" \"CPOR claims\"\n", CPOR_VERSION);
    printf(".SH NAME\ncporctl \\- sets up, shows and checks a CPOR claims installation\n"
           ".SH SYNOPSIS\n.B cporctl\n\\fICOMMAND\\fR [\\fIOPTION\\fR | \\fIARGUMENT\\fR]...\n"
           ".SH COMMANDS\n");
    for (const Command *command = session->commands; command->name != NULL; command++)
        print_command(command);
    printf(".SH ENVIRONMENT\n");
    print_settings(session->commands);
    printf(".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nfailed, or the answer is no\n"
           ".TP\n.B 2\ncalled in a wrong way\n");
    return EXIT_CODE_DONE;
}
