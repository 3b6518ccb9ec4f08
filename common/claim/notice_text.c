/* notice_text.c - names from outside made harmless, and the date of a header. */
#include "claim/notice_internal.h"

#include "claim/text_check.h"

#include <string.h>

enum { CHARACTER_SIZE_MAX = 4 };

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

/* The three letters of RFC 5322. */
static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *notice_date_text(const Zone *zone, int64_t date_ms, Arena *arena)
{
    ZoneTime time;
    zone_local_time(zone, date_ms, &time);
    const int offset_minutes = (time.offset_s < 0 ? -time.offset_s : time.offset_s) / 60;
    return arena_printf(arena, "%s, %02d %s %d %02d:%02d:%02d %c%02d%02d", weekdays[time.weekday],
                        time.day_of_month, months[time.month - 1], time.year, time.hour,
                        time.minute, time.second, time.offset_s < 0 ? '-' : '+',
                        offset_minutes / 60, offset_minutes % 60);
}
