/* crash_point.c - dies where CPOR_CRASH_POINT says; empty without the option CPOR_CRASH_POINTS. */
#include "crash_point.h"

#ifdef CPOR_CRASH_POINTS

#include "log.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTING "CPOR_CRASH_POINT"
#define RANDOM "random:"

enum { NUMBER_MAX = 1000000000 };

#define CRASH_POINT_NAME(value, name) [value] = name,
static const char *const names[CRASH_POINT_COUNT] = {CRASH_POINTS(CRASH_POINT_NAME)};

/* Written once, before there is another thread. */
static struct {
    CrashPoint point;
    uint64_t pass; /* 0: at no point */
    uint64_t seed;
    uint64_t mean; /* 0: not at random */
} armed;

static atomic_ullong passes[CRASH_POINT_COUNT];
static atomic_ullong passes_of_all;

/* Takes digits; *text stands behind them afterwards. */
static bool read_number(const char **text, uint64_t *ret_number)
{
    const size_t size = strspn(*text, "0123456789");
    const uint64_t number = strtoull(*text, NULL, 10);
    *text += size;
    *ret_number = number;
    return size > 0 && size <= 10 && number <= NUMBER_MAX;
}

static bool arm_random(const char *text, Error *reterr)
{
    const char *rest = text + strlen(RANDOM);
    uint64_t seed, mean;
    if (!read_number(&rest, &seed) || *rest++ != ':' || !read_number(&rest, &mean) || mean == 0 ||
        *rest != '\0')
        return error_set(reterr, ERROR_FATAL,
                         "read " SETTING " \"%.80s\": must be random:SEED:MEAN, numbers up to %d",
                         text, NUMBER_MAX);
    armed.seed = seed;
    armed.mean = mean;
    return true;
}

static bool find_point(const char *name, size_t size, CrashPoint *ret_point)
{
    for (size_t i = 0; i < CRASH_POINT_COUNT; i++) {
        if (strlen(names[i]) != size || strncmp(names[i], name, size) != 0)
            continue;
        *ret_point = (CrashPoint)i;
        return true;
    }
    return false;
}

static bool arm_point(const char *text, Error *reterr)
{
    const size_t size = strcspn(text, ":");
    const char *rest = text + size;
    uint64_t pass = 1;
    if (!find_point(text, size, &armed.point))
        return error_set(reterr, ERROR_FATAL,
                         "read " SETTING " \"%.80s\": no crash point has this name", text);
    if (*rest != '\0' && (rest++, !read_number(&rest, &pass) || pass == 0 || *rest != '\0'))
        return error_set(reterr, ERROR_FATAL,
                         "read " SETTING " \"%.80s\": behind the colon must be the number of a "
                         "pass, 1 to %d",
                         text, NUMBER_MAX);
    armed.pass = pass;
    return true;
}

bool crash_point_arm(Error *reterr)
{
    const char *text = getenv(SETTING);
    if (text == NULL || *text == '\0')
        return true;
    if (!(strncmp(text, RANDOM, strlen(RANDOM)) == 0 ? arm_random : arm_point)(text, reterr))
        return false;
    log_write(LOG_WARNING, "crash-point-armed", "at=%s", text);
    return true;
}

/* splitmix64: neighbours have nothing in common. */
static uint64_t mix(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

/* No exit, no handler, no flush: as if the power went. */
void crash_point(CrashPoint point)
{
    const uint64_t pass = atomic_fetch_add(&passes[point], 1) + 1;
    const uint64_t number = atomic_fetch_add(&passes_of_all, 1);
    if ((armed.pass == pass && armed.point == point) ||
        (armed.mean != 0 && mix(mix(armed.seed) + number) % armed.mean == 0))
        kill(getpid(), SIGKILL);
}

void crash_point_record(const void *bytes, size_t size)
{
    const char *text = getenv("CPOR_CRASH_RECORD");
    if (text != NULL && *text != '\0' && size > 0 &&
        memmem(bytes, size, text, strlen(text)) != NULL)
        kill(getpid(), SIGKILL);
}

void crash_point_restart(CrashPoint point)
{
    atomic_store(&passes[point], 0);
}

#endif
