/* arguments.c - a command line: options with and without values, and words. */
#include "cporctl.h"

#include <string.h>

/* --help is every command's, and in no table. */
static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static bool is_option(const char *text)
{
    return text[0] == '-' && text[1] != '\0';
}

/* The index in the table, or -1. text may go on with "=value". */
static int option_find(const Option *options, const char *text)
{
    const size_t size = strcspn(text, "=");
    for (int i = 0; options != NULL && options[i].name != NULL; i++)
        if (strlen(options[i].name) == size && strncmp(options[i].name, text, size) == 0)
            return i;
    return -1;
}

/* Takes argv[*index], and the next one where it is the option's value. */
static bool option_read(Arguments *arguments, int argc, char **argv, int *index, Error *reterr)
{
    const char *text = argv[*index];
    const char *equals = strchr(text, '=');
    const int found = option_find(arguments->options, text);
    if (found < 0)
        return error_set(reterr, ERROR_FATAL, "unknown option %.60s", text);
    const Option *option = &arguments->options[found];
    if (arguments->values[found] != NULL)
        return error_set(reterr, ERROR_FATAL, "%s is given twice", option->name);
    if (option->value_name == NULL) {
        arguments->values[found] = "";
        return equals == NULL || error_set(reterr, ERROR_FATAL, "%s takes no value", option->name);
    }
    if (equals == NULL && *index + 1 < argc)
        arguments->values[found] = argv[++*index];
    else if (equals != NULL)
        arguments->values[found] = equals + 1;
    const char *value = arguments->values[found];
    return (value != NULL && *value != '\0') ||
           error_set(reterr, ERROR_FATAL, "%s wants a value: %s %s", option->name, option->name,
                     option->value_name);
}

static bool word_add(const Command *command, Arguments *arguments, const char *word, Error *reterr)
{
    if (arguments->word_count == command->word_count_max)
        return error_set(reterr, ERROR_FATAL, "\"%.60s\" is one argument too many", word);
    arguments->words[arguments->word_count++] = word;
    return true;
}

bool arguments_read(const Command *command, int argc, char **argv, Arguments *ret_arguments,
                    bool *ret_help, Error *reterr)
{
    Arguments arguments = {.options = command->options};
    bool only_words = false; /* after "--" */
    *ret_help = false;
    for (int i = 0; i < argc; i++) {
        bool good = true;
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && is_help(argv[i]))
            *ret_help = true;
        else if (!only_words && is_option(argv[i]))
            good = option_read(&arguments, argc, argv, &i, reterr);
        else
            good = word_add(command, &arguments, argv[i], reterr);
        if (!good)
            return false;
    }
    if (!*ret_help && arguments.word_count < command->word_count_min)
        return error_set(reterr, ERROR_FATAL, "an argument is missing: %s %s", command->name,
                         command->usage);
    *ret_arguments = arguments;
    return true;
}

const char *arguments_option(const Arguments *arguments, const char *name)
{
    const int found = option_find(arguments->options, name);
    return found < 0 ? NULL : arguments->values[found];
}
