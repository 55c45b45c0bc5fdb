#include "core/normalization.h"

#include <math.h>

cnn_normalization cnn_normalization_given(int channels, const double *mean,
                                          const double *deviation) {
  cnn_normalization normalization = {.channels = channels};
  for (int c = 0; c < channels; c++) {
    normalization.mean[c] = mean[c];
    normalization.deviation[c] = deviation[c];
    normalization.scale[c] = (float)(1 / (255 * deviation[c]));
    normalization.shift[c] = (float)(-mean[c] / deviation[c]);
  }
  return normalization;
}

cnn_normalization cnn_normalization_uniform(int channels) {
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  for (int c = 0; c < channels; c++) {
    mean[c] = 0.5;
    deviation[c] = sqrt((256 * 256 - 1) / 12.0) / 255;
  }
  return cnn_normalization_given(channels, mean, deviation);
}
