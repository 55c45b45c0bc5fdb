#include "image.h"

#include <stdlib.h>

static void check(bool holds) {
  if (!holds) abort();
}

void fuzz_image(const cnn_image_decoder *decoder, const uint8_t *bytes, size_t size) {
  static cnn_picture picture;
  const cnn_encoded image = {"input", bytes, size};
  const cnn_image_limits limits = {1 << 20, 1 << 20, 1 << 24, 20};
  const cnn_image_options options = {size % 2 ? 1 : 3, size / 2 % 2, {255, 0, 9}, limits};
  cnn_image_info info = {.orientation = 1, .scans = 1};
  cnn_image_note note = {0};
  cnn_error header_error = {0}, error = {0};
  if (!decoder->matches(bytes, size)) return;
  const bool has_header = decoder->header(&image, &info, &header_error);
  check(has_header == (header_error.code == CNN_EXIT_DONE));
  const bool good = decoder->decode(&image, &options, &picture, &note, &error);
  check(good == (error.code == CNN_EXIT_DONE));
  if (!good) return;
  const bool transposed = options.exif_orientation && info.orientation > 4;
  check(has_header && info.complete && info.scans <= limits.scans);
  check(picture.height == (transposed ? info.width : info.height));
  check(picture.width == (transposed ? info.height : info.width));
  check(picture.channels == options.channels);
}
