#include "data/dataset.h"

#include <math.h>

void cnn_dataset_want_images(cnn_dataset *dataset, const cnn_model *model, int count) {
  dataset->count = count;
  dataset->image_bytes = cnn_image_bytes(model);
  cnn_storage_want(&dataset->storage, &dataset->images, (size_t)count, dataset->image_bytes);
}

void cnn_dataset_release(cnn_dataset *dataset) {
  cnn_storage_release(&dataset->storage);
  *dataset = (cnn_dataset){0};
}

void cnn_dataset_fill(const cnn_dataset *dataset, cnn_session *session, const uint32_t *order,
                      int64_t first, int count) {
  for (int i = 0; i < count; i++) {
    size_t index = order ? order[first + i] : (size_t)(first + i);
    session->images[i] = dataset->images + index * dataset->image_bytes;
    if (dataset->labels) session->labels[i] = dataset->labels[index];
  }
  session->batch.count = count;
}

cnn_normalization cnn_dataset_measure(const cnn_dataset *dataset, const cnn_model *model) {
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  size_t area = (size_t)model->input[1] * model->input[2];
  for (int c = 0; c < model->input[0]; c++) {
    uint64_t histogram[256] = {0};
    for (int i = 0; i < dataset->count; i++) {
      const uint8_t *plane = dataset->images + (size_t)i * dataset->image_bytes + (size_t)c * area;
      for (size_t p = 0; p < area; p++) histogram[plane[p]]++;
    }
    double count = (double)dataset->count * (double)area, sum = 0, squares = 0;
    for (int value = 0; value < 256; value++) sum += (double)histogram[value] * value;
    mean[c] = sum / count;
    for (int value = 0; value < 256; value++)
      squares += (double)histogram[value] * (value - mean[c]) * (value - mean[c]);
    mean[c] /= 255;
    deviation[c] = squares > 0 ? sqrt(squares / count) / 255 : 1;
  }
  return cnn_normalization_given(model->input[0], mean, deviation);
}

cnn_normalization cnn_dataset_normalization(const cnn_dataset *training, const cnn_model *model) {
  const cnn_recipe *recipe = model->recipe;
  if (recipe->normalize_from_dataset) return cnn_dataset_measure(training, model);
  return cnn_normalization_given(model->input[0], recipe->mean, recipe->deviation);
}
