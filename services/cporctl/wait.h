/* wait.h - bounded waiting for a server, with progress. */
#pragma once

#include "runtime/error.h"

#include <stdint.h>

typedef struct Wait {
    const char *what;   /* "PostgreSQL"; borrowed */
    const char *advice; /* what to do when it does not come; borrowed */
    int64_t begin_mono_ms, limit_ms, say_mono_ms;
} Wait;

/* wait_begin - waiting starts now and lasts at most limit_ms. */
Wait wait_begin(const char *what, const char *advice, int64_t limit_ms);

/*
 * wait_again - whether another try is worth it: pauses a little, tells progress every few seconds.
 *
 * In:      error  why the last try failed. Only RETRY is waited for.
 * Returns: false: give up; error's text then says for how long and what for.
 */
MUST_CHECK bool wait_again(Wait *wait, Error *error);
