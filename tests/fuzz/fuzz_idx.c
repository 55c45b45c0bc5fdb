/* Data set files, plain and compressed. */
#include "data/idx.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cnn_idx idx;
  cnn_error error = {0};
  if (!cnn_idx_open(&idx, input_file(data, size), &error)) return 0;
  char bytes[256];
  while (cnn_idx_read(&idx, bytes, sizeof bytes, &error)) continue;
  cnn_idx_expect_end(&idx, &error);
  cnn_idx_close(&idx);
  return 0;
}
