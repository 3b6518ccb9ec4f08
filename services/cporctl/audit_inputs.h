/*
 * audit_inputs.h - the promises about what came in: the pipeline's topics are read from where they
 * begin up to the workers' committed offsets, and compared with history and claims.
 *
 * PostgreSQL commits before Kafka, so whatever is behind a committed offset is in the tables. The
 * exceptions are a dead letter, which becomes visible a moment later, and what is handed on to
 * another worker: both have the time that the other differences have.
 */
#pragma once

#include "audit_map.h"
#include "audit_report.h"
#include "kafka_reader.h"

#include "runtime/clock.h"

typedef enum InputCheck { INPUT_LOST, INPUT_OPT_OUT, INPUT_EARLY, INPUT_CHECK_COUNT } InputCheck;

/* A record that was read, as long as its batch. */
typedef struct InputRecord {
    const char *cause_key; /* of its history: its own, or that of what it was handed on as */
    const char *apart_key; /* likewise, where its name is another event's */
    const char *digest;
    const char *tenant_id, *claim_id, *type;
    const char *lines;        /* of an opt-out: " 1 2 ", "" for all; NULL: it is none */
    const char *settling_key; /* of what its receipt settled; NULL: its topic settles nothing */
    const KafkaPlace *place;
    int64_t offset, receipt_at_ms;
    bool is_forwarded, leaves_history;
} InputRecord;

typedef struct AuditInputs {
    Session *session;
    KafkaReader *reader;
    Clock clock;
    KafkaPlaces places;   /* of the pipeline's topics */
    size_t firsts[8];     /* in places, of each worker's topic, and of none */
    AuditMap letters;     /* coordinates of dead letters; keys only */
    Arena arena, scratch; /* of one batch, of one record */
    InputRecord *batch;
    size_t batch_count;
    struct InputSuspect *suspects; /* may be cleared by what becomes visible */
    size_t suspect_count, suspect_room;
    int64_t record_count;
    bool is_read, is_behind; /* is_behind: opt-out-expiry has not handled all of its topic */
    AuditResult results[INPUT_CHECK_COUNT];
} AuditInputs;

/* audit_inputs_open - the reader and the places; audit_inputs_close - give all back. */
MUST_CHECK bool audit_inputs_open(AuditInputs *inputs, Session *session);
void audit_inputs_close(AuditInputs *inputs);

/* audit_inputs_check - first read everything, later look again at what is suspect. Outside of any
 * transaction. Out: ret_open  what another round may clear. */
MUST_CHECK bool audit_inputs_check(AuditInputs *inputs, size_t *ret_open);

/* audit_inputs_end - what is suspect still is a violation; see results. */
void audit_inputs_end(AuditInputs *inputs);
