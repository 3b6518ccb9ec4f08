/* decide.c - one record of the log that decides: settle what came before it, then apply it. */
#include "opt_out_expiry.h"

#include "claim/outbound.h"
#include "claim/rules.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <string.h>

static bool actor_is_partner(const Event *event, const Claim *claim)
{
    return event->actor.type == ACTOR_PARTNER && event->actor.id != NULL &&
           strcmp(event->actor.id, claim->mpn_id) == 0;
}

/* Move every line that is named and fits; an event that moves none is kept as ignored. */
static void move_lines(Deciding *deciding, const Event *event, Entry *entry, LineEvent line_event,
                       const char *why_not)
{
    Work *work = deciding->work;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    for (size_t i = 0; i < entry->claim->line_count; i++)
        if (event_names_line(event, entry->claim->lines[i].number))
            (void)!line_move(&entry->claim->lines[i], line_event, CODE_NONE, event->receipt_at_ms);
    if (!change_end(&change, CHANGE_IF_MOVED))
        work_ignore(work, event, why_not);
}

/* ---- the customer's no ---- */

static TokenVerdict token_judge(const Deciding *deciding, const Event *event, const Entry *entry)
{
    TokenContent content;
    const TokenVerdict verdict = token_examine(deciding->expiry->keys, event->token, &content);
    if (verdict != TOKEN_GOOD)
        return verdict;
    if (strcmp(content.tenant_id, event->tenant_id) != 0 ||
        strcmp(content.claim_id, event->claim_id) != 0)
        return TOKEN_FOREIGN;
    if (entry != NULL && !expiry_has_contact(deciding, entry->claim, content.revision))
        return TOKEN_FORMER_CONTACT;
    return TOKEN_GOOD;
}

/* Received by the deadline but handled after the promotion (a foreign partition, a step back of
 * append times): honoured all the same, counted. */
static void count_late(const Deciding *deciding, const Event *event, const Claim *claim)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_OFFICIAL &&
            event_names_line(event, claim->lines[i].number) &&
            claim->lines[i].deadline_at_ms >= event->receipt_at_ms)
            metric_add(deciding->expiry->honoured_late, 1);
}

static void opt_out(Deciding *deciding, const Event *event, Entry *entry)
{
    const TokenVerdict verdict =
        event->token == NULL ? TOKEN_GOOD : token_judge(deciding, event, entry);
    if (verdict != TOKEN_GOOD) {
        metric_add(deciding->expiry->tokens_invalid[verdict], 1);
        work_dead_letter(deciding->work, event, "TOKEN_INVALID",
                         "the opt-out link's token is forged, or of another claim or contact");
        return;
    }
    if (entry == NULL) {
        work_keep(deciding->work, event, event->receipt_at_ms + deciding->expiry->kept_ms);
        metric_add(deciding->expiry->kept, 1);
        return;
    }
    count_late(deciding, event, entry->claim);
    move_lines(deciding, event, entry, LINE_OPT_OUT, "nothing is left to decline");
}

/* ---- what the partner does ---- */

static void partner_move(Deciding *deciding, const Event *event, Entry *entry, LineEvent line_event,
                         const char *why_not)
{
    if (!actor_is_partner(event, entry->claim))
        work_ignore(deciding->work, event, "the actor is not the claim's partner");
    else
        move_lines(deciding, event, entry, line_event, why_not);
}

static bool claim_can_use_evidence(const Claim *claim)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (line_is_live(&claim->lines[i]) || claim->lines[i].status == LINE_OFFICIAL)
            return true;
    return false;
}

/* In which the customer's days end; NULL: not validated yet. No validation finds the zone of an
 * association that was imported: its days are those of the default calendar. */
static const Zone *claim_zone(const Store *store, const Claim *claim)
{
    const Zone *zone = calendar_set_zone(store->calendars, claim->time_zone);
    if (zone != NULL || claim->origin != ORIGIN_LEGACY)
        return zone;
    return calendar_zone(
        calendar_resolve(store->calendars, claim->country, "", store->default_country));
}

