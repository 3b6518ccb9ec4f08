/* audit_report.c - see audit_report.h. */
#include "audit_report.h"

#include "output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void audit_add(Session *session, AuditResult *result, const char *tenant_id, const char *claim_id,
               const char *format, ...)
{
    char what[512];
    va_list arguments;
    if (result->count++ >= AUDIT_TOLD_COUNT_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    result->told[result->count - 1] =
        (AuditViolation){arena_text(&session->arena, tenant_id),
                         arena_text(&session->arena, claim_id), arena_text(&session->arena, what)};
}

static size_t told_count(const AuditResult *result)
{
    return result->count < AUDIT_TOLD_COUNT_MAX ? (size_t)result->count : AUDIT_TOLD_COUNT_MAX;
}

static void print_text(Session *session, const AuditResult *result)
{
    printf("%s  %-28s %s\n",
           result->count == 0 ? output_paint(session, COLOUR_GOOD, "good")
                              : output_paint(session, COLOUR_BAD, "BAD "),
           result->name, result->promise);
    for (size_t i = 0; i < told_count(result); i++)
        printf("      %s %s: %s\n", result->told[i].tenant_id, result->told[i].claim_id,
               output_clean(session, result->told[i].what));
    if (result->count > AUDIT_TOLD_COUNT_MAX)
        printf("      … and %" PRId64 " more\n", result->count - AUDIT_TOLD_COUNT_MAX);
    fflush(stdout); /* a check may take a while: what is known is told */
}

static void write_json(JsonWriter *writer, const AuditResult *result)
{
    writer_open(writer, '{');
    writer_member_text(writer, "name", result->name);
    writer_member_text(writer, "promise", result->promise);
    writer_member_integer(writer, "violation_count", result->count);
    writer_key(writer, "violations");
    writer_open(writer, '[');
    for (size_t i = 0; i < told_count(result); i++) {
        writer_open(writer, '{');
        writer_member_or_null(writer, "tenant_id", result->told[i].tenant_id);
        writer_member_or_null(writer, "claim_id", result->told[i].claim_id);
        writer_member_text(writer, "what", result->told[i].what);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
    writer_close(writer, '}');
}

void audit_tell(Session *session, JsonWriter *writer, const AuditResult *result)
{
    if (session->is_json)
        write_json(writer, result);
    else
        print_text(session, result);
}
