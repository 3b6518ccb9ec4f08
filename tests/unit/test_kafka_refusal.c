/* test_kafka_refusal.c - what a client's error callback is told becomes the cause and the class. */
#include "runtime/kafka_refusal.h"

#include <librdkafka/rdkafka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void each_refusal_has_its_class_and_advice(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *reason;
        ErrorClass class;
        const char *says, *says_not;
    } rows[] = {
        {RD_KAFKA_RESP_ERR__AUTHENTICATION,
         "sasl_ssl://b:9093/bootstrap: SASL authentication error: Authentication failed: Invalid "
         "username or password (after 247ms in state AUTH_REQ)",
         ERROR_FATAL, "sasl.password", "after 247ms"},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION,
         "b: SASL authentication error: invalid credentials with SASL mechanism SCRAM-SHA-512",
         ERROR_FATAL, "sasl.username", "ssl.ca"},
        {RD_KAFKA_RESP_ERR__SSL,
         "b: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker "
         "certificate could not be verified, verify that ssl.ca.location is correctly configured "
         "(after 12ms in state SSL_HANDSHAKE)",
         ERROR_FATAL, "a name in their certificate", "correctly configured"},
        {RD_KAFKA_RESP_ERR__TRANSPORT,
         "b: Receive failed: error:0A000416:SSL routines::sslv3 alert certificate unknown: SSL "
         "alert number 46 (after 18ms in state APIVERSION_QUERY)",
         ERROR_FATAL, "ssl.certificate.location", "in state"},
        {RD_KAFKA_RESP_ERR__SSL, "b: SSL handshake failed: unexpected eof while reading",
         ERROR_RETRY, "security.protocol", "ssl.ca"},
        {RD_KAFKA_RESP_ERR__TRANSPORT, "b: Connect to ipv4#127.0.0.1:1 failed: Connection refused",
         ERROR_RETRY, "CPOR_KAFKA_BROKERS", "certificate"},
        {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down", ERROR_RETRY, "timed out",
         "brokers are down"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        KafkaRefusal refusal = KAFKA_REFUSAL_INIT;
        Error error = {.class = ERROR_RETRY, .text = "init: timed out"};
        const bool is_final = kafka_refusal_note(&refusal, rows[i].code, rows[i].reason);
        assert_false(kafka_refusal_explain(&refusal, "init", &error));
        if (is_final != (rows[i].class == ERROR_FATAL) || error.class != rows[i].class ||
            strncmp(error.text, "init: ", 6) != 0 || strstr(error.text, rows[i].says) == NULL ||
            strstr(error.text, rows[i].says_not) != NULL)
            fail_msg("%s: class %d, %s", rows[i].reason, error.class, error.text);
    }
}

static void the_last_one_counts_for_a_while(void **state)
{
    (void)state;
    KafkaRefusal refusal = KAFKA_REFUSAL_INIT;
    Error error = {.class = ERROR_RETRY, .text = "timed out"};
    assert_true(kafka_refusal_note(&refusal, RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: no"));
    assert_false(kafka_refusal_note(&refusal, RD_KAFKA_RESP_ERR__TRANSPORT, "b: away"));
    assert_false(kafka_refusal_explain(&refusal, "publish", &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_int_equal(strncmp(error.text, "publish: b: away (", 18), 0);

    assert_true(kafka_refusal_note(&refusal, RD_KAFKA_RESP_ERR__AUTHENTICATION, "b: no"));
    refusal.at_mono_ms -= KAFKA_REFUSAL_MS; /* long ago: it says nothing of this request */
    assert_false(kafka_refusal_explain(&refusal, "publish", &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_int_equal(strncmp(error.text, "publish: b: away (", 18), 0);
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    KafkaRefusal refusal = KAFKA_REFUSAL_INIT;
    Error error = {0};
    char reason[2000];
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    assert_true(kafka_refusal_note(&refusal, RD_KAFKA_RESP_ERR__AUTHENTICATION, reason));
    assert_false(kafka_refusal_explain(&refusal, "init", &error));
    assert_non_null(strstr(error.text, "CPOR_KAFKA_PROPERTIES)")); /* the advice is whole */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_has_its_class_and_advice),
        cmocka_unit_test(the_last_one_counts_for_a_while),
        cmocka_unit_test(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
