/* test_calendar_file.c - a calendar file that is bad in any way is refused at start. */
#include "claim/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//CPOR//fixture//EN\r\n"
#define ZONE "X-WR-TIMEZONE:Asia/Seoul\r\n"
#define SPAN "X-CPOR-FIRST:20200101\r\nX-CPOR-HORIZON:20261231\r\n"
#define WEEKEND "X-CPOR-WEEKEND:SA,SU\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20200101T000000Z\r\n" lines "END:VEVENT\r\n"
#define DAY "DTSTART;VALUE=DATE:20200101\r\n"
#define NAME "SUMMARY:New Year\r\n"
#define TAIL "END:VCALENDAR\r\n"

typedef struct FileRow {
    const char *name, *file_name, *content, *text; /* text NULL: the file is good */
} FileRow;

static const FileRow file_rows[] = {
    {"good", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY NAME) TAIL, NULL},
    {"good without holidays", "KR.ics", HEAD ZONE SPAN WEEKEND TAIL, NULL},
    {"good with plain line ends", "KR.ics",
     "BEGIN:VCALENDAR\nVERSION:2.0\n" ZONE SPAN WEEKEND "END:VCALENDAR\n", NULL},
    {"no calendar at all", "README.md", "", "no <CC>.ics"},
    {"file name", "korea.ics", HEAD ZONE SPAN WEEKEND TAIL, "korea.ics"},
    {"file name in lower case", "kr.ics", HEAD ZONE SPAN WEEKEND TAIL, "kr.ics"},
    {"empty", "KR.ics", "", "KR.ics"},
    {"not iCalendar", "KR.ics", "hello\r\n", "KR.ics"},
    {"only its last line", "KR.ics", "hello\r\nEND:VCALENDAR\r\n", "KR.ics"},
    {"cut off", "KR.ics", HEAD ZONE SPAN WEEKEND "BEGIN:VEVENT\r\n" DAY, "cut off"},
    {"event not closed", "KR.ics", HEAD ZONE SPAN WEEKEND "BEGIN:VEVENT\r\n" DAY NAME TAIL,
     "KR.ics"},
    {"bad line", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY NAME "nonsense\r\n") TAIL,
     "is not iCalendar"},
    {"two calendars", "KR.ics", HEAD ZONE SPAN WEEKEND TAIL HEAD ZONE SPAN WEEKEND TAIL,
     "is not iCalendar"},
    {"no zone", "KR.ics", HEAD SPAN WEEKEND TAIL, "X-WR-TIMEZONE"},
    {"two zones", "KR.ics", HEAD ZONE ZONE SPAN WEEKEND TAIL, "X-WR-TIMEZONE"},
    {"unknown zone", "KR.ics", HEAD "X-WR-TIMEZONE:Asia/Nowhere\r\n" SPAN WEEKEND TAIL,
     "X-WR-TIMEZONE"},
    {"zone is a path", "KR.ics", HEAD "X-WR-TIMEZONE:../../../etc/localtime\r\n" SPAN WEEKEND TAIL,
     "X-WR-TIMEZONE"},
    {"no span", "KR.ics", HEAD ZONE WEEKEND TAIL, "X-CPOR-HORIZON"},
    {"span swapped", "KR.ics",
     HEAD ZONE "X-CPOR-FIRST:20261231\r\nX-CPOR-HORIZON:20200101\r\n" WEEKEND TAIL, "swapped"},
    {"no such day", "KR.ics",
     HEAD ZONE "X-CPOR-FIRST:20200101\r\nX-CPOR-HORIZON:20260230\r\n" WEEKEND TAIL,
     "X-CPOR-HORIZON"},
    {"no weekend", "KR.ics", HEAD ZONE SPAN TAIL, "X-CPOR-WEEKEND is missing"},
    {"empty weekend", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:\r\n" TAIL, "KR.ics"},
    {"bad weekday", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:SA,XX\r\n" TAIL, "list of weekdays"},
    {"weekday in full", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:Sunday\r\n" TAIL,
     "list of weekdays"},
    {"only weekend", "KR.ics", HEAD ZONE SPAN "X-CPOR-WEEKEND:SU,MO,TU,WE,TH,FR,SA\r\n" TAIL,
     "list of weekdays"},
    {"second weekend without a day", "KR.ics", HEAD ZONE SPAN WEEKEND WEEKEND TAIL, "X-FROM"},
    {"first weekend with a day", "KR.ics",
     HEAD ZONE SPAN "X-CPOR-WEEKEND;X-FROM=20200101:SA,SU\r\n" TAIL, "X-FROM"},
    {"weekends do not rise", "KR.ics",
     HEAD ZONE SPAN WEEKEND "X-CPOR-WEEKEND;X-FROM=20200101:FR,SA\r\n" TAIL, "must rise"},
    {"holiday with a time", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT("DTSTART:20200101T000000Z\r\n" NAME) TAIL, "DTSTART"},
    {"holiday without a day", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(NAME) TAIL, "DTSTART"},
    {"holiday on no day", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT("DTSTART;VALUE=DATE:20200230\r\n" NAME) TAIL, "KR.ics"},
    {"holiday past the horizon", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT("DTSTART;VALUE=DATE:20270101\r\n" NAME) TAIL, "DTSTART"},
    {"holiday without a name", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY) TAIL, "SUMMARY"},
    {"holiday that recurs", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT(DAY NAME "RRULE:FREQ=YEARLY\r\n") TAIL, "RRULE"},
    {"holiday of several days", "KR.ics",
     HEAD ZONE SPAN WEEKEND EVENT(DAY NAME "DTEND;VALUE=DATE:20200103\r\n") TAIL, "DTEND"},
    {"one day twice", "KR.ics", HEAD ZONE SPAN WEEKEND EVENT(DAY NAME) EVENT(DAY NAME) TAIL,
     "two VEVENTs"},
};

static bool open_with_file(const FileRow *row, Error *reterr)
{
    char folder[] = "/tmp/cpor-calendar-XXXXXX";
    char path[128];
    CalendarSet *set = NULL;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/%s", folder, row->file_name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(row->content, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    bool good = calendar_set_open(&set, folder, reterr);
    assert_int_equal(good, set != NULL);
    calendar_set_release(&set);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return good;
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(file_rows); i++) {
        const FileRow *row = &file_rows[i];
        Error error = {0};
        bool good = open_with_file(row, &error);

        if (good != (row->text == NULL)) {
            fail_msg("row %s: %s", row->name, good ? "accepted" : error.text);
        }
        if (!good && (error.class != ERROR_FATAL || strstr(error.text, row->text) == NULL)) {
            fail_msg("row %s: %s: %s", row->name, error_class_name(error.class), error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
