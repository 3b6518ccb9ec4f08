/* output.c - see output.h. */
#include "output.h"

#include "runtime/clock.h"

#include <stddef.h>

const char *output_paint(Session *session, Colour colour, const char *text)
{
    static const char *const codes[] = {
        [COLOUR_GOOD] = "32", [COLOUR_BUSY] = "33", [COLOUR_BAD] = "31", [COLOUR_QUIET] = "2"};
    if (!session->has_colour)
        return text;
    return arena_printf(&session->arena, "\033[%sm%s\033[0m", codes[colour], text);
}

/* C0, DEL, and C1 as UTF-8 has it (C2 80 .. C2 9F). */
const char *output_clean(Session *session, const char *text)
{
    if (text == NULL)
        return "";
    char *copy = arena_text(&session->arena, text);
    for (unsigned char *c = (unsigned char *)copy; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = ' ';
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = ' ';
    }
    return copy;
}

const char *output_instant(Session *session, int64_t at_ms)
{
    char text[CLOCK_TEXT_SIZE];
    return at_ms == 0 ? "-" : arena_text(&session->arena, clock_format(at_ms, text));
}
