/* kafka_append.c - records outside of any transaction, with an idempotent producer of its own. */
#include "kafka_internal.h"

#include <stdlib.h>

/*
 * One call's acknowledgements. Counted by reference: after a time-out the call is gone, but the
 * client's queue still holds its records and their callbacks come later, on any thread.
 */
typedef struct Appending {
    atomic_size_t references; /* the call's own and one for each record in the queue */
    atomic_int code;          /* of the first failure */
} Appending;

static void appending_leave(Appending *appending)
{
    if (atomic_fetch_sub(&appending->references, 1) == 1)
        free(appending);
}

static void appending_fail(Appending *appending, rd_kafka_resp_err_t code)
{
    int none = RD_KAFKA_RESP_ERR_NO_ERROR;
    atomic_compare_exchange_strong(&appending->code, &none, (int)code);
}

static void acknowledged(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        appending_fail(message->_private, message->err);
    appending_leave(message->_private);
}

static bool appender_open(Kafka *kafka, Error *reterr)
{
    char why[256];
    rd_kafka_conf_t *conf;
    if (!kafka_conf_new(kafka, KAFKA_APPENDER, &conf, reterr))
        return false;
    rd_kafka_conf_set_dr_msg_cb(conf, acknowledged);
    kafka->appender = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (kafka->appender != NULL) {
        kafka_warm(kafka, kafka->appender);
        return true;
    }
    rd_kafka_conf_destroy(conf);
    return error_set(reterr, ERROR_FATAL, "make Kafka producer: %s", why);
}

/* Made at the first append: most workers never append. */
static bool appender_get(Kafka *kafka, rd_kafka_t **ret_appender, Error *reterr)
{
    pthread_mutex_lock(&kafka->append_lock);
    const bool ok = kafka->appender != NULL || appender_open(kafka, reterr);
    *ret_appender = kafka->appender;
    pthread_mutex_unlock(&kafka->append_lock);
    return ok && kafka_check_alive(*ret_appender, "append", reterr);
}

void kafka_appender_close(Kafka *kafka)
{
    if (kafka->appender == NULL)
        return;
    /* Records that nobody waits for any more: their callbacks free what they hold. */
    rd_kafka_purge(kafka->appender, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(kafka->appender, KAFKA_ABORT_MS);
    rd_kafka_destroy(kafka->appender);
    kafka->appender = NULL;
}

static rd_kafka_resp_err_t append_one(const Kafka *kafka, rd_kafka_t *appender,
                                      const Outcome *outcome, Appending *appending,
                                      int64_t deadline_mono_ms)
{
    rd_kafka_resp_err_t code;
    atomic_fetch_add(&appending->references, 1);
    while ((code = kafka_send_outcome(kafka, appender, outcome, appending)) ==
               RD_KAFKA_RESP_ERR__QUEUE_FULL &&
           clock_mono_now() < deadline_mono_ms)
        rd_kafka_poll(appender, KAFKA_PAUSE_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        appending_leave(appending);
    return code;
}

static bool append_all(Kafka *kafka, rd_kafka_t *appender, const Outcome *outcomes, size_t count,
                       Appending *appending, int64_t deadline_mono_ms)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code =
            append_one(kafka, appender, &outcomes[i], appending, deadline_mono_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            appending_fail(appending, code);
            return false;
        }
    }
    while (atomic_load(&appending->references) > 1 && clock_mono_now() < deadline_mono_ms)
        rd_kafka_poll(appender, KAFKA_PAUSE_MS);
    return atomic_load(&appending->references) == 1;
}

bool kafka_append(Kafka *kafka, const Outcome *outcomes, size_t count, int timeout_ms,
                  Error *reterr)
{
    const int64_t deadline_mono_ms = clock_mono_now() + timeout_ms;
    rd_kafka_t *appender;
    if (count == 0)
        return true;
    if (!appender_get(kafka, &appender, reterr))
        return false;
    Appending *appending = calloc(1, sizeof *appending);
    if (appending == NULL)
        return error_set(reterr, ERROR_RETRY, "append: out of memory");
    atomic_store(&appending->references, 1);

    const bool all = append_all(kafka, appender, outcomes, count, appending, deadline_mono_ms);
    const rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)atomic_load(&appending->code);
    appending_leave(appending);
    if (all && code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    if (!kafka_check_alive(appender, "append", reterr))
        return false;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        error_set(reterr, ERROR_RETRY, "append %zu records to %s%s: not acknowledged in %d ms",
                  count, kafka->settings.topic_prefix, outcomes[0].topic, timeout_ms);
    else
        error_set(reterr, kafka_code_class(code), "append to %s%s: %s%s",
                  kafka->settings.topic_prefix, outcomes[0].topic, rd_kafka_err2str(code),
                  kafka_advice(code));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || kafka_is_silence(code))
        (void)!kafka_refusal_explain(&kafka->refusal, "append", reterr);
    return false;
}
