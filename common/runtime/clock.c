/* clock.c - business time, and instants as text, in exact integers. */
#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t day_ms = 86400000;
static const int64_t at_ms_min = -62135596800000; /* 0001-01-01T00:00:00.000Z */
static const int64_t at_ms_max = 253402300799999; /* 9999-12-31T23:59:59.999Z */

typedef struct Date {
    int year, month, day;
} Date;

/* Days since 1970-01-01 of a day of the Gregorian calendar (H. Hinnant, days_from_civil): years
 * begin in March, so that the leap day comes last. Only for years from 1 on. */
static int32_t date_to_days(Date date)
{
    const int year = date.month <= 2 ? date.year - 1 : date.year;
    const int era = year / 400;
    const int year_of_era = year - era * 400;
    const int month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    const int day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static Date date_from_days(int32_t days)
{
    const int shifted = days + 719468;
    const int era = shifted / 146097;
    const int day_of_era = shifted - era * 146097;
    const int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int month_from_march = (5 * day_of_year + 2) / 153;
    const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (Date){
        .year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static bool date_is_real(Date date)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year < 1 || date.month < 1 || date.month > 12)
        return false;
    const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
    const int day_max = month_days[date.month - 1] + (leap && date.month == 2 ? 1 : 0);
    return date.day >= 1 && date.day <= day_max;
}

/* A reader of text from left to right; after a misfit it stays failed. */
typedef struct Reader {
    const char *text;
    size_t size, index;
    bool failed;
} Reader;

static char reader_peek(const Reader *reader)
{
    return reader->index < reader->size ? reader->text[reader->index] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int read_digits(Reader *reader, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        const char c = reader_peek(reader);
        if (!is_digit(c)) {
            reader->failed = true;
            return 0;
        }
        value = value * 10 + (c - '0');
        reader->index++;
    }
    return value;
}

/* One character out of a set. */
static char read_one_of(Reader *reader, const char *set)
{
    const char c = reader_peek(reader);
    if (c == '\0' || strchr(set, c) == NULL) {
        reader->failed = true;
        return '\0';
    }
    reader->index++;
    return c;
}

static Date read_date(Reader *reader)
{
    Date date = {0};
    date.year = read_digits(reader, 4);
    read_one_of(reader, "-");
    date.month = read_digits(reader, 2);
    read_one_of(reader, "-");
    date.day = read_digits(reader, 2);
    if (!date_is_real(date))
        reader->failed = true;
    return date;
}

/* Second 60 is refused: no instant of ours can stand for it, and its sender's clock is odd. */
static int64_t read_time_of_day(Reader *reader)
{
    const int hour = read_digits(reader, 2);
    read_one_of(reader, ":");
    const int minute = read_digits(reader, 2);
    read_one_of(reader, ":");
    const int second = read_digits(reader, 2);
    if (hour > 23 || minute > 59 || second > 59)
        reader->failed = true;
    return (hour * INT64_C(3600) + minute * INT64_C(60) + second) * 1000;
}

/* Rounded up: an instant may be moved later by less than 1 ms, never earlier. */
static int64_t read_fraction(Reader *reader)
{
    if (reader_peek(reader) != '.')
        return 0;
    reader->index++;
    int64_t milliseconds = 0;
    int digit_count = 0;
    bool rest = false;
    for (; is_digit(reader_peek(reader)); digit_count++) {
        const int digit = reader_peek(reader) - '0';
        if (digit_count < 3)
            milliseconds = milliseconds * 10 + digit;
        else if (digit != 0)
            rest = true;
        reader->index++;
    }
    if (digit_count == 0)
        reader->failed = true;
    for (int i = digit_count; i < 3; i++)
        milliseconds *= 10;
    return milliseconds + (rest ? 1 : 0);
}

static int64_t read_offset_ms(Reader *reader)
{
    const char sign = read_one_of(reader, "Zz+-");
    if (sign != '+' && sign != '-')
        return 0;
    const int hour = read_digits(reader, 2);
    read_one_of(reader, ":");
    const int minute = read_digits(reader, 2);
    if (hour > 23 || minute > 59)
        reader->failed = true;
    const int64_t offset_ms = (int64_t)(hour * 60 + minute) * 60000;
    return sign == '-' ? -offset_ms : offset_ms;
}

bool clock_parse(const char *text, size_t text_size, int64_t *ret_at_ms)
{
    Reader reader = {.text = text, .size = text_size};
    const Date date = read_date(&reader);
    read_one_of(&reader, "Tt");
    int64_t time_ms = read_time_of_day(&reader);
    time_ms += read_fraction(&reader);
    time_ms -= read_offset_ms(&reader);
    if (reader.failed || reader.index != reader.size)
        return false;
    const int64_t at_ms = date_to_days(date) * day_ms + time_ms;
    if (at_ms < at_ms_min || at_ms > at_ms_max)
        return false;
    *ret_at_ms = at_ms;
    return true;
}

bool clock_date_parse(const char *text, size_t text_size, int32_t *ret_day)
{
    Reader reader = {.text = text, .size = text_size};
    const Date date = read_date(&reader);
    if (reader.failed || reader.index != reader.size)
        return false;
    *ret_day = date_to_days(date);
    return true;
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

static void put_digits(char *text, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

char *clock_date_format(int32_t day, char ret_text[11])
{
    const Date date = date_from_days((int32_t)clamp(day, at_ms_min / day_ms, at_ms_max / day_ms));
    memcpy(ret_text, "0000-00-00", 11);
    put_digits(ret_text, date.year, 4);
    put_digits(ret_text + 5, date.month, 2);
    put_digits(ret_text + 8, date.day, 2);
    return ret_text;
}

char *clock_format(int64_t at_ms, char ret_text[CLOCK_TEXT_SIZE])
{
    /* counted from the first instant, so that division never meets a negative number */
    const int64_t since_ms = clamp(at_ms, at_ms_min, at_ms_max) - at_ms_min;
    const int32_t day = (int32_t)(since_ms / day_ms + at_ms_min / day_ms);
    const int time_ms = (int)(since_ms % day_ms);
    clock_date_format(day, ret_text);
    memcpy(ret_text + 10, "T00:00:00.000Z", 15);
    put_digits(ret_text + 11, time_ms / 3600000, 2);
    put_digits(ret_text + 14, time_ms / 60000 % 60, 2);
    put_digits(ret_text + 17, time_ms / 1000 % 60, 2);
    put_digits(ret_text + 20, time_ms % 1000, 3);
    return ret_text;
}

static int64_t saturate(__int128 value)
{
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t clock_from_wall(const Clock *clock, int64_t wall_ms)
{
    const __int128 elapsed_ms = (__int128)wall_ms - clock->wall_start_ms;
    return saturate(clock->start_at_ms + elapsed_ms * clock->speed);
}

int64_t clock_to_wall(const Clock *clock, int64_t at_ms)
{
    const __int128 elapsed_ms = (__int128)at_ms - clock->start_at_ms;
    /* rounded up; C's division rounds a negative quotient up by itself */
    const bool rest = elapsed_ms % clock->speed > 0;
    return saturate(clock->wall_start_ms + elapsed_ms / clock->speed + (rest ? 1 : 0));
}

static int64_t clock_read(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_now(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t clock_mono_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_now(const Clock *clock)
{
    return clock_from_wall(clock, clock_wall_now());
}

static bool integer_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    if (!is_digit(text[0]) && text[0] != '-')
        return false;
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return false;
    *ret_value = value;
    return true;
}

static bool instant_parse(const char *text, int64_t *ret_at_ms)
{
    return clock_parse(text, strlen(text), ret_at_ms) ||
           integer_parse(text, at_ms_min, at_ms_max, ret_at_ms);
}

bool clock_init(Clock *ret_clock, const char *start, const char *wall_start, const char *speed,
                bool production, Error *reterr)
{
    Clock clock = {.speed = 1};
    if (speed[0] != '\0' && !integer_parse(speed, 1, CLOCK_SPEED_MAX, &clock.speed))
        return error_set(reterr, ERROR_FATAL, "read clock speed \"%.40s\": must be 1..%d", speed,
                         CLOCK_SPEED_MAX);
    if (start[0] == '\0' && wall_start[0] == '\0' && clock.speed == 1) {
        *ret_clock = clock;
        return true;
    }
    if (production)
        return error_set(reterr, ERROR_FATAL,
                         "set clock: a scaled clock is refused in production (unset it)");
    if (start[0] == '\0' || wall_start[0] == '\0')
        return error_set(reterr, ERROR_FATAL,
                         "set clock: start and wall start must both be set, or neither, "
                         "speed then being 1");
    if (!instant_parse(start, &clock.start_at_ms))
        return error_set(reterr, ERROR_FATAL,
                         "read clock start \"%.40s\": no RFC 3339 instant, no milliseconds", start);
    if (!instant_parse(wall_start, &clock.wall_start_ms))
        return error_set(reterr, ERROR_FATAL,
                         "read clock wall start \"%.40s\": no RFC 3339 instant, no milliseconds",
                         wall_start);
    *ret_clock = clock;
    return true;
}
