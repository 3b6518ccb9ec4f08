/* store_save.c - everything that a batch changed, in a few set-based statements and one commit. */
#include "claim/outbound.h"
#include "runtime/crash_point.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "store/claim_row.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

enum { REDIS_SILENCE_MS = 1000, SAVE_COLUMN_COUNT_MAX = CLAIM_COLUMN_COUNT_MAX };

/* A statement and its columns, filled row by row. */
typedef struct Rows {
    const DbStatement *statement;
    DbColumn columns[SAVE_COLUMN_COUNT_MAX];
    size_t column_count, count;
    const char *last[2]; /* parameters after the columns, the same for every row */
    size_t last_count;
} Rows;

static void rows_init(Rows *rows, Work *work, const DbStatement *statement, size_t column_count)
{
    *rows = (Rows){.statement = statement, .column_count = column_count};
    for (size_t i = 0; i < column_count; i++)
        db_column_init(&rows->columns[i], work->arena);
}

/* Runs if there are rows. exact: that many rows must come back, else somebody else was there. */
static bool rows_run(Rows *rows, Work *work, bool exact, Error *reterr)
{
    if (rows->count == 0)
        return true;
    const char *parameters[SAVE_COLUMN_COUNT_MAX + 2];
    size_t count = 0;
    for (; count < rows->column_count; count++)
        parameters[count] = db_column_literal(&rows->columns[count]);
    for (size_t i = 0; i < rows->last_count; i++)
        parameters[count++] = rows->last[i];
    DbResult *result = NULL;
    if (!database_run(work->database, rows->statement, parameters, count, &result, reterr))
        return false;
    const size_t done = db_result_rows(result);
    db_result_release(&result);
    if (exact && done != rows->count)
        return error_set(reterr, ERROR_RETRY,
                         "save %s: %zu of %zu rows; another worker moved them meanwhile",
                         rows->statement->name, done, rows->count);
    return true;
}

static bool save_claims(Work *work, Error *reterr)
{
    Rows inserts, updates;
    rows_init(&inserts, work, claim_insert_statement(), claim_column_count);
    rows_init(&updates, work, claim_update_statement(), claim_column_count);
    for (size_t i = 0; i < work->entry_count; i++) {
        Entry *entry = work->entries[i];
        if (!entry->is_changed)
            continue;
        entry->claim->version++;
        Rows *rows = entry->was == NULL ? &inserts : &updates;
        claim_row_write(entry, work->arena, rows->columns);
        rows->count++;
    }
    return rows_run(&inserts, work, true, reterr) && rows_run(&updates, work, true, reterr);
}

static bool save_documents(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "documents-insert",
        "insert into documents (tenant_id, claim_id, revision, received_at_ms, document)"
        " select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::text[])"};
    Rows rows;
    rows_init(&rows, work, &statement, 5);
    for (size_t i = 0; i < work->entry_count; i++) {
        const Entry *entry = work->entries[i];
        if (entry->new_document == NULL)
            continue;
        db_column_add_text(&rows.columns[0], entry->claim->tenant_id);
        db_column_add_text(&rows.columns[1], entry->claim->claim_id);
        db_column_add_integer(&rows.columns[2], entry->claim->revision);
        db_column_add_integer(&rows.columns[3], entry->claim->received_at_ms);
        db_column_add_text(&rows.columns[4], entry->new_document);
        rows.count++;
    }
    return rows_run(&rows, work, false, reterr);
}

static bool save_attachments(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "attachments-insert",
        "insert into attachments (cause_key, tenant_id, claim_id, kind, received_at_ms, body)"
        " select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[],"
        " $6::text[])"};
    Rows rows;
    rows_init(&rows, work, &statement, 6);
    for (size_t i = 0; i < work->attachment_count; i++) {
        const Attachment *attachment = &work->attachments[i];
        db_column_add_text(&rows.columns[0], attachment->event->cause_key);
        db_column_add_text(&rows.columns[1], attachment->event->tenant_id);
        db_column_add_text(&rows.columns[2], attachment->event->claim_id);
        db_column_add_text(&rows.columns[3], attachment->kind);
        db_column_add_integer(&rows.columns[4], attachment->event->receipt_at_ms);
        db_column_add_text(&rows.columns[5], attachment->body);
        rows.count++;
    }
    return rows_run(&rows, work, false, reterr);
}

