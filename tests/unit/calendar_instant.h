/* calendar_instant.h - reads the instants in the rows of the calendar tests. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* "2020-11-02T23:59:59.999Z", by hand, so that a fault of the code cannot hide in the test. */
static inline int64_t instant(const char *text)
{
    static const int month_first[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    long y = strtol(text, NULL, 10);
    long m = strtol(text + 5, NULL, 10);
    long d = strtol(text + 8, NULL, 10);
    long days = (y - 1970) * 365 + (y - 1969) / 4 + month_first[m - 1] + d - 1;

    days += m > 2 && y % 4 == 0 ? 1 : 0; /* 1970..2099 */
    return (((int64_t)days * 24 + strtol(text + 11, NULL, 10)) * 60 + strtol(text + 14, NULL, 10)) *
               60000 +
           strtol(text + 17, NULL, 10) * 1000 +
           (strlen(text) > 20 ? strtol(text + 20, NULL, 10) : 0);
}
