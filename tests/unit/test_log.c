/* test_log.c - a line is one line, whatever is put into it. */
#include "runtime/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_SIZE = 8192 };

static int saved_fd;
static FILE *captured;
static char output[OUTPUT_SIZE];

static void capture_begin(void)
{
    saved_fd = dup(STDERR_FILENO);
    captured = tmpfile();
    assert_non_null(captured);
    assert_true(saved_fd >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0);
}

static void capture_end(void)
{
    dup2(saved_fd, STDERR_FILENO);
    close(saved_fd);
    rewind(captured);
    output[fread(output, 1, sizeof output - 1, captured)] = '\0';
    fclose(captured);
}

static size_t lines(void)
{
    size_t count = 0;
    for (const char *c = output; *c != '\0'; c++)
        count += *c == '\n' ? 1 : 0;
    return count;
}

static void expect_end(const char *end)
{
    const size_t size = strlen(output), end_size = strlen(end);
    if (size < end_size || strcmp(output + size - end_size, end) != 0)
        fail_msg("%s does not end with %s", output, end);
}

static void a_line_has_its_parts(void **state)
{
    Error error;
    (void)state;
    assert_true(log_init("svc", "svc-1", "info", &error));
    capture_begin();
    log_write(LOG_INFO, "started", "port=%d", 80);
    capture_end();
    assert_int_equal(lines(), 1);
    assert_int_equal(strncmp(output, "time=20", 7), 0);
    expect_end("Z level=info service=svc instance=svc-1 event=started port=80\n");
    capture_begin();
    log_write(LOG_WARNING, "bare", "%s", "");
    capture_end();
    expect_end(" event=bare\n");
}

static void levels_below_are_silent(void **state)
{
    Error error = {0};
    (void)state;
    assert_true(log_init("svc", "svc-1", "warning", &error));
    capture_begin();
    log_write(LOG_DEBUG, "a", "x=1");
    log_write(LOG_INFO, "b", "x=1");
    log_write(LOG_WARNING, "c", "x=1");
    log_write(LOG_ERROR, "d", "x=1");
    capture_end();
    assert_int_equal(lines(), 2);
    assert_false(log_init("svc", "svc-1", "loud", &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_true(log_init("svc", "svc-1", "debug", &error));
}

static void input_cannot_forge_a_line(void **state)
{
    static const struct {
        const char *input, *end;
    } rows[] = {
        {"a\ntime=1 level=error", "v=a\\ntime=1 level=error\n"},
        {"a\r\n", "v=a\\x0d\\n\n"},
        {"\033[2J", "v=\\x1b[2J\n"},
        {"\x7f\x9b", "v=\\x7f\\x9b\n"},
        {"\xc3\xa9", "v=\\xc3\\xa9\n"},
        {"tab\there", "v=tab\\there\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        capture_begin();
        log_write(LOG_INFO, "input", "v=%s", rows[i].input);
        capture_end();
        assert_int_equal(lines(), 1);
        expect_end(rows[i].end);
    }
}

static void long_texts_are_cut(void **state)
{
    char text[5000];
    (void)state;
    memset(text, '\n', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    capture_begin();
    log_write(LOG_INFO, "long", "v=%s", text);
    capture_end();
    assert_int_equal(lines(), 1);
    assert_in_range(strlen(output), 1900, 2400);
    expect_end("\\n\n"); /* no half escape */
}

static void errors_are_quoted(void **state)
{
    Error error;
    (void)state;
    error_set(&error, ERROR_RETRY, "read \"x\": no\n\\y");
    capture_begin();
    log_error(LOG_WARNING, "batch-retry", &error, "count=%d", 3);
    capture_end();
    assert_int_equal(lines(), 1);
    expect_end("event=batch-retry count=3 class=retry error=\"read \\\"x\\\": no\\n\\\\y\"\n");
    error_reject(&error, "NOT_JSON", "bad");
    capture_begin();
    log_error(LOG_WARNING, "reject", &error, "%s", "");
    capture_end();
    expect_end("event=reject class=reject code=NOT_JSON error=\"bad\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_parts),      cmocka_unit_test(levels_below_are_silent),
        cmocka_unit_test(input_cannot_forge_a_line), cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(errors_are_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
