/* kafka_refusal.c - see kafka_refusal.h. */
#include "kafka_refusal.h"

#include "clock.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

/* librdkafka PR 4895; brokers from Kafka 4.0 on refuse what older clients send as nonce. */
enum { SCRAM_MENDED_VERSION = 0x02060100 };

static const char check_login[] =
    " (check sasl.mechanism, sasl.username and sasl.password in CPOR_KAFKA_PROPERTIES)";
static const char cannot_scram[] =
    " (check sasl.username and sasl.password; librdkafka before 2.6.1, as this one, cannot do SCRAM"
    " with Kafka 4: PLAIN over TLS or client certificates can)";
static const char check_certificate[] =
    " (ssl.ca.location must be the CA of the brokers, CPOR_KAFKA_BROKERS a name in their"
    " certificate)";
static const char check_own_certificate[] =
    " (the brokers want a certificate of a client: ssl.certificate.location and ssl.key.location"
    " in CPOR_KAFKA_PROPERTIES, of a CA that they trust)";
static const char check_address[] = " (do the brokers run? CPOR_KAFKA_BROKERS says where)";
static const char check_protocol[] =
    " (is security.protocol in CPOR_KAFKA_PROPERTIES that of the brokers' listener?)";

static bool is_about_certificate(const char *reason)
{
    return strstr(reason, "certificate verify failed") != NULL;
}

/* What a broker thinks of our certificate comes as a TLS alert, behind our own handshake. */
static bool is_about_own_certificate(const char *reason)
{
    return strstr(reason, "SSL alert number") != NULL && strstr(reason, "certificate") != NULL;
}

static const char *advice_find(int code, const char *reason)
{
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        const bool scram = strstr(reason, "SCRAM") != NULL;
        return scram && rd_kafka_version() < SCRAM_MENDED_VERSION ? cannot_scram : check_login;
    }
    if (is_about_certificate(reason))
        return check_certificate;
    if (is_about_own_certificate(reason))
        return check_own_certificate;
    if (code == RD_KAFKA_RESP_ERR__SSL || strstr(reason, "security.protocol") != NULL)
        return check_protocol;
    return check_address;
}

/* Without how long it took and how often it came, and without advice that ours replaces. */
static int first_part_size(const char *reason)
{
    static const char *const ends[] = {" (after ", ": broker certificate could not be verified"};
    size_t size = strlen(reason);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const char *end = strstr(reason, ends[i]);
        if (end != NULL && (size_t)(end - reason) < size)
            size = (size_t)(end - reason);
    }
    return (int)size;
}

bool kafka_is_silence(int code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

bool kafka_refusal_note(KafkaRefusal *refusal, int code, const char *reason)
{
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        return false;
    const bool is_final = code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                          is_about_certificate(reason) || is_about_own_certificate(reason);
    pthread_mutex_lock(&refusal->lock);
    refusal->is_final = is_final;
    refusal->at_mono_ms = clock_mono_now();
    refusal->advice = advice_find(code, reason);
    snprintf(refusal->text, sizeof refusal->text, "%.*s", first_part_size(reason), reason);
    pthread_mutex_unlock(&refusal->lock);
    return is_final;
}

bool kafka_refusal_explain(KafkaRefusal *refusal, const char *what, Error *reterr)
{
    pthread_mutex_lock(&refusal->lock);
    if (refusal->at_mono_ms != 0 && clock_mono_now() - refusal->at_mono_ms < KAFKA_REFUSAL_MS)
        error_set(reterr, refusal->is_final ? ERROR_FATAL : reterr->class, "%s: %s%s", what,
                  refusal->text, refusal->advice);
    pthread_mutex_unlock(&refusal->lock);
    return false;
}
