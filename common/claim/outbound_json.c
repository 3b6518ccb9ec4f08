/* outbound_json.c - see outbound_json.h. No personal data goes into any of these. */
#include "claim/outbound_json.h"

#include "claim/json_writer.h"
#include "runtime/clock.h"

#include <string.h>

/* Behind the findings: what was omitted, the version of the rules, the end. */
enum { FINDINGS_TAIL_SIZE = 512 };

static void write_association_id(JsonWriter *writer, const Claim *claim, const Line *line)
{
    char id[UUID_SIZE];
    association_id(claim, line->number, id);
    writer_member_text(writer, "association_id", id);
}

static void write_status_line(JsonWriter *writer, const Claim *claim, const Line *line)
{
    writer_open(writer, '{');
    writer_member_integer(writer, "line", line->number);
    writer_member_or_null(writer, "slot", line->slot);
    writer_member_text(writer, "status", line_status_name(line->status));
    writer_member_text(writer, "reason", code_name(line->reason));
    write_association_id(writer, claim, line);
    writer_member_instant(writer, "deadline_at", line->deadline_at_ms);
    writer_close(writer, '}');
}

static void write_status_lines(JsonWriter *writer, const Claim *claim)
{
    writer_key(writer, "lines");
    writer_open(writer, '[');
    for (size_t i = 0; i < claim->line_count; i++)
        write_status_line(writer, claim, &claim->lines[i]);
    writer_close(writer, ']');
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
    writer_member_text(writer, "message", finding->message == NULL ? "" : finding->message);
    if (finding->claim_id != NULL) /* a partner's own, never another's */
        writer_member_text(writer, "claim_id", finding->claim_id);
    writer_close(writer, '}');
}

/* What waits is no news for the partner: it becomes a refusal in time, or nothing. */
static bool is_told(const Claim *claim, const Finding *finding)
{
    (void)claim;
    return finding->kind == FINDING_REFUSAL || finding->kind == FINDING_QUESTION;
}

/* An event has a limit: findings that would not fit are counted. What follows them has its room. */
static void write_findings(JsonWriter *writer, const Claim *claim,
                           bool (*is_wanted)(const Claim *claim, const Finding *finding))
{
    int64_t omitted_count = 0;
    writer_key(writer, "findings");
    writer_open(writer, '[');
    for (size_t i = 0; i < claim->finding_count; i++) {
        if (!is_wanted(claim, &claim->findings[i]))
            continue;
        const JsonWriter before = *writer;
        if (omitted_count == 0)
            write_finding(writer, &claim->findings[i]);
        if (omitted_count > 0 || writer->size > OUTCOME_SIZE_MAX - FINDINGS_TAIL_SIZE) {
            omitted_count++;
            *writer = before;
        }
    }
    writer_close(writer, ']');
    if (omitted_count > 0)
        writer_member_integer(writer, "findings_omitted", omitted_count);
}

static int64_t status_deadline(const Claim *claim)
{
    if (claim->status == CLAIM_PARTNER_ACTION_REQUIRED)
        return claim->answer_due_at_ms;
    return claim_deadline(claim);
}

const char *status_body(const Claim *claim, ClaimStatus previous, int64_t at_ms, Arena *arena,
                        size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 768 + 256 * claim->line_count + 256 * claim->finding_count);
    writer_open(&writer, '{');
    writer_member_text(&writer, "claim_id", claim->claim_id);
    writer_member_text(&writer, "tenant_id", claim->tenant_id);
    writer_member_or_null(&writer, "mpn_id", claim->mpn_id);
    writer_member_integer(&writer, "revision", claim->revision);
    writer_member_integer(&writer, "sequence", claim->sequence);
    writer_member_text(&writer, "status", claim_status_name(claim->status));
    writer_member_text(&writer, "previous_status", claim_status_name(previous));
    writer_member_text(&writer, "reason", code_name(claim->reason));
    writer_member_instant(&writer, "at", at_ms);
    writer_member_instant(&writer, "first_submitted_at", claim->first_submitted_at_ms);
    writer_member_instant(&writer, "deadline_at", status_deadline(claim));
    write_status_lines(&writer, claim);
    write_findings(&writer, claim, is_told);
    writer_member_or_null(&writer, "rules_version", claim->rules_version);
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}

const char *reminder_body(const Claim *claim, Arena *arena, size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 384 + 256 * claim->finding_count);
    writer_open(&writer, '{');
    writer_member_text(&writer, "claim_id", claim->claim_id);
    writer_member_text(&writer, "tenant_id", claim->tenant_id);
    writer_member_or_null(&writer, "mpn_id", claim->mpn_id);
    writer_member_integer(&writer, "revision", claim->revision);
    writer_member_instant(&writer, "deadline_at", claim->answer_due_at_ms);
    write_findings(&writer, claim, claim_finding_is_open);
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}

static void write_activities(JsonWriter *writer, unsigned activities)
{
    writer_key(writer, "activities");
    writer_open(writer, '[');
    for (unsigned bit = 1; bit <= activities; bit <<= 1) {
        if ((activities & bit) != 0)
            writer_text(writer, activity_name(bit));
    }
    writer_close(writer, ']');
}

