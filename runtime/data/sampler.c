#include "data/sampler.h"

#include "core/random.h"

/* Fisher and Yates. */
void cnn_sampler_order(uint32_t *order, uint32_t count, bool shuffle, uint64_t seed,
                       uint64_t epoch) {
  for (uint32_t i = 0; i < count; i++) order[i] = i;
  if (!shuffle) return;
  cnn_random random = cnn_random_stream(seed, "shuffle", epoch);
  for (uint32_t i = count; i > 1; i--) {
    uint32_t other = cnn_random_below(&random, i), held = order[i - 1];
    order[i - 1] = order[other];
    order[other] = held;
  }
}

int64_t cnn_sampler_batches(int64_t images, int batch) {
  return (images + batch - 1) / batch;
}

int cnn_sampler_batch_count(int64_t images, int batch, int64_t index) {
  int64_t left = images - index * batch;
  return left < batch ? (int)left : batch;
}
