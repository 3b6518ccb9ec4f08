/* test_config.c - settings: defaults, checks, secrets in files, the text of --help. */
#include "runtime/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const ConfigItem first_items[] = {
    {"T_TEXT", "some", CONFIG_TEXT, 0, 0, "a text"},
    {"T_NEEDED", NULL, CONFIG_TEXT, 0, 0, "a text that must be set"},
    {"T_SECRET", "hidden", CONFIG_SECRET, 0, 0, "a secret"},
    {0},
};
static const ConfigItem second_items[] = {
    {"T_COUNT", "5", CONFIG_INTEGER, -1, 10, "a count"},
    {"T_SWITCH", "false", CONFIG_BOOLEAN, 0, 0, "a switch"},
    {0},
};
static const ConfigItem *const tables[] = {first_items, second_items, NULL};

static int clear(void **state)
{
    static const char *const names[] = {"T_TEXT",  "T_NEEDED", "T_SECRET",
                                        "T_COUNT", "T_SWITCH", "T_SECRET_FILE"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    setenv("T_NEEDED", "here", 1);
    return 0;
}

static Config *load(void)
{
    Config *config = NULL;
    Error error = {0};
    if (!config_load(tables, &config, &error))
        fail_msg("%s", error.text);
    return config;
}

static void defaults_hold(void **state)
{
    (void)state;
    setenv("T_TEXT", "", 1); /* empty counts as not set */
    Config *config = load();
    assert_string_equal(config_text(config, "T_TEXT"), "some");
    assert_string_equal(config_text(config, "T_NEEDED"), "here");
    assert_string_equal(config_text(config, "T_SECRET"), "hidden");
    assert_int_equal(config_integer(config, "T_COUNT"), 5);
    assert_false(config_boolean(config, "T_SWITCH"));
    config_release(&config);
    assert_null(config);
}

static void the_environment_wins(void **state)
{
    (void)state;
    setenv("T_TEXT", "other", 1);
    setenv("T_COUNT", "-1", 1);
    setenv("T_SWITCH", "true", 1);
    Config *config = load();
    setenv("T_TEXT", "later", 1);
    assert_string_equal(config_text(config, "T_TEXT"), "other");
    assert_int_equal(config_integer(config, "T_COUNT"), -1);
    assert_true(config_boolean(config, "T_SWITCH"));
    config_release(&config);
}

static void bad_values_name_their_setting(void **state)
{
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"T_NEEDED", ""},
        {"T_COUNT", "11"},
        {"T_COUNT", "-2"},
        {"T_COUNT", "x"},
        {"T_COUNT", "5 "},
        {"T_COUNT", " 5"},
        {"T_COUNT", "+5"},
        {"T_COUNT", "5.0"},
        {"T_COUNT", "0x5"},
        {"T_SWITCH", "yes"},
        {"T_SWITCH", "TRUE"},
        {"T_SWITCH", "1"},
        {"T_COUNT", "99999999999999999999"},
        {"T_SECRET_FILE", "/nonexistent/secret"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Config *config = NULL;
        Error error = {0};
        clear(state);
        setenv(rows[i].name, rows[i].value, 1);
        if (config_load(tables, &config, &error))
            fail_msg("%s=%s is taken", rows[i].name, rows[i].value);
        assert_null(config);
        assert_int_equal(error.class, ERROR_FATAL);
        assert_non_null(strstr(error.text, rows[i].name));
    }
}

static void a_secret_may_be_a_file(void **state)
{
    char path[] = "/tmp/test_config.XXXXXX";
    Config *config = NULL;
    Error error = {0};
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "p4ss\r\nnot this\n", 15), 15);
    close(fd);
    setenv("T_SECRET_FILE", path, 1);
    config = load();
    assert_string_equal(config_text(config, "T_SECRET"), "p4ss");
    config_release(&config);

    setenv("T_SECRET", "s3cret", 1);
    assert_false(config_load(tables, &config, &error));
    assert_non_null(strstr(error.text, "T_SECRET_FILE"));
    assert_null(strstr(error.text, "s3cret"));
    unlink(path);
}

static void a_name_described_twice_is_refused(void **state)
{
    const ConfigItem *const twice[] = {second_items, first_items, second_items, NULL};
    Config *config = NULL;
    Error error = {0};
    (void)state;
    assert_false(config_load(twice, &config, &error));
    assert_non_null(strstr(error.text, "T_COUNT"));
}

/* In a child, since it ends the process. */
static void a_name_in_no_table_ends_the_process(void **state)
{
    (void)state;
    fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        Config *config = load();
        close(STDERR_FILENO);
        config_text(config, "T_UNKNOWN");
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void help_shows_all_but_secrets(void **state)
{
    char *text = NULL;
    size_t size = 0;
    (void)state;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    config_print_help(file, tables);
    fclose(file);
    assert_non_null(strstr(text, "T_COUNT\n      a count\n      integer -1..10; default \"5\"\n"));
    assert_non_null(
        strstr(text, "T_NEEDED\n      a text that must be set\n      text; required\n"));
    assert_non_null(strstr(text, "T_SECRET_FILE"));
    assert_null(strstr(text, "hidden"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_hold, clear),
        cmocka_unit_test_setup(the_environment_wins, clear),
        cmocka_unit_test_setup(bad_values_name_their_setting, clear),
        cmocka_unit_test_setup(a_secret_may_be_a_file, clear),
        cmocka_unit_test_setup(a_name_described_twice_is_refused, clear),
        cmocka_unit_test_setup(a_name_in_no_table_ends_the_process, clear),
        cmocka_unit_test_setup(help_shows_all_but_secrets, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
