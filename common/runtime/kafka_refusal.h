/*
 * kafka_refusal.h - why no broker lets a client in. The client itself answers "timed out": the
 * reason comes only through its error callback, and would be lost among what heals by itself.
 */
#pragma once

#include "error.h"

#include <pthread.h>
#include <stdint.h>

enum { KAFKA_REFUSAL_TEXT_SIZE = 280, KAFKA_REFUSAL_MS = 30000 };

/* The last error of a connection. Of all clients of a process, or of one. */
typedef struct KafkaRefusal {
    pthread_mutex_t lock; /* callbacks come on whatever thread polls */
    bool is_final;        /* a wrong password or certificate, which no repetition heals */
    int64_t at_mono_ms;   /* 0: there was none */
    char text[KAFKA_REFUSAL_TEXT_SIZE];
    const char *advice;
} KafkaRefusal;

#define KAFKA_REFUSAL_INIT                                                                         \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .advice = ""                                            \
    }

/* kafka_is_silence - no broker answered, which a refused connection looks like as well; code is a
 * rd_kafka_resp_err_t. */
bool kafka_is_silence(int code);

/*
 * kafka_refusal_note - keep what the client's error callback was told.
 *
 * In:      code    rd_kafka_resp_err_t; not the sum "all brokers are down", which names no cause.
 *          reason  the client's words; the properties' values are never among them.
 * Returns: whether it is final.
 */
bool kafka_refusal_note(KafkaRefusal *refusal, int code, const char *reason);

/*
 * kafka_refusal_explain - put the cause, and what to do, in place of an error that only says that
 * a request got no answer.
 *
 * In:      what  "verb object" of the request.
 * Out:     reterr  rewritten if something was noted within KAFKA_REFUSAL_MS: FATAL if final.
 * Returns: false, always.
 */
bool kafka_refusal_explain(KafkaRefusal *refusal, const char *what, Error *reterr);