/* ---- timers ---- */

static bool timers_have(const TimerRow *rows, size_t count, const TimerRow *row)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == row->kind && rows[i].due_at_ms == row->due_at_ms)
            return true;
    return false;
}

static void timer_add_row(Rows *rows, const Claim *claim, const TimerRow *timer)
{
    db_column_add_text(&rows->columns[0], claim->tenant_id);
    db_column_add_text(&rows->columns[1], timer_kind_name(timer->kind));
    db_column_add_integer(&rows->columns[2], timer->due_at_ms);
    db_column_add_text(&rows->columns[3], claim->claim_id);
    db_column_add_integer(&rows->columns[4], timer_shard(claim->tenant_id));
    rows->count++;
}

/* Rows that a claim no longer asks for go, new ones come: the difference of two states. */
static void timers_compare(const Entry *entry, Rows *deletes, Rows *inserts)
{
    TimerRow was[CLAIM_TIMER_COUNT_MAX], now[CLAIM_TIMER_COUNT_MAX];
    const size_t was_count = entry->was == NULL ? 0 : claim_timers(entry->was, was);
    const size_t now_count = claim_timers(entry->claim, now);
    for (size_t i = 0; i < was_count; i++)
        if (!timers_have(now, now_count, &was[i]))
            timer_add_row(deletes, entry->claim, &was[i]);
    for (size_t i = 0; i < now_count; i++)
        if (!timers_have(was, was_count, &now[i]))
            timer_add_row(inserts, entry->claim, &now[i]);
}

static bool save_timers(Work *work, Error *reterr)
{
    static const DbStatement delete_statement = {
        "timers-delete",
        "delete from timers t using unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[],"
        " $5::smallint[]) as u(tenant_id, kind, due_at_ms, claim_id, shard)"
        " where t.tenant_id = u.tenant_id and t.kind = u.kind and t.due_at_ms = u.due_at_ms"
        " and t.claim_id = u.claim_id"};
    static const DbStatement insert_statement = {
        "timers-insert",
        "insert into timers (tenant_id, kind, due_at_ms, claim_id, shard)"
        " select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::smallint[])"
        " on conflict do nothing"};
    Rows deletes, inserts;
    rows_init(&deletes, work, &delete_statement, 5);
    rows_init(&inserts, work, &insert_statement, 5);
    for (size_t i = 0; i < work->entry_count; i++)
        if (work->entries[i]->is_changed)
            timers_compare(work->entries[i], &deletes, &inserts);
    return rows_run(&deletes, work, false, reterr) && rows_run(&inserts, work, false, reterr);
}

/* ---- slots ---- */

static bool line_same_contender(const Entry *entry, const Line *line, const Line *other)
{
    return other != NULL && line_is_contender(other) && strcmp(other->slot, line->slot) == 0 &&
           strcmp(entry->was->mpn_id, entry->claim->mpn_id) == 0;
}

static void contender_add_row(Rows *rows, const Claim *claim, const Line *line)
{
    db_column_add_text(&rows->columns[0], claim->tenant_id);
    db_column_add_text(&rows->columns[1], line->slot);
    db_column_add_text(&rows->columns[2], claim->mpn_id);
    db_column_add_text(&rows->columns[3], claim->claim_id);
    rows->count++;
}

