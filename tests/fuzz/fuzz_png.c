/* PNG images. The sums of their chunks are made right, so that what is in them is read. */
#include "image.h"
#include "input.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static size_t big_endian(const uint8_t *at) {
  return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static void repair(uint8_t *bytes, size_t size) {
  enum { SIGNATURE = 8, AROUND = 12 };
  for (size_t at = SIGNATURE; size >= at + AROUND;) {
    const size_t length = big_endian(bytes + at);
    if (length > size - at - AROUND) return;
    const uLong sum = crc32(0, bytes + at + 4, (uInt)length + 4);
    for (int i = 0; i < 4; i++) bytes[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    at += length + AROUND;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *bytes = malloc(size + 1);
  if (!bytes) abort();
  memcpy(bytes, data, size);
  repair(bytes, size);
  fuzz_image(&cnn_png_decoder, bytes, size);
  free(bytes);
  return 0;
}
