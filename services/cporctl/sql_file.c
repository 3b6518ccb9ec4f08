/* sql_file.c - see sql_file.h. */
#include "sql_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SQL_FILE_SIZE_MAX = 4 * 1024 * 1024 };

static void file_release(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

bool sql_file_read(Session *session, const char *path, const char **ret_sql)
{
    __attribute__((cleanup(file_release))) FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(&session->error, ERROR_FATAL, "open %s: %m (set CPOR_SHARE_DIR)", path);
    struct stat status;
    const bool fits = fstat(fileno(file), &status) == 0 && status.st_size <= SQL_FILE_SIZE_MAX;
    const size_t room = fits ? (size_t)status.st_size : 0;
    char *sql = arena_new(&session->arena, room + 1);
    const size_t size = fread(sql, 1, room, file);
    if (!fits || size != room || memchr(sql, '\0', size) != NULL)
        return error_set(&session->error, ERROR_FATAL,
                         "read %s: wants to be readable text of at most %d bytes", path,
                         SQL_FILE_SIZE_MAX);
    sql[size] = '\0';
    *ret_sql = sql;
    return true;
}
