#include "core/layout.h"

#include "core/real.h"

#include <math.h>
#include <stdbool.h>

static size_t round_up(size_t n, size_t unit) {
  return (n + unit - 1) / unit * unit;
}

/* Numbers of one image. */
static size_t features_of(const cnn_value *value) {
  size_t features = 1;
  for (int i = 1; i < value->rank; i++) features *= (size_t)value->shape[i];
  return features;
}

size_t cnn_value_elements(const cnn_value *value) {
  return (size_t)value->shape[0] * features_of(value);
}

size_t cnn_value_reals(const cnn_model *model, const cnn_value *value) {
  size_t lanes = (size_t)model->lanes, images = round_up((size_t)value->shape[0], lanes);
  switch (value->layout) {
  case CNN_BATCH_BLOCKED:
    return images * features_of(value);
  case CNN_PADDED_ROWS:
    return images * round_up(features_of(value), lanes);
  case CNN_CHANNEL_BLOCKED:
    return cnn_value_elements(value) / (size_t)value->shape[1] *
           round_up((size_t)value->shape[1], lanes);
  case CNN_PLAIN:
  case CNN_CHANNELS_LAST:
    break;
  }
  return cnn_value_elements(value);
}

/* Offset of feature f of image n, f counted in PyTorch's order. */
static size_t offset_of(const cnn_model *model, const cnn_value *value, size_t features, size_t n,
                        size_t f) {
  size_t lanes = (size_t)model->lanes;
  bool image = value->rank == 4;
  size_t channels = image ? (size_t)value->shape[1] : features;
  size_t height = image ? (size_t)value->shape[2] : 1, width = image ? (size_t)value->shape[3] : 1;
  size_t c = f / (height * width), h = f / width % height, w = f % width;
  size_t row = value->row_channels ? (size_t)value->row_channels : channels;
  size_t blocks = round_up(row, lanes) / lanes;
  switch (value->layout) {
  case CNN_BATCH_BLOCKED:
    return (n / lanes * features + (h * channels + c) * width + w) * lanes + n % lanes;
  case CNN_CHANNEL_BLOCKED:
    return (((n * height + h) * blocks + c / lanes) * width + w) * lanes + c % lanes;
  case CNN_CHANNELS_LAST:
    return ((n * height + h) * width + w) * channels + c;
  case CNN_PADDED_ROWS:
    return n * round_up(features, lanes) + f;
  case CNN_PLAIN:
    break;
  }
  return n * features + f;
}

static double value_at(const cnn_model *model, const cnn_value *value, const void *activations,
                       size_t features, size_t n, size_t f) {
  return cnn_real_get(model, activations, value->offset + offset_of(model, value, features, n, f));
}

void cnn_value_plain(const cnn_model *model, const cnn_value *value, const void *activations,
                     int count, void *plain) {
  size_t features = features_of(value);
  for (size_t n = 0; n < (size_t)count; n++) {
    for (size_t f = 0; f < features; f++)
      cnn_real_set(model, plain, n * features + f,
                   value_at(model, value, activations, features, n, f));
  }
}

double cnn_value_rms(const cnn_model *model, const cnn_value *value, const void *activations,
                     int count) {
  size_t features = features_of(value);
  double sum = 0;
  for (size_t n = 0; n < (size_t)count; n++) {
    for (size_t f = 0; f < features; f++) {
      double x = value_at(model, value, activations, features, n, f);
      sum += x * x;
    }
  }
  return sqrt(sum / ((double)count * (double)features));
}
