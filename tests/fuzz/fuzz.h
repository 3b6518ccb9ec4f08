/* fuzz.h - what the fuzzers share: an invariant, an input as a file, an input cut in pieces. */
#pragma once

#include "runtime/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char fuzz_folder[] = "/dev/shm/fuzz.XXXXXX";

/* What holds for whatever was taken; a fuzzer finds only what stops it. */
static inline void require(bool holds)
{
    if (!holds)
        abort();
}

static inline void fuzz_folder_remove(void)
{
    static const char *const names[] = {"ZZ.ics", "template", "products.json"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", fuzz_folder, names[i]);
        unlink(path);
    }
    rmdir(fuzz_folder);
}

/* For readers of files: the input as one, in memory; the folder ends with the process. */
static inline const char *fuzz_file(const char *name, const uint8_t *bytes, size_t size)
{
    static char path[64];
    static bool made;
    if (!made) {
        require(mkdtemp(fuzz_folder) != NULL && atexit(fuzz_folder_remove) == 0);
        made = true;
    }
    snprintf(path, sizeof path, "%s/%s", fuzz_folder, name);
    FILE *file = fopen(path, "we");
    require(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    return path;
}

/* The bytes up to the next line feed as a text; the last one ends with the input. */
static inline const char *fuzz_line(Arena *arena, const uint8_t **bytes, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*bytes, '\n', *size);
    const size_t line_size = end == NULL ? *size : (size_t)(end - *bytes);
    const char *line = arena_copy(arena, (const char *)*bytes, line_size);
    const size_t taken = end == NULL ? line_size : line_size + 1;
    *bytes += taken;
    *size -= taken;
    return line;
}
