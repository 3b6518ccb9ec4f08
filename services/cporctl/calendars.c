/* calendars.c - `cporctl calendar list` and `cporctl calendar deadlines`. */
#include "options.h"
#include "output.h"

#include "claim/calendar.h"
#include "claim/json_writer.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <string.h>

const Option calendar_deadlines_options[] = {
    {"--country", "CC", "the calendar, e.g. KR"},
    {"--from", "DATE", "the first day of notice, YYYY-MM-DD"},
    {"--to", "DATE", "the last one"},
    {"--days", "N", "business days, 1..30; else CPOR_BUSINESS_DAYS"},
    {"--time-zone", "ZONE", "of the customer, e.g. Asia/Seoul; else the calendar's"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* ---- list ---- */

static const char *weekend_text(Session *session, uint8_t weekdays)
{
    static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    const char *text = "";
    for (int day = 1; day <= 7; day++) { /* weeks begin on Monday */
        const int i = day % 7;
        if ((weekdays >> i & 1) != 0)
            text =
                arena_printf(&session->arena, "%s%s%s", text, *text == '\0' ? "" : ",", names[i]);
    }
    return text;
}

static void print_calendar(Session *session, const Calendar *calendar)
{
    char first[11], last[11];
    printf("%s  %-30s  weekend %-12s %s to %s  version %s\n", calendar_id(calendar),
           zone_name(calendar_zone(calendar)),
           weekend_text(session, calendar_weekend(calendar, calendar_horizon_day(calendar))),
           clock_date_format(calendar_first_day(calendar), first),
           clock_date_format(calendar_horizon_day(calendar), last), calendar_version(calendar));
}

static void write_calendar(Session *session, JsonWriter *writer, const Calendar *calendar)
{
    char day[11];
    writer_open(writer, '{');
    writer_member_text(writer, "id", calendar_id(calendar));
    writer_member_text(writer, "time_zone", zone_name(calendar_zone(calendar)));
    writer_member_text(
        writer, "weekend",
        weekend_text(session, calendar_weekend(calendar, calendar_horizon_day(calendar))));
    writer_member_text(writer, "first", clock_date_format(calendar_first_day(calendar), day));
    writer_member_text(writer, "last", clock_date_format(calendar_horizon_day(calendar), day));
    writer_member_text(writer, "version", calendar_version(calendar));
    writer_close(writer, '}');
}

static void list_print(Session *session, const CalendarSet *set)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 8192);
    writer_open(&writer, '[');
    for (size_t i = 0; i < calendar_count(set); i++) {
        if (session->is_json)
            write_calendar(session, &writer, calendar_at(set, i));
        else
            print_calendar(session, calendar_at(set, i));
    }
    writer_close(&writer, ']');
    if (session->is_json)
        printf("%s\n", writer_finish(&writer, NULL));
}

ExitCode calendar_list_run(Session *session)
{
    CalendarSet *set = NULL;
    if (!calendar_set_open(&set, session_share_path(session, "calendars"), &session->error))
        return session_fail(session);
    list_print(session, set);
    calendar_set_release(&set);
    return EXIT_CODE_DONE;
}

/* ---- deadlines ---- */

typedef struct Span {
    const char *country, *time_zone;
    int32_t first_day, last_day;
    int64_t business_day_count;
} Span;

static ExitCode span_read(const Session *session, Span *ret_span)
{
    const Arguments *arguments = &session->arguments;
    Span span = {.country = arguments_option(arguments, "--country"),
                 .time_zone = arguments_option(arguments, "--time-zone")};
    if (span.country == NULL)
        return session_refuse(session, "--country CC is missing");
    ExitCode code = option_day(session, "--from", &span.first_day);
    if (code == EXIT_CODE_DONE)
        code = option_day(session, "--to", &span.last_day);
    if (code == EXIT_CODE_DONE)
        code = option_number(session, "--days", 1, CALENDAR_BUSINESS_DAY_COUNT_MAX,
                             config_integer(session->config, "CPOR_BUSINESS_DAYS"),
                             &span.business_day_count);
    if (code == EXIT_CODE_DONE && span.last_day < span.first_day)
        return session_refuse(session, "--to is before --from");
    *ret_span = span;
    return code;
}

