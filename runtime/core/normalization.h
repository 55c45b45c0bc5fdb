/* Mean and deviation of a channel's pixels, scaled to 0..1, and what the network gets for them:
   x = p * scale + shift = (p / 255 - mean) / deviation. */
#ifndef CNN_NORMALIZATION_H
#define CNN_NORMALIZATION_H

#include "core/cnn.h"

typedef struct cnn_normalization {
  int channels; /* 0: not known */
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  float scale[CNN_CHANNELS_MAX], shift[CNN_CHANNELS_MAX];
} cnn_normalization;

/* mean, deviation: [channels], deviations above 0. */
cnn_normalization cnn_normalization_given(int channels, const double *mean,
                                          const double *deviation);

/* Of bytes that are all equally likely. */
cnn_normalization cnn_normalization_uniform(int channels);

#endif
