/* JPEG images. */
#include "image.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_image(&cnn_jpeg_decoder, data, size);
  return 0;
}
