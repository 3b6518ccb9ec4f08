/* notice_text.c - names from outside made harmless; dates as a person reads them. */
#include "claim/notice_internal.h"

#include "claim/text_check.h"

#include <string.h>

enum { CHARACTER_SIZE_MAX = 4, MS_PER_SECOND = 1000 };

/* Bytes of the character at text; 0: it may not stand in a notice. */
static size_t character_size(const char *text)
{
    const size_t left = strnlen(text, CHARACTER_SIZE_MAX);
    for (size_t size = 1; size <= left; size++) {
        if (text_is_plain(text, size, 1, 1))
            return text[0] == ' ' ? 0 : size;
    }
    return 0;
}

const char *notice_clean(const char *text, size_t point_count_max, Arena *arena)
{
    static const char ellipsis[] = "…";
    JsonWriter clean;
    writer_init(&clean, arena, 0);
    size_t point_count = 0;
    bool blank = false; /* one is due before the next character */
    while (*text != '\0') {
        const size_t size = character_size(text);
        text += size == 0 ? 1 : 0;
        blank = size == 0 || blank;
        if (size == 0)
            continue;
        if (point_count + 1 >= point_count_max && text[size] != '\0') {
            writer_append(&clean, ellipsis, sizeof ellipsis - 1);
            break;
        }
        if (blank && point_count > 0) {
            writer_append(&clean, " ", 1);
            point_count++;
        }
        writer_append(&clean, text, size);
        point_count++;
        blank = false;
        text += size;
    }
    return writer_finish(&clean, NULL);
}

static const char *const english_weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                               "Thursday", "Friday", "Saturday"};
static const char *const english_months[] = {"January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December"};
static const char *const korean_weekdays[] = {"일", "월", "화", "수", "목", "금", "토"};

/* The start of a day reads as 24:00 of the day before, with that day's offset: what "until"
 * means to a person. */
static void end_time(const Zone *zone, int64_t at_ms, ZoneTime *ret_time)
{
    if (zone_day_start(zone, zone_local_day(zone, at_ms)) != at_ms) {
        zone_local_time(zone, at_ms, ret_time);
        return;
    }
    zone_local_time(zone, at_ms - 1, ret_time);
    ret_time->hour = 24;
    ret_time->minute = 0;
}

static char *date_in_words(const char *locale, const ZoneTime *time, Arena *arena)
{
    if (strncmp(locale, "en", 2) == 0)
        return arena_printf(arena, "%s, %d %s %d,", english_weekdays[time->weekday],
                            time->day_of_month, english_months[time->month - 1], time->year);
    if (strncmp(locale, "ko", 2) == 0)
        return arena_printf(arena, "%d년 %d월 %d일 (%s)", time->year, time->month,
                            time->day_of_month, korean_weekdays[time->weekday]);
    return arena_printf(arena, "%04d-%02d-%02d,", time->year, time->month, time->day_of_month);
}

const char *notice_deadline_text(const char *locale, const Zone *zone, int64_t deadline_at_ms,
                                 Arena *arena)
{
    ZoneTime time;
    end_time(zone, deadline_at_ms, &time);
    const int offset_minutes = (time.offset_s < 0 ? -time.offset_s : time.offset_s) / 60;
    return arena_printf(arena, "%s %02d:%02d (UTC%c%02d:%02d, %s)",
                        date_in_words(locale, &time, arena), time.hour, time.minute,
                        time.offset_s < 0 ? '-' : '+', offset_minutes / 60, offset_minutes % 60,
                        zone_name(zone));
}

const char *notice_date_text(const Zone *zone, int64_t date_ms, Arena *arena)
{
    ZoneTime time;
    zone_local_time(zone, date_ms, &time);
    const int offset_minutes = (time.offset_s < 0 ? -time.offset_s : time.offset_s) / 60;
    return arena_printf(
        arena, "%.3s, %02d %.3s %d %02d:%02d:%02d %c%02d%02d", english_weekdays[time.weekday],
        time.day_of_month, english_months[time.month - 1], time.year, time.hour, time.minute,
        time.second, time.offset_s < 0 ? '-' : '+', offset_minutes / 60, offset_minutes % 60);
}
