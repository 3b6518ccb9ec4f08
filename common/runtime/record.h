/* record.h - what comes out of Kafka, and what goes into it. Knows no client library. */
#pragma once

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_HEADERS_SIZE_MAX = 64 * 1024, /* names and values of all headers together */
    RECORD_HEADER_COUNT_MAX = 64 * 1024, /* none but empty headers are more in so many bytes */
    OUTCOME_SIZE_MAX = 256 * 1024,       /* of a body: what any consumer has to take */
    OUTCOME_NAME_SIZE_MAX = 4096,        /* of key, type, id and subject together */
    TRACEPARENT_LENGTH = 55,
    TRACESTATE_SIZE_MAX = 512,
};

typedef struct RecordHeader {
    const char *name;
    const char *value; /* not NUL-terminated */
    size_t value_size;
} RecordHeader;

/* A consumed record: everything in it is borrowed until the batch ends. */
typedef struct Record {
    const char *topic; /* short name, without the installation's prefix */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;  /* broker's append time, wall */
    int64_t receipt_at_ms; /* the same in business time: the receipt instant */
    const void *key;       /* NULL if none */
    size_t key_size;
    const void *value; /* NULL: tombstone */
    size_t value_size;
    const RecordHeader *headers; /* all of them, as they came; none where they are too large */
    size_t header_count;
    size_t headers_size; /* names and values, as they came */
    bool headers_are_too_large;
    const void *handle; /* the adapter's own; NULL: made of stored bytes, all is in the fields */
} Record;

/* record_headers_fit - whether headers of this count and size are a record's to have: together at
 * most RECORD_HEADERS_SIZE_MAX bytes. Source: EVENTS section 1. */
bool record_headers_fit(size_t count, size_t size);

/* record_header - the last header with this name (as Java's lastHeader), whatever its case (ASCII);
 * or NULL. */
const RecordHeader *record_header(const Record *record, const char *name);

/* record_traceparent / record_tracestate - those of the record if they are such as may be passed
 * on, else NULL: a well-formed traceparent of version 00 to fe; beside it a tracestate of 1 …
 * TRACESTATE_SIZE_MAX printable bytes. Source: W3C Trace Context. */
const RecordHeader *record_traceparent(const Record *record);
const RecordHeader *record_tracestate(const Record *record);
/* Header of what is handed on: the id of the key by which the original's publisher was proved. Not
 * signed: only the first record under its id counts, and that one is its worker's. */
#define RECORD_PROOF_HEADER "cpor_proof"

/* What a handler publishes: borrowed by the worker until the batch is published. */
typedef struct Outcome {
    const char *topic; /* short name */
    const char *key;
    const char *type;    /* ce_type */
    const char *id;      /* ce_id, deterministic */
    const char *subject; /* ce_subject or NULL */
    int64_t at_ms;       /* ce_time, business */
    const char *body;    /* JSON */
    size_t body_size;
    const Record *cause;     /* traceparent and tracestate are passed on from it; or NULL */
    const char *proof;       /* of what is handed on: the key that proved its publisher; or NULL */
    const char *traceparent; /* where cause has none (a timer's wake-up); or NULL */
} Outcome;

/* A record that can never be processed: published as it came, with why. */
typedef struct DeadLetter {
    const Record *record;
    const char *reason; /* code */
    const char *detail;
} DeadLetter;

typedef struct Batch {
    Record *records;
    size_t record_count;
    Arena *arena; /* reset when the batch is published; handlers allocate from it */

    Outcome *outcomes;
    size_t outcome_count, outcome_room;
    DeadLetter *dead_letters;
    size_t dead_letter_count, dead_letter_room;
} Batch;

/* batch_add_outcome / batch_add_dead_letter - append to what the batch publishes, in order;
 * the struct is copied, its texts stay borrowed (from the arena). Never fails. */
void batch_add_outcome(Batch *batch, const Outcome *outcome);
void batch_add_dead_letter(Batch *batch, const Record *record, const char *reason,
                           const char *detail);

/*
 * outcomes_fit - the one gate of what goes out: each is as large as its topic takes at most, body,
 * key and headers, as they will be encoded. Before anything of them is saved, and once more before
 * the Kafka transaction begins.
 *
 * Errors:  FATAL with code POISON: names the first that does not fit.
 */
MUST_CHECK bool outcomes_fit(const Outcome *outcomes, size_t count, Error *reterr);

/* batch_cut - only the first count records (1 or more) are this batch's: for a handler that has
 * made enough to publish at once. The others come with the next. Not after a record behind them was
 * handled. */
void batch_cut(Batch *batch, size_t count);

/* batch_discard_outcomes - forget what was added and reset the arena, so that a batch retried for
 * hours costs no more memory than one try: the worker's, before the handler starts again (RETRY).
 */
void batch_discard_outcomes(Batch *batch);