/* A fresher good PoE counts for its lines in every competition from now on. */
static void freshen_lines(const Deciding *deciding, const Event *event, Claim *claim, Poe *poe)
{
    const Zone *zone = claim_zone(deciding->work->store, claim);
    if (zone == NULL)
        return; /* validation reads what was attached */
    const int32_t submission_day = zone_local_day(zone, claim->first_submitted_at_ms);
    for (size_t i = 0; i < claim->line_count; i++) {
        unsigned faults;
        const int32_t day = poe_newest(poe, event->poe_count, claim->lines[i].number,
                                       submission_day, zone, &faults);
        if (day > claim->lines[i].poe_day)
            claim->lines[i].poe_day = day;
    }
}

static void add_evidence(Deciding *deciding, const Event *event, Entry *entry)
{
    Work *work = deciding->work;
    if (!evidence_fits(event, entry->claim)) { /* of an import: claim-submission could not know */
        work_dead_letter(work, event, "FIELD_INVALID",
                         "/poe: covers names a line that the claim does not have");
        return;
    }
    if (!actor_is_partner(event, entry->claim) || !claim_can_use_evidence(entry->claim)) {
        work_ignore(work, event,
                    actor_is_partner(event, entry->claim)
                        ? "the claim is over; evidence is kept with live ones only"
                        : "the actor is not the claim's partner");
        return;
    }
    Poe *poe = arena_new(work->arena, (event->poe_count + 1) * sizeof *poe);
    memcpy(poe, event->poe, event->poe_count * sizeof *poe);
    for (size_t i = 0; i < event->poe_count; i++)
        poe[i].received_at_ms = event->receipt_at_ms;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    work_attach(work, event, "EVIDENCE", event->evidence);
    freshen_lines(deciding, event, entry->claim, poe);
    change_end(&change, CHANGE_SILENT);
}

/* ---- windows ---- */

/* The holder of a slot is told that a newer PoE has a window on it, so that it can answer. */
static void challenge(Deciding *deciding, const Event *event, const Claim *claim, const Line *line)
{
    Work *work = deciding->work;
    const Holder *holder = slot_book_holder(&work->slots, claim->tenant_id, line->slot);
    if (line->status != LINE_OPT_OUT_OPEN || holder == NULL || line->poe_day <= holder->poe_day ||
        strcmp(holder->claim_id, claim->claim_id) == 0)
        return;
    const Entry *entry = work_entry(work, claim->tenant_id, holder->claim_id);
    const Line *held = entry == NULL ? NULL : claim_line(entry->claim, holder->line);
    if (held == NULL)
        return;
    char challenger[UUID_SIZE];
    association_id(claim, line->number, challenger);
    const Outcome outcome =
        outbound_challenged(entry->claim, held, challenger, event->receipt_at_ms,
                            line->deadline_at_ms, event->record, work->arena);
    Move *move = work_note(work, event, claim->tenant_id, holder->claim_id, event->receipt_at_ms);
    move_add(work, move, &outcome);
}

static void window_opened(Deciding *deciding, const Event *event, const Entry *entry)
{
    for (size_t i = 0; i < entry->claim->line_count; i++)
        challenge(deciding, event, entry->claim, &entry->claim->lines[i]);
}

static void extend_window(Deciding *deciding, const Event *event, Entry *entry)
{
    Work *work = deciding->work;
    Claim *claim = entry->claim;
    bool extended = false;
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    for (size_t i = 0; i < claim->line_count; i++) {
        Line *line = &claim->lines[i];
        if (line->status != LINE_OPT_OUT_OPEN || !event_names_line(event, line->number) ||
            event->at_ms <= line->deadline_at_ms)
            continue;
        line->deadline_at_ms = event->at_ms;
        extended = true;
    }
    if (!extended) {
        work_ignore(work, event, "no open window of this claim would become longer");
        return;
    }
    change_end(&change, CHANGE_PUBLISHED);
    for (size_t i = 0; i < claim->line_count; i++)
        if (event_names_line(event, claim->lines[i].number) &&
            claim->lines[i].deadline_at_ms == event->at_ms)
            challenge(deciding, event, claim, &claim->lines[i]);
}

