/*
 * store_kept.c - opt-outs that came before their claims: kept with the record as it came, applied
 * when the claim appears, a dead letter when it never does.
 *
 * Who keeps one and who makes claims exclude each other (KEPT_LOCK): an opt-out is either decided
 * on the claim, or its row is there when the claim is made. There is no third way.
 */
#include "claim/json_writer.h"
#include "claim/strict_json.h"
#include "claim/transition.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond retention no wake-up is read again: what it would repeat can go. */
#define EXPIRED_KEEP_MS "2592000000" /* 30 days */

/* What a kept row is made of; expired rows are the same and who expired them. */
#define KEPT_COLUMNS                                                                               \
    "cause_key, tenant_id, claim_id, received_at_ms, lines, actor_type, actor_id, cause_source,"   \
    " cause_id, cause_topic, cause_partition, cause_offset, due_at_ms, note, record_key,"          \
    " record_value, record_headers, proof"
#define KEPT_SELECTED                                                                              \
    "k.cause_key, k.tenant_id, k.claim_id, k.received_at_ms, array_to_string(k.lines, ' '),"       \
    " k.actor_type, k.actor_id, k.cause_source, k.cause_id, k.cause_topic, k.cause_partition,"     \
    " k.cause_offset, k.due_at_ms, k.note, encode(k.record_key, 'hex'),"                           \
    " encode(k.record_value, 'hex'), k.record_headers, k.proof"
enum { KEPT_COLUMN_COUNT = 18 };

bool work_lock_kept(Work *work, KeptLock lock, Error *reterr)
{
    /* the number is "kept" in ASCII */
    static const DbStatement statements[] = {
        [KEPT_LOCK_MAKE] = {"kept-lock-make", "select pg_advisory_xact_lock_shared(1801810036)"},
        [KEPT_LOCK_KEEP] = {"kept-lock-keep", "select pg_advisory_xact_lock(1801810036)"},
    };
    return database_run(work->database, &statements[lock], NULL, 0, NULL, reterr);
}

/* ---- bytes as text ---- */

static const char *hex_of(const void *bytes, size_t size, const char *prefix, Arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    const size_t start = strlen(prefix);
    char *text = arena_new(arena, start + 2 * size + 1);
    memcpy(text, prefix, start);
    for (size_t i = 0; i < size; i++) {
        text[start + 2 * i] = digits[from[i] >> 4];
        text[start + 2 * i + 1] = digits[from[i] & 15];
    }
    return text;
}

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10) & 15;
}

