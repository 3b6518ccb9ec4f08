/* audit_checks.h - what SQL can check of the system's promises. */
#pragma once

#include "runtime/database.h"

typedef struct AuditCheck {
    const char *name;    /* "holder-without-line" */
    const char *promise; /* what must hold */
    /* Each row is a violation: tenant id, claim id ("" if none), what is wrong. Begins with a
     * query, so that it can be counted and cut. */
    const char *sql;
} AuditCheck;

/* Ended by a row with name NULL. */
extern const AuditCheck audit_checks[];
