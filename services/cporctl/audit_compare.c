/* audit_compare.c - the replayed logs beside the tables of one snapshot; see audit_log.h. */
#include "audit_log.h"

#include "store/position.h"
#include "workers.h"

#include "claim/uuid.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_COUNT = 10000, DIFFERENCE_COUNT_MAX = 100000, NAME_SIZE = 256 };

/* A difference: counts when every round before had the very same. */
static void differ(AuditLog *log, LogCheck check, const char *tenant_id, const char *claim_id,
                   const char *format, ...) PRINTF_LIKE(5, 6);
static void differ(AuditLog *log, LogCheck check, const char *tenant_id, const char *claim_id,
                   const char *format, ...)
{
    char what[512], name[800];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(name, sizeof name, "%d %s %s %s", (int)check, tenant_id, claim_id, what);
    const AuditKey key = audit_key_from_text(name);
    if (log->round > 1 && audit_map_get(&log->before, &key) == NULL)
        return;
    audit_add(log->session, &log->results[check], tenant_id, claim_id, "%s", what);
    if (log->differences.count < DIFFERENCE_COUNT_MAX)
        (void)audit_map_put(&log->differences, &key, NULL);
}

/* ---- a query's rows, page by page ---- */

typedef void TakeRow(AuditLog *log, const DbResult *result, size_t row);

static bool each_row(AuditLog *log, const char *cursor, const char *sql, TakeRow *take)
{
    Session *session = log->session;
    const DbStatement fetch = {
        arena_printf(&session->arena, "fetch-%s", cursor),
        arena_printf(&session->arena, "fetch %d from %s", PAGE_COUNT, cursor)};
    size_t count = PAGE_COUNT;
    if (!database_execute(session->database,
                          arena_printf(&session->arena, "declare %s cursor for %s", cursor, sql),
                          &session->error))
        return false;
    while (count == PAGE_COUNT) {
        DbResult *result = NULL;
        if (!database_run(session->database, &fetch, NULL, 0, &result, &session->error))
            return false;
        count = db_result_rows(result);
        for (size_t row = 0; row < count; row++)
            take(log, result, row);
        db_result_release(&result);
    }
    return true;
}

/* ---- who holds which slot ---- */

static void take_holder(AuditLog *log, const DbResult *result, size_t row)
{
    const char *tenant_id = db_text(result, row, 0), *slot = db_text(result, row, 1);
    const char *id_text = db_text(result, row, 2);
    char name[NAME_SIZE], other[UUID_SIZE];
    AuditKey id;
    static const AuditKey none;
    snprintf(name, sizeof name, "%s/%s", tenant_id, slot);
    const AuditKey key = audit_key_from_text(name);
    const AuditKey *holder = audit_map_get(&log->slots, &key);
    if (!audit_key_from_uuid(id_text, &id))
        return;
    LogAssociation *association = audit_map_get(&log->associations, &id);
    if (association != NULL)
        association->table_round = log->round;
    if (holder != NULL && memcmp(holder, &id, sizeof id) == 0)
        return;
    differ(log, LOG_HOLDERS, tenant_id, db_text(result, row, 3),
           "slot %s is held by association %s, in the log by %s", slot, id_text,
           holder == NULL || memcmp(holder, &none, sizeof none) == 0
               ? "nobody"
               : audit_key_format(holder, other));
}

/* Held in the log, by no row of the table: the slot's other holder, if any, was told above. */
static void check_slots(AuditLog *log)
{
    const AuditKey *holder;
    AuditKey key;
    char text[UUID_SIZE];
    for (size_t i = 0; (holder = audit_map_next(&log->slots, &i, &key)) != NULL;) {
        const LogAssociation *association = audit_map_get(&log->associations, holder);
        if (association == NULL || association->table_round == log->round)
            continue;
        const KafkaPlace *place = &log->official.places[association->place_index];
        differ(log, LOG_HOLDERS, "", "",
               "association %s holds its slot in the log (%s/%d@%" PRId64 "), not in the table",
               audit_key_format(holder, text), place->topic, place->partition, association->offset);
    }
}

/* ---- what the history knows ---- */

static void take_promotion(AuditLog *log, const DbResult *result, size_t row)
{
    const char *tenant_id = db_text(result, row, 0), *claim_id = db_text(result, row, 1);
    char name[NAME_SIZE], text[UUID_SIZE];
    snprintf(name, sizeof name, "%s/%s/line/%s", tenant_id, claim_id, db_text(result, row, 2));
    const AuditKey id = audit_key_from_text(name);
    LogAssociation *association = audit_map_get(&log->associations, &id);
    if (association != NULL)
        association->history_round = log->round;
    else
        differ(log, LOG_HISTORY, tenant_id, claim_id,
               "line %s became official, and association %s was not published",
               db_text(result, row, 2), audit_key_format(&id, text));
}

static void check_associations(AuditLog *log)
{
    const LogAssociation *association;
    AuditKey id;
    char text[UUID_SIZE];
    for (size_t i = 0; (association = audit_map_next(&log->associations, &i, &id)) != NULL;) {
        if (association->history_round == log->round)
            continue;
        const KafkaPlace *place = &log->official.places[association->place_index];
        differ(log, LOG_HISTORY, "", "",
               "association %s was published (%s/%d@%" PRId64 "), and no history says how",
               audit_key_format(&id, text), place->topic, place->partition, association->offset);
    }
}

