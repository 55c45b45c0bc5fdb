/* Checkpoints: what opens can be read to the last element. */
#include "input.h"
#include "train/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cnn_safetensors file;
  cnn_error error = {0};
  if (!cnn_safetensors_open(&file, input_file(data, size), &error)) return 0;
  volatile double sum = 0;
  for (int i = 0; i < file.count; i++) {
    const cnn_tensor *tensor = &file.tensors[i];
    if (tensor->dtype == CNN_DTYPE_OTHER) continue;
    for (int64_t k = 0; k < cnn_tensor_count(tensor); k++) sum = sum + cnn_tensor_get(tensor, k);
  }
  cnn_safetensors_metadata(&file, "model");
  cnn_safetensors_close(&file);
  return 0;
}
