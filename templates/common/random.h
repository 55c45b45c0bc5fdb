/* Random numbers that depend on a key and a counter alone. */
#ifndef CNN_RANDOM_H
#define CNN_RANDOM_H

#include "vec.h"

#include <stdint.h>

/* The key of a layer in a step: SplitMix64. */
static inline uint64_t random_key(uint64_t seed, uint64_t step, uint64_t layer) {
  uint64_t z = seed + 0x9e3779b97f4a7c15u * step + 0xd1b54a32d192ed03u * (layer + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* The 32 random bits of each counter: Wellons' lowbias32, with the key's halves before and in the
   middle. */
static inline vint vrandom(uint64_t key, vint counter) {
  vint h = viadd(counter, viset((uint32_t)key));
  h = vimul(vixor(h, vishift(h, 16)), viset(0x7feb352d));
  h = viadd(h, viset((uint32_t)(key >> 32)));
  h = vimul(vixor(h, vishift(h, 15)), viset(0x846ca68b));
  return vixor(h, vishift(h, 16));
}

#endif
