/* forget_kept.h - erases persons' data of the opt-outs that are or were kept for one claim. */
#pragma once

#include "cporctl.h"
#include "erase.h"

/*
 * forget_kept - within the transaction that is open: of opt-outs that wait for their claim, and of
 * those that became dead letters, the columns and the record as it came. Each stays the opt-out
 * that it was: it is applied, or becomes a dead letter, as before.
 *
 * In:      names      tenant id, claim id.
 * Out:     ret_count  rows that changed.
 * Errors:  in session->error.
 */
MUST_CHECK bool forget_kept(Session *session, const Erasing *erasing, const char *const names[2],
                            size_t *ret_count);
