#include "commands/benchmark.h"

#include "core/initialize.h"

#include <stdlib.h>

bool cnn_benchmark_open(cnn_benchmark *bench, const cnn_model *model, int threads,
                        cnn_error *error) {
  enum { SEED = 1, LEVELS = 256 };
  cnn_session *session = &bench->session;
  cnn_session_plan(session, model, CNN_TO_TRAIN, threads);
  cnn_storage_want(&session->storage, &bench->pixels, (size_t)model->batch, cnn_image_bytes(model));
  if (!cnn_session_open(session, error)) return false;
  cnn_normalization normalization = cnn_normalization_uniform(model->input[0]);
  cnn_session_normalize(session, &normalization);
  cnn_session_fill_random(session, bench->pixels, model->batch, LEVELS, SEED);
  cnn_init_parameters(model, SEED, session->state.parameters);
  bench->prepacked = false;
  return true;
}

void cnn_benchmark_step(cnn_benchmark *bench, bool train, int count) {
  cnn_session *session = &bench->session;
  session->batch.count = count;
  if (train) {
    session->model->train_step(&session->state, &session->batch);
    session->state.step++;
    bench->prepacked = false;
  } else {
    if (!bench->prepacked) session->model->prepack(&session->state);
    bench->prepacked = true;
    session->model->infer(&session->state, &session->batch, session->logits);
  }
}

static int by_value(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

void cnn_sort_times(double *times, int count) {
  qsort(times, (size_t)count, sizeof *times, by_value);
}
