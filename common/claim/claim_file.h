/* claim_file.h - read one small file of a folder that came with the deployment. */
#pragma once

#include "runtime/error.h"

#include <stddef.h>

/*
 * claim_file_read - a whole file, with a NUL behind it.
 *
 * In:      folder, name  joined by "/".
 *          size_max      a bigger file is an error.
 * Owns:    the caller frees *ret_text.
 * Errors:  FATAL  unreadable, not a regular file, too big, out of memory.
 */
MUST_CHECK bool claim_file_read(const char *folder, const char *name, size_t size_max,
                                char **ret_text, size_t *ret_size, Error *reterr);
