/* transition.c - the life of a line as a table (domain, section 3). */
#include "claim/transition.h"

static const LineTransition transitions[] = {
    {LINE_REFUSE, LINE_UNDER_REVIEW, LINE_REJECTED, CODE_NONE},
    {LINE_OPT_OUT, LINE_UNDER_REVIEW, LINE_DECLINED, CODE_CUSTOMER_DECLINED},
    {LINE_OPT_OUT, LINE_VALIDATED, LINE_DECLINED, CODE_CUSTOMER_DECLINED},
    {LINE_OPT_OUT, LINE_OPT_OUT_OPEN, LINE_DECLINED, CODE_CUSTOMER_DECLINED},
    {LINE_OPT_OUT, LINE_OFFICIAL, LINE_ENDED, CODE_CUSTOMER_DECLINED},
    {LINE_WITHDRAW, LINE_UNDER_REVIEW, LINE_WITHDRAWN, CODE_PARTNER_REQUEST},
    {LINE_WITHDRAW, LINE_VALIDATED, LINE_WITHDRAWN, CODE_PARTNER_REQUEST},
    {LINE_WITHDRAW, LINE_OPT_OUT_OPEN, LINE_WITHDRAWN, CODE_PARTNER_REQUEST},
    {LINE_WITHDRAW, LINE_OFFICIAL, LINE_ENDED, CODE_PARTNER_REQUEST},
    {LINE_DISASSOCIATE, LINE_OFFICIAL, LINE_ENDED, CODE_PARTNER_DISASSOCIATED},
    {LINE_NOTIFY, LINE_VALIDATED, LINE_OPT_OUT_OPEN, CODE_NONE},
    {LINE_BOUNCE, LINE_VALIDATED, LINE_UNDER_REVIEW, CODE_CONTACT_UNREACHABLE},
    {LINE_WIN, LINE_OPT_OUT_OPEN, LINE_OFFICIAL, CODE_NONE},
    {LINE_LOSE, LINE_OPT_OUT_OPEN, LINE_REJECTED, CODE_COMPETING_CLAIM_OLDER_POE},
    {LINE_LAPSE, LINE_OPT_OUT_OPEN, LINE_REJECTED, CODE_SUBSCRIPTION_INACTIVE},
    {LINE_SUPERSEDE, LINE_OFFICIAL, LINE_ENDED, CODE_SUPERSEDED},
    {LINE_SUBSCRIPTION_END, LINE_OFFICIAL, LINE_ENDED, CODE_SUBSCRIPTION_ENDED},
};

const LineTransition *line_transition(LineEvent event, LineStatus from)
{
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++)
        if (transitions[i].event == event && transitions[i].from == from)
            return &transitions[i];
    return NULL;
}

bool line_move(Line *line, LineEvent event, Code reason, int64_t at_ms)
{
    const LineTransition *row = line_transition(event, line->status);
    if (row == NULL)
        return false;
    line->status = row->to;
    line->reason = event == LINE_REFUSE ? reason : row->reason;
    if (row->to == LINE_OFFICIAL)
        line->official_at_ms = at_ms;
    if (row->to == LINE_ENDED) /* append times may step back; an end is never before its start */
        line->ended_at_ms = at_ms > line->official_at_ms ? at_ms : line->official_at_ms;
    return true;
}

const char *line_event_name(LineEvent event)
{
    static const char *const names[LINE_EVENT_COUNT] = {
        [LINE_REFUSE] = "refusal",
        [LINE_OPT_OUT] = "opt-out",
        [LINE_WITHDRAW] = "withdrawal",
        [LINE_DISASSOCIATE] = "disassociation",
        [LINE_NOTIFY] = "notice",
        [LINE_BOUNCE] = "bounce",
        [LINE_WIN] = "window closed",
        [LINE_LOSE] = "window closed, slot kept by its holder",
        [LINE_LAPSE] = "window closed, subscription lapsed",
        [LINE_SUPERSEDE] = "superseded",
        [LINE_SUBSCRIPTION_END] = "subscription ended",
    };
    return names[event];
}