/* Woken too early (a clock ahead of the broker's): settled nothing, so arm it once more. */
static void window_closed(const Deciding *deciding, const Event *event)
{
    /* when the broker's clock will have come so far: again at once would only spin */
    const int64_t behind_ms = event->at_ms - event->receipt_at_ms;
    Timer timer = {.due_at_ms = event->at_ms + behind_ms};
    Error error = {0};
    if (event->at_ms < event->receipt_at_ms)
        return;
    timer_member(TIMER_WINDOW, event->tenant_id, "", event->at_ms, timer.member);
    if (!timer_index_arm(deciding->work->store->timers, timer_shard(event->tenant_id), &timer, 1,
                         &error))
        log_error(LOG_WARNING, "timer-unarmed", &error, "member=\"%s\"", timer.member);
}

/* ---- subscriptions ---- */

static bool claim_has_subscription(const Claim *claim, const char *subscription_id)
{
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_OFFICIAL &&
            strcmp(claim->lines[i].subscription_id, subscription_id) == 0)
            return true;
    return false;
}

static void subscription_changed(Deciding *deciding, const Event *event)
{
    const SubscriptionState state = event->subscription_state;
    const TenantEntries *tenant = deciding_tenant(deciding, event->tenant_id);
    deciding_set_standing(deciding, event->tenant_id, event->subscription_id, state);
    if (state != SUBSCRIPTION_EXPIRED && state != SUBSCRIPTION_DELETED)
        return; /* suspended ends nothing; it counts at promotion */
    for (size_t i = 0; tenant != NULL && i < tenant->count; i++) {
        Entry *entry = tenant->entries[i];
        if (!claim_has_subscription(entry->claim, event->subscription_id))
            continue;
        Change change = change_begin(deciding->work, event, entry, event->receipt_at_ms);
        for (size_t j = 0; j < entry->claim->line_count; j++)
            if (strcmp(entry->claim->lines[j].subscription_id, event->subscription_id) == 0)
                (void)!line_move(&entry->claim->lines[j], LINE_SUBSCRIPTION_END, CODE_NONE,
                                 event->receipt_at_ms);
        (void)change_end(&change, CHANGE_IF_MOVED);
    }
}

/* ---- one record ---- */

static void apply_to_claim(Deciding *deciding, const Event *event, Entry *entry)
{
    if (event->type == EVENT_CUSTOMER_OPTED_OUT)
        opt_out(deciding, event, entry);
    else if (entry == NULL && event->type != EVENT_WINDOW_OPENED)
        work_dead_letter(deciding->work, event, "UNKNOWN_CLAIM",
                         "no claim with this tenant_id and claim_id was submitted");
    else if (entry == NULL)
        return;
    else if (event->type == EVENT_CLAIM_WITHDRAWN)
        partner_move(deciding, event, entry, LINE_WITHDRAW, "nothing is left to withdraw");
    else if (event->type == EVENT_DISASSOCIATED)
        partner_move(deciding, event, entry, LINE_DISASSOCIATE, "no such line is official");
    else if (event->type == EVENT_EVIDENCE_ADDED)
        add_evidence(deciding, event, entry);
    else if (event->type == EVENT_WINDOW_EXTENDED)
        extend_window(deciding, event, entry);
    else if (event->type == EVENT_WINDOW_OPENED)
        window_opened(deciding, event, entry);
}

bool expiry_decide(Deciding *deciding, const Event *event, Error *reterr)
{
    Work *work = deciding->work;
    work_resume(work, event);
    if (work_was_handled(work, event) != MEETING_REPLAYED)
        settle(deciding, event, NULL);
    else if (event->type == EVENT_KEPT_DUE && !work_replay_expired(work, event, reterr))
        return false;
    if (work_meet(work, event) != MEETING_NEW)
        return true;
    if (event->type == EVENT_KEPT_DUE)
        work_expire_kept(work, event);
    else if (event->type == EVENT_WINDOW_CLOSED)
        window_closed(deciding, event);
    else if (event->type == EVENT_SUBSCRIPTION_CHANGED)
        subscription_changed(deciding, event);
    else if (event->type == EVENT_IMPORTED)
        expiry_import(deciding, event);
    else
        apply_to_claim(deciding, event, work_entry(work, event->tenant_id, event->claim_id));
    return true;
}