static void contenders_compare(const Entry *entry, Rows *deletes, Rows *inserts)
{
    const Claim *was = entry->was, *now = entry->claim;
    for (size_t i = 0; was != NULL && i < was->line_count; i++)
        if (line_is_contender(&was->lines[i]) &&
            !line_same_contender(entry, &was->lines[i], claim_line(now, was->lines[i].number)))
            contender_add_row(deletes, was, &was->lines[i]);
    for (size_t i = 0; i < now->line_count; i++)
        if (line_is_contender(&now->lines[i]) && now->mpn_id[0] != '\0' &&
            !(was != NULL &&
              line_same_contender(entry, &now->lines[i], claim_line(was, now->lines[i].number))))
            contender_add_row(inserts, now, &now->lines[i]);
}

static bool save_contenders(Work *work, Error *reterr)
{
    static const DbStatement delete_statement = {
        "contenders-delete",
        "delete from contenders c using unnest($1::uuid[], $2::text[], $3::text[], $4::text[])"
        " as u(tenant_id, slot, mpn_id, claim_id) where c.tenant_id = u.tenant_id"
        " and c.slot = u.slot and c.mpn_id = u.mpn_id and c.claim_id = u.claim_id"};
    static const DbStatement insert_statement = {
        "contenders-insert", "insert into contenders (tenant_id, slot, mpn_id, claim_id)"
                             " select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])"
                             " on conflict do nothing returning 1"};
    Rows deletes, inserts;
    rows_init(&deletes, work, &delete_statement, 4);
    rows_init(&inserts, work, &insert_statement, 4);
    for (size_t i = 0; i < work->entry_count; i++)
        if (work->entries[i]->is_changed)
            contenders_compare(work->entries[i], &deletes, &inserts);
    return rows_run(&deletes, work, false, reterr) && rows_run(&inserts, work, true, reterr);
}

static void holder_add_row(Rows *rows, const Claim *claim, const Line *line)
{
    char association[UUID_SIZE], day[11];
    association_id(claim, line->number, association);
    db_column_add_text(&rows->columns[0], claim->tenant_id);
    db_column_add_text(&rows->columns[1], line->slot);
    db_column_add_text(&rows->columns[2], association);
    db_column_add_text(&rows->columns[3], claim->claim_id);
    db_column_add_integer(&rows->columns[4], line->number);
    db_column_add_text(&rows->columns[5], claim->mpn_id);
    db_column_add_text(&rows->columns[6],
                       line->poe_day == DAY_NONE ? NULL : clock_date_format(line->poe_day, day));
    rows->count++;
}

static void holders_compare(const Entry *entry, Rows *deletes, Rows *inserts)
{
    const Claim *was = entry->was, *now = entry->claim;
    for (size_t i = 0; i < now->line_count; i++) {
        const Line *line = &now->lines[i];
        const Line *before = was == NULL ? NULL : claim_line(was, line->number);
        const bool held = before != NULL && before->status == LINE_OFFICIAL;
        const bool holds = line->status == LINE_OFFICIAL;
        if (held && (!holds || before->poe_day != line->poe_day))
            holder_add_row(deletes, now, line);
        if (holds && (!held || before->poe_day != line->poe_day))
            holder_add_row(inserts, now, line);
    }
}

static bool save_holders(Work *work, Error *reterr)
{
    static const DbStatement delete_statement = {
        "holders-delete",
        "delete from holders h using unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[],"
        " $5::integer[], $6::text[], $7::date[])"
        " as u(tenant_id, slot, association_id, claim_id, line, mpn_id, poe_signed_on)"
        " where h.tenant_id = u.tenant_id and h.slot = u.slot"
        " and h.association_id = u.association_id"};
    static const DbStatement insert_statement = {
        "holders-insert",
        "insert into holders (tenant_id, slot, association_id, claim_id, line, mpn_id,"
        " poe_signed_on) select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[],"
        " $5::integer[], $6::text[], $7::date[]) on conflict do nothing returning 1"};
    Rows deletes, inserts;
    rows_init(&deletes, work, &delete_statement, 7);
    rows_init(&inserts, work, &insert_statement, 7);
    for (size_t i = 0; i < work->entry_count; i++)
        if (work->entries[i]->is_changed)
            holders_compare(work->entries[i], &deletes, &inserts);
    return rows_run(&deletes, work, false, reterr) && rows_run(&inserts, work, true, reterr);
}

