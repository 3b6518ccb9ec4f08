/* test_database_hosts.c - a URL that names several servers (CPOR_TEST_DATABASE_URL is one). */
#include "runtime/database_internal.h"

#include "component/database_relay.h"
#include "runtime/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 12000 }; /* connecting gets half, each host its share of that */

static const char *url;
static char credentials[128], port[16], name[128]; /* of url */

/* Takes connections and says nothing, as a server does whose host is gone behind a firewall. */
static int silent_open(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static bool open_at(const char *places, const char *options, Database **ret_database, Error *reterr)
{
    char text[512];
    snprintf(text, sizeof text, "postgresql://%s@%s/%s?sslmode=disable%s", credentials, places,
             name, options);
    return database_open(text, "test-hosts", TIMEOUT_MS, ret_database, reterr);
}

static int open_all(void **state)
{
    (void)state;
    url = getenv("CPOR_TEST_DATABASE_URL");
    if (url == NULL) {
        print_error("CPOR_TEST_DATABASE_URL is not set: run tests/run component\n");
        return -1;
    }
    return sscanf(url, "postgresql://%127[^@]@127.0.0.1:%15[0-9]/%127[^?]", credentials, port,
                  name) == 3
               ? 0
               : -1;
}

static void test_silent_host_has_a_share_only(void **state)
{
    Database *database = NULL;
    Error error = {0};
    char places[64];
    uint16_t silent;
    (void)state;
    const int fd = silent_open(&silent);
    snprintf(places, sizeof places, "127.0.0.1:%u,127.0.0.1:%s", (unsigned)silent, port);
    if (!open_at(places, "", &database, &error))
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    assert_int_equal(database->good_host, 1); /* it is asked first from now on */

    DbHost hosts[DB_HOST_COUNT_MAX];
    assert_int_equal(db_hosts(database->url, database->good_host, hosts), 2);
    assert_string_equal(hosts[0].port, port);
    assert_int_equal(hosts[1].index, 0);
    database_release(&database);
    close(fd);
}

/* All are silent, or gone: within the time-out, and one line names one of them. */
static void test_no_host_answers(void **state)
{
    Database *database = NULL;
    Error error = {0};
    char places[64];
    uint16_t silent;
    (void)state;
    const int fd = silent_open(&silent);
    snprintf(places, sizeof places, "127.0.0.1:%u,127.0.0.1:1", (unsigned)silent);
    assert_false(open_at(places, "", &database, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_non_null(strstr(error.text, "no answer in time"));
    assert_non_null(strstr(error.text, "one of 2 addresses"));
    close(fd);
}

/* What no retry heals at one host may be well at another. */
static void test_a_fault_of_one_host(void **state)
{
    Database *database = NULL;
    Error error = {0};
    char places[64];
    uint16_t silent;
    (void)state;
    const int fd = silent_open(&silent);
    snprintf(places, sizeof places, "127.0.0.1:%s,127.0.0.1:%u", port, (unsigned)silent);
    snprintf(name, sizeof name, "there_is_none");
    assert_false(open_at(places, "", &database, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    snprintf(places, sizeof places, "127.0.0.1:%s", port);
    assert_false(open_at(places, "", &database, &error));
    assert_int_equal(error.class, ERROR_FATAL); /* alone it is what it was */
    close(fd);
    assert_int_equal(open_all(NULL), 0); /* the name again */
}

static void test_a_read_only_server_is_none(void **state)
{
    static const char read_only[] = "&options=-c%20default_transaction_read_only%3Don";
    Database *database = NULL;
    Error error = {0};
    char places[64], options[128];
    (void)state;
    snprintf(places, sizeof places, "127.0.0.1:%s", port);
    assert_false(open_at(places, read_only, &database, &error));
    if (error.class != ERROR_RETRY || strstr(error.text, "read-only") == NULL)
        fail_msg("%s: %s", error_class_name(error.class), error.text);
    snprintf(options, sizeof options, "%s&target_session_attrs=any", read_only);
    assert_true(open_at(places, options, &database, &error)); /* the URL says otherwise */
    database_release(&database);
}

typedef struct Names {
    const char *url;
    size_t first, count;
    const char *names, *addresses, *ports; /* of the one that comes first */
} Names;

static void test_what_a_url_names(void **state)
{
    static const Names rows[] = {
        {"postgresql:///x", 0, 1, "", "", ""},
        {"postgresql://127.0.0.1/x", 0, 1, "127.0.0.1", "127.0.0.1", ""},
        {"postgresql://127.0.0.1:1,127.0.0.2:2,127.0.0.3:3/x", 2, 3, "127.0.0.3", "127.0.0.3", "3"},
        {"postgresql://127.0.0.1,127.0.0.2/x?port=7", 1, 2, "127.0.0.2", "127.0.0.2", "7"},
        {"postgresql://[::1]:4/x", 0, 1, "::1", "::1", "4"},
        {"postgresql:///x?host=/run/postgresql", 0, 1, "/run/postgresql", "", ""},
        {"postgresql:///x?host=a.invalid,b.invalid&hostaddr=127.0.0.1,127.0.0.2", 1, 2, "b.invalid",
         "127.0.0.2", ""},
        {"postgresql:///x?hostaddr=127.0.0.1,127.0.0.2", 0, 2, "", "127.0.0.1", ""},
        {"postgresql://nowhere.invalid/x", 0, 1, "nowhere.invalid", "", ""},
        {"postgresql://127.0.0.1/x", 7, 1, "127.0.0.1", "127.0.0.1", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        DbHost hosts[DB_HOST_COUNT_MAX];
        const size_t count = db_hosts(rows[i].url, rows[i].first, hosts);
        if (count != rows[i].count || strcmp(hosts[0].name, rows[i].names) != 0 ||
            strcmp(hosts[0].address, rows[i].addresses) != 0 ||
            strcmp(hosts[0].port, rows[i].ports) != 0)
            fail_msg("%s: %zu, first \"%s\" \"%s\" \"%s\"", rows[i].url, count, hosts[0].name,
                     hosts[0].address, hosts[0].port);
    }
    assert_int_equal(db_hosts("postgresql://[/x", 0, (DbHost[DB_HOST_COUNT_MAX]){0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_host_has_a_share_only),
        cmocka_unit_test(test_no_host_answers),
        cmocka_unit_test(test_a_fault_of_one_host),
        cmocka_unit_test(test_a_read_only_server_is_none),
        cmocka_unit_test(test_what_a_url_names),
    };
    return cmocka_run_group_tests(tests, open_all, NULL);
}
