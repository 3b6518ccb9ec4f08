/* codec_fixture.h - what the tests of the codec share: examples, patches by JSON pointer. */
#pragma once

#include "claim/strict_json.h"
#include "runtime/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A file of deploy/contracts/examples; new reference. */
static inline json_t *example_load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/deploy/contracts/examples/%s.json", CPOR_SOURCE_DIR, name);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        fail_msg("no example %s", path);
    return root;
}

/* "*N:U": the text U repeated N times; "#N:J": an array of N copies of the JSON J; else JSON. */
static inline json_t *patch_value(const char *text)
{
    char *rest = NULL;
    if (text[0] != '*' && text[0] != '#') {
        json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (value == NULL)
            fail_msg("bad JSON in a test's row: %s", text);
        return value;
    }
    const unsigned long count = strtoul(text + 1, &rest, 10);
    json_t *array = json_array();
    const size_t size = strlen(rest + 1);
    char *repeated = calloc(count + 1, size + 1);
    for (unsigned long i = 0; i < count; i++) {
        memcpy(repeated + i * size, rest + 1, size);
        if (text[0] == '#')
            json_array_append_new(array, patch_value(rest + 1));
    }
    json_t *value = text[0] == '#' ? json_incref(array) : json_string(repeated);
    json_decref(array);
    free(repeated);
    return value;
}

/* Set (or, value NULL, remove) the member that a JSON pointer names. */
static inline void patch_apply(json_t *root, const char *pointer, const char *value)
{
    char name[128];
    json_t *at = root;
    while (true) {
        const char *end = strchr(pointer + 1, '/');
        const size_t size = end == NULL ? strlen(pointer + 1) : (size_t)(end - pointer - 1);
        memcpy(name, pointer + 1, size);
        name[size] = '\0';
        if (end == NULL)
            break;
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        pointer = end;
    }
    if (json_is_array(at))
        json_array_set_new(at, strtoul(name, NULL, 10), patch_value(value));
    else if (value == NULL)
        json_object_del(at, name);
    else
        json_object_set_new(at, name, patch_value(value));
}
