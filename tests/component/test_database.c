/* test_database.c - the database adapter against a real PostgreSQL (CPOR_TEST_DATABASE_URL). */
#include "runtime/database.h"

#include "component/database_relay.h"
#include "runtime/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 3000 }; /* connecting gets half, also under valgrind */

static const char *url;
static Database *db;    /* what is tested */
static Database *other; /* who takes locks and ends backends */
static Arena arena;
static char table[64];

static void must(bool ok, const Error *error)
{
    if (!ok)
        fail_msg("%s: %s", error_class_name(error->class), error->text);
}

static void execute(Database *database, const char *format, ...) PRINTF_LIKE(2, 3);
static void execute(Database *database, const char *format, ...)
{
    char sql[1024];
    Error error = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    must(database_execute(database, sql, &error), &error);
}

static void begin(Database *database)
{
    Error error = {0};
    must(database_begin(database, &error), &error);
}

static int64_t integer_of(Database *database, const DbStatement *statement)
{
    Error error = {0};
    DbResult *result = NULL;
    must(database_run(database, statement, NULL, 0, &result, &error), &error);
    const int64_t value = db_integer(result, 0, 0);
    db_result_release(&result);
    return value;
}

static int open_all(void **state)
{
    (void)state;
    Error error = {0};
    url = getenv("CPOR_TEST_DATABASE_URL");
    if (url == NULL) {
        print_error("CPOR_TEST_DATABASE_URL is not set: run tests/run component\n");
        return -1;
    }
    arena_init(&arena);
    if (!database_open(url, "test-database", TIMEOUT_MS, &db, &error) ||
        !database_open(url, "test-other", 10 * TIMEOUT_MS, &other, &error)) {
        print_error("%s\n", error.text);
        return -1;
    }
    snprintf(table, sizeof table, "test_database_%d", (int)getpid());
    execute(other, "CREATE TABLE %s (id bigint PRIMARY KEY, body text)", table);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    Error error = {0};
    char sql[128];
    snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s", table);
    const bool ok = other != NULL && database_execute(other, sql, &error);
    database_release(&db);
    database_release(&other);
    arena_deinit(&arena);
    return ok ? 0 : -1;
}

static int clear_table(void **state)
{
    (void)state;
    database_rollback(db);
    database_rollback(other);
    arena_reset(&arena);
    execute(other, "TRUNCATE %s", table);
    return 0;
}

