/* Preloaded into a program, counts its allocations and tells their number at the end, in the file
   that ALLOCATIONS names. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Names of the C library. NOLINTBEGIN(bugprone-reserved-identifier,readability-inconsistent-*) */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long allocations;

void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  allocations++;
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  allocations++;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  allocations++;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : 12;
}

__attribute__((destructor)) static void tell(void) {
  long count = allocations;
  FILE *out = fopen(getenv("ALLOCATIONS"), "w");
  if (out) fprintf(out, "%ld\n", count), fclose(out);
}
/* NOLINTEND(bugprone-reserved-identifier,readability-inconsistent-*) */