/* "2026-05-25 Memorial Day" for a holiday, the day alone for a weekend. */
static const char *skipped_text(const CalendarDay *day, Arena *arena)
{
    char date[11];
    clock_date_format(day->day, date);
    return day->kind == CALENDAR_HOLIDAY ? arena_printf(arena, "%s %s", date, day->name)
                                         : arena_text(arena, date);
}

static bool is_skipped(const CalendarDay *day)
{
    return day->kind == CALENDAR_WEEKEND || day->kind == CALENDAR_HOLIDAY;
}

/* A quoted field of CSV. */
static void print_quoted(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '"' ? "\"\"" : "%c", *text);
}

static void print_csv(Session *session, int32_t day, const CalendarDeadline *deadline)
{
    char notified[11], last[11];
    const char *separator = "";
    printf("%s,%s,%s,%s,%s,\"", clock_date_format(day, notified),
           clock_date_format(deadline->last_day, last),
           output_instant(session, deadline->deadline_at_ms), deadline->calendar_id,
           deadline->calendar_version);
    for (size_t i = 0; i < deadline->day_count; i++) {
        if (!is_skipped(&deadline->days[i]))
            continue;
        printf("%s", separator);
        print_quoted(skipped_text(&deadline->days[i], &session->arena));
        separator = " | ";
    }
    printf("\"\n");
}

static void print_json(Session *session, int32_t day, const CalendarDeadline *deadline,
                       bool is_first)
{
    JsonWriter writer;
    char date[11];
    writer_init(&writer, &session->arena, 512);
    writer_open(&writer, '{');
    writer_member_text(&writer, "notified_on", clock_date_format(day, date));
    writer_member_text(&writer, "deadline_on", clock_date_format(deadline->last_day, date));
    writer_member_instant(&writer, "deadline_at", deadline->deadline_at_ms);
    writer_member_text(&writer, "calendar", deadline->calendar_id);
    writer_member_text(&writer, "version", deadline->calendar_version);
    writer_key(&writer, "skipped");
    writer_open(&writer, '[');
    for (size_t i = 0; i < deadline->day_count; i++)
        if (is_skipped(&deadline->days[i]))
            writer_text(&writer, skipped_text(&deadline->days[i], &session->arena));
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    printf("%s%s", is_first ? "" : ",\n ", writer_finish(&writer, NULL));
}

static bool print_days(Session *session, const CalendarSet *set, const Calendar *calendar,
                       const Span *span)
{
    const Zone *zone =
        span->time_zone == NULL ? calendar_zone(calendar) : calendar_set_zone(set, span->time_zone);
    bool is_first = true;
    for (int32_t day = span->first_day; day <= span->last_day; day++) {
        CalendarDeadline deadline;
        const int64_t at_ms = zone_day_start(zone, day);
        if (zone_local_day(zone, at_ms) != day)
            continue; /* a zone that crossed the date line left this day out */
        arena_reset(&session->arena);
        if (!calendar_deadline(set, calendar, span->time_zone, at_ms, (int)span->business_day_count,
                               &deadline, &session->error))
            return false;
        if (session->is_json)
            print_json(session, day, &deadline, is_first);
        else
            print_csv(session, day, &deadline);
        is_first = false;
    }
    return true;
}

static ExitCode deadlines_print(Session *session, const CalendarSet *set, const Span *span)
{
    const Calendar *calendar = calendar_find(set, span->country);
    if (calendar == NULL)
        return session_deny(session, "no calendar of %.20s (cporctl calendar list tells which)",
                            span->country);
    if (span->time_zone != NULL && !zone_is_valid(set, span->time_zone))
        return session_refuse(session, "--time-zone %.60s: no such zone in %s", span->time_zone,
                              CALENDAR_ZONE_FOLDER);
    printf(session->is_json ? "["
                            : "notified_on,deadline_on,deadline_at,calendar,version,skipped\n");
    if (!print_days(session, set, calendar, span))
        return session_fail(session);
    printf(session->is_json ? "]\n" : "");
    return EXIT_CODE_DONE;
}

ExitCode calendar_deadlines_run(Session *session)
{
    CalendarSet *set = NULL;
    Span span;
    ExitCode code = span_read(session, &span);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!calendar_set_open(&set, session_share_path(session, "calendars"), &session->error))
        return session_fail(session);
    code = deadlines_print(session, set, &span);
    calendar_set_release(&set);
    return code;
}
