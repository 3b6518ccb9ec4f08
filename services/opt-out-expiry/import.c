/* import.c - an association of the old model comes over: origin LEGACY. */
#include "opt_out_expiry.h"

#include "claim/rules.h"

#include <stdio.h>
#include <string.h>

static Line *import_line(Claim *claim, const Event *event, Arena *arena)
{
    Line *lines = arena_new(arena, (claim->line_count + 1) * sizeof *lines);
    if (claim->line_count > 0)
        memcpy(lines, claim->lines, claim->line_count * sizeof *lines);
    claim->lines = lines;
    Line *line = &lines[claim->line_count++];
    const char *code =
        event->import.product != NULL ? event->import.product : event->import.workload;
    line->number = event->import.line;
    line->poe_day = event->import.poe_signed_on;
    line->is_product = event->import.product != NULL;
    snprintf(line->code, sizeof line->code, "%s", code == NULL ? "" : code);
    snprintf(line->subscription_id, sizeof line->subscription_id, "%s",
             event->subscription_id == NULL ? "" : event->subscription_id);
    slot_of(event->import.solution_area, event->import.activities, line->code,
            line->subscription_id, line->slot);
    return line;
}

static bool subscription_is_good(const Deciding *deciding, const Event *event)
{
    if (event->subscription_id == NULL)
        return false;
    const char *record =
        text_map_get(&deciding->records, arena_printf(deciding->work->arena, "%s/%s",
                                                      event->tenant_id, event->subscription_id));
    const SubscriptionState standing =
        deciding_standing(deciding, event->tenant_id, event->subscription_id);
    const SubscriptionState known =
        record == NULL ? SUBSCRIPTION_NONE : subscription_state_from_name(record);
    return subscription_is_current(known) &&
           (standing == SUBSCRIPTION_NONE || subscription_is_current(standing));
}

/* Microsoft 365 is claimed anew; a taken slot stays taken; a lapsed subscription has nothing. */
static Code import_refusal(const Deciding *deciding, const Event *event, const Claim *claim,
                           const Line *line)
{
    const SlotBook *slots = &deciding->work->slots;
    if (event->import.solution_area == AREA_MICROSOFT_365)
        return CODE_NOT_CARRIED_OVER;
    if (!subscription_is_good(deciding, event))
        return CODE_SUBSCRIPTION_INACTIVE;
    if (slot_book_holder(slots, claim->tenant_id, line->slot) != NULL)
        return CODE_COMPETING_CLAIM_OLDER_POE;
    if (slot_book_contender(slots, claim->tenant_id, line->slot, claim->mpn_id) != NULL)
        return CODE_DUPLICATE_OWN_CLAIM;
    return CODE_NONE;
}

static void fill_claim(Claim *claim, const Event *event)
{
    claim->revision = 1;
    claim->origin = ORIGIN_LEGACY;
    claim->first_submitted_at_ms = claim->received_at_ms = claim->validated_at_ms =
        event->receipt_at_ms;
    claim->solution_area = event->import.solution_area;
    claim->activities = event->import.activities;
    snprintf(claim->mpn_id, sizeof claim->mpn_id, "%s", event->import.mpn_id);
    snprintf(claim->domain, sizeof claim->domain, "%s", event->import.domain);
}

static const char *refusal_message(Code refusal)
{
    if (refusal == CODE_DUPLICATE_OWN_CLAIM)
        return "You already hold this slot or have an open claim on it; nothing more need be done.";
    if (refusal == CODE_COMPETING_CLAIM_OLDER_POE)
        return "This association is not carried over: the slot is taken; claim it anew.";
    if (refusal == CODE_SUBSCRIPTION_INACTIVE)
        return "This association is not carried over: the subscription is not known here, or "
               "neither active nor in its grace period; claim it anew when it is.";
    return "This association is not carried over; claim it anew.";
}

static void decide_line(const Deciding *deciding, const Event *event, Claim *claim, Line *line)
{
    const Code refusal = import_refusal(deciding, event, claim, line);
    if (refusal == CODE_NONE) {
        line->status = LINE_OFFICIAL;
        line->official_at_ms = event->at_ms;
        return;
    }
    const char *own =
        slot_book_contender(&deciding->work->slots, claim->tenant_id, line->slot, claim->mpn_id);
    const Finding finding = {.code = refusal,
                             .kind = FINDING_REFUSAL,
                             .line = line->number,
                             .message = refusal_message(refusal),
                             .claim_id = refusal == CODE_DUPLICATE_OWN_CLAIM ? own : NULL};
    (void)!line_move(line, LINE_REFUSE, refusal, event->receipt_at_ms);
    claim_add_finding(claim, deciding->work->arena, &finding);
}

/* A further line of an imported claim: the same partner, customer and kind, a number of its own. */
static bool import_fits(const Claim *claim, const Event *event)
{
    return claim->origin == ORIGIN_LEGACY && claim->line_count < CLAIM_LINE_COUNT_MAX &&
           claim_line(claim, event->import.line) == NULL &&
           strcmp(claim->mpn_id, event->import.mpn_id) == 0 &&
           strcmp(claim->domain, event->import.domain) == 0 &&
           claim->solution_area == event->import.solution_area &&
           claim->activities == event->import.activities;
}

void expiry_import(Deciding *deciding, const Event *event)
{
    Work *work = deciding->work;
    Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
    if (entry != NULL && !import_fits(entry->claim, event)) {
        work_ignore(work, event, "a claim with this id is here already, and the line does not fit");
        return;
    }
    const bool is_new = entry == NULL;
    if (is_new)
        entry = work_create(work, event->tenant_id, event->claim_id);
    Change change = change_begin(work, event, entry, event->receipt_at_ms);
    if (is_new) {
        fill_claim(entry->claim, event);
        deciding_add_entry(deciding, entry);
    }
    decide_line(deciding, event, entry->claim, import_line(entry->claim, event, work->arena));
    change_end(&change, CHANGE_PUBLISHED);
    if (is_new)
        work_apply_kept(work, event, entry, change.move);
}
