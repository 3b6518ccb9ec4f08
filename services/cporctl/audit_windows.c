/* audit_windows.c - counts each window's business days again, by the calendar that it names. */
#include "audit_windows.h"

#include "claim/calendar.h"

#include <string.h>

enum { PAGE_COUNT = 10000 };

/* Lines that were open or official since the claim's last notice; what an earlier notice opened may
 * have had another version of the calendar. A window may be longer: it was extended. */
static const char declare[] =
    "declare audit_windows cursor for select c.tenant_id, c.claim_id, c.calendar_id,"
    " c.calendar_version, c.time_zone, c.notified_at_ms, l->>'n', l->>'due'"
    " from claims c cross join jsonb_array_elements(c.lines) l"
    " where c.origin = 'CLAIM' and c.notified_at_ms <> 0"
    " and l->>'status' in ('OPT_OUT_OPEN', 'OFFICIAL') and coalesce((l->>'due')::bigint, 0) <> 0"
    " and exists"
    " (select from history h, jsonb_array_elements(h.lines::jsonb) m"
    " where h.tenant_id = c.tenant_id and h.claim_id = c.claim_id and h.ignored is null"
    " and h.lines like '%\"OPT_OUT_OPEN\"%' and h.at_ms = c.notified_at_ms"
    " and m->>'line' = l->>'n' and m->>'to' = 'OPT_OUT_OPEN')";

static void check_row(Session *session, const CalendarSet *set, const DbResult *rows, size_t row,
                      AuditResult *result)
{
    const int day_count = (int)config_integer(session->config, "CPOR_BUSINESS_DAYS");
    const Calendar *calendar = calendar_find(set, db_text(rows, row, 2));
    const int64_t due_ms = db_integer(rows, row, 7);
    CalendarDeadline deadline;
    Error error = {0};
    /* By another version nothing can be said: a holiday may have come or gone. */
    if (calendar == NULL || strcmp(calendar_version(calendar), db_text(rows, row, 3)) != 0 ||
        !calendar_deadline(set, calendar, db_text(rows, row, 4), db_integer(rows, row, 5),
                           day_count, &deadline, &error) ||
        due_ms >= deadline.deadline_at_ms)
        return;
    audit_add(session, result, db_text(rows, row, 0), db_text(rows, row, 1),
              "line %s has a window that ends %lld s before its %d business days do",
              db_text(rows, row, 6), (long long)(deadline.deadline_at_ms - due_ms) / 1000,
              day_count);
}

static bool check_rows(Session *session, const CalendarSet *set, AuditResult *result)
{
    static const DbStatement fetch = {"audit-windows", "fetch 10000 from audit_windows"};
    size_t count = PAGE_COUNT;
    if (!database_execute(session->database, declare, &session->error))
        return false;
    while (count == PAGE_COUNT) {
        DbResult *rows = NULL;
        if (!database_run(session->database, &fetch, NULL, 0, &rows, &session->error))
            return false;
        count = db_result_rows(rows);
        for (size_t row = 0; row < count; row++)
            check_row(session, set, rows, row, result);
        db_result_release(&rows);
    }
    return true;
}

bool audit_windows_check(Session *session, AuditResult *ret_result)
{
    CalendarSet *set = NULL;
    *ret_result = (AuditResult){.name = "window-too-short",
                                .promise = "every window has all its business days"};
    if (!calendar_set_open(&set, session_share_path(session, "calendars"), &session->error))
        return false;
    const bool done = check_rows(session, set, ret_result);
    calendar_set_release(&set);
    return done;
}
