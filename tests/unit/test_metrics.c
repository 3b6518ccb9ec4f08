/* test_metrics.c - the page that Prometheus reads. */
#include "runtime/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *render(void)
{
    char *text = NULL;
    size_t size = 0;
    Error error = {0};
    if (!metrics_render(&text, &size, &error))
        fail_msg("%s", error.text);
    assert_int_equal(strlen(text), size);
    return text;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *c = text; (c = strstr(c, part)) != NULL; c += strlen(part))
        count++;
    return count;
}

static void expect_part(const char *part)
{
    char *text = render();
    if (occurrences(text, part) != 1)
        fail_msg("%zu times %s in\n%s", occurrences(text, part), part, text);
    free(text);
}

static void the_same_identity_is_the_same_metric(void **state)
{
    (void)state;
    Metric *one = metrics_counter("same_total", "topic=\"a\"", "Same.");
    assert_ptr_equal(metrics_counter("same_total", "topic=\"a\"", "Same."), one);
    assert_ptr_not_equal(metrics_counter("same_total", "topic=\"b\"", "Same."), one);
    metric_add(one, 2);
    metric_add(one, 3);
    assert_int_equal(metric_value(one), 5);
}

/* Two metrics of a family that were made apart still stand together, under one head. */
static void a_family_has_one_head(void **state)
{
    (void)state;
    metric_set(metrics_gauge("depth", "shard=\"1\"", "Depth."), -4);
    metrics_counter("between_total", "", "Between.");
    metric_set(metrics_gauge("depth", "shard=\"2\"", "Depth."), 5);
    expect_part("# HELP cpor_depth Depth.\n# TYPE cpor_depth gauge\n"
                "cpor_depth{shard=\"1\"} -4\ncpor_depth{shard=\"2\"} 5\n");
    expect_part("# TYPE cpor_between_total counter\ncpor_between_total 0\n");
}

static void histograms_count_up(void **state)
{
    (void)state;
    Metric *bare = metrics_histogram("wait_seconds", "", "Wait.");
    Metric *labelled = metrics_histogram("wait_seconds", "kind=\"x\"", "Wait.");
    metric_observe_ms(bare, -5); /* counts as 0 */
    metric_observe_ms(bare, 1);
    metric_observe_ms(bare, 2);
    metric_observe_ms(bare, 1500);
    metric_observe_ms(bare, 99999999);
    metric_observe_ms(labelled, 250);
    assert_int_equal(metric_value(bare), 5);
    expect_part("# TYPE cpor_wait_seconds histogram\n"
                "cpor_wait_seconds_bucket{le=\"0.001\"} 2\n"
                "cpor_wait_seconds_bucket{le=\"0.002\"} 3\n"
                "cpor_wait_seconds_bucket{le=\"0.005\"} 3\n");
    expect_part("cpor_wait_seconds_bucket{le=\"3600\"} 4\n"
                "cpor_wait_seconds_bucket{le=\"+Inf\"} 5\n"
                "cpor_wait_seconds_sum 100001.502\n"
                "cpor_wait_seconds_count 5\n");
    expect_part("cpor_wait_seconds_bucket{kind=\"x\",le=\"0.1\"} 0\n"
                "cpor_wait_seconds_bucket{kind=\"x\",le=\"0.25\"} 1\n");
    expect_part("cpor_wait_seconds_sum{kind=\"x\"} 0.250\n");
}

static void the_process_is_on_the_page(void **state)
{
    static const char *const names[] = {
        "\nprocess_resident_memory_bytes ",
        "\nprocess_virtual_memory_bytes ",
        "\nprocess_cpu_seconds_total ",
        "\nprocess_open_fds ",
        "\nprocess_max_fds ",
        "\nprocess_start_time_seconds ",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = render();
        const char *found = strstr(text, names[i]);
        if (found == NULL || strtod(found + strlen(names[i]), NULL) <= 0)
            fail_msg("%s is missing", names[i]);
        free(text);
    }
}

static void *add_many(void *metric)
{
    for (int i = 0; i < 50000; i++)
        metric_add(metric, 1);
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    pthread_t threads[4];
    Metric *metric = metrics_counter("threads_total", "", "Threads.");
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, metric), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(metric), 200000);
}

/* Last: it fills the table. */
static void what_does_not_fit_is_shared(void **state)
{
    char labels[METRICS_LABELS_SIZE + 10];
    (void)state;
    Metric *lost = metrics_gauge("same_total", "", "Another kind.");
    assert_ptr_equal(metrics_counter("so_long_that_it_does_not_fit_into_the_sixty_three_bytes_of_a"
                                     "_name_total",
                                     "", "Long."),
                     lost);
    memset(labels, 'x', sizeof labels - 1);
    labels[sizeof labels - 1] = '\0';
    assert_ptr_equal(metrics_counter("fine_total", labels, "Long."), lost);
    for (int i = 0; i < METRICS_COUNT_MAX; i++) {
        snprintf(labels, sizeof labels, "i=\"%d\"", i);
        metric_add(metrics_counter("many_total", labels, "Many."), 1);
    }
    assert_ptr_equal(metrics_counter("one_more_total", "", "More."), lost);
    expect_part("# TYPE cpor_many_total counter\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_identity_is_the_same_metric),
        cmocka_unit_test(a_family_has_one_head),
        cmocka_unit_test(histograms_count_up),
        cmocka_unit_test(the_process_is_on_the_page),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(what_does_not_fit_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
