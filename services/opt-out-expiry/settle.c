/* settle.c - what deadlines decide: official, or refused because the slot or the subscription is.
 */
#include "opt_out_expiry.h"

#include "claim/outbound.h"
#include "claim/rules.h"

#include <stdlib.h>
#include <string.h>

/* A line whose window has closed, and where it stands in the order. */
typedef struct Due {
    Entry *entry;
    DueKey key;
} Due;

/* (deadline, newest PoE first, first submitted, claim id, line). */
static int key_compare(const DueKey *a, const DueKey *b)
{
    if (a->deadline_at_ms != b->deadline_at_ms)
        return a->deadline_at_ms < b->deadline_at_ms ? -1 : 1;
    if (a->poe_day != b->poe_day)
        return a->poe_day > b->poe_day ? -1 : 1;
    if (a->first_submitted_at_ms != b->first_submitted_at_ms)
        return a->first_submitted_at_ms < b->first_submitted_at_ms ? -1 : 1;
    const int order = strcmp(a->claim_id, b->claim_id);
    if (order != 0)
        return order;
    return a->line < b->line ? -1 : a->line > b->line;
}

static int due_compare(const void *left, const void *right)
{
    const Due *a = left, *b = right;
    return key_compare(&a->key, &b->key);
}

/* last: none behind it; NULL: all. */
static size_t collect_due(const TenantEntries *tenant, int64_t receipt_at_ms, const DueKey *last,
                          Arena *arena, Due **ret_due)
{
    size_t count = 0, room = 0;
    Due *due = NULL;
    for (size_t i = 0; i < tenant->count; i++) {
        const Claim *claim = tenant->entries[i]->claim;
        for (size_t j = 0; j < claim->line_count; j++) {
            const Line *line = &claim->lines[j];
            if (line->status != LINE_OPT_OUT_OPEN || line->deadline_at_ms >= receipt_at_ms)
                continue;
            const DueKey key = {.deadline_at_ms = line->deadline_at_ms,
                                .poe_day = line->poe_day,
                                .first_submitted_at_ms = claim->first_submitted_at_ms,
                                .claim_id = claim->claim_id,
                                .line = line->number};
            if (last != NULL && key_compare(&key, last) > 0)
                continue;
            due = arena_grow(arena, due, sizeof *due, count, &room);
            due[count++] = (Due){.entry = tenant->entries[i], .key = key};
        }
    }
    *ret_due = due;
    return count;
}

/* The changes of one deadline: one per claim, ended together, so that a claim tells once. */
typedef struct Closing {
    Deciding *deciding;
    const Event *event;
    int64_t deadline_at_ms;
    Change *changes;
    size_t count;
    TextMap by_claim; /* claim id -> Change */
} Closing;

static Change *closing_change(Closing *closing, Entry *entry)
{
    Change *change = text_map_get(&closing->by_claim, entry->claim->claim_id);
    if (change != NULL)
        return change;
    change = &closing->changes[closing->count++];
    *change = change_begin(closing->deciding->work, closing->event, entry, closing->deadline_at_ms);
    change->gives_associations = true;
    text_map_put(&closing->by_claim, entry->claim->claim_id, change);
    return change;
}

static void refuse(Closing *closing, Change *change, Line *line, LineEvent event)
{
    const bool lost = event == LINE_LOSE;
    const Finding finding = {
        .code = lost ? CODE_COMPETING_CLAIM_OLDER_POE : CODE_SUBSCRIPTION_INACTIVE,
        .kind = FINDING_REFUSAL,
        .line = line->number,
        .message = lost ? "Another partner is of record here with a proof of execution as new or "
                          "newer; claim again with a newer one."
                        : "The subscription was neither active nor in its grace period when the "
                          "window closed; claim again when the customer has renewed it."};
    if (line_move(line, event, CODE_NONE, closing->deadline_at_ms))
        claim_add_finding(change->entry->claim, closing->deciding->work->arena, &finding);
}

