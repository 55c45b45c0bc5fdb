/* Numbers in a program's own precision. */
#ifndef CNN_REAL_H
#define CNN_REAL_H

#include "core/cnn.h"

static inline double cnn_real_get(const cnn_model *model, const void *block, size_t index) {
  return model->real_bytes == 8 ? ((const double *)block)[index] : ((const float *)block)[index];
}

static inline void cnn_real_set(const cnn_model *model, void *block, size_t index, double value) {
  if (model->real_bytes == 8)
    ((double *)block)[index] = value;
  else
    ((float *)block)[index] = (float)value;
}

static inline void *cnn_real_at(const cnn_model *model, void *block, size_t index) {
  return (char *)block + index * (size_t)model->real_bytes;
}

/* How many numbers a parameter has. */
static inline size_t cnn_parameter_count(const cnn_parameter *parameter) {
  size_t count = 1;
  for (int i = 0; i < parameter->rank; i++) count *= (size_t)parameter->shape[i];
  return count;
}

#endif
