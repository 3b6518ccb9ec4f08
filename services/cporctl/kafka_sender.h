/* kafka_sender.h - publishing: idempotent, every acknowledgement looked at. */
#pragma once

#include "kafka_reader.h"

#include "claim/signature_demand.h"

#define SENDER_SOURCE SOURCE_CPORCTL

/* One CloudEvent in binary mode, from SENDER_SOURCE, signed where there is a key. Borrowed during
 * the call. */
typedef struct SentEvent {
    const char *key;     /* the tenant, lower case */
    EventType type;      /* ce_type */
    const char *id;      /* ce_id */
    const char *subject; /* the claim */
    int64_t at_ms;       /* ce_time */
    const void *body;    /* JSON */
    size_t body_size;
    uintptr_t tag; /* what a failure names */
} SentEvent;

/* A record as it was read, with its first headers. Borrowed during the call. */
typedef struct SentCopy {
    const KafkaRecord *record;
    size_t header_count; /* the first so many */
    uintptr_t tag;       /* what a failure names */
} SentCopy;

/* A dead letter of a record's coordinates, without its bytes. Borrowed during the call. */
typedef struct SentPlace {
    const char *reason, *detail, *service; /* as a worker's dlq_ headers say */
    const char *topic;                     /* with the prefix */
    int32_t partition;
    int64_t offset;
    int64_t at_ms; /* business time now: nobody knows its receipt */
} SentPlace;

/* Called for each record that no broker took, from within the functions below. */
typedef void SenderFailed(void *context, uintptr_t tag, const char *why);

typedef struct SenderCounts {
    uint64_t sent, delivered, failed;
} SenderCounts;

typedef struct KafkaSender KafkaSender;

/*
 * kafka_sender_open - connect, and look whether the topic (short name) is there.
 *
 * Errors:  in session->error. FATAL  no such topic; RETRY  no broker answers in time.
 */
MUST_CHECK bool kafka_sender_open(Session *session, const char *topic, SenderFailed *failed,
                                  void *context, KafkaSender **ret_sender);
/* kafka_sender_release - what is not acknowledged yet is dropped. */
void kafka_sender_release(KafkaSender **place);

/* kafka_sender_send - queue one event; waits for room. Its fate comes later; that of one that is
 * larger than the client sends comes at once, by failed.
 * Errors:  in session->error; the event was not queued. FATAL  also: no key for a signature that
 *          is demanded. Needs settings_signing. */
MUST_CHECK bool kafka_sender_send(KafkaSender *sender, const SentEvent *event);

/* kafka_sender_send_copy - likewise, a record again, byte for byte. */
MUST_CHECK bool kafka_sender_send_copy(KafkaSender *sender, const SentCopy *copy);

/* kafka_sender_send_place - likewise, to the topic of dead letters. */
MUST_CHECK bool kafka_sender_send_place(KafkaSender *sender, const SentPlace *place);

/* kafka_sender_poll - serve acknowledgements for at most wait_ms; how many events wait still. */
size_t kafka_sender_poll(KafkaSender *sender, int wait_ms);

/* kafka_sender_counts - so far. */
SenderCounts kafka_sender_counts(const KafkaSender *sender);
