#include "data/exif.h"

#include <stdbool.h>
#include <string.h>

typedef struct reader {
  const uint8_t *at;
  size_t size;
  bool big_endian;
} reader;

/* An unsigned integer of `bytes` bytes; 0 behind the end. */
static size_t read_number(const reader *r, size_t offset, size_t bytes) {
  size_t value = 0;
  if (offset > r->size || bytes > r->size - offset) return 0;
  for (size_t i = 0; i < bytes; i++)
    value = value << 8 | r->at[offset + (r->big_endian ? i : bytes - 1 - i)];
  return value;
}

int cnn_exif_orientation(const uint8_t *block, size_t size) {
  enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3 };
  if (size < 8 || (memcmp(block, "II*\0", 4) != 0 && memcmp(block, "MM\0*", 4) != 0)) return 1;
  const reader r = {block, size, block[0] == 'M'};
  const size_t directory = read_number(&r, 4, 4), count = read_number(&r, directory, 2);
  for (size_t i = 0; i < count; i++) {
    const size_t entry = directory + 2 + i * ENTRY;
    if (read_number(&r, entry, 2) != ORIENTATION) continue;
    const size_t value = read_number(&r, entry + 2, 2) == SHORT ? read_number(&r, entry + 8, 2) : 0;
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}