/* ---- changes of status ---- */

static void take_claim(AuditLog *log, const DbResult *result, size_t row)
{
    const char *tenant_id = db_text(result, row, 0), *claim_id = db_text(result, row, 1);
    const int64_t sequence = db_integer(result, row, 2);
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s/%s", tenant_id, claim_id);
    const AuditKey key = audit_key_from_text(name);
    LogClaim *claim = audit_map_get(&log->claims, &key);
    if (claim != NULL)
        claim->table_round = log->round;
    if (claim == NULL && sequence > 0)
        differ(log, LOG_STATUS_GAP, tenant_id, claim_id,
               "it has %" PRId64 " changes, none is published", sequence);
    else if (claim != NULL && claim->seen != claim->last)
        differ(log, LOG_STATUS_GAP, tenant_id, claim_id, "change %d is published, change %d is not",
               claim->last, claim->seen + 1);
    else if (claim != NULL && claim->seen != sequence)
        differ(log, LOG_STATUS_GAP, tenant_id, claim_id,
               "it has %" PRId64 " changes, %d are published", sequence, claim->seen);
}

static void check_claims(AuditLog *log)
{
    const LogClaim *claim;
    AuditKey key;
    for (size_t i = 0; (claim = audit_map_next(&log->claims, &i, &key)) != NULL;) {
        if (claim->table_round == log->round)
            continue;
        const KafkaPlace *place = &log->status.places[claim->place_index];
        differ(log, LOG_STATUS_GAP, "", "",
               "a claim is published (last in %s/%d@%" PRId64 ") that the table does not have",
               place->topic, place->partition, claim->offset);
    }
}

/* An end that names its successor is followed by it in the same transaction, and whole transactions
 * are read. */
static void check_swaps(AuditLog *log)
{
    for (size_t i = 0; i < log->official.count; i++)
        if (log->swaps[i].is_open)
            audit_add(log->session, &log->results[LOG_SWAP], log->swaps[i].tenant_id,
                      log->swaps[i].claim_id, "ended by a successor that never came in %s/%d",
                      log->official.places[i].topic, log->official.places[i].partition);
}

/* ---- what was consumed ---- */

static Position position_of(const DbResult *result, const char *service, const char *topic,
                            int32_t partition)
{
    for (size_t row = 0; row < db_result_rows(result); row++)
        if (db_integer(result, row, 2) == partition &&
            strcmp(db_text(result, row, 0), service) == 0 &&
            strcmp(db_text(result, row, 1), topic) == 0)
            return (Position){.next_offset = db_integer(result, row, 3)};
    return (Position){.next_offset = position_may_be_missing(service) ? -1 : 0};
}

static void check_place(AuditLog *log, const DbResult *result, const char *service,
                        const KafkaPlace *place)
{
    const size_t prefix_size = strlen(config_text(log->session->config, "CPOR_TOPIC_PREFIX"));
    const Position position =
        position_of(result, service, place->topic + prefix_size, place->partition);
    if (place->committed >= 0 &&
        position_compare(&position, place->committed, -1, -1) == POSITION_OLD_DATABASE)
        audit_add(log->session, &log->results[LOG_CONSUMED], "", "",
                  "%s consumed %s/%d up to offset %" PRId64 ", the database knows of %" PRId64
                  " (is it an older one?)",
                  service, place->topic, place->partition, place->committed, position.next_offset);
}

static bool check_positions(AuditLog *log)
{
    static const DbStatement statement = {
        "audit-positions", "select service, topic, partition, next_offset from handled_positions"};
    DbResult *result = NULL;
    size_t first = 0;
    if (!database_run(log->session->database, &statement, NULL, 0, &result, &log->session->error))
        return false;
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++) {
        for (size_t i = 0; worker->topics[i] != NULL; i++) {
            const char *topic = log->inputs.places[first].topic;
            for (; first < log->inputs.count && strcmp(log->inputs.places[first].topic, topic) == 0;
                 first++)
                check_place(log, result, worker->service, &log->inputs.places[first]);
        }
    }
    db_result_release(&result);
    return true;
}

/* ---- */

static void round_begin(AuditLog *log)
{
    const AuditMap before = log->before;
    log->round++;
    log->before = log->differences;
    log->differences = before;
    audit_map_deinit(&log->differences);
    audit_map_init(&log->differences, 0);
    for (int i = LOG_HOLDERS; i < LOG_CHECK_COUNT; i++)
        log->results[i].count = 0;
}

bool audit_log_compare(AuditLog *log, size_t *ret_open)
{
    round_begin(log);
    if ((log->round == 1 && !check_positions(log)) ||
        !each_row(log, "audit_holders",
                  "select tenant_id, slot, association_id, claim_id"
                  " from holders",
                  take_holder) ||
        !each_row(log, "audit_history",
                  "select h.tenant_id, h.claim_id, l->>'line' from history h,"
                  " jsonb_array_elements(h.lines::jsonb) l where h.lines like '%\"OFFICIAL\"%'"
                  " and h.ignored is null and l->>'to' = 'OFFICIAL'",
                  take_promotion) ||
        !each_row(log, "audit_claims", "select tenant_id, claim_id, sequence from claims",
                  take_claim))
        return false;
    check_slots(log);
    check_associations(log);
    check_claims(log);
    if (log->round == 1)
        check_swaps(log);
    *ret_open = log->differences.count;
    return true;
}
