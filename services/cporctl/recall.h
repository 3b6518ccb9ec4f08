/* recall.h - how the mail server answered: no log repeats it, but what followed was published. */
#pragma once

#include "gap.h"

#include "runtime/clock.h"
#include "runtime/database.h"

/* Beside each other: tenant, claim, revision, answered, deadline (0: no such contact). */
typedef struct Recall {
    DbColumn columns[5];
} Recall;

/*
 * recall_find - the notices that were accepted (the windows behind the position of the log that
 * decides) and those that were refused for good (claim-status has no position: all of it).
 *
 * In:      gap  as gap_find and kafka_reader_ends left it.
 * Owns:    the columns are the session's.
 * Cost:    reads claim-status from its beginning, some 20,000 records a second.
 */
MUST_CHECK bool recall_find(Session *session, const Clock *clock, Gap *gap, Recall *ret_recall);

/* recall_save - into the transaction that is open. */
MUST_CHECK bool recall_save(Session *session, Recall *recall);