/* ---- history ---- */

static void history_add_row(Rows *rows, const Work *work, const Move *move)
{
    const Event *event = move->event;
    DbColumn *column = rows->columns;
    db_column_add_text(column++, move->tenant_id);
    db_column_add_text(column++, move->claim_id);
    db_column_add_integer(column++, move->sequence);
    db_column_add_integer(column++, move->at_ms);
    db_column_add_text(
        column++,
        actor_type_name(event->actor.type == ACTOR_NONE ? ACTOR_SYSTEM : event->actor.type));
    db_column_add_text(column++, event->actor.id == NULL ? "" : event->actor.id);
    db_column_add_text(column++, event_type_name(event->type));
    db_column_add_text(column++, claim_status_name(move->from));
    db_column_add_text(column++, claim_status_name(move->to));
    db_column_add_text(column++, code_name(move->reason));
    db_column_add_text(column++, move->lines);
    db_column_add_text(column++, move->ignored);
    db_column_add_text(column++, event->reason);
    db_column_add_text(column++, event->cause_key);
    db_column_add_text(column++, event->source);
    db_column_add_text(column++, event->id);
    db_column_add_text(column++, event->record->topic);
    db_column_add_integer(column++, event->record->partition);
    db_column_add_integer(column++, event->record->offset);
    db_column_add_text(column++, outcomes_encode(move->outcomes, move->outcome_count, work->arena));
    db_column_add_text(column++, event->digest[0] == '\0' ? NULL : event->digest);
    db_column_add_text(column++, event->proof);
    rows->count++;
}

static bool save_history(Work *work, Error *reterr)
{
    static const DbStatement statement = {
        "history-insert",
        "insert into history (service, instance, tenant_id, claim_id, sequence, at_ms,"
        " actor_type, actor_id, event, from_status, to_status, reason, lines, ignored, note,"
        " cause_key, cause_source, cause_id, cause_topic, cause_partition, cause_offset,"
        " outcomes, cause_digest, proof) select $23, $24, * from unnest($1::uuid[], $2::text[],"
        " $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],"
        " $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[],"
        " $15::text[], $16::text[], $17::text[], $18::integer[], $19::bigint[],"
        " $20::text[], $21::uuid[], $22::text[])"};
    Rows rows;
    rows_init(&rows, work, &statement, 22);
    rows.last[rows.last_count++] = worker_service(work->store->worker);
    rows.last[rows.last_count++] = worker_instance(work->store->worker);
    for (size_t i = 0; i < work->move_count; i++)
        if (work->moves[i]->event != NULL)
            history_add_row(&rows, work, work->moves[i]);
    return rows_run(&rows, work, false, reterr);
}

static bool save_positions(Work *work, Error *reterr)
{
    return (work->is_partial && !work->is_last) || work->is_chunk ||
           work->batch->record_count == 0 || positions_save(work, reterr);
}

/* ---- after the commit ---- */

typedef struct ShardTimers {
    Timer *timers;
    size_t count, room;
} ShardTimers;

static void shard_add(Work *work, ShardTimers *shards, TimerKind kind, const ClaimName *name,
                      int64_t due_at_ms)
{
    ShardTimers *shard = &shards[timer_shard(name->tenant_id)];
    shard->timers =
        arena_grow(work->arena, shard->timers, sizeof *shard->timers, shard->count, &shard->room);
    Timer *timer = &shard->timers[shard->count++];
    timer->due_at_ms = due_at_ms;
    timer_member(kind, name->tenant_id, name->claim_id, due_at_ms, timer->member);
}

