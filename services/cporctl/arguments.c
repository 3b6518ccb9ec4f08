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

static bool option_repeats(const Option *option)
{
    static const char mark[] = "…";
    const size_t mark_size = sizeof mark - 1;
    const size_t size = option->value_name == NULL ? 0 : strlen(option->value_name);
    return size > mark_size && strcmp(option->value_name + size - mark_size, mark) == 0;
}

static bool repeat_add(Arguments *arguments, int found, Error *reterr)
{
    const Option *option = &arguments->options[found];
    if (!option_repeats(option))
        return true;
    if (arguments->repeat_count == COMMAND_REPEAT_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "%s is given too often", option->name);
    arguments->repeats[arguments->repeat_count].option = found;
    arguments->repeats[arguments->repeat_count++].value = arguments->values[found];
    return true;
}

/* The value behind "=", else the next word; NULL where there is none. */
static const char *value_take(const char *equals, int argc, char **argv, int *index)
{
    if (equals != NULL)
        return equals + 1;
    return *index + 1 < argc ? argv[++*index] : NULL;
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
    if (arguments->values[found] != NULL && !option_repeats(option))
        return error_set(reterr, ERROR_FATAL, "%s is given twice", option->name);
    if (option->value_name == NULL) {
        arguments->values[found] = "";
        return equals == NULL || error_set(reterr, ERROR_FATAL, "%s takes no value", option->name);
    }
    const char *value = value_take(equals, argc, argv, index);
    arguments->values[found] = value;
    if (value == NULL || *value == '\0')
        return error_set(reterr, ERROR_FATAL, "%s wants a value: %s %s", option->name, option->name,
                         option->value_name);
    return repeat_add(arguments, found, reterr);
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

const char *arguments_repeat(const Arguments *arguments, const char *name, size_t index)
{
    const int found = option_find(arguments->options, name);
    for (size_t i = 0; i < arguments->repeat_count; i++)
        if (arguments->repeats[i].option == found && index-- == 0)
            return arguments->repeats[i].value;
    return NULL;
}