static const char *bytes_of(const char *hex, size_t *ret_size, Arena *arena)
{
    *ret_size = strlen(hex) / 2;
    char *bytes = arena_new(arena, *ret_size + 1);
    for (size_t i = 0; i < *ret_size; i++)
        bytes[i] = (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return bytes;
}

static const char *headers_encode(const Record *record, Arena *arena)
{
    JsonWriter writer;
    writer_init(&writer, arena, 512);
    writer_open(&writer, '[');
    for (size_t i = 0; i < record->header_count; i++) {
        const RecordHeader *header = &record->headers[i];
        writer_open(&writer, '{');
        writer_member_text(&writer, "name", hex_of(header->name, strlen(header->name), "", arena));
        writer_member_text(&writer, "value", hex_of(header->value, header->value_size, "", arena));
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    return writer_finish(&writer, NULL);
}

static void headers_decode(const char *text, Record *record, Arena *arena)
{
    JSON_AUTO root = json_loads(text, 0, NULL);
    const size_t count = json_array_size(root);
    RecordHeader *headers = arena_new(arena, (count + 1) * sizeof *headers);
    size_t name_size;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(root, i);
        const char *name = json_string_value(json_object_get(item, "name"));
        const char *value = json_string_value(json_object_get(item, "value"));
        headers[i].name = bytes_of(name == NULL ? "" : name, &name_size, arena);
        headers[i].value = bytes_of(value == NULL ? "" : value, &headers[i].value_size, arena);
        record->headers_size += name_size + headers[i].value_size;
    }
    record->headers = headers;
    record->header_count = count;
}

/* ---- rows ---- */

/* The lines of "1 2 3". */
static void read_lines(const char *text, Event *event, Arena *arena)
{
    int32_t *lines = arena_new(arena, CLAIM_LINE_COUNT_MAX * sizeof *lines);
    char *rest = arena_text(arena, text);
    for (char *word;
         (word = strsep(&rest, " ")) != NULL && event->line_count < CLAIM_LINE_COUNT_MAX;)
        lines[event->line_count++] = (int32_t)strtol(word, NULL, 10);
    event->lines = lines;
}

static Kept *kept_read(const DbResult *result, size_t row, Arena *arena)
{
    Kept *kept = arena_new(arena, sizeof *kept);
    Event *event = arena_new(arena, sizeof *event);
    Record *record = arena_new(arena, sizeof *record);
    *kept = (Kept){.event = event, .due_at_ms = db_integer(result, row, 12), .is_stored = true};
    *event =
        (Event){.type = EVENT_CUSTOMER_OPTED_OUT,
                .record = record,
                .source = arena_text(arena, db_text(result, row, 7)),
                .id = arena_text(arena, db_text(result, row, 8)),
                .receipt_at_ms = db_integer(result, row, 3),
                .actor = {.type = strcmp(db_text(result, row, 5), "operator") == 0 ? ACTOR_OPERATOR
                                                                                   : ACTOR_CUSTOMER,
                          .id = arena_text(arena, db_text(result, row, 6))}};
    snprintf(event->cause_key, sizeof event->cause_key, "%s", db_text(result, row, 0));
    snprintf(event->tenant_id, sizeof event->tenant_id, "%s", db_text(result, row, 1));
    snprintf(event->claim_id, sizeof event->claim_id, "%s", db_text(result, row, 2));
    if (!db_is_null(result, row, 4))
        read_lines(db_text(result, row, 4), event, arena);
    if (!db_is_null(result, row, 13))
        event->reason = arena_text(arena, db_text(result, row, 13));
    if (!db_is_null(result, row, 17))
        event->proof = arena_text(arena, db_text(result, row, 17));
    record->topic = arena_text(arena, db_text(result, row, 9));
    record->partition = (int32_t)db_integer(result, row, 10);
    record->offset = db_integer(result, row, 11);
    record->receipt_at_ms = event->receipt_at_ms;
    if (!db_is_null(result, row, 14))
        record->key = bytes_of(db_text(result, row, 14), &record->key_size, arena);
    if (!db_is_null(result, row, 15))
        record->value = bytes_of(db_text(result, row, 15), &record->value_size, arena);
    headers_decode(db_text(result, row, 16), record, arena);
    return kept;
}

static void work_add_kept(Work *work, Kept *kept)
{
    work->kept =
        arena_grow(work->arena, work->kept, sizeof *work->kept, work->kept_count, &work->kept_room);
    work->kept[work->kept_count++] = kept;
}

bool work_load_kept(Work *work, const ClaimName *names, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "kept-select",
        "select " KEPT_SELECTED " from kept_opt_outs k join (select distinct a, b from"
        " unnest($1::uuid[], $2::text[]) as u(a, b)) as w(tenant_id, claim_id)"
        " on k.tenant_id = w.tenant_id and k.claim_id = w.claim_id"
        " order by k.received_at_ms, k.cause_key for update of k"};
    DbResult *result = NULL;
    if (count == 0)
        return true;
    if (!work_run_names(work, &statement, names, count, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        work_add_kept(work, kept_read(result, row, work->arena));
    db_result_release(&result);
    return true;
}

/* ---- decisions ---- */

void work_keep(Work *work, const Event *event, int64_t due_at_ms)
{
    Kept *kept = arena_new(work->arena, sizeof *kept);
    *kept = (Kept){.event = event, .due_at_ms = due_at_ms};
    work_add_kept(work, kept);
    (void)work_note(work, event, event->tenant_id, event->claim_id, event->receipt_at_ms);
}

/* The opt-out is the cause of the move; what made the claim publishes it, when it is read again
 * too. A claim cannot be declined before it is there: the later instant counts. */
static void apply_kept(Work *work, const Event *event, Entry *entry, Move *creation)
{
    Claim *claim = entry->claim;
    const int64_t at_ms = event->receipt_at_ms > claim->first_submitted_at_ms
                              ? event->receipt_at_ms
                              : claim->first_submitted_at_ms;
    Change change = change_begin(work, event, entry, at_ms);
    for (size_t i = 0; i < claim->line_count; i++)
        if (event_names_line(event, claim->lines[i].number))
            (void)!line_move(&claim->lines[i], LINE_OPT_OUT, CODE_NONE, at_ms);
    if (!change_end(&change, CHANGE_IF_MOVED)) {
        work_ignore(work, event, "nothing is left to decline");
        return;
    }
    for (size_t i = 0; i < change.move->outcome_count; i++) {
        Outcome outcome = change.move->outcomes[i];
        outcome.cause = creation->event->record;
        move_add(work, creation, &outcome);
    }
    change.move->outcome_count = 0;
}

void work_apply_kept(Work *work, const Event *event, Entry *entry, Move *creation)
{
    for (size_t i = 0; i < work->kept_count; i++) {
        Kept *kept = work->kept[i];
        if (kept->is_done || (kept->due_at_ms != 0 && kept->due_at_ms < event->receipt_at_ms) ||
            strcmp(kept->event->tenant_id, event->tenant_id) != 0 ||
            strcmp(kept->event->claim_id, event->claim_id) != 0)
            continue;
        kept->is_done = true;
        apply_kept(work, kept->event, entry, creation);
    }
}

static const char kept_in_vain[] = "kept as long as the setting says; no claim with this tenant_id"
                                   " and claim_id was submitted";

void work_expire_kept(Work *work, const Event *event)
{
    bool any = false;
    for (size_t i = 0; i < work->kept_count; i++) {
        Kept *kept = work->kept[i];
        if (kept->is_done || kept->due_at_ms == 0 || kept->due_at_ms > event->receipt_at_ms ||
            strcmp(kept->event->tenant_id, event->tenant_id) != 0 ||
            strcmp(kept->event->claim_id, event->claim_id) != 0)
            continue;
        kept->is_done = any = true;
        kept->expired_by = event;
        batch_add_dead_letter(work->batch, kept->event->record, "UNKNOWN_CLAIM", kept_in_vain);
        work_note(work, kept->event, event->tenant_id, event->claim_id, event->receipt_at_ms)
            ->ignored = KEPT_IN_VAIN_MARK ": it is a dead letter now";
    }
    if (any) /* read again, it is known as handled */
        work_note(work, event, event->tenant_id, event->claim_id, event->receipt_at_ms)->ignored =
            "no claim appeared for an opt-out that was kept: it is a dead letter now";
}

bool work_replay_expired(Work *work, const Event *event, Error *reterr)
{
    static const DbStatement statement = {
        "expired-select", "select " KEPT_SELECTED " from expired_opt_outs k"
                          " where k.expired_by = $1::uuid order by k.received_at_ms, k.cause_key"};
    const char *parameters[] = {event->cause_key};
    DbResult *result = NULL;
    if (!database_run(work->database, &statement, parameters, 1, &result, reterr))
        return false;
    for (size_t row = 0; row < db_result_rows(result); row++)
        batch_add_dead_letter(work->batch, kept_read(result, row, work->arena)->event->record,
                              "UNKNOWN_CLAIM", kept_in_vain);
    db_result_release(&result);
    return true;
}

/* ---- save: few ever, a row each ---- */

static const char *integer_text(Arena *arena, int64_t value)
{
    return arena_printf(arena, "%lld", (long long)value);
}

static const char *lines_literal(const Event *event, Arena *arena)
{
    DbColumn lines;
    if (event->lines == NULL)
        return NULL;
    db_column_init(&lines, arena);
    for (size_t i = 0; i < event->line_count; i++)
        db_column_add_integer(&lines, event->lines[i]);
    return db_column_literal(&lines);
}

static bool insert_kept(Work *work, const Kept *kept, Error *reterr)
{
    static const DbStatement statement = {
        "kept-insert", "insert into kept_opt_outs (" KEPT_COLUMNS ") values ($1, $2, $3, $4,"
                       " $5::integer[], $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::bytea,"
                       " $16::bytea, $17, $18) on conflict do nothing"};
    Arena *arena = work->arena;
    const Event *event = kept->event;
    const Record *record = event->record;
    const char *parameters[KEPT_COLUMN_COUNT] = {
        event->cause_key,
        event->tenant_id,
        event->claim_id,
        integer_text(arena, event->receipt_at_ms),
        lines_literal(event, arena),
        actor_type_name(event->actor.type),
        event->actor.id == NULL ? "" : event->actor.id,
        event->source,
        event->id,
        record->topic,
        integer_text(arena, record->partition),
        integer_text(arena, record->offset),
        integer_text(arena, kept->due_at_ms),
        event->reason,
        record->key == NULL ? NULL : hex_of(record->key, record->key_size, "\\x", arena),
        hex_of(record->value, record->value_size, "\\x", arena),
        headers_encode(record, arena),
        event->proof,
    };
    return database_run(work->database, &statement, parameters, KEPT_COLUMN_COUNT, NULL, reterr);
}

static bool remove_kept(Work *work, const Kept *kept, Error *reterr)
{
    static const DbStatement delete_statement = {
        "kept-delete", "delete from kept_opt_outs where cause_key = $1::uuid"};
    static const DbStatement move_statement = {
        "kept-expire",
        "with gone as (delete from kept_opt_outs where cause_key = $1::uuid returning *),"
        " old as (delete from expired_opt_outs where expired_at_ms < $3::bigint - " EXPIRED_KEEP_MS
        ") insert into expired_opt_outs (" KEPT_COLUMNS ", expired_by, expired_at_ms) select"
        " " KEPT_COLUMNS ", $2::uuid, $3::bigint from gone on conflict do nothing"};
    const Event *by = kept->expired_by;
    if (by == NULL) {
        const char *parameters[] = {kept->event->cause_key};
        return database_run(work->database, &delete_statement, parameters, 1, NULL, reterr);
    }
    const char *parameters[] = {kept->event->cause_key, by->cause_key,
                                integer_text(work->arena, by->receipt_at_ms)};
    return database_run(work->database, &move_statement, parameters, 3, NULL, reterr);
}

/* One timer for all that a claim has kept until the same instant: the last of them ends it. */
static bool save_kept_timer(Work *work, const Kept *kept, Error *reterr)
{
    static const DbStatement insert_statement = {
        "kept-timer-insert", "insert into timers (tenant_id, kind, due_at_ms, claim_id, shard)"
                             " values ($1, 'KEPT', $2, $3, $4) on conflict do nothing"};
    static const DbStatement delete_statement = {
        "kept-timer-delete",
        "delete from timers t where t.tenant_id = $1::uuid and t.kind = 'KEPT'"
        " and t.due_at_ms = $2::bigint and t.claim_id = $3 and not exists (select 1 from"
        " kept_opt_outs k where k.tenant_id = t.tenant_id and k.claim_id = t.claim_id"
        " and k.due_at_ms = t.due_at_ms)"};
    const char *parameters[] = {kept->event->tenant_id, integer_text(work->arena, kept->due_at_ms),
                                kept->event->claim_id,
                                integer_text(work->arena, timer_shard(kept->event->tenant_id))};
    return kept->is_done
               ? database_run(work->database, &delete_statement, parameters, 3, NULL, reterr)
               : database_run(work->database, &insert_statement, parameters, 4, NULL, reterr);
}

bool kept_save(Work *work, Error *reterr)
{
    for (size_t i = 0; i < work->kept_count; i++) {
        const Kept *kept = work->kept[i];
        if (kept->is_stored != kept->is_done)
            continue; /* stays as it is, or was applied in the batch that brought it */
        if (!(kept->is_done ? remove_kept(work, kept, reterr) : insert_kept(work, kept, reterr)) ||
            !save_kept_timer(work, kept, reterr))
            return false;
    }
    return true;
}
