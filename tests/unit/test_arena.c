#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/arena.h"

static void memory_is_zeroed_and_aligned(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (size_t bytes = 1; bytes < 300000; bytes = bytes * 3 + 1) {
    unsigned char *memory = arena_alloc(arena, bytes);
    assert_int_equal((uintptr_t)memory % 16, 0);
    for (size_t i = 0; i < bytes; i++) assert_int_equal(memory[i], 0);
    memory[bytes - 1] = 1;
  }
  arena_release(arena);
}

static void lists_grow(void **state) {
  (void)state;
  Arena *arena = arena_new();
  LIST_OF(int *) list = {0};
  int numbers[100];
  for (int i = 0; i < 100; i++) LIST_PUSH(arena, &list, &numbers[i]);
  assert_int_equal(list.count, 100);
  for (int i = 0; i < 100; i++) assert_ptr_equal(list.at[i], &numbers[i]);
  arena_release(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_is_zeroed_and_aligned),
      cmocka_unit_test(lists_grow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
