/* test_kafka_receipt.c - which records' time may be taken for their receipt. */
#include "runtime/kafka_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void only_the_brokers_time_is_a_receipt(void **state)
{
    static const char *const references[] = {"partner", "tenant", NULL};
    static const struct {
        const char *topic;
        rd_kafka_timestamp_type_t type;
        bool has_references, allowed, expected;
    } rows[] = {
        {"opt-out-expiry", RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME, true, false, true},
        {"opt-out-expiry", RD_KAFKA_TIMESTAMP_CREATE_TIME, true, false, false},
        {"opt-out-expiry", RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, true, false, false},
        {"opt-out-expiry", RD_KAFKA_TIMESTAMP_CREATE_TIME, false, false, false},
        {"opt-out-expiry", RD_KAFKA_TIMESTAMP_CREATE_TIME, true, true, true},
        {"opt-out-expiry", RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, false, true, true},
        {"partner", RD_KAFKA_TIMESTAMP_CREATE_TIME, true, false, true},
        {"tenant", RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, true, false, true},
        {"tenants", RD_KAFKA_TIMESTAMP_CREATE_TIME, true, false, false},
        {"partner", RD_KAFKA_TIMESTAMP_CREATE_TIME, false, false, false},
        {"", RD_KAFKA_TIMESTAMP_CREATE_TIME, true, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const KafkaSettings settings = {.reference_topics =
                                            rows[i].has_references ? references : NULL,
                                        .allow_create_time = rows[i].allowed};
        if (kafka_time_is_receipt(&settings, rows[i].topic, rows[i].type) != rows[i].expected)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_brokers_time_is_a_receipt)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
