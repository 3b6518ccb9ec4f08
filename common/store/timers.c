/* timers.c - which timers a claim asks for, and how Redis names them. */
#include "store/store_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const timer_names[TIMER_KIND_COUNT] = {
    [TIMER_WINDOW] = "WINDOW",   [TIMER_ANSWER] = "ANSWER", [TIMER_REMINDER] = "REMINDER",
    [TIMER_RECHECK] = "RECHECK", [TIMER_NOTICE] = "NOTICE", [TIMER_KEPT] = "KEPT",
};

const char *timer_kind_name(TimerKind kind)
{
    return timer_names[kind];
}

bool timer_kind_from_name(const char *name, TimerKind *ret_kind)
{
    for (size_t i = 0; i < TIMER_KIND_COUNT; i++) {
        if (strcmp(timer_names[i], name) == 0) {
            *ret_kind = (TimerKind)i;
            return true;
        }
    }
    return false;
}

static size_t add_window(TimerRow *rows, size_t count, int64_t due_at_ms)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == TIMER_WINDOW && rows[i].due_at_ms == due_at_ms)
            return count;
    rows[count] = (TimerRow){TIMER_WINDOW, due_at_ms};
    return count + 1;
}

size_t claim_timers(const Claim *claim, TimerRow ret_rows[CLAIM_TIMER_COUNT_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < claim->line_count; i++)
        if (claim->lines[i].status == LINE_OPT_OUT_OPEN)
            count = add_window(ret_rows, count, claim->lines[i].deadline_at_ms);
    if (claim->answer_due_at_ms != 0)
        ret_rows[count++] = (TimerRow){TIMER_ANSWER, claim->answer_due_at_ms};
    if (claim->reminder_at_ms != 0)
        ret_rows[count++] = (TimerRow){TIMER_REMINDER, claim->reminder_at_ms};
    if (claim->recheck_at_ms != 0)
        ret_rows[count++] = (TimerRow){TIMER_RECHECK, claim->recheck_at_ms};
    if (claim->notice_retry_at_ms != 0)
        ret_rows[count++] = (TimerRow){TIMER_NOTICE, claim->notice_retry_at_ms};
    return count;
}

void timer_member(TimerKind kind, const char *tenant_id, const char *claim_id, int64_t due_at_ms,
                  char ret_member[TIMER_MEMBER_SIZE])
{
    if (kind == TIMER_WINDOW) /* one per tenant and deadline wakes them all */
        snprintf(ret_member, TIMER_MEMBER_SIZE, "%s %s @%" PRId64, timer_names[kind], tenant_id,
                 due_at_ms);
    else if (kind == TIMER_KEPT) /* a claim may have several: none goes over another */
        snprintf(ret_member, TIMER_MEMBER_SIZE, "%s %s %s @%" PRId64, timer_names[kind], tenant_id,
                 claim_id, due_at_ms);
    else
        snprintf(ret_member, TIMER_MEMBER_SIZE, "%s %s %s", timer_names[kind], tenant_id, claim_id);
}

bool timer_parse(const char *member, TimerKind *ret_kind, char ret_tenant_id[UUID_SIZE],
                 char ret_claim_id[CLAIM_ID_SIZE])
{
    char kind[16], claim_id[CLAIM_ID_SIZE];
    if (sscanf(member, "%15s %36s %64s", kind, ret_tenant_id, claim_id) != 3 ||
        !timer_kind_from_name(kind, ret_kind))
        return false;
    snprintf(ret_claim_id, CLAIM_ID_SIZE, "%s", *ret_kind == TIMER_WINDOW ? "" : claim_id);
    return true;
}
