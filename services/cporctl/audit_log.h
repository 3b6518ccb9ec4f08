/*
 * audit_log.h - the promises about what was published: association-official and claim-status are
 * read from their start, and compared with the tables.
 *
 * PostgreSQL commits first, Kafka a moment later: the tables may be ahead of the log by what is in
 * flight. The logs' ends are taken before the snapshot, so that the log is never ahead; what
 * differs counts only if it still does after the workers had time (CPOR_AUDIT_SETTLE_MS).
 */
#pragma once

#include "audit_map.h"
#include "audit_report.h"
#include "kafka_reader.h"

typedef enum LogCheck {
    LOG_COMPLETE,
    LOG_READABLE,
    LOG_OFFICIAL_ONCE,
    LOG_ONE_HOLDER,
    LOG_SWAP,
    LOG_DEADLINE,
    LOG_STATUS_REPEATS,
    LOG_CONSUMED, /* those above are final when they are seen, those below are compared */
    LOG_HOLDERS,
    LOG_HISTORY,
    LOG_STATUS_GAP,
    LOG_CHECK_COUNT,
} LogCheck;

/* One association of the log. */
typedef struct LogAssociation {
    int64_t official_at_ms;
    int64_t offset; /* of its official event */
    int32_t place_index;
    bool is_ended;
    uint32_t table_round, history_round; /* the round in which it was seen there */
} LogAssociation;

/* One claim of claim-status: all changes up to `seen` came, and those that `ahead` has bits for. */
typedef struct LogClaim {
    int64_t offset; /* of its last event */
    uint64_t ahead; /* bit n: change seen + 2 + n came */
    int32_t seen, last, place_index;
    uint32_t table_round;
} LogClaim;

/* A swap's first half: what must come next in the partition. */
typedef struct LogSwap {
    bool is_open;
    AuditKey ended, by;
    char tenant_id[40], claim_id[80];
} LogSwap;

typedef struct AuditLog {
    Session *session;
    KafkaReader *reader;
    KafkaPlaces official, status, inputs; /* inputs: what the workers read */
    LogSwap *swaps;                       /* beside official */
    AuditMap associations;                /* by association id: LogAssociation */
    AuditMap slots;                       /* by tenant/slot: AuditKey of the holder */
    AuditMap claims;                      /* by tenant/claim: LogClaim */
    AuditMap differences, before; /* since the first round: now, and a round ago; keys only */
    uint32_t round;
    int64_t record_count, record_total, said_mono_ms;
    AuditResult results[LOG_CHECK_COUNT];
} AuditLog;

/* audit_log_open - the reader and the places; audit_log_close - give all back. */
MUST_CHECK bool audit_log_open(AuditLog *log, Session *session);
void audit_log_close(AuditLog *log);

/* audit_log_read - read on to the logs' ends as they are now, and note committed offsets. */
MUST_CHECK bool audit_log_read(AuditLog *log);

/* audit_log_compare - compare with the tables of the snapshot that is open. A difference counts
 * when all rounds before had it too. Out: ret_open  those that another round may clear. */
MUST_CHECK bool audit_log_compare(AuditLog *log, size_t *ret_open);
