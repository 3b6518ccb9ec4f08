/* transition.h - which event moves a line from where to where: the table, and nothing else. */
#pragma once

#include "claim/claim.h"

typedef enum LineEvent {
    LINE_REFUSE,           /* a rule or reviewer refuses, or the partner did not answer */
    LINE_OPT_OUT,          /* the customer's no; before or after it became official */
    LINE_WITHDRAW,         /* the partner takes it back, or a revision leaves it out */
    LINE_DISASSOCIATE,     /* the partner ends an official association */
    LINE_NOTIFY,           /* the mail server accepted the notice: the window runs */
    LINE_BOUNCE,           /* the notice can never be delivered: back to the partner */
    LINE_WIN,              /* the window closed, the slot is free or won */
    LINE_LOSE,             /* the window closed, the slot's holder keeps it */
    LINE_LAPSE,            /* the window closed, the subscription is neither active nor in grace */
    LINE_SUPERSEDE,        /* a newer PoE took the slot */
    LINE_SUBSCRIPTION_END, /* expired or deleted while official */
    LINE_EVENT_COUNT,
} LineEvent;

typedef struct LineTransition {
    LineEvent event;
    LineStatus from, to;
    Code reason; /* CODE_NONE: the caller's, or none */
} LineTransition;

/* line_transition - the row for (event, status), or NULL: the event does not fit. */
const LineTransition *line_transition(LineEvent event, LineStatus from);

/*
 * line_move - move one line by the table.
 *
 * In:      reason  of LINE_REFUSE; ignored where the table has one.
 *          at_ms   instant of the move; becomes official_at or ended_at.
 * Returns: false, and changes nothing, when the event does not fit its status.
 */
MUST_CHECK bool line_move(Line *line, LineEvent event, Code reason, int64_t at_ms);

/* line_event_name - for history and messages: "opt-out", "window closed", ... */
const char *line_event_name(LineEvent event);
