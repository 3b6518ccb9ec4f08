/* progress.c - see progress.h. */
#include "progress.h"

#include "runtime/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAW_EVERY_MS = 100, BAR_SIZE = 30 };

Progress progress_begin(const char *verb)
{
    const char *terminal = getenv("TERM");
    const int64_t now_mono_ms = clock_mono_now();
    return (Progress){.verb = verb,
                      .is_shown = isatty(STDERR_FILENO) == 1 && terminal != NULL &&
                                  strcmp(terminal, "dumb") != 0,
                      .begin_mono_ms = now_mono_ms,
                      .next_mono_ms = now_mono_ms + DRAW_EVERY_MS};
}

void progress_tell(Progress *progress, uint64_t done, uint64_t total, uint64_t count)
{
    char bar[BAR_SIZE + 1];
    const int64_t now_mono_ms = progress->is_shown ? clock_mono_now() : 0;
    if (!progress->is_shown || now_mono_ms < progress->next_mono_ms)
        return;
    progress->next_mono_ms = now_mono_ms + DRAW_EVERY_MS;
    progress->is_drawn = true;
    const uint64_t part = total == 0 || done >= total ? 1000 : done * 1000 / total;
    const uint64_t passed_ms = (uint64_t)(now_mono_ms - progress->begin_mono_ms) + 1;
    memset(bar, ' ', BAR_SIZE);
    memset(bar, '#', (size_t)(part * BAR_SIZE / 1000));
    bar[BAR_SIZE] = '\0';
    fprintf(stderr, "\r%s [%s] %3" PRIu64 " %%, %" PRIu64 ", %" PRIu64 "/s\033[K", progress->verb,
            bar, part / 10, count, count * 1000 / passed_ms);
}

void progress_clear(Progress *progress)
{
    if (!progress->is_drawn)
        return;
    fprintf(stderr, "\r\033[K");
    progress->is_drawn = false;
}