/* One transaction, ended right before official: never a gap, never two. */
static void supersede(Closing *closing, const Holder *holder, Change *winner, Line *line)
{
    Work *work = closing->deciding->work;
    Entry *entry = work_entry(work, winner->entry->claim->tenant_id, holder->claim_id);
    Line *old = entry == NULL ? NULL : claim_line(entry->claim, holder->line);
    if (old == NULL)
        return;
    (void)closing_change(closing, entry); /* before the move: it remembers how the claim was */
    if (!line_move(old, LINE_SUPERSEDE, CODE_NONE, closing->deadline_at_ms))
        return;
    association_id(winner->entry->claim, line->number, old->superseded_by);
    memcpy(line->supersedes, holder->association_id, sizeof line->supersedes);
    const Outcome ended = outbound_ended(entry->claim, old, closing->event->record, work->arena);
    change_add(winner, &ended);
}

static void promote(Closing *closing, const Holder *holder, Change *change, Line *line)
{
    Work *work = closing->deciding->work;
    Claim *claim = change->entry->claim;
    if (!line_move(line, LINE_WIN, CODE_NONE, closing->deadline_at_ms))
        return;
    if (holder != NULL)
        supersede(closing, holder, change, line);
    const Outcome official = outbound_official(claim, line, closing->event->record, work->arena);
    change_add(change, &official);
    Holder now = {.line = line->number, .poe_day = line->poe_day};
    association_id(claim, line->number, now.association_id);
    memcpy(now.claim_id, claim->claim_id, sizeof now.claim_id);
    memcpy(now.mpn_id, claim->mpn_id, sizeof now.mpn_id);
    slot_book_set_holder(&work->slots, claim->tenant_id, line->slot, &now);
}

static void close_line(Closing *closing, const Due *due)
{
    Work *work = closing->deciding->work;
    Claim *claim = due->entry->claim;
    Line *line = claim_line(claim, due->key.line);
    Change *change = closing_change(closing, due->entry);
    const SubscriptionState standing =
        deciding_standing(closing->deciding, claim->tenant_id, line->subscription_id);
    const Holder *holder = slot_book_holder(&work->slots, claim->tenant_id, line->slot);
    if (standing != SUBSCRIPTION_NONE && !subscription_is_current(standing))
        refuse(closing, change, line, LINE_LAPSE);
    else if (holder != NULL && line->poe_day <= holder->poe_day)
        refuse(closing, change, line, LINE_LOSE);
    else
        promote(closing, holder, change, line);
}

/* All lines with one deadline. Each may end one holder's line, so twice as many claims at most. */
static void close_windows(Deciding *deciding, const Event *event, const Due *due, size_t count)
{
    Arena *arena = deciding->work->arena;
    Closing closing = {.deciding = deciding,
                       .event = event,
                       .deadline_at_ms = due[0].key.deadline_at_ms,
                       .changes = arena_new(arena, 2 * count * sizeof *closing.changes)};
    text_map_init(&closing.by_claim, arena);
    for (size_t i = 0; i < count; i++)
        close_line(&closing, &due[i]);
    for (size_t i = 0; i < closing.count; i++)
        (void)change_end(&closing.changes[i], CHANGE_IF_MOVED);
}

void settle(Deciding *deciding, const Event *event, const DueKey *last)
{
    const TenantEntries *tenant = deciding_tenant(deciding, event->tenant_id);
    Due *due = NULL;
    const size_t count = tenant == NULL ? 0
                                        : collect_due(tenant, event->receipt_at_ms, last,
                                                      deciding->work->arena, &due);
    if (count == 0)
        return;
    const Event *settling = work_settling(deciding->work, event);
    qsort(due, count, sizeof *due, due_compare);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count; end++)
            if (due[end].key.deadline_at_ms != due[first].key.deadline_at_ms)
                break;
        close_windows(deciding, settling, due + first, end - first);
    }
}
