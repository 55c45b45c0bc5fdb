#include "driver/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16, ALIGNMENT = 16 };

typedef struct Block {
  struct Block *next;
  size_t used, size;
  _Alignas(ALIGNMENT) unsigned char data[];
} Block;

struct Arena {
  Block *blocks;
};

_Noreturn void out_of_memory(void) {
  fprintf(stderr, "cnnc: out of memory\n");
  exit(EXIT_FAILURE);
}

static void *allocate_or_exit(size_t bytes) {
  void *memory = calloc(1, bytes);
  if (!memory) out_of_memory();
  return memory;
}

Arena *arena_new(void) {
  return allocate_or_exit(sizeof(Arena));
}

void arena_release(Arena *arena) {
  if (!arena) return;
  for (Block *block = arena->blocks; block;) {
    Block *next = block->next;
    free(block);
    block = next;
  }
  free(arena);
}

void *arena_alloc(Arena *arena, size_t bytes) {
  bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  Block *block = arena->blocks;
  if (!block || block->size - block->used < bytes) {
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    block = allocate_or_exit(sizeof *block + size);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
  }
  void *memory = block->data + block->used;
  block->used += bytes;
  return memory;
}

char *arena_strdup(Arena *arena, const char *text) {
  size_t bytes = strlen(text) + 1;
  return memcpy(arena_alloc(arena, bytes), text, bytes);
}

char *arena_vprintf(Arena *arena, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  char *text = arena_alloc(arena, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

char *arena_printf(Arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vprintf(arena, format, args);
  va_end(args);
  return text;
}

char *arena_join(Arena *arena, const char *list, const char *between, const char *item) {
  return arena_printf(arena, "%s%s%s", list, *list ? between : "", item);
}

void *arena_grow(Arena *arena, const void *old, size_t item_bytes, int count, int *capacity) {
  *capacity = *capacity ? *capacity * 2 : 8;
  void *grown = arena_alloc(arena, item_bytes * (size_t)*capacity);
  if (count) memcpy(grown, old, item_bytes * (size_t)count);
  return grown;
}
