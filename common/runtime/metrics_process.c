/* metrics_process.c - what the kernel knows of this process, from /proc. */
#include "metrics_process.h"

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_SIZE = 1024 };

static void render_value(FILE *file, const char *name, const char *kind, const char *help,
                         double value)
{
    if (value < 0)
        return;
    fprintf(file, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, kind, name, value);
}

/* A file of /proc as text; "" when it cannot be read. */
static void file_read(const char *path, char *text, size_t room)
{
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        size = fread(text, 1, room - 1, file);
        fclose(file);
    }
    text[size] = '\0';
}

static double fd_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return -1;
    double count = -1; /* the folder's own fd is not counted */
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            count++;
    closedir(folder);
    return count;
}

static double fd_count_max(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : -1;
}

/* Field of /proc/self/stat, counted from 1 as in proc(5); names of programs may hold spaces, so
 * counting starts behind the last parenthesis (field 2). */
static double stat_field(const char *stat, int field)
{
    const char *rest = strrchr(stat, ')');
    for (int i = 2; i < field && rest != NULL; i++)
        rest = strchr(rest + 1, ' ');
    return rest == NULL ? -1 : strtod(rest, NULL);
}

static double clock_seconds(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double started_at;

/* Read once: when the machine's clock is set later, the process has not started again. */
static void start_read(void)
{
    char stat[STAT_SIZE];
    file_read("/proc/self/stat", stat, sizeof stat);
    const double ticks = stat_field(stat, 22); /* since boot */
    const double boot_at = clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME);
    started_at = ticks < 0 ? -1 : boot_at + ticks / (double)sysconf(_SC_CLK_TCK);
}

static double start_seconds(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_read);
    return started_at;
}

void metrics_process_render(FILE *file)
{
    char stat[STAT_SIZE];
    file_read("/proc/self/stat", stat, sizeof stat);
    const double pages = stat_field(stat, 24);
    const double resident = pages < 0 ? -1 : pages * (double)sysconf(_SC_PAGESIZE);
    render_value(file, "process_resident_memory_bytes", "gauge", "Resident memory.", resident);
    render_value(file, "process_virtual_memory_bytes", "gauge", "Virtual memory.",
                 stat_field(stat, 23));
    render_value(file, "process_cpu_seconds_total", "counter", "User and system CPU time.",
                 clock_seconds(CLOCK_PROCESS_CPUTIME_ID));
    render_value(file, "process_open_fds", "gauge", "Open file descriptors.", fd_count());
    render_value(file, "process_max_fds", "gauge", "Most file descriptors allowed.",
                 fd_count_max());
    render_value(file, "process_start_time_seconds", "gauge", "Start since 1970 UTC.",
                 start_seconds());
}
