/* output.h - how answers look: colour on a terminal, harmless texts, instants. */
#pragma once

#include "cporctl.h"

typedef enum Colour { COLOUR_GOOD, COLOUR_BUSY, COLOUR_BAD, COLOUR_QUIET } Colour;

/* output_paint - text in a colour where there are colours; borrowed from the session's arena. */
const char *output_paint(Session *session, Colour colour, const char *text);

/*
 * output_clean - a text from outside without what a terminal would obey: each control character
 * becomes a space. Borrowed from the session's arena; NULL gives "".
 */
const char *output_clean(Session *session, const char *text);

/* output_instant - RFC 3339, "-" for 0; borrowed from the session's arena. */
const char *output_instant(Session *session, int64_t at_ms);
