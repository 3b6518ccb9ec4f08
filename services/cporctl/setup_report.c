/* setup_report.c - see setup_report.h. */
#include "setup_report.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_SIZE = 1024 };

static const char *const servers[] = {[SETUP_POSTGRESQL] = "postgresql", [SETUP_KAFKA] = "kafka"};

void setup_report_begin(SetupReport *report, Session *session)
{
    report->session = session;
    writer_init(&report->writer, &session->arena, 1024);
    writer_open(&report->writer, '{');
    writer_key(&report->writer, "steps");
    writer_open(&report->writer, '[');
}

void setup_report_add(SetupReport *report, SetupServer server, const char *name,
                      const char *outcome, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (!report->session->is_json) {
        printf("%s: %s\n", servers[server], line);
        return;
    }
    writer_open(&report->writer, '{');
    writer_member_text(&report->writer, "server", servers[server]);
    writer_member_text(&report->writer, "name", name);
    writer_member_text(&report->writer, "outcome", outcome);
    writer_member_text(&report->writer, "message", line);
    writer_close(&report->writer, '}');
}

void setup_report_end(SetupReport *report)
{
    if (!report->session->is_json)
        return;
    writer_close(&report->writer, ']');
    writer_close(&report->writer, '}');
    printf("%s\n", writer_finish(&report->writer, NULL));
}
