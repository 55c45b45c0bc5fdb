#include "core/storage.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

void cnn_storage_want(cnn_storage *storage, void *pointer, size_t count, size_t size) {
  assert(!storage->base && storage->count < CNN_STORAGE_WISHES);
  size_t bytes;
  /* A size that overflows becomes the largest size, so that commit fails. */
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) bytes = SIZE_MAX / 2;
  bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  storage->wishes[storage->count].pointer = pointer;
  storage->wishes[storage->count].bytes = bytes;
  storage->count++;
  if (__builtin_add_overflow(storage->bytes, bytes, &storage->bytes)) storage->bytes = SIZE_MAX;
}

bool cnn_storage_commit(cnn_storage *storage, cnn_error *error) {
  if (storage->bytes == 0) return true;
  /* Huge pages are requested from the first byte on; the last one only if half of it is used, and
     none for less than one. */
  const bool huge = storage->bytes >= HUGE_PAGE && storage->bytes <= SIZE_MAX / 2;
  const size_t pages = (storage->bytes + HUGE_PAGE / 2) / HUGE_PAGE;
  const size_t bytes = huge ? (storage->bytes / HUGE_PAGE + 2) * HUGE_PAGE : storage->bytes;
  void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    return cnn_fail(error, CNN_EXIT_FAILED,
                    "cannot allocate %zu MB of memory: %s; end other programs or use less data",
                    storage->bytes >> 20, strerror(errno));
  storage->map = storage->base = map;
  storage->map_bytes = bytes;
  if (huge) {
    storage->base += (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
    madvise(storage->base, pages * HUGE_PAGE, MADV_HUGEPAGE);
  }
  size_t offset = 0;
  for (int i = 0; i < storage->count; i++) {
    void *address = storage->base + offset;
    memcpy(storage->wishes[i].pointer, &address, sizeof address);
    offset += storage->wishes[i].bytes;
  }
  return true;
}

void cnn_storage_release(cnn_storage *storage) {
  if (storage->map) munmap(storage->map, storage->map_bytes);
  *storage = (cnn_storage){0};
}
