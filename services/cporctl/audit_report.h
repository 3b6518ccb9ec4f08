/* audit_report.h - what an audit found: violations check by check, and how they are told. */
#pragma once

#include "cporctl.h"

#include "claim/json_writer.h"

enum { AUDIT_TOLD_COUNT_MAX = 100 }; /* violations of one check; the rest are counted */

typedef struct AuditViolation {
    const char *tenant_id, *claim_id, *what; /* in the session's arena; ids "" if none */
} AuditViolation;

typedef struct AuditResult {
    const char *name, *promise; /* static */
    int64_t count;
    AuditViolation told[AUDIT_TOLD_COUNT_MAX];
} AuditResult;

/* audit_add - one more violation; texts are copied. */
void audit_add(Session *session, AuditResult *result, const char *tenant_id, const char *claim_id,
               const char *format, ...) PRINTF_LIKE(5, 6);

/* audit_tell - print a check as text, or write it as JSON. */
void audit_tell(Session *session, JsonWriter *writer, const AuditResult *result);
