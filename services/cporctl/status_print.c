/* status_print.c - a claim's status for people and as JSON. */
#include "status.h"

#include "output.h"

#include "claim/json_writer.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <string.h>

/* ---- words ---- */

static const char *const shown_names[CLAIM_STATUS_COUNT] = {
    [CLAIM_NONE] = "Not received yet",
    [CLAIM_SUBMITTED] = "Submitted",
    [CLAIM_UNDER_REVIEW] = "Under review",
    [CLAIM_PARTNER_ACTION_REQUIRED] = "Partner action required",
    [CLAIM_VALIDATED] = "Approved, customer being notified",
    [CLAIM_OPT_OUT_OPEN] = "Approved, customer may opt out",
    [CLAIM_OFFICIAL] = "Official",
    [CLAIM_REJECTED] = "Rejected",
    [CLAIM_WITHDRAWN] = "Withdrawn",
    [CLAIM_ENDED] = "Ended",
};

static const char *until(const Zone *zone, int64_t at_ms, Arena *arena)
{
    char local[ZONE_TEXT_SIZE], utc[CLOCK_TEXT_SIZE];
    if (zone == NULL)
        return arena_text(arena, clock_format(at_ms, utc));
    return arena_text(arena, zone_format_end(zone, at_ms, local));
}

const char *status_shown_as(const Claim *claim, const Zone *zone, Arena *arena)
{
    const char *name = shown_names[claim->status];
    const bool tells_reason = claim->status == CLAIM_REJECTED || claim->status == CLAIM_ENDED;
    if (claim->status == CLAIM_OPT_OUT_OPEN)
        return arena_printf(arena, "%s until %s", name, until(zone, claim_deadline(claim), arena));
    if (tells_reason && claim->reason != CODE_NONE)
        return arena_printf(arena, "%s (%s)", name, code_name(claim->reason));
    return name;
}

static Colour claim_colour(ClaimStatus status)
{
    switch (status) {
    case CLAIM_OFFICIAL:
        return COLOUR_GOOD;
    case CLAIM_REJECTED:
    case CLAIM_ENDED:
    case CLAIM_PARTNER_ACTION_REQUIRED:
        return COLOUR_BAD;
    case CLAIM_WITHDRAWN:
    case CLAIM_NONE:
        return COLOUR_QUIET;
    case CLAIM_SUBMITTED:
    case CLAIM_UNDER_REVIEW:
    case CLAIM_VALIDATED:
    case CLAIM_OPT_OUT_OPEN:
    case CLAIM_STATUS_COUNT:
        return COLOUR_BUSY;
    }
    return COLOUR_QUIET;
}

/* ---- text ---- */

static void print_instant(Session *session, const char *label, int64_t at_ms)
{
    if (at_ms != 0)
        printf("  %-18s%s\n", label, output_instant(session, at_ms));
}

static void print_deadline(Session *session, const ClaimView *view, const char *label,
                           int64_t at_ms)
{
    if (at_ms != 0)
        printf("  %-18s%s = %s\n", label, until(view->zone, at_ms, &session->arena),
               output_instant(session, at_ms));
}

static void print_head(Session *session, const ClaimView *view)
{
    const Claim *claim = &view->claim;
    printf("Claim %s of tenant %s\n", claim->claim_id, claim->tenant_id);
    printf("  %-18s%s\n", "status",
           output_paint(session, claim_colour(claim->status), view->shown_as));
    if (claim->version == 0)
        return;
    printf("  %-18s%s (revision %d, change %d, %s)\n", "", claim_status_name(claim->status),
           claim->revision, claim->sequence, claim->origin == ORIGIN_LEGACY ? "LEGACY" : "CLAIM");
    printf("  %-18s%s\n", "partner", *claim->mpn_id == '\0' ? "-" : claim->mpn_id);
    printf("  %-18s%s\n", "domain", *claim->domain == '\0' ? "-" : claim->domain);
    print_instant(session, "first submitted", claim->first_submitted_at_ms);
    print_instant(session, "notified", claim->notified_at_ms);
    if (claim->calendar_id[0] != '\0')
        printf("  %-18s%s, version %s, days of %s\n", "calendar", claim->calendar_id,
               claim->calendar_version, claim->time_zone[0] == '\0' ? "UTC" : claim->time_zone);
    print_deadline(session, view, "deadline", claim_deadline(claim));
    print_instant(session, "answer due", claim->answer_due_at_ms);
    print_instant(session, "next look", claim->recheck_at_ms);
    print_instant(session, "notice again", claim->notice_retry_at_ms);
    if (claim->review_pending)
        printf("  %-18s%s\n", "review", "a reviewer's verdict is awaited");
}

static void print_line(Session *session, const ClaimView *view, const Line *line)
{
    printf("  %3d  %-24s %-13s %s\n", line->number, *line->code == '\0' ? "-" : line->code,
           line_status_name(line->status),
           line->reason == CODE_NONE ? "" : code_name(line->reason));
    if (line->slot[0] != '\0' && strcmp(line->slot, line->code) != 0)
        printf("       slot      %s\n", line->slot);
    if (line->status == LINE_OPT_OUT_OPEN)
        printf("       until     %s\n", until(view->zone, line->deadline_at_ms, &session->arena));
    if (line->official_at_ms != 0)
        printf("       official  %s\n", output_instant(session, line->official_at_ms));
    if (line->ended_at_ms != 0)
        printf("       ended     %s%s%s\n", output_instant(session, line->ended_at_ms),
               *line->superseded_by == '\0' ? "" : ", superseded by ", line->superseded_by);
}