static void work_collect_timers(Work *work, ShardTimers *shards)
{
    for (size_t i = 0; i < work->kept_count; i++) {
        const Kept *kept = work->kept[i];
        const ClaimName name = {kept->event->tenant_id, kept->event->claim_id};
        if (!kept->is_stored && !kept->is_done)
            shard_add(work, shards, TIMER_KEPT, &name, kept->due_at_ms);
    }
    for (size_t i = 0; i < work->entry_count; i++) {
        const Entry *entry = work->entries[i];
        TimerRow was[CLAIM_TIMER_COUNT_MAX], now[CLAIM_TIMER_COUNT_MAX];
        if (!entry->is_changed)
            continue;
        const size_t was_count = entry->was == NULL ? 0 : claim_timers(entry->was, was);
        const size_t now_count = claim_timers(entry->claim, now);
        const ClaimName name = {entry->claim->tenant_id, entry->claim->claim_id};
        for (size_t j = 0; j < now_count; j++)
            if (!timers_have(was, was_count, &now[j]))
                shard_add(work, shards, now[j].kind, &name, now[j].due_at_ms);
    }
}

/* A connection that the server closed meanwhile shows at its next use: try once more. */
static bool shard_arm(Store *store, int shard, const ShardTimers *timers, Error *reterr)
{
    if (clock_mono_now() < store->timers_silent_until_mono_ms)
        return error_set(reterr, ERROR_RETRY, "arm timers: Redis was away a moment ago");
    for (int i = 0; i < 2; i++)
        if (timer_index_arm(store->timers, shard, timers->timers, timers->count, reterr))
            return true;
    store->timers_silent_until_mono_ms = clock_mono_now() + REDIS_SILENCE_MS;
    log_error(LOG_WARNING, "timers-unarmed", reterr, "shard=%d", shard);
    return false;
}

/* Shards that missed timers are filled from PostgreSQL as soon as Redis can be told to. */
static void store_unmark_unarmed(Store *store)
{
    Error error = {0};
    for (int i = 0; i < TIMER_SHARD_COUNT; i++)
        if (store->unarmed[i] && clock_mono_now() >= store->timers_silent_until_mono_ms &&
            timer_index_unmark(store->timers, i, &error))
            store->unarmed[i] = false;
}

/* Best effort: the rows are committed, and the sweep finds what Redis never heard of. */
static void work_arm_timers(Work *work)
{
    Store *store = work->store;
    ShardTimers shards[TIMER_SHARD_COUNT] = {0};
    Error error = {0};
    work_collect_timers(work, shards);
    for (int i = 0; i < TIMER_SHARD_COUNT; i++) {
        if (shards[i].count == 0 || shard_arm(store, i, &shards[i], &error))
            continue;
        metric_add(store->timers_unarmed, (int64_t)shards[i].count);
        store->unarmed[i] = true;
    }
    store_unmark_unarmed(store);
}

static void work_publish(Work *work)
{
    for (size_t i = 0; i < work->move_count; i++)
        for (size_t j = 0; j < work->moves[i]->outcome_count; j++)
            batch_add_outcome(work->batch, &work->moves[i]->outcomes[j]);
}

static bool save_all(Work *work, Error *reterr)
{
    return save_claims(work, reterr) && save_documents(work, reterr) &&
           save_attachments(work, reterr) && save_timers(work, reterr) && kept_save(work, reterr) &&
           save_holders(work, reterr) && save_contenders(work, reterr) &&
           save_history(work, reterr) && save_positions(work, reterr);
}

static bool moves_fit(const Work *work, Error *reterr)
{
    for (size_t i = 0; i < work->move_count; i++)
        if (!outcomes_fit(work->moves[i]->outcomes, work->moves[i]->outcome_count, reterr))
            return false;
    return true;
}

bool work_save(Work *work, Error *reterr)
{
    if (!moves_fit(work, reterr) || !save_all(work, reterr))
        return false;
    crash_point(CRASH_BEFORE_DATABASE_COMMIT);
    if (!database_commit(work->database, reterr))
        return false;
    crash_point(CRASH_AFTER_DATABASE_COMMIT);
    work_arm_timers(work);
    crash_point(CRASH_AFTER_ARMING);
    work_publish(work);
    return true;
}

void work_rollback(Work *work)
{
    database_rollback(work->database);
}
