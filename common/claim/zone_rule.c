/* zone_rule.c - the rule in a TZif file's footer: a POSIX TZ string (RFC 9636, 3.3). */
#include "claim/zone_data.h"

#include <ctype.h>
#include <string.h>

enum { RULE_HOURS_MAX = 167, RULE_DIGITS_MAX = 3 };

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static bool take_number(const char **at, int low, int high, int *ret_number)
{
    int number = 0;
    int digit_count = 0;

    while (isdigit((unsigned char)**at) && digit_count < RULE_DIGITS_MAX) {
        number = number * 10 + (**at - '0');
        digit_count++;
        (*at)++;
    }
    if (digit_count == 0 || number < low || number > high) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, int32_t *ret_time_s)
{
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    bool negative = take_char(at, '-');

    if (!negative) {
        (void)take_char(at, '+');
    }
    if (!take_number(at, 0, RULE_HOURS_MAX, &hours)) {
        return false;
    }
    if (take_char(at, ':') && !take_number(at, 0, 59, &minutes)) {
        return false;
    }
    if (take_char(at, ':') && !take_number(at, 0, 59, &seconds)) {
        return false;
    }
    int32_t time_s = hours * 3600 + minutes * 60 + seconds;
    *ret_time_s = negative ? -time_s : time_s;
    return true;
}

/* EST or <-03>, three letters or more. */
static bool take_abbreviation(const char **at, char ret_text[ZONE_ABBREVIATION_SIZE])
{
    bool quoted = take_char(at, '<');
    size_t size = 0;

    while (isalpha((unsigned char)**at) ||
           (quoted && (isdigit((unsigned char)**at) || **at == '+' || **at == '-'))) {
        if (size + 1 >= ZONE_ABBREVIATION_SIZE) {
            return false;
        }
        ret_text[size++] = **at;
        (*at)++;
    }
    ret_text[size] = '\0';
    return size >= 3 && (!quoted || take_char(at, '>'));
}

static bool take_date(const char **at, ZoneRuleDate *ret_date)
{
    bool good = false;

    ret_date->time_s = 2 * 3600;
    if (!take_char(at, ',')) {
        return false;
    }
    if (take_char(at, 'M')) {
        ret_date->form = ZONE_DATE_MONTH;
        good = take_number(at, 1, 12, &ret_date->month) && take_char(at, '.') &&
               take_number(at, 1, 5, &ret_date->week) && take_char(at, '.') &&
               take_number(at, 0, 6, &ret_date->weekday);
    } else if (take_char(at, 'J')) {
        ret_date->form = ZONE_DATE_JULIAN;
        good = take_number(at, 1, 365, &ret_date->day);
    } else {
        ret_date->form = ZONE_DATE_DAY;
        good = take_number(at, 0, 365, &ret_date->day);
    }
    return good && (!take_char(at, '/') || take_time(at, &ret_date->time_s));
}

static bool rule_parse_summer(const char **at, ZoneRule *rule)
{
    rule->has_summer = true;
    rule->summer.offset_s = rule->standard.offset_s + 3600;
    if (!take_abbreviation(at, rule->summer.abbreviation)) {
        return false;
    }
    if (**at != ',') {
        if (!take_time(at, &rule->summer.offset_s)) {
            return false;
        }
        rule->summer.offset_s = -rule->summer.offset_s; /* POSIX counts west of Greenwich */
    }
    return take_date(at, &rule->start) && take_date(at, &rule->end);
}

static bool offset_fits(const ZoneType *type)
{
    return type->offset_s <= ZONE_OFFSET_S_MAX && type->offset_s >= -ZONE_OFFSET_S_MAX;
}

bool zone_rule_parse(const char *text, ZoneRule *ret_rule)
{
    ZoneRule rule = {.has_summer = false};
    const char *at = text;

    if (!take_abbreviation(&at, rule.standard.abbreviation) ||
        !take_time(&at, &rule.standard.offset_s)) {
        return false;
    }
    rule.standard.offset_s = -rule.standard.offset_s;
    if (*at != '\0' && !rule_parse_summer(&at, &rule)) {
        return false;
    }
    if (*at != '\0' || !offset_fits(&rule.standard) || !offset_fits(&rule.summer)) {
        return false;
    }
    *ret_rule = rule;
    return true;
}

static bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_day_count(int year, int month)
{
    static const int counts[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return counts[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

static int64_t rule_date_day(const ZoneRuleDate *date, int year)
{
    int64_t first = zone_days_from_date(year, 1, 1);

    switch (date->form) {
    case ZONE_DATE_DAY:
        return first + date->day;
    case ZONE_DATE_JULIAN: /* never counts 29 February: J60 is 1 March in every year */
        return first + date->day - 1 + (is_leap_year(year) && date->day >= 60 ? 1 : 0);
    case ZONE_DATE_MONTH:
        break;
    }
    int64_t month_first = zone_days_from_date(year, date->month, 1);
    int ahead = (date->weekday - zone_weekday(month_first) + 7) % 7;
    int day_index = ahead + 7 * (date->week - 1);
    /* Week 5 means the last one. */
    return month_first +
           (day_index < month_day_count(year, date->month) ? day_index : day_index - 7);
}

void zone_rule_shifts(const ZoneRule *rule, int year, int64_t *ret_start_s, int64_t *ret_end_s)
{
    *ret_start_s = rule_date_day(&rule->start, year) * SECONDS_PER_DAY + rule->start.time_s -
                   rule->standard.offset_s;
    *ret_end_s = rule_date_day(&rule->end, year) * SECONDS_PER_DAY + rule->end.time_s -
                 rule->summer.offset_s;
}