static void test_texts_pass_arrays_unchanged(void **state)
{
    (void)state;
    static const DbStatement statement = {
        "test_unnest", "SELECT value FROM unnest($1::text[]) WITH ORDINALITY AS u(value, n) "
                       "ORDER BY n"};
    static const char *const texts[] = {
        "plain",
        "",
        NULL,
        "NULL",
        "null",
        "\"NULL\"",
        "a\"b",
        "a\\b",
        "\\",
        "\"",
        "\\\"",
        "\\\\",
        "{}",
        "{a,b}",
        "}",
        "{",
        ",",
        ",,",
        " ",
        "  lead and trail  ",
        "\t\n\r\v\f",
        "'",
        "''",
        "'; DROP TABLE x; --",
        "$1",
        "%s%n",
        "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80",
        "\x01\x1f\x7f",
        "a,\"b\"\\,{c}",
        "E'\\x41'",
        "[1:2]={a,b}",
        "\\N",
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    Error error = {0};
    DbResult *result = NULL;
    DbColumn column;
    db_column_init(&column, &arena);
    for (size_t i = 0; i < COUNT; i++)
        db_column_add_text(&column, texts[i]);
    const char *parameters[] = {db_column_literal(&column)};

    begin(db);
    must(database_run(db, &statement, parameters, 1, &result, &error), &error);
    assert_int_equal(db_result_rows(result), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(db_is_null(result, i, 0), texts[i] == NULL);
        assert_string_equal(db_text(result, i, 0), texts[i] == NULL ? "" : texts[i]);
    }
    db_result_release(&result);
}

/* Every pair of the bytes that mean something to the array parser. */
static void test_pairs_of_special_bytes(void **state)
{
    (void)state;
    static const DbStatement statement = {"test_pairs",
                                          "SELECT count(*) FROM unnest($1::text[], $2::bigint[]) "
                                          "AS u(value, code) WHERE ascii(value) * 1000 + "
                                          "ascii(substr(value, 2)) = code"};
    static const char special[] = "\"\\{}, NUul'\t\n";
    Error error = {0};
    DbResult *result = NULL;
    DbColumn texts, codes;
    db_column_init(&texts, &arena);
    db_column_init(&codes, &arena);
    for (const char *a = special; *a != '\0'; a++)
        for (const char *b = special; *b != '\0'; b++) {
            const char text[] = {*a, *b, '\0'};
            db_column_add_text(&texts, text);
            db_column_add_integer(&codes, *a * 1000 + *b);
        }
    const char *parameters[] = {db_column_literal(&texts), db_column_literal(&codes)};
    begin(db);
    must(database_run(db, &statement, parameters, 2, &result, &error), &error);
    assert_int_equal(db_integer(result, 0, 0), (sizeof special - 1) * (sizeof special - 1));
    db_result_release(&result);
}

static void test_large_arrays(void **state)
{
    (void)state;
    static const DbStatement statement = {
        "test_large", "SELECT count(*), sum(n), count(n) FROM unnest($1::bigint[], $2::text[]) "
                      "AS u(n, body)"};
    enum { COUNT = 50000 };
    Error error = {0};
    DbResult *result = NULL;
    DbColumn numbers, bodies;
    char body[101];
    memset(body, '"', 100); /* each doubles: 10 MB go out while nothing comes in */
    body[100] = '\0';
    db_column_init(&numbers, &arena);
    db_column_init(&bodies, &arena);
    for (int64_t i = 0; i < COUNT; i++) {
        if (i % 10 == 0)
            db_column_add_null(&numbers);
        else
            db_column_add_integer(&numbers, i % 2 == 0 ? INT64_MAX / COUNT : -1);
        db_column_add_text(&bodies, body);
    }
    const char *parameters[] = {db_column_literal(&numbers), db_column_literal(&bodies)};
    begin(db);
    must(database_run(db, &statement, parameters, 2, &result, &error), &error);
    assert_int_equal(db_integer(result, 0, 0), COUNT);
    assert_int_equal(db_integer(result, 0, 2), COUNT - COUNT / 10);
    db_result_release(&result);
}

static void test_empty_column_and_null_parameter(void **state)
{
    (void)state;
    static const DbStatement statement = {
        "test_empty", "SELECT coalesce(array_length($1::text[], 1), 0), $2::text"};
    Error error = {0};
    DbResult *result = NULL;
    DbColumn column;
    db_column_init(&column, &arena);
    const char *parameters[] = {db_column_literal(&column), NULL};
    begin(db);
    must(database_run(db, &statement, parameters, 2, &result, &error), &error);
    assert_int_equal(db_integer(result, 0, 0), 0);
    assert_true(db_is_null(result, 0, 1));
    assert_int_equal(db_integer(result, 0, 1), 0);
    db_result_release(&result);
}

static void test_commit_keeps_and_rollback_forgets(void **state)
{
    (void)state;
    static DbStatement count = {"test_count", NULL};
    char sql[128];
    Error error = {0};
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    count.sql = sql;
    begin(db);
    execute(db, "INSERT INTO %s VALUES (1, 'kept')", table);
    must(database_commit(db, &error), &error);
    begin(db);
    execute(db, "INSERT INTO %s VALUES (2, 'forgotten')", table);
    assert_int_equal(integer_of(db, &count), 2);
    database_rollback(db);
    begin(db);
    assert_int_equal(integer_of(db, &count), 1);
    database_rollback(db);
}

typedef struct Mistake {
    const char *sql;
    ErrorClass class;
    const char *state;
    const char *code;
    bool is_lost; /* the connection is given up */
} Mistake;

static void test_classes_of_real_errors(void **state)
{
    (void)state;
    static const Mistake mistakes[] = {
        {"INSERT INTO %s VALUES (1, 'a'), (1, 'b')", ERROR_FATAL, "23505", "POISON", false},
        {"INSERT INTO %s VALUES (NULL, 'a')", ERROR_FATAL, "23502", "POISON", false},
        {"SELECT nothing FROM %s", ERROR_FATAL, "42703", "", false},
        {"SELEKT %s", ERROR_FATAL, "42601", "", false},
        {"SELECT 1/0 FROM (SELECT '%s') x", ERROR_FATAL, "22012", "POISON", false},
        {"SET TRANSACTION READ ONLY; INSERT INTO %s VALUES (1, 'a')", ERROR_RETRY, "25006", "",
         true},
        {"SELECT pg_sleep(5), '%s'", ERROR_RETRY, "57014", "", false}, /* statement_timeout */
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        char sql[256];
        Error error = {0};
        /* The formats are this table's own. */
        const char *hole = strstr(mistakes[i].sql, "%s");
        snprintf(sql, sizeof sql, "%.*s%s%s", (int)(hole - mistakes[i].sql), mistakes[i].sql, table,
                 hole + 2);
        begin(db);
        assert_false(database_execute(db, sql, &error));
        if (error.class != mistakes[i].class || strstr(error.text, mistakes[i].state) == NULL ||
            strcmp(error.code, mistakes[i].code) != 0)
            fail_msg("%s: %s %s", sql, error_class_name(error.class), error.text);
        database_rollback(db);
        assert_int_equal(database_is_connected(db), !mistakes[i].is_lost);
    }
}

static void test_lock_timeout_is_retry(void **state)
{
    (void)state;
    Error error = {0};
    char sql[128];
    begin(other);
    execute(other, "LOCK TABLE %s", table);
    begin(db);
    snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (1, 'waits')", table);
    assert_false(database_execute(db, sql, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_non_null(strstr(error.text, "55P03"));
    database_rollback(other);
}

static void test_commit_of_failed_transaction_is_no_success(void **state)
{
    (void)state;
    Error error = {0};
    begin(db);
    assert_false(database_execute(db, "SELECT 1/0", &error));
    assert_false(database_commit(db, &error));
    assert_int_equal(error.class, ERROR_FATAL);
}

static int64_t backend_pid(Database *database)
{
    static const DbStatement pid = {"test_pid", "SELECT pg_backend_pid()"};
    return integer_of(database, &pid);
}

/* The statement was prepared on the connection that is gone: it is made anew on the next. */
static void test_backend_ended_in_transaction(void **state)
{
    (void)state;
    Error error = {0};
    static const DbStatement one = {"test_one", "SELECT 1"};
    begin(db);
    execute(db, "INSERT INTO %s VALUES (7, 'lost')", table);
    const int64_t pid = backend_pid(db);
    execute(other, "SELECT pg_terminate_backend(%lld, 5000)", (long long)pid);

    assert_false(database_run(db, &one, NULL, 0, NULL, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_false(database_is_connected(db));
    assert_false(database_run(db, &one, NULL, 0, NULL, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_false(database_commit(db, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    database_rollback(db);

    begin(db);
    assert_true(database_is_connected(db));
    assert_int_not_equal(backend_pid(db), pid);
    must(database_run(db, &one, NULL, 0, NULL, &error), &error);
    must(database_commit(db, &error), &error);
}

/* A connection that died between two batches costs the batch nothing. */
static void test_begin_connects_again_at_once(void **state)
{
    (void)state;
    begin(db);
    const int64_t pid = backend_pid(db);
    database_rollback(db);
    execute(other, "SELECT pg_terminate_backend(%lld, 5000)", (long long)pid);
    begin(db);
    assert_int_not_equal(backend_pid(db), pid);
    database_rollback(db);
}

static void test_session_settings(void **state)
{
    (void)state;
    static const DbStatement settings = {
        "test_settings",
        "SELECT count(*) FROM pg_settings WHERE (name, setting) IN (('statement_timeout', '3000'), "
        "('lock_timeout', '1500'), ('plan_cache_mode', 'force_generic_plan'), "
        "('application_name', 'test-database'), ('client_encoding', 'UTF8'))"};
    begin(db);
    assert_int_equal(integer_of(db, &settings), 5);
}

static void assert_open_fails(const char *bad_url, ErrorClass class, const char *text)
{
    Database *database = NULL;
    Error error = {0};
    assert_false(database_open(bad_url, "test", TIMEOUT_MS, &database, &error));
    assert_null(database);
    if (error.class != class || strstr(error.text, text) == NULL)
        fail_msg("%s: %s %s", bad_url, error_class_name(error.class), error.text);
}

static void test_open_classes(void **state)
{
    (void)state;
    char bad[512];
    const char *slash = strrchr(url, '/');
    assert_non_null(slash);
    snprintf(bad, sizeof bad, "%.*s/no_such_database", (int)(slash - url), url);
    assert_open_fails(bad, ERROR_FATAL, "3D000");
    assert_open_fails("postgresql://127.0.0.1:1/x", ERROR_RETRY, "connect to PostgreSQL");
    assert_open_fails("postgresql://[x:secret", ERROR_FATAL, "URL");
    const char *at = strchr(url, '@');
    snprintf(bad, sizeof bad, "postgresql://no_such_role@%s",
             at != NULL ? at + 1 : url + strlen("postgresql://"));
    assert_open_fails(bad, ERROR_FATAL, "28");
}

static Database *open_relayed(Relay *relay, int timeout_ms)
{
    Database *database = NULL;
    Error error = {0};
    char relayed[256];
    relay_open(relay, url);
    snprintf(relayed, sizeof relayed, "%s%chost=127.0.0.1&port=%u&sslmode=disable", url,
             strchr(url, '?') == NULL ? '?' : '&', (unsigned)relay->port);
    must(database_open(relayed, "test-relay", timeout_ms, &database, &error), &error);
    return database;
}

/* The bound is DB_GRACE_MS above the statement's time-out; the test only says that there is one. */
static void test_silent_connection_is_given_up(void **state)
{
    (void)state;
    static const DbStatement one = {"test_one", "SELECT 1"};
    Relay relay;
    Error error = {0};
    Database *database = open_relayed(&relay, TIMEOUT_MS);
    begin(database);
    must(database_run(database, &one, NULL, 0, NULL, &error), &error);
    atomic_store(&relay.silent, true);
    assert_false(database_run(database, &one, NULL, 0, NULL, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_non_null(strstr(error.text, "no answer in time"));
    assert_false(database_is_connected(database));
    assert_false(database_begin(database, &error)); /* nobody accepts: within the time-out, too */
    assert_int_equal(error.class, ERROR_RETRY);
    database_release(&database);
    relay_close(&relay);
}

/* A connection that died in silence while nothing was done is found at the next begin, long before
 * a statement's time-out: that is made so long here that no machine is slow enough to confuse them.
 */
static void test_idle_connection_that_died_costs_no_timeout(void **state)
{
    (void)state;
    enum { LONG_MS = 60000 };
    static Relay relay; /* its thread outlives a failed assertion */
    Error error = {0};
    Database *database = open_relayed(&relay, LONG_MS);
    atomic_store(&relay.silent, true);
    atomic_store(&relay.whole_again, true);
    const int64_t start_mono_ms = clock_mono_now();
    must(database_begin(database, &error), &error);
    assert_true(clock_mono_now() - start_mono_ms < LONG_MS / 2);
    assert_true(database_is_connected(database));
    must(database_commit(database, &error), &error);
    database_release(&database);
    relay_close(&relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_texts_pass_arrays_unchanged, clear_table),
        cmocka_unit_test_setup(test_pairs_of_special_bytes, clear_table),
        cmocka_unit_test_setup(test_large_arrays, clear_table),
        cmocka_unit_test_setup(test_empty_column_and_null_parameter, clear_table),
        cmocka_unit_test_setup(test_commit_keeps_and_rollback_forgets, clear_table),
        cmocka_unit_test_setup(test_classes_of_real_errors, clear_table),
        cmocka_unit_test_setup(test_lock_timeout_is_retry, clear_table),
        cmocka_unit_test_setup(test_commit_of_failed_transaction_is_no_success, clear_table),
        cmocka_unit_test_setup(test_backend_ended_in_transaction, clear_table),
        cmocka_unit_test_setup(test_begin_connects_again_at_once, clear_table),
        cmocka_unit_test_setup(test_silent_connection_is_given_up, clear_table),
        cmocka_unit_test_setup(test_idle_connection_that_died_costs_no_timeout, clear_table),
        cmocka_unit_test_setup(test_session_settings, clear_table),
        cmocka_unit_test_setup(test_open_classes, clear_table),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
