/* rules_poe.c - which proof of execution is good for a line, and how new it is. */
#include "claim/rules.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <string.h>

int32_t day_year_before(int32_t day)
{
    char text[11];
    clock_date_format(day, text);
    const int year =
        (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0') - 1;
    char before[16];
    const char *rest = strcmp(text + 4, "-02-29") == 0 ? "-02-28" : text + 4;
    snprintf(before, sizeof before, "%04d%.6s", year < 1 ? 1 : year, rest);
    int32_t ret = day - 365;
    (void)!clock_date_parse(before, strlen(before), &ret); /* a real day by construction */
    return ret;
}

static unsigned fault(Code code)
{
    return 1u << (code - CODE_POE_MISSING);
}

static bool poe_covers(const Poe *poe, int32_t line)
{
    for (size_t i = 0; i < poe->cover_count; i++)
        if (poe->covers[i] == line)
            return true;
    return false;
}

/* The faults of one document that covers the line; 0 = it is good. */
static unsigned poe_faults(const Poe *poe, int32_t oldest_day, const Zone *zone)
{
    unsigned faults = 0;
    if (poe->signed_by == NULL || poe->signed_by[0] == '\0')
        faults |= fault(CODE_POE_NOT_SIGNED);
    if (poe->signed_on == DAY_NONE)
        return faults | fault(CODE_POE_DATE_MISSING);
    if (poe->signed_on < oldest_day)
        faults |= fault(CODE_POE_TOO_OLD);
    if (poe->signed_on > zone_local_day(zone, poe->received_at_ms))
        faults |= fault(CODE_POE_DATE_IN_FUTURE);
    return faults;
}

int32_t poe_newest(const Poe *poe, size_t count, int32_t line, int32_t submission_day,
                   const Zone *zone, unsigned *ret_faults)
{
    const int32_t oldest_day = day_year_before(submission_day);
    int32_t newest = DAY_NONE;
    unsigned faults = 0;
    bool covered = false;
    for (size_t i = 0; i < count; i++) {
        if (!poe_covers(&poe[i], line))
            continue;
        covered = true;
        const unsigned own = poe_faults(&poe[i], oldest_day, zone);
        faults |= own;
        if (own == 0 && poe[i].signed_on > newest)
            newest = poe[i].signed_on;
    }
    if (count == 0)
        faults = fault(CODE_POE_MISSING);
    else if (!covered)
        faults = fault(CODE_POE_LINE_NOT_COVERED);
    *ret_faults = newest == DAY_NONE ? faults : 0;
    return newest;
}

int32_t poe_fault_index(const Poe *poe, size_t count, int32_t line, int32_t submission_day,
                        const Zone *zone, Code code)
{
    const int32_t oldest_day = day_year_before(submission_day);
    for (size_t i = 0; i < count; i++)
        if (poe_covers(&poe[i], line) && (poe_faults(&poe[i], oldest_day, zone) & fault(code)) != 0)
            return poe[i].index;
    return -1;
}