static void print_finding(Session *session, const Finding *finding)
{
    printf("  %-8s %s", finding_kind_name(finding->kind), code_name(finding->code));
    if (finding->line != 0)
        printf(", line %d", finding->line);
    if (finding->path != NULL)
        printf(", at %s", output_clean(session, finding->path));
    if (finding->claim_id != NULL)
        printf(", claim %s", output_clean(session, finding->claim_id));
    printf("\n");
    if (finding->message != NULL)
        printf("           %s\n", output_clean(session, finding->message));
}

void status_print_text(Session *session, const ClaimView *view)
{
    const Claim *claim = &view->claim;
    print_head(session, view);
    if (claim->line_count > 0)
        printf("Lines\n");
    for (size_t i = 0; i < claim->line_count; i++)
        print_line(session, view, &claim->lines[i]);
    if (claim->finding_count > 0)
        printf("Findings\n");
    for (size_t i = 0; i < claim->finding_count; i++)
        print_finding(session, &claim->findings[i]);
    kept_print(session, &view->kept);
}

/* ---- JSON ---- */

static void write_day(JsonWriter *writer, const char *key, int32_t day)
{
    char text[11];
    writer_key(writer, key);
    writer_text(writer, day == DAY_NONE ? NULL : clock_date_format(day, text));
}

static void write_line(JsonWriter *writer, const Claim *claim, const Line *line)
{
    char id[UUID_SIZE];
    association_id(claim, line->number, id);
    writer_open(writer, '{');
    writer_member_integer(writer, "line", line->number);
    writer_member_or_null(writer, line->is_product ? "product" : "workload", line->code);
    writer_member_or_null(writer, "subscription_id", line->subscription_id);
    writer_member_or_null(writer, "slot", line->slot);
    writer_member_text(writer, "status", line_status_name(line->status));
    writer_member_text(writer, "reason", code_name(line->reason));
    writer_member_text(writer, "association_id", id);
    write_day(writer, "poe_signed_on", line->poe_day);
    writer_member_instant(writer, "deadline_at", line->deadline_at_ms);
    writer_member_instant(writer, "official_at", line->official_at_ms);
    writer_member_instant(writer, "ended_at", line->ended_at_ms);
    writer_member_or_null(writer, "supersedes", line->supersedes);
    writer_member_or_null(writer, "superseded_by", line->superseded_by);
    writer_close(writer, '}');
}

static void write_finding(JsonWriter *writer, const Finding *finding)
{
    writer_open(writer, '{');
    writer_member_text(writer, "code", code_name(finding->code));
    writer_member_text(writer, "kind", finding_kind_name(finding->kind));
    writer_key(writer, "line");
    if (finding->line == 0)
        writer_text(writer, NULL);
    else
        writer_integer(writer, finding->line);
    writer_member_text(writer, "path", finding->path);
    writer_member_text(writer, "message", finding->message);
    writer_member_text(writer, "claim_id", finding->claim_id);
    writer_close(writer, '}');
}

static void write_head(JsonWriter *writer, const ClaimView *view)
{
    const Claim *claim = &view->claim;
    writer_member_text(writer, "tenant_id", claim->tenant_id);
    writer_member_text(writer, "claim_id", claim->claim_id);
    writer_member_text(writer, "status", claim_status_name(claim->status));
    writer_member_text(writer, "shown_as", view->shown_as);
    writer_member_text(writer, "reason", code_name(claim->reason));
    writer_member_integer(writer, "revision", claim->revision);
    writer_member_integer(writer, "sequence", claim->sequence);
    writer_member_text(writer, "origin", claim->origin == ORIGIN_LEGACY ? "LEGACY" : "CLAIM");
    writer_member_or_null(writer, "mpn_id", claim->mpn_id);
    writer_member_or_null(writer, "domain", claim->domain);
    writer_member_instant(writer, "first_submitted_at", claim->first_submitted_at_ms);
    writer_member_instant(writer, "received_at", claim->received_at_ms);
    writer_member_instant(writer, "notified_at", claim->notified_at_ms);
    writer_member_instant(writer, "deadline_at", claim_deadline(claim));
    writer_member_instant(writer, "answer_due_at", claim->answer_due_at_ms);
    writer_member_instant(writer, "recheck_at", claim->recheck_at_ms);
    writer_member_instant(writer, "notice_retry_at", claim->notice_retry_at_ms);
    writer_member_or_null(writer, "time_zone", claim->time_zone);
}

static void write_lists(JsonWriter *writer, const ClaimView *view)
{
    const Claim *claim = &view->claim;
    writer_key(writer, "lines");
    writer_open(writer, '[');
    for (size_t i = 0; i < claim->line_count; i++)
        write_line(writer, claim, &claim->lines[i]);
    writer_close(writer, ']');
    writer_key(writer, "findings");
    writer_open(writer, '[');
    for (size_t i = 0; i < claim->finding_count; i++)
        write_finding(writer, &claim->findings[i]);
    writer_close(writer, ']');
    writer_key(writer, "kept_opt_outs");
    writer_open(writer, '[');
    for (size_t i = 0; i < view->kept.count; i++) {
        writer_open(writer, '{');
        writer_member_instant(writer, "received_at", view->kept.list[i].received_at_ms);
        writer_member_text(writer, "lines", view->kept.list[i].lines);
        writer_member_instant(writer, "kept_until", view->kept.list[i].until_ms);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

void status_print_json(Session *session, const ClaimView *view)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 4096);
    writer_open(&writer, '{');
    write_head(&writer, view);
    writer_key(&writer, "calendar");
    if (view->claim.calendar_id[0] == '\0') {
        writer_text(&writer, NULL);
    } else {
        writer_open(&writer, '{');
        writer_member_text(&writer, "id", view->claim.calendar_id);
        writer_member_text(&writer, "version", view->claim.calendar_version);
        writer_close(&writer, '}');
    }
    write_lists(&writer, view);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}
