/* completion.c - `cporctl completion bash`: completion of words, from the table of commands. */
#include "cporctl.h"

#include <stdio.h>
#include <string.h>

static const char head[] =
    "# bash completion of cporctl, made by: cporctl completion bash\n"
    "# bash: source it, e.g. from ~/.bashrc: source <(cporctl completion bash)\n"
    "# zsh:  autoload -U +X bashcompinit && bashcompinit, then the same\n"
    "_cporctl()\n"
    "{\n"
    "    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" "
    "words=\"\"\n"
    "    COMPREPLY=()\n";

static const char tail[] = "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                           "}\n"
                           "complete -F _cporctl cporctl\n";

static size_t first_word_size(const char *name)
{
    return strcspn(name, " ");
}

static bool first_word_is_new(const Command *commands, const Command *command)
{
    const size_t size = first_word_size(command->name);
    for (const Command *other = commands; other != command; other++)
        if (first_word_size(other->name) == size && strncmp(other->name, command->name, size) == 0)
            return false;
    return true;
}

static void print_first_words(const Command *commands)
{
    printf("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"");
    for (const Command *command = commands; command->name != NULL; command++)
        if (first_word_is_new(commands, command))
            printf("%.*s ", (int)first_word_size(command->name), command->name);
    printf("--help --version\"\n    fi\n");
}

static void print_second_words(const Command *commands)
{
    printf("    if [ \"$COMP_CWORD\" -eq 2 ]; then\n        case \"${COMP_WORDS[1]}\" in\n");
    for (const Command *command = commands; command->name != NULL; command++) {
        const size_t size = first_word_size(command->name);
        if (command->name[size] == '\0' || !first_word_is_new(commands, command))
            continue;
        printf("        %.*s) words=\"", (int)size, command->name);
        for (const Command *other = command; other->name != NULL; other++)
            if (strncmp(other->name, command->name, size + 1) == 0)
                printf("%s ", other->name + size + 1);
        printf("\" ;;\n");
    }
    printf("        esac\n    fi\n");
}

static void print_options(const Command *command)
{
    const bool has_one_word = strchr(command->name, ' ') == NULL;
    printf("    \"%s%s) words=\"", command->name, has_one_word ? " \"*" : "\"");
    for (const Option *option = command->options; option != NULL && option->name != NULL; option++)
        printf("%s ", option->name);
    printf("--help\" ;;\n");
}

/* What stands behind an option that wants a value is no option. */
static void print_values(const Command *commands)
{
    printf("    case \"$before\" in\n    \"\"");
    for (const Command *command = commands; command->name != NULL; command++)
        for (const Option *option = command->options; option != NULL && option->name != NULL;
             option++)
            if (option->value_name != NULL)
                printf("|%s", option->name);
    printf(") return ;;\n    esac\n");
}

ExitCode completion_run(Session *session)
{
    const Command *commands = session->commands;
    printf("%s", head);
    print_values(commands);
    printf("    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]-}\" in\n");
    for (const Command *command = commands; command->name != NULL; command++)
        print_options(command);
    printf("    esac\n");
    print_second_words(commands);
    print_first_words(commands);
    printf("%s", tail);
    return EXIT_CODE_DONE;
}
