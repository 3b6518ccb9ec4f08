/* change.c - one change of one claim by one event: what moved, and the events that it implies. */
#include "claim/json_writer.h"
#include "claim/outbound.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

Move *work_add_move(Work *work, const Event *event, const char *tenant_id, const char *claim_id,
                    int64_t at_ms)
{
    Move *move = arena_new(work->arena, sizeof *move);
    *move = (Move){.event = event, .tenant_id = tenant_id, .claim_id = claim_id, .at_ms = at_ms};
    work->moves =
        arena_grow(work->arena, work->moves, sizeof(Move *), work->move_count, &work->move_room);
    work->moves[work->move_count++] = move;
    return move;
}

void move_add(Work *work, Move *move, const Outcome *outcome)
{
    move->outcomes = arena_grow(work->arena, move->outcomes, sizeof *move->outcomes,
                                move->outcome_count, &move->outcome_room);
    move->outcomes[move->outcome_count++] = *outcome;
}

Move *work_note(Work *work, const Event *event, const char *tenant_id, const char *claim_id,
                int64_t at_ms)
{
    Move *move = work_add_move(work, event, arena_text(work->arena, tenant_id),
                               arena_text(work->arena, claim_id), at_ms);
    const Entry *entry = work_entry(work, tenant_id, claim_id);
    if (entry != NULL) {
        move->from = move->to = entry->claim->status;
        move->sequence = entry->claim->sequence;
    }
    return move;
}

void work_ignore(Work *work, const Event *event, const char *why)
{
    Move *move = work_note(work, event, event->tenant_id, event->claim_id, event->receipt_at_ms);
    move->ignored = why;
    metric_add(work->store->events_ignored, 1);
}

void work_dead_letter(Work *work, const Event *event, const char *code, const char *detail)
{
    Move *move = work_note(work, event, event->tenant_id, event->claim_id, event->receipt_at_ms);
    move->ignored = arena_printf(work->arena, DEAD_LETTER_MARK "%s: %s", code, detail);
    batch_add_dead_letter(work->batch, event->record, code, detail);
}

void work_dead_letter_again(Work *work, const Event *event, const char *code_and_detail)
{
    const char *colon = strstr(code_and_detail, ": ");
    if (colon == NULL)
        return;
    const size_t code_size = (size_t)(colon - code_and_detail);
    batch_add_dead_letter(work->batch, event->record,
                          arena_copy(work->arena, code_and_detail, code_size), colon + 2);
}

void work_attach(Work *work, const Event *event, const char *kind, const char *body)
{
    work->attachments = arena_grow(work->arena, work->attachments, sizeof *work->attachments,
                                   work->attachment_count, &work->attachment_room);
    work->attachments[work->attachment_count++] =
        (Attachment){.event = event, .kind = kind, .body = body};
}

Change change_begin(Work *work, const Event *event, Entry *entry, int64_t at_ms)
{
    const Claim *claim = entry->claim;
    Change change = {.work = work,
                     .event = event,
                     .entry = entry,
                     .at_ms = at_ms,
                     .was_line_count = claim->line_count,
                     .was_status = claim->status};
    change.was_lines = arena_new(work->arena, (claim->line_count + 1) * sizeof(Line));
    if (claim->line_count > 0)
        memcpy(change.was_lines, claim->lines, claim->line_count * sizeof(Line));
    change.was_finding_count = claim->finding_count;
    change.was_findings = arena_new(work->arena, (claim->finding_count + 1) * sizeof(Finding));
    if (claim->finding_count > 0)
        memcpy(change.was_findings, claim->findings, claim->finding_count * sizeof(Finding));
    memcpy(change.was_mpn_id, claim->mpn_id, sizeof change.was_mpn_id);
    change.move = arena_new(work->arena, sizeof *change.move);
    return change;
}

void change_add(Change *change, const Outcome *outcome)
{
    move_add(change->work, change->move, outcome);
}

static const Line *change_line_before(const Change *change, int32_t number)
{
    for (size_t i = 0; i < change->was_line_count; i++)
        if (change->was_lines[i].number == number)
            return &change->was_lines[i];
    return NULL;
}

static bool line_has_moved(const Change *change, const Line *line)
{
    const Line *before = change_line_before(change, line->number);
    return before == NULL || before->status != line->status;
}

