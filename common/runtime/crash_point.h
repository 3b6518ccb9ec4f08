/*
 * crash_point.h - named places between two steps at which a test build kills itself; ADR 11.
 *
 * In a build without CPOR_CRASH_POINTS, a release, the calls are nothing and no binary has the
 * names. In one with it the environment's CPOR_CRASH_POINT says where: "after-poll", "after-poll:3"
 * (at the third pass), or "random:SEED:MEAN" (at each pass of any point, with a chance of 1 in
 * MEAN; one seed chooses the same passes each time). CPOR_CRASH_RECORD names a text: whoever
 * decodes a record that has it dies.
 */
#pragma once

#include "error.h"

#include <stddef.h>

/* What has just been done, or is about to be. Every layer's are here, so that one table has all. */
#define CRASH_POINTS(POINT)                                                                        \
    /* the loop of every worker */                                                                 \
    POINT(CRASH_AFTER_POLL, "after-poll")                                                          \
    POINT(CRASH_AFTER_DECODE, "after-decode")                                                      \
    POINT(CRASH_AFTER_BEGIN, "after-begin")                                                        \
    POINT(CRASH_AFTER_STATEMENT, "after-statement") /* :N, the N-th of its transaction */          \
    POINT(CRASH_BEFORE_DATABASE_COMMIT, "before-database-commit")                                  \
    POINT(CRASH_AFTER_DATABASE_COMMIT, "after-database-commit")                                    \
    POINT(CRASH_AFTER_ARMING, "after-arming") /* Redis knows the timers, Kafka nothing yet */      \
    POINT(CRASH_BEFORE_PUBLISH, "before-publish")                                                  \
    POINT(CRASH_AFTER_KAFKA_BEGIN, "after-kafka-begin")                                            \
    POINT(CRASH_AFTER_PRODUCE, "after-produce")                                                    \
    POINT(CRASH_AFTER_OFFSETS, "after-offsets")                                                    \
    POINT(CRASH_AFTER_KAFKA_COMMIT, "after-kafka-commit")                                          \
    /* timers */                                                                                   \
    POINT(CRASH_AFTER_LEASE, "after-lease")                                                        \
    POINT(CRASH_AFTER_WAKE_UPS, "after-wake-ups") /* in the log; the leases are still there */     \
    POINT(CRASH_IN_SWEEP, "in-sweep")             /* overdue rows are found, nobody is woken */    \
    POINT(CRASH_AFTER_SWEEP, "after-sweep")                                                        \
    POINT(CRASH_IN_REBUILD, "in-rebuild")       /* the marker says that filling began */           \
    POINT(CRASH_AFTER_REBUILD, "after-rebuild") /* all timers are there, the marker is not */      \
    /* mail */                                                                                     \
    POINT(CRASH_AFTER_MAIL, "after-mail")   /* one was answered, nothing is recorded */            \
    POINT(CRASH_AFTER_MAILS, "after-mails") /* all of the chunk were */                            \
    /* cporctl */                                                                                  \
    POINT(CRASH_AFTER_MIGRATIONS, "after-migrations")                                              \
    POINT(CRASH_AFTER_TOPICS, "after-topics") /* created, their leaders not awaited */             \
    POINT(CRASH_AFTER_COPY, "after-copy") /* a dead letter's record was handed to the client */    \
    POINT(CRASH_AFTER_COPIES, "after-copies") /* the brokers have all, nobody was told */

#define CRASH_POINT_VALUE(value, name) value,
typedef enum CrashPoint { CRASH_POINTS(CRASH_POINT_VALUE) CRASH_POINT_COUNT } CrashPoint;
#undef CRASH_POINT_VALUE

#ifdef CPOR_CRASH_POINTS

/* crash_point_arm - read CPOR_CRASH_POINT. Errors: FATAL no such point, a bad number. */
MUST_CHECK bool crash_point_arm(Error *reterr);

/* crash_point - the process ends here, by SIGKILL, if this pass is the one; any thread. */
void crash_point(CrashPoint point);

/* crash_point_restart - passes of this point count from 1 again. */
void crash_point_restart(CrashPoint point);

/* crash_point_record - the process ends here if the bytes have the text of CPOR_CRASH_RECORD. */
void crash_point_record(const void *bytes, size_t size);

#else

MUST_CHECK static inline bool crash_point_arm(Error *reterr)
{
    (void)reterr;
    return true;
}

static inline void crash_point(CrashPoint point)
{
    (void)point;
}

static inline void crash_point_restart(CrashPoint point)
{
    (void)point;
}

static inline void crash_point_record(const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
}

#endif
