/* claim_file.c - read one small file of a folder that came with the deployment. */
#include "claim/claim_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void close_stream(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static bool read_stream(FILE *stream, const char *path, size_t size_max, char **ret_text,
                        size_t *ret_size, Error *reterr)
{
    struct stat status;

    if (fstat(fileno(stream), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 0 ||
        (size_t)status.st_size > size_max) {
        return error_set(reterr, ERROR_FATAL, "read %s: not a regular file of up to %zu bytes",
                         path, size_max);
    }
    size_t size = (size_t)status.st_size;
    char *text = malloc(size + 1);
    if (text == NULL || fread(text, 1, size, stream) != size) {
        const char *cause = text == NULL ? "out of memory" : "cannot read it to its end";
        free(text);
        return error_set(reterr, ERROR_FATAL, "read %s: %s", path, cause);
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    return true;
}

bool claim_file_read(const char *folder, const char *name, size_t size_max, char **ret_text,
                     size_t *ret_size, Error *reterr)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return error_set(reterr, ERROR_FATAL, "read %.200s: path too long", name);
    }
    FILE *stream __attribute__((cleanup(close_stream))) = fopen(path, "rbe");
    if (stream == NULL) {
        return error_set(reterr, ERROR_FATAL, "open %s: %s", path, strerror(errno));
    }
    return read_stream(stream, path, size_max, ret_text, ret_size, reterr);
}