/* The lines that moved, as the history tells them; NULL when none. Sets the claim's reason. */
static const char *change_describe_lines(Change *change)
{
    Claim *claim = change->entry->claim;
    JsonWriter writer;
    bool moved = false;
    writer_init(&writer, change->work->arena, 128);
    writer_open(&writer, '[');
    for (size_t i = 0; i < claim->line_count; i++) {
        const Line *line = &claim->lines[i];
        if (!line_has_moved(change, line))
            continue;
        const Line *before = change_line_before(change, line->number);
        moved = true;
        claim->reason = line->reason;
        writer_open(&writer, '{');
        writer_member_integer(&writer, "line", line->number);
        writer_key(&writer, "from");
        writer_text(&writer, before == NULL ? NULL : line_status_name(before->status));
        writer_member_text(&writer, "to", line_status_name(line->status));
        writer_key(&writer, "reason");
        writer_text(&writer, code_name(line->reason));
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    return moved ? writer_finish(&writer, NULL) : NULL;
}

/* The partner's five business days run from the change of status, by its country's calendar. */
static void change_start_answer(Change *change)
{
    Claim *claim = change->entry->claim;
    const Store *store = change->work->store;
    const Calendar *calendar =
        calendar_resolve(store->calendars, claim->partner_country, "", store->default_country);
    CalendarDeadline deadline;
    Error error = {0};
    if (calendar_deadline(store->calendars, calendar, NULL, change->at_ms,
                          store->business_day_count, &deadline, &error)) {
        claim->answer_due_at_ms = deadline.deadline_at_ms;
        (void)!calendar_reminder(store->calendars, &deadline, store->reminder_day_count,
                                 &claim->reminder_at_ms);
        return;
    }
    /* Past the calendar's end nobody is refused early: two days a day, and somebody is told. */
    claim->answer_due_at_ms =
        change->at_ms + (int64_t)store->business_day_count * 2 * 24 * 3600 * 1000;
    if (store->reminder_day_count > 0 && store->reminder_day_count <= store->business_day_count)
        claim->reminder_at_ms =
            claim->answer_due_at_ms - (int64_t)store->reminder_day_count * 2 * 24 * 3600 * 1000;
    log_error(LOG_WARNING, "answer-calendar", &error, "claim_id=%s", claim->claim_id);
}

static void change_add_associations(Change *change)
{
    const Claim *claim = change->entry->claim;
    for (size_t i = 0; i < claim->line_count; i++) {
        const Line *line = &claim->lines[i];
        if (!line_has_moved(change, line))
            continue;
        Outcome outcome;
        if (line->status == LINE_OFFICIAL)
            outcome = outbound_official(claim, line, change->event->record, change->work->arena);
        else if (line->status == LINE_ENDED)
            outcome = outbound_ended(claim, line, change->event->record, change->work->arena);
        else
            continue;
        change_add(change, &outcome);
    }
}

static void change_publish(Change *change, ChangeKind kind)
{
    Claim *claim = change->entry->claim;
    Arena *arena = change->work->arena;
    if (kind != CHANGE_SILENT) {
        claim->sequence++;
        const Outcome status =
            outbound_status(claim, change->was_status, change->at_ms, change->event->record, arena);
        change_add(change, &status);
        if (!change->gives_associations)
            change_add_associations(change);
    }
    if (claim_wants_notice(claim)) {
        claim->notice_revision = claim->revision;
        const Outcome notice = outbound_claim_event(EVENT_NOTICE_REQUESTED, claim, change->at_ms,
                                                    change->event->record, arena);
        change_add(change, &notice);
    }
}

/* What a timer's wake-up decides goes on under the trace of the claim's document. */
static void change_trace(Change *change)
{
    const Claim *claim = change->entry->claim;
    if (claim->traceparent[0] == '\0')
        return;
    const char *traceparent = arena_text(change->work->arena, claim->traceparent);
    for (size_t i = 0; i < change->move->outcome_count; i++)
        change->move->outcomes[i].traceparent = traceparent;
}

static bool texts_are_equal(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

/* Every finding of one that is published is among the other's; its words may differ. */
static bool findings_are_among(const Finding *one, size_t one_count, const Finding *other,
                               size_t other_count)
{
    for (size_t i = 0; i < one_count; i++) {
        bool is_found = one[i].kind == FINDING_WAIT;
        for (size_t j = 0; !is_found && j < other_count; j++)
            is_found = one[i].code == other[j].code && one[i].kind == other[j].kind &&
                       one[i].line == other[j].line &&
                       texts_are_equal(one[i].path, other[j].path) &&
                       texts_are_equal(one[i].claim_id, other[j].claim_id);
        if (!is_found)
            return false;
    }
    return true;
}

static bool change_is_told(const Change *change)
{
    const Claim *claim = change->entry->claim;
    return !findings_are_among(claim->findings, claim->finding_count, change->was_findings,
                               change->was_finding_count) ||
           !findings_are_among(change->was_findings, change->was_finding_count, claim->findings,
                               claim->finding_count);
}

/* Whether there is anything to note. */
static bool change_says(const Change *change, ChangeKind kind, bool moved)
{
    return (kind != CHANGE_IF_MOVED && kind != CHANGE_IF_TOLD) || moved ||
           (kind == CHANGE_IF_TOLD && change_is_told(change));
}

bool change_end(Change *change, ChangeKind kind)
{
    Work *work = change->work;
    Claim *claim = change->entry->claim;
    claim_settle(claim);
    if (claim->status == CLAIM_PARTNER_ACTION_REQUIRED &&
        change->was_status != CLAIM_PARTNER_ACTION_REQUIRED)
        change_start_answer(change);
    const char *lines = change_describe_lines(change);
    change->entry->is_changed = true;
    /* Also where nothing moved: a line may have found its slot. */
    slot_book_update(&work->slots, claim, change->was_lines, change->was_line_count,
                     change->was_mpn_id);
    if (!change_says(change, kind, lines != NULL || claim->status != change->was_status))
        return false;

    Move *move = change->move;
    *move = (Move){.event = change->event,
                   .tenant_id = claim->tenant_id,
                   .claim_id = claim->claim_id,
                   .at_ms = change->at_ms,
                   .from = change->was_status,
                   .to = claim->status,
                   .reason = claim->reason,
                   .lines = lines,
                   .outcomes = move->outcomes,
                   .outcome_count = move->outcome_count,
                   .outcome_room = move->outcome_room};
    change_publish(change, kind);
    change_trace(change);
    move->sequence = claim->sequence;
    work->moves =
        arena_grow(work->arena, work->moves, sizeof(Move *), work->move_count, &work->move_room);
    work->moves[work->move_count++] = move;
    return true;
}
