/* progress.h - a bar on standard error while something takes its time; none but on a terminal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
    const char *verb; /* "checking"; borrowed */
    bool is_shown, is_drawn;
    int64_t begin_mono_ms, next_mono_ms;
} Progress;

/* progress_begin - a bar that appears when it takes longer than a moment. */
Progress progress_begin(const char *verb);

/* progress_tell - draw it anew, a few times per second; cheap else. done of total is the bar,
 * count is told with its rate. */
void progress_tell(Progress *progress, uint64_t done, uint64_t total, uint64_t count);

/* progress_clear - wipe it away; before anything else is printed, and at the end. */
void progress_clear(Progress *progress);
