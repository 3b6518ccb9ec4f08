/* setup_report.h - what `cporctl setup` did and found: lines as it goes on, or JSON at the end. */
#pragma once

#include "cporctl.h"

#include "claim/json_writer.h"

typedef struct SetupReport {
    Session *session;
    JsonWriter writer;
} SetupReport;

typedef enum SetupServer { SETUP_POSTGRESQL, SETUP_KAFKA } SetupServer;

/* setup_report_begin - nothing was done yet. The session is borrowed. */
void setup_report_begin(SetupReport *report, Session *session);

/*
 * setup_report_add - one thing that was done or found.
 *
 * In:      name     of the migration or the topic; NULL: of none alone.
 *          outcome  a word for programs: applied, created, granted, altered, differs, left,
 *                   unknown, up-to-date.
 *          format   the line for people, without the server.
 */
void setup_report_add(SetupReport *report, SetupServer server, const char *name,
                      const char *outcome, const char *format, ...) PRINTF_LIKE(5, 6);

/* setup_report_end - all is done: print the JSON, if that is wanted. */
void setup_report_end(SetupReport *report);
