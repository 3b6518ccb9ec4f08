/* opt_out.c - `cporctl opt-out` and `cporctl extend`: what an operator says for a customer. */
#include "act.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>

const Option opt_out_options[] = {
    {"--line", "N…", "only this line; again for more; else the whole claim"},
    {"--comment", "TEXT", "the customer's words"},
    {"--operator", "ID", "who does it; stands in the history"},
    ACT_OPTIONS,
};

const Option extend_options[] = {
    {"--until", "INSTANT", "the new deadline, RFC 3339, e.g. 2026-12-04T00:00:00-05:00"},
    {"--line", "N…", "only this line; again for more; else every open window"},
    {"--reason", "TEXT", "stands in the history"},
    {"--operator", "ID", "who does it; stands in the history"},
    ACT_OPTIONS,
};

ExitCode opt_out_run(Session *session)
{
    Act act;
    const char *operator_id = NULL;
    const char *comment = arguments_option(&session->arguments, "--comment");
    ExitCode code = act_read(session, EVENT_CUSTOMER_OPTED_OUT, &act);
    if (code == EXIT_CODE_DONE)
        code = act_text(session, "--operator", &operator_id);
    if (code == EXIT_CODE_DONE)
        code = act_begin(&act);
    if (code != EXIT_CODE_DONE)
        return code;
    act_add_actor(&act, ACTOR_OPERATOR, operator_id);
    if (comment != NULL)
        writer_member_text(&act.writer, "comment", comment);
    return act_send(&act);
}

/* ---- extend ---- */

static bool is_open(const Act *act, const Line *line)
{
    return line->status == LINE_OPT_OUT_OPEN && line->deadline_at_ms >= act->now_ms &&
           act_names_line(act, line->number);
}

/* A window may become longer, never shorter. */
static ExitCode check_windows(const Act *act, int64_t until_ms)
{
    Session *session = act->session;
    const Claim *claim = &act->claim;
    int64_t latest_ms = 0;
    size_t open_count = 0, longer_count = 0;
    for (size_t i = 0; i < claim->line_count; i++) {
        const Line *line = &claim->lines[i];
        if (!is_open(act, line))
            continue;
        open_count++;
        longer_count += until_ms > line->deadline_at_ms;
        latest_ms = line->deadline_at_ms > latest_ms ? line->deadline_at_ms : latest_ms;
    }
    if (open_count < act->line_count)
        return session_deny(session, "claim %s: not each of these lines has an open window (%s)",
                            claim->claim_id, claim_status_name(claim->status));
    if (open_count == 0)
        return session_deny(session, "claim %s has no open window: it is %s", claim->claim_id,
                            claim_status_name(claim->status));
    if (longer_count > 0 && (act->line_count == 0 || longer_count == open_count))
        return EXIT_CODE_DONE;
    return session_deny(session, "a window is never shortened: that of claim %s is open until %s",
                        claim->claim_id, output_instant(session, latest_ms));
}

static ExitCode read_until(const Session *session, int64_t *ret_until_ms)
{
    if (arguments_option(&session->arguments, "--until") == NULL)
        return session_refuse(session, "--until is missing");
    return option_instant(session, "--until", ret_until_ms);
}

ExitCode extend_run(Session *session)
{
    Act act;
    int64_t until_ms = 0;
    const char *operator_id = NULL, *reason = NULL;
    ExitCode code = act_read(session, EVENT_WINDOW_EXTENDED, &act);
    if (code == EXIT_CODE_DONE)
        code = read_until(session, &until_ms);
    if (code == EXIT_CODE_DONE)
        code = act_text(session, "--reason", &reason);
    if (code == EXIT_CODE_DONE)
        code = act_text(session, "--operator", &operator_id);
    if (code == EXIT_CODE_DONE)
        code = act_begin(&act);
    if (code == EXIT_CODE_DONE)
        code = check_windows(&act, until_ms);
    if (code != EXIT_CODE_DONE)
        return code;
    writer_member_instant(&act.writer, "deadline_at", until_ms);
    act_add_actor(&act, ACTOR_OPERATOR, operator_id);
    writer_member_text(&act.writer, "reason", reason);
    return act_send(&act);
}
