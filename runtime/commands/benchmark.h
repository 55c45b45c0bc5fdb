/* Steps with synthetic data, to be timed. */
#ifndef CNN_BENCHMARK_H
#define CNN_BENCHMARK_H

#include "core/session.h"

typedef struct cnn_benchmark {
  cnn_session session;
  uint8_t *pixels; /* [model->batch] images */
  bool prepacked;  /* weights, for inference */
} cnn_benchmark;

/* Memory, weights, and a full batch of random images and labels. */
bool cnn_benchmark_open(cnn_benchmark *bench, const cnn_model *model, int threads,
                        cnn_error *error);

/* From the fastest to the slowest. */
void cnn_sort_times(double *times, int count);

/* One step of `count` images: an update, or inference. */
void cnn_benchmark_step(cnn_benchmark *bench, bool train, int count);

#endif
