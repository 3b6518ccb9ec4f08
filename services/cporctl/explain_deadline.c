/* explain_deadline.c - `cporctl explain deadline`: why a window ends when it ends. */
#include "output.h"

#include "claim/calendar.h"
#include "claim/json_writer.h"
#include "claim/text_check.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Option explain_deadline_options[] = {
    {"--country", "CC", "of the customer, e.g. KR; chooses the calendar"},
    {"--at", "INSTANT", "when the notice was handed over, RFC 3339"},
    {"--time-zone", "ZONE", "of the customer, e.g. Asia/Seoul; else the calendar's"},
    {"--days", "N", "business days, 1..30; else CPOR_BUSINESS_DAYS"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Question {
    const char *country, *time_zone;
    int64_t notified_at_ms;
    int day_count;
} Question;

/* ---- reading the call ---- */

static bool days_read(const Session *session, int *ret_count)
{
    const char *text = arguments_option(&session->arguments, "--days");
    char *end = NULL;
    if (text == NULL) {
        *ret_count = (int)config_integer(session->config, "CPOR_BUSINESS_DAYS");
        return true;
    }
    const long count = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || count < 1 ||
        count > CALENDAR_BUSINESS_DAY_COUNT_MAX)
        return false;
    *ret_count = (int)count;
    return true;
}

static ExitCode question_read(const Session *session, Question *ret_question)
{
    const Arguments *arguments = &session->arguments;
    const char *at = arguments_option(arguments, "--at");
    Question question = {.country = arguments_option(arguments, "--country"),
                         .time_zone = arguments_option(arguments, "--time-zone")};
    if (question.country == NULL || at == NULL)
        return session_refuse(session, "%s is missing",
                              question.country == NULL ? "--country CC" : "--at INSTANT");
    if (!text_is_country(question.country, strlen(question.country), 0, 0))
        return session_refuse(session, "--country %.20s: wants two capital letters",
                              question.country);
    if (!clock_parse(at, strlen(at), &question.notified_at_ms))
        return session_refuse(session,
                              "--at %.60s: wants an instant such as 2020-12-18T10:00:00+09:00", at);
    if (!days_read(session, &question.day_count))
        return session_refuse(session, "--days %.20s: wants a number from 1 to %d",
                              arguments_option(arguments, "--days"),
                              CALENDAR_BUSINESS_DAY_COUNT_MAX);
    *ret_question = question;
    return EXIT_CODE_DONE;
}

/* ---- the answer as text ---- */

static const char *day_reason(Session *session, const CalendarDay *day, int counted)
{
    switch (day->kind) {
    case CALENDAR_NOTICE_DAY:
        return "does not count: the day of the notice";
    case CALENDAR_WEEKEND:
        return "does not count: weekend";
    case CALENDAR_HOLIDAY:
        return arena_printf(&session->arena, "does not count: holiday, %s",
                            output_clean(session, day->name));
    case CALENDAR_COUNTED:
        return output_paint(session, COLOUR_GOOD,
                            arena_printf(&session->arena, "business day %d", counted));
    }
    return "";
}

static void print_days(Session *session, const CalendarDeadline *deadline)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    int counted = 0;
    for (size_t i = 0; i < deadline->day_count; i++) {
        const CalendarDay *day = &deadline->days[i];
        char date[11];
        counted += day->kind == CALENDAR_COUNTED;
        /* 1970-01-01 was a Thursday. */
        printf("  %s %s  %s\n", weekdays[((day->day % 7) + 7 + 4) % 7],
               clock_date_format(day->day, date), day_reason(session, day, counted));
    }
}

static void print_answer(Session *session, const Question *question, const Zone *zone,
                         const CalendarDeadline *deadline)
{
    char local[ZONE_TEXT_SIZE];
    printf("notice    %s = %s\n", zone_format(zone, question->notified_at_ms, local),
           output_instant(session, question->notified_at_ms));
    printf("calendar  %s, version %s, days of %s\n", deadline->calendar_id,
           deadline->calendar_version, deadline->zone_name);
    if (strcmp(deadline->calendar_id, question->country) != 0)
        printf("          %s has no calendar of its own: the default's (CPOR_DEFAULT_COUNTRY)\n",
               question->country);
    print_days(session, deadline);
    printf("deadline  %s = %s\n", zone_format_end(zone, deadline->deadline_at_ms, local),
           output_instant(session, deadline->deadline_at_ms));
}

/* ---- the answer as JSON ---- */

static void write_day(JsonWriter *writer, const CalendarDay *day)
{
    char date[11];
    writer_open(writer, '{');
    writer_member_text(writer, "date", clock_date_format(day->day, date));
    writer_member_text(writer, "kind", calendar_day_kind_name(day->kind));
    writer_key(writer, "counts");
    writer_boolean(writer, day->kind == CALENDAR_COUNTED);
    writer_member_or_null(writer, "holiday", day->name);
    writer_close(writer, '}');
}

static void print_json(Session *session, const Question *question, const Zone *zone,
                       const CalendarDeadline *deadline)
{
    JsonWriter writer;
    char local[ZONE_TEXT_SIZE];
    writer_init(&writer, &session->arena, 4096);
    writer_open(&writer, '{');
    writer_member_instant(&writer, "notified_at", question->notified_at_ms);
    writer_member_integer(&writer, "business_days", question->day_count);
    writer_member_text(&writer, "calendar", deadline->calendar_id);
    writer_member_text(&writer, "calendar_version", deadline->calendar_version);
    writer_member_text(&writer, "time_zone", deadline->zone_name);
    writer_member_instant(&writer, "deadline_at", deadline->deadline_at_ms);
    writer_member_text(&writer, "deadline_local",
                       zone_format_end(zone, deadline->deadline_at_ms, local));
    writer_key(&writer, "days");
    writer_open(&writer, '[');
    for (size_t i = 0; i < deadline->day_count; i++)
        write_day(&writer, &deadline->days[i]);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

/* ---- */

static ExitCode explain(Session *session, const CalendarSet *set, const Question *question)
{
    const char *default_country = config_text(session->config, "CPOR_DEFAULT_COUNTRY");
    const Calendar *calendar = calendar_resolve(set, question->country, NULL, default_country);
    CalendarDeadline deadline;
    if (question->time_zone != NULL && !zone_is_valid(set, question->time_zone))
        return session_refuse(session, "--time-zone %.60s: no such zone in %s", question->time_zone,
                              CALENDAR_ZONE_FOLDER);
    if (calendar == NULL)
        return session_deny(session, "CPOR_DEFAULT_COUNTRY=%s has no calendar", default_country);
    if (!calendar_deadline(set, calendar, question->time_zone, question->notified_at_ms,
                           question->day_count, &deadline, &session->error))
        return session_fail(session);
    const Zone *zone = calendar_set_zone(set, deadline.zone_name);
    if (session->is_json)
        print_json(session, question, zone, &deadline);
    else
        print_answer(session, question, zone, &deadline);
    return EXIT_CODE_DONE;
}

ExitCode explain_deadline_run(Session *session)
{
    CalendarSet *set = NULL;
    Question question;
    const ExitCode code = question_read(session, &question);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!calendar_set_open(&set, session_share_path(session, "calendars"), &session->error))
        return session_fail(session);
    const ExitCode answer = explain(session, set, &question);
    calendar_set_release(&set);
    return answer;
}
