/* arena.h - a batch's memory: given out in one direction, taken back all at once. */
#pragma once

#include "error.h"

#include <stddef.h>

typedef struct ArenaBlock ArenaBlock;

/* Owns its blocks. Blocks are kept over a reset, so a steady state allocates nothing. */
typedef struct Arena {
    ArenaBlock *first;
    ArenaBlock *current;
    size_t total_size; /* of all blocks, for the metric of peak memory */
} Arena;

/* arena_init - an empty arena; the first block comes with the first call of arena_new. */
void arena_init(Arena *arena);

/* arena_deinit - free every block. Everything given out ends here. */
void arena_deinit(Arena *arena);

/* arena_reset - take everything back; keeps blocks up to 4 MiB in all, frees the rest. */
void arena_reset(Arena *arena);

/*
 * arena_new - size zeroed bytes, aligned for any type, borrowed from the arena until its reset.
 *
 * Errors:  out of memory ends the process (exit 1, one log line): a worker cannot go on without.
 */
void *arena_new(Arena *arena, size_t size) __attribute__((returns_nonnull, malloc));

/* arena_copy - text_size bytes of text as a NUL-terminated copy. */
char *arena_copy(Arena *arena, const char *text, size_t text_size) __attribute__((returns_nonnull));

/* arena_text - a NUL-terminated copy of text. */
char *arena_text(Arena *arena, const char *text) __attribute__((returns_nonnull));

/* arena_printf - formatted text. */
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3)
    __attribute__((returns_nonnull));

/*
 * arena_grow - room for one more element in an arena array.
 *
 * In:      array, count  the array and how many elements it holds; NULL and 0 for a new one.
 * Out:     room          elements that fit; grows to twice as many when count reaches it.
 * Returns: the array, or a larger copy; the old one stays until the arena's reset.
 */
void *arena_grow(Arena *arena, void *array, size_t element_size, size_t count, size_t *room);
