/* dlq.h - the dead letters as the commands see them: read, told, taken apart. */
#pragma once

#include "kafka_reader.h"

#include "claim/json_writer.h"

/* The detail of what `dlq skip` passed by, and why a letter is not put back. */
#define DLQ_SKIPPED "an operator has passed by it: cporctl dlq skip"
#define DLQ_REFERENCE "reference data would undo what was published since: publish it anew"

enum {
    DLQ_WORD_SIZE = 64,  /* a code, a service */
    DLQ_TEXT_SIZE = 256, /* longer texts are cut */
    DLQ_DETAIL_SIZE = 512,
};

/*
 * One dead letter. Texts are ready for a terminal: no control characters, "" where there is none.
 * A worker's headers are the last ones, from the last dlq_reason on; what is before them is the
 * record's own, dlq_ or not.
 */
typedef struct DlqLetter {
    int32_t partition; /* of the dead letters */
    int64_t offset;
    bool is_workers; /* else somebody put it there: it has no dlq_ headers */
    bool is_cut;     /* only the beginning was kept */
    char reason[DLQ_WORD_SIZE], service[DLQ_WORD_SIZE];
    char detail[DLQ_DETAIL_SIZE]; /* DLQ_SKIPPED: of a record that no program can read */
    char topic[KAFKA_TOPIC_SIZE]; /* where it came from; short, if it is this installation's */
    int64_t origin_partition, origin_offset, received_at_ms; /* there */
    size_t cut_size;                                         /* is_cut: of the value as it came */
    size_t own_header_count; /* the record's own: the first so many */
    char type[DLQ_TEXT_SIZE], id[DLQ_TEXT_SIZE], subject[DLQ_TEXT_SIZE];
    size_t value_size;
} DlqLetter;

/* Which letters are meant. */
typedef struct DlqFilter {
    const char *reason, *topic; /* NULL: any; topic without prefix */
    int64_t since_ms;           /* received then or later */
} DlqFilter;

/* dlq_filter_read - --reason, --topic, --since. Returns: EXIT_CODE_DONE, or _USAGE, told why. */
MUST_CHECK ExitCode dlq_filter_read(Session *session, DlqFilter *ret_filter);
bool dlq_filter_fits(const DlqFilter *filter, const DlqLetter *letter);

/* What is known of a code. */
typedef struct DlqReason {
    const char *code;
    bool is_content; /* the record's own content is at fault */
    const char *advice;
} DlqReason;

/* dlq_reason - of a code; NULL: none that this version knows. */
const DlqReason *dlq_reason(const char *code);

/* dlq_words - the two words PARTITION OFFSET. Returns: as dlq_filter_read. */
MUST_CHECK ExitCode dlq_words(const Session *session, int32_t *ret_partition, int64_t *ret_offset);

/* The topic of dead letters, as it was when it was opened: what comes later is not read. */
typedef struct Dlq {
    Session *session; /* borrowed */
    KafkaReader *reader;
    KafkaPlaces places;
} Dlq;

/* dlq_open - Errors: in session->error. dlq_release is right in any case. */
MUST_CHECK bool dlq_open(Session *session, Dlq *ret_dlq);
void dlq_release(Dlq *dlq);

/* Called for each letter. letter and record are borrowed during the call. False stops with
 * session->error as it set it. */
typedef bool DlqTake(void *context, const DlqLetter *letter, const KafkaRecord *record);

/* dlq_read - each letter, partition by partition in the order of its log (partitions mix). */
MUST_CHECK bool dlq_read(Dlq *dlq, DlqTake *take, void *context);

/* dlq_read_one - Out: ret_why_not  NULL: taken; else why there is none, for people. */
MUST_CHECK bool dlq_read_one(Dlq *dlq, int32_t partition, int64_t offset, DlqTake *take,
                             void *context, const char **ret_why_not);

/* dlq_write_letter - its members, in an object that is open. */
void dlq_write_letter(JsonWriter *writer, const DlqLetter *letter);
