/* The order in which an epoch visits the images. */
#ifndef CNN_SAMPLER_H
#define CNN_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

/* order[0..count-1] becomes a permutation of 0..count-1 that depends on seed and epoch alone, or
   the identity. */
void cnn_sampler_order(uint32_t *order, uint32_t count, bool shuffle, uint64_t seed,
                       uint64_t epoch);

/* Batches of an epoch, the last partial one included. */
int64_t cnn_sampler_batches(int64_t images, int batch);

/* Images in batch `index`, from 0. */
int cnn_sampler_batch_count(int64_t images, int batch, int64_t index);

#endif
