/* skew.c - preloaded into a worker: its wall clock is FAULT_SKEW_MS away from the machine's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*real)(clockid_t, struct timespec *);
    static long skew_ms;
    if (real == NULL) {
        const char *text = getenv("FAULT_SKEW_MS");
        skew_ms = text == NULL ? 0 : strtol(text, NULL, 10);
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    const int answer = real(clock, time);
    if (answer == 0 && clock == CLOCK_REALTIME) {
        const long long ns = time->tv_nsec + (long long)(skew_ms % 1000) * 1000000;
        time->tv_sec += skew_ms / 1000 + ns / 1000000000 - (ns < 0);
        time->tv_nsec = (long)((ns + 1000000000) % 1000000000);
    }
    return answer;
}
