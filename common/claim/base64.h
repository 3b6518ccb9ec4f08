/* base64.h - bytes that a text holds. */
#pragma once

#include "runtime/arena.h"

/*
 * base64_decode - RFC 4648, padded, nothing between its letters.
 *
 * Out:     ret_size  of the bytes, which are in the arena.
 * Returns: NULL: it is none.
 */
char *base64_decode(const char *text, size_t text_size, Arena *arena, size_t *ret_size);
