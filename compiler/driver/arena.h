/* One arena for all memory of a compilation: allocate, never free, release at the end.
   Running out of memory ends the process with a message: a compiler cannot go on without it. */
#ifndef CNNC_ARENA_H
#define CNNC_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_release(Arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(Arena *arena, size_t bytes);
char *arena_strdup(Arena *arena, const char *text);
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *arena, const char *format, va_list args);

/* The list with one more item: "a, b" for "a", ", ", "b"; the item alone if the list is "". */
char *arena_join(Arena *arena, const char *list, const char *between, const char *item);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count)                                                            \
  ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

/* A growing array of pointers that lives in an arena. */
#define LIST_OF(type)                                                                              \
  struct {                                                                                         \
    type *at;                                                                                      \
    int count, capacity;                                                                           \
  }
#define LIST_PUSH(arena, list, item)                                                               \
  do {                                                                                             \
    if ((list)->count == (list)->capacity) {                                                       \
      (list)->at =                                                                                 \
          arena_grow((arena), (list)->at, sizeof *(list)->at, (list)->count, &(list)->capacity);   \
    }                                                                                              \
    (list)->at[(list)->count++] = (item);                                                          \
  } while (0)

/* Prints that memory is out, and ends the process. */
_Noreturn void out_of_memory(void);

void *arena_grow(Arena *arena, const void *old, size_t item_bytes, int count, int *capacity);

#endif
