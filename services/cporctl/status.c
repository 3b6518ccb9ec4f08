/* status.c - `cporctl status`: where a claim stands. */
#include "status.h"

#include "claim/claim_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char select_sql[] =
    "select c.version, c.revision, c.sequence, c.status, c.reason, c.mpn_id, c.domain, c.origin,"
    " c.first_submitted_at_ms, c.received_at_ms, c.answer_due_at_ms, c.recheck_at_ms,"
    " c.notified_at_ms, c.notice_retry_at_ms, c.calendar_id, c.calendar_version, c.time_zone,"
    " c.flags, c.lines, c.findings, c.country from claims c"
    " where c.tenant_id = $1::uuid and c.claim_id = $2";

/* The statement's columns, in order. */
enum {
    COLUMN_VERSION,
    COLUMN_REVISION,
    COLUMN_SEQUENCE,
    COLUMN_STATUS,
    COLUMN_REASON,
    COLUMN_MPN_ID,
    COLUMN_DOMAIN,
    COLUMN_ORIGIN,
    COLUMN_FIRST_SUBMITTED,
    COLUMN_RECEIVED,
    COLUMN_ANSWER_DUE,
    COLUMN_RECHECK,
    COLUMN_NOTIFIED,
    COLUMN_NOTICE_RETRY,
    COLUMN_CALENDAR_ID,
    COLUMN_CALENDAR_VERSION,
    COLUMN_TIME_ZONE,
    COLUMN_FLAGS,
    COLUMN_LINES,
    COLUMN_FINDINGS,
    COLUMN_COUNTRY,
};

#define COPY_TEXT(target, column)                                                                  \
    snprintf((target), sizeof(target), "%s", db_text(result, 0, (column)))

static void read_instants(const DbResult *result, Claim *claim)
{
    claim->first_submitted_at_ms = db_integer(result, 0, COLUMN_FIRST_SUBMITTED);
    claim->received_at_ms = db_integer(result, 0, COLUMN_RECEIVED);
    claim->answer_due_at_ms = db_integer(result, 0, COLUMN_ANSWER_DUE);
    claim->recheck_at_ms = db_integer(result, 0, COLUMN_RECHECK);
    claim->notified_at_ms = db_integer(result, 0, COLUMN_NOTIFIED);
    claim->notice_retry_at_ms = db_integer(result, 0, COLUMN_NOTICE_RETRY);
}

static void read_texts(const DbResult *result, Claim *claim)
{
    COPY_TEXT(claim->mpn_id, COLUMN_MPN_ID);
    COPY_TEXT(claim->domain, COLUMN_DOMAIN);
    COPY_TEXT(claim->calendar_id, COLUMN_CALENDAR_ID);
    COPY_TEXT(claim->calendar_version, COLUMN_CALENDAR_VERSION);
    COPY_TEXT(claim->time_zone, COLUMN_TIME_ZONE);
    COPY_TEXT(claim->country, COLUMN_COUNTRY);
    claim->origin =
        strcmp(db_text(result, 0, COLUMN_ORIGIN), "LEGACY") == 0 ? ORIGIN_LEGACY : ORIGIN_CLAIM;
}

static bool read_claim(Session *session, const DbResult *result, Claim *claim)
{
    const char *status = db_text(result, 0, COLUMN_STATUS);
    const char *reason = db_text(result, 0, COLUMN_REASON);
    claim->version = db_integer(result, 0, COLUMN_VERSION);
    claim->revision = (int32_t)db_integer(result, 0, COLUMN_REVISION);
    claim->sequence = (int32_t)db_integer(result, 0, COLUMN_SEQUENCE);
    claim->review_pending = (db_integer(result, 0, COLUMN_FLAGS) & 2) != 0;
    read_instants(result, claim);
    read_texts(result, claim);
    if (!claim_status_from_name(status, &claim->status) ||
        (*reason != '\0' && !code_from_name(reason, &claim->reason)))
        return error_set(&session->error, ERROR_FATAL,
                         "read claim %s: status %.40s or reason %.40s is not known to this release",
                         claim->claim_id, status, reason);
    return claim_lines_decode(db_text(result, 0, COLUMN_LINES), &session->arena, claim,
                              &session->error) &&
           claim_findings_decode(db_text(result, 0, COLUMN_FINDINGS), &session->arena, claim,
                                 &session->error);
}

bool status_load_claim(Session *session, const ClaimName *name, Claim *claim)
{
    static const DbStatement statement = {"status-claim", select_sql};
    const char *parameters[] = {name->tenant_id, name->claim_id};
    DbResult *result = NULL;
    memcpy(claim->tenant_id, name->tenant_id, sizeof claim->tenant_id);
    snprintf(claim->claim_id, sizeof claim->claim_id, "%s", name->claim_id);
    if (!database_run(session->database, &statement, parameters, 2, &result, &session->error))
        return false;
    const bool done = db_result_rows(result) == 0 || read_claim(session, result, claim);
    db_result_release(&result);
    return done;
}

static ExitCode show(Session *session, const ZoneSet *zones, ClaimView *view)
{
    const Claim *claim = &view->claim;
    if (claim->version == 0 && view->kept.count == 0)
        return session_deny(session, "no claim %s of tenant %s", claim->claim_id, claim->tenant_id);
    view->zone = zone_find(zones, claim->time_zone);
    view->shown_as = status_shown_as(claim, view->zone, &session->arena);
    if (session->is_json)
        status_print_json(session, view);
    else
        status_print_text(session, view);
    return claim->version == 0 ? EXIT_CODE_NEGATIVE : EXIT_CODE_DONE;
}

static ExitCode status_show(Session *session, const ClaimName *name)
{
    ZoneSet *zones = NULL;
    ClaimView view = {.claim = {.status = CLAIM_NONE}};
    if (!status_load_claim(session, name, &view.claim) || !kept_load(session, name, &view.kept) ||
        !zone_set_open(&zones, CALENDAR_ZONE_FOLDER, &session->error))
        return session_fail(session);
    const ExitCode code = show(session, zones, &view);
    zone_set_release(&zones);
    return code;
}

ExitCode status_run(Session *session)
{
    ClaimName name;
    ExitCode code = claim_words_check(session);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!session_open_reader(session) || !session_begin_snapshot(session))
        return session_fail(session);
    code = claim_find(session, &name);
    return code == EXIT_CODE_DONE ? status_show(session, &name) : code;
}