static void write_calendar(JsonWriter *writer, const Claim *claim)
{
    writer_key(writer, "calendar");
    if (claim->origin == ORIGIN_LEGACY || claim->calendar_id[0] == '\0') {
        writer_text(writer, NULL);
        return;
    }
    writer_open(writer, '{');
    writer_member_text(writer, "id", claim->calendar_id);
    writer_member_text(writer, "version", claim->calendar_version);
    writer_close(writer, '}');
}

static void write_day(JsonWriter *writer, const char *key, int32_t day)
{
    char text[11];
    writer_member_text(writer, key, day == DAY_NONE ? NULL : clock_date_format(day, text));
}

/* Recognition for revenue opens no data of the customer's. */
static void write_data_scope(JsonWriter *writer, const Claim *claim)
{
    writer_key(writer, "data_scope");
    writer_open(writer, '[');
    if ((claim->activities & ACTIVITY_REVENUE_ASSOCIATION) == 0) {
        writer_text(writer, "usage");
        writer_text(writer, "sold_seats");
    }
    writer_close(writer, ']');
}

static void write_product(JsonWriter *writer, const Line *line)
{
    writer_member_text(writer, line->is_product ? "product" : "workload", line->code);
    if (line->is_product)
        writer_member_or_null(writer, "subscription_id", line->subscription_id);
}

const char *official_body(const Claim *claim, const Line *line, Arena *arena, size_t *ret_size)
{
    const bool legacy = claim->origin == ORIGIN_LEGACY; /* was never notified, has no window */
    JsonWriter writer;
    writer_init(&writer, arena, 1280);
    writer_open(&writer, '{');
    write_association_id(&writer, claim, line);
    writer_member_text(&writer, "claim_id", claim->claim_id);
    writer_member_integer(&writer, "line", line->number);
    writer_member_text(&writer, "origin", legacy ? "LEGACY" : "CLAIM");
    writer_member_or_null(&writer, "mpn_id", claim->mpn_id);
    writer_member_text(&writer, "tenant_id", claim->tenant_id);
    writer_member_or_null(&writer, "domain", claim->domain);
    writer_member_text(&writer, "solution_area", solution_area_name(claim->solution_area));
    write_activities(&writer, claim->activities);
    write_product(&writer, line);
    writer_member_or_null(&writer, "slot", line->slot);
    writer_member_instant(&writer, "official_at", line->official_at_ms);
    writer_member_instant(&writer, "notified_at", legacy ? 0 : claim->notified_at_ms);
    writer_member_instant(&writer, "deadline_at", legacy ? 0 : line->deadline_at_ms);
    write_calendar(&writer, claim);
    write_day(&writer, "poe_signed_on", line->poe_day);
    writer_member_or_null(&writer, "supersedes", line->supersedes);
    write_data_scope(&writer, claim);
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}

const char *ended_body(const Claim *claim, const Line *line, Arena *arena, size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 640);
    writer_open(&writer, '{');
    write_association_id(&writer, claim, line);
    writer_member_text(&writer, "claim_id", claim->claim_id);
    writer_member_integer(&writer, "line", line->number);
    writer_member_or_null(&writer, "mpn_id", claim->mpn_id);
    writer_member_text(&writer, "tenant_id", claim->tenant_id);
    writer_member_or_null(&writer, "slot", line->slot);
    writer_member_instant(&writer, "ended_at", line->ended_at_ms);
    writer_member_text(&writer, "reason", code_name(line->reason));
    writer_member_or_null(&writer, "superseded_by", line->superseded_by);
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}

const char *challenged_body(const Claim *holder, const Line *line, int64_t deadline_at_ms,
                            Arena *arena, size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 512);
    writer_open(&writer, '{');
    write_association_id(&writer, holder, line);
    writer_member_text(&writer, "claim_id", holder->claim_id);
    writer_member_text(&writer, "tenant_id", holder->tenant_id);
    writer_member_or_null(&writer, "mpn_id", holder->mpn_id);
    writer_member_integer(&writer, "line", line->number);
    writer_member_or_null(&writer, "slot", line->slot);
    writer_member_instant(&writer, "deadline_at", deadline_at_ms);
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}

static void write_given(JsonWriter *writer, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        writer_member_text(writer, key, text);
}

const char *internal_body(const InternalBody *body, Arena *arena, size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 320);
    writer_open(&writer, '{');
    write_given(&writer, "tenant_id", body->tenant_id);
    write_given(&writer, "claim_id", body->claim_id);
    if (body->revision != 0)
        writer_member_integer(&writer, "revision", body->revision);
    if (body->deadline_at_ms != 0)
        writer_member_instant(&writer, "deadline_at", body->deadline_at_ms);
    if (body->due_at_ms != 0)
        writer_member_instant(&writer, "due_at", body->due_at_ms);
    write_given(&writer, "subscription_id", body->subscription_id);
    write_given(&writer, "state", body->state);
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}
