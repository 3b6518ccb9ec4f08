/* arena.c - a chain of blocks; a reset makes all of them empty again. */
#include "arena.h"

#include "log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BLOCK_SIZE = 64 * 1024, ARENA_KEPT_SIZE_MAX = 4 * 1024 * 1024 };

struct ArenaBlock {
    ArenaBlock *next;
    size_t size; /* of bytes */
    size_t used_size;
    _Alignas(max_align_t) unsigned char bytes[];
};

/* A worker without memory cannot even unwind a batch; it restarts and reads the batch again. */
__attribute__((noreturn)) static void arena_out_of_memory(size_t size)
{
    log_write(LOG_ERROR, "out-of-memory", "wanted_bytes=%zu", size);
    _exit(1);
}

void arena_init(Arena *arena)
{
    *arena = (Arena){0};
}

void arena_deinit(Arena *arena)
{
    ArenaBlock *block = arena->first;
    while (block != NULL) {
        ArenaBlock *next = block->next;
        free(block);
        block = next;
    }
    *arena = (Arena){0};
}

void arena_reset(Arena *arena)
{
    size_t kept_size = 0;
    ArenaBlock **link = &arena->first;
    while (*link != NULL) {
        ArenaBlock *block = *link;
        if (kept_size + block->size <= ARENA_KEPT_SIZE_MAX) {
            kept_size += block->size;
            block->used_size = 0;
            link = &block->next;
        } else {
            *link = block->next;
            free(block);
        }
    }
    arena->total_size = kept_size;
    arena->current = arena->first;
}

/* A new block comes right after the current one, so that smaller, empty ones behind it stay
 * in the chain for later requests. */
static void arena_add_block(Arena *arena, size_t size_min)
{
    size_t size = size_min > ARENA_BLOCK_SIZE ? size_min : ARENA_BLOCK_SIZE;
    ArenaBlock *block = malloc(sizeof *block + size);
    if (block == NULL)
        arena_out_of_memory(size);
    block->size = size;
    block->used_size = 0;
    ArenaBlock **link = arena->current == NULL ? &arena->first : &arena->current->next;
    block->next = *link;
    *link = block;
    arena->current = block;
    arena->total_size += size;
}

static bool arena_fits(const ArenaBlock *block, size_t size)
{
    return block != NULL && block->size - block->used_size >= size;
}

void *arena_new(Arena *arena, size_t size)
{
    const size_t alignment = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        arena_out_of_memory(size);
    size = size == 0 ? alignment : (size + alignment - 1) / alignment * alignment;
    if (!arena_fits(arena->current, size)) {
        ArenaBlock *next = arena->current == NULL ? NULL : arena->current->next;
        if (arena_fits(next, size))
            arena->current = next;
        else
            arena_add_block(arena, size);
    }
    ArenaBlock *block = arena->current;
    void *memory = block->bytes + block->used_size;
    block->used_size += size;
    return memset(memory, 0, size);
}

char *arena_copy(Arena *arena, const char *text, size_t text_size)
{
    if (text_size > SIZE_MAX / 2)
        arena_out_of_memory(text_size);
    char *copy = arena_new(arena, text_size + 1);
    if (text_size > 0)
        memcpy(copy, text, text_size);
    return copy;
}

char *arena_text(Arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) /* only an encoding error of %ls or a text over 2 GiB */
        return arena_text(arena, "");
    char *text = arena_new(arena, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void *arena_grow(Arena *arena, void *array, size_t element_size, size_t count, size_t *room)
{
    if (count < *room)
        return array;
    *room = *room == 0 ? 8 : *room * 2;
    void *grown = arena_new(arena, *room * element_size);
    if (count > 0)
        memcpy(grown, array, count * element_size);
    return grown;
}
