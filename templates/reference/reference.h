/* What several textbook kernels use. */
#ifndef CNN_REFERENCE_H
#define CNN_REFERENCE_H

#include <stdint.h>

static inline int min_int(int a, int b) {
  return a < b ? a : b;
}

static inline int max_int(int a, int b) {
  return a > b ? a : b;
}

/* Whether a pixel is one of an image, and not of its padding. */
static inline int is_inside(int h, int height, int w, int width) {
  return h >= 0 && h < height && w >= 0 && w < width;
}

/* 32 random bits that depend on seed, step, layer and counter alone: SplitMix64 makes a key of the
   first three, Wellons' lowbias32 hashes the counter with both halves of it. */
static inline uint32_t random_bits(uint64_t seed, uint64_t step, uint64_t layer, uint32_t counter) {
  uint64_t z = seed + 0x9e3779b97f4a7c15u * step + 0xd1b54a32d192ed03u * (layer + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  uint32_t h = counter + (uint32_t)z;
  h = (h ^ (h >> 16)) * 0x7feb352du;
  h += (uint32_t)(z >> 32);
  h = (h ^ (h >> 15)) * 0x846ca68bu;
  return h ^ (h >> 16);
}

#endif
