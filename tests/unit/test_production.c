/* test_production.c - which settings production refuses. */
#include "runtime/production.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STRONG "q7Zc1rT0uVx9LmN4pB2sWd8EyH6gKf3J"

/* Apart from their hosts, which are nobody's to reach. */
#define HTTP                                                                                       \
    "http:"                                                                                        \
    "//"
#define HTTPS                                                                                      \
    "https:"                                                                                       \
    "//"

typedef struct Given {
    const char *setting, *text;
} Given;

static const char *get(const void *context, const char *setting)
{
    const Given *given = context;
    for (; given->setting != NULL; given++)
        if (strcmp(given->setting, setting) == 0)
            return given->text;
    return NULL;
}

static void each_value_is_taken_or_refused(void **state)
{
    static const struct {
        const char *setting, *text;
        size_t count;
    } rows[] = {
        {"CPOR_MAIL_FROM", "partner-of-record@cpor.example", 1},
        {"CPOR_MAIL_FROM", "a@Sub.Example.COM", 1},
        {"CPOR_MAIL_FROM", "a@example.org.", 1},
        {"CPOR_MAIL_FROM", "a@mail.invalid", 1},
        {"CPOR_MAIL_FROM", "a@host.test", 1},
        {"CPOR_MAIL_FROM", "root@localhost", 1},
        {"CPOR_MAIL_FROM", "a@contest", 0},
        {"CPOR_MAIL_FROM", "a@myexample.com", 0},
        {"CPOR_MAIL_FROM", "example@contoso.com", 0},
        {"CPOR_PROGRAMME_ADDRESS", "partner-programme@cpor.example", 1},
        {"CPOR_PROGRAMME_ADDRESS", "programme@contoso.com", 0},
        {"CPOR_PROGRAMME_ADDRESS", "", 0},
        {"CPOR_OPT_OUT_URL", "http://127.0.0.1:8080/opt-out", 1},
        {"CPOR_OPT_OUT_URL", HTTP "contoso.com/opt-out", 1},
        {"CPOR_OPT_OUT_URL", HTTPS "127.9.0.1/opt-out", 1},
        {"CPOR_OPT_OUT_URL", HTTPS "[::1]:8443/opt-out", 1},
        {"CPOR_OPT_OUT_URL", HTTPS "[::ffff:127.0.0.1]/", 1},
        {"CPOR_OPT_OUT_URL", HTTPS "user@localhost/opt-out", 1},
        {"CPOR_OPT_OUT_URL", HTTPS "por.cpor.example/opt-out", 1},
        {"CPOR_OPT_OUT_URL", HTTPS "por.contoso.com/opt-out?x=@127.0.0.1", 0},
        {"CPOR_OPT_OUT_URL",
         "HTTPS:"
         "//por.contoso.com:8443",
         0},
        {"CPOR_OPT_OUT_KEYS", "dev:for-development-only-not-a-secret", 1},
        {"CPOR_OPT_OUT_KEYS", "k1:sixteen-bytes-xx", 1},
        {"CPOR_OPT_OUT_KEYS", "k1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1},
        {"CPOR_OPT_OUT_KEYS", "k1:" STRONG, 0},
        {"CPOR_OPT_OUT_KEYS", "k2:" STRONG ",k1:" STRONG, 0},
        {"CPOR_OPT_OUT_KEYS", "k2:" STRONG ",k1:short-and-of-old", 1},
        {"CPOR_EVENT_KEYS", "w1:worker:" STRONG, 0},
        {"CPOR_EVENT_KEYS", "w1:worker:short", 1},
        {"CPOR_EVENT_KEYS", "w1:worker:" STRONG ":a", 0}, /* a colon of its own */
        {"CPOR_OPT_OUT_KEYS", "k1:" STRONG ":a", 0},
        {"CPOR_EVENT_KEYS", "", 0},
        {"CPOR_ALLOW_CREATE_TIME", "true", 1},
        {"CPOR_ALLOW_CREATE_TIME", "false", 0},
        {"CPOR_CLOCK_SPEED", "20000", 1},
        {"CPOR_CLOCK_SPEED", "", 0},
        {"CPOR_KAFKA_BROKERS", "127.0.0.1:9092", 0}, /* a proxy beside us */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Given given[] = {{rows[i].setting, rows[i].text}, {NULL, NULL}};
        ProductionFinding findings[PRODUCTION_FINDING_COUNT_MAX];
        if (production_check(get, given, findings) != rows[i].count)
            fail_msg("%s=%s", rows[i].setting, rows[i].text);
    }
}

static void all_findings_come_at_once_and_tell_no_secret(void **state)
{
    static const Given given[] = {{"CPOR_OPT_OUT_KEYS", "k:hunter2"},
                                  {"CPOR_MAIL_FROM", "a@b.example"},
                                  {"CPOR_OPT_OUT_URL", HTTP "x"},
                                  {NULL, NULL}};
    static const char *const names[] = {"CPOR_MAIL_FROM", "CPOR_OPT_OUT_URL", "CPOR_OPT_OUT_KEYS"};
    ProductionFinding findings[PRODUCTION_FINDING_COUNT_MAX];
    (void)state;
    assert_int_equal(production_check(get, given, findings), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(findings[i].setting, names[i]);
        assert_null(strstr(findings[i].text, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_taken_or_refused),
        cmocka_unit_test(all_findings_come_at_once_and_tell_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
