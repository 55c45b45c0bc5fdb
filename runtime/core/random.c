#include "core/random.h"

#include <math.h>

void cnn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = UINT64_C(0xD2511F53) * c0, p1 = UINT64_C(0xCD9E8D57) * c2;
    uint32_t next0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, next2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c0 = next0, c1 = (uint32_t)p1, c2 = next2, c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

/* FNV-1a. */
static uint64_t hash_byte(uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * UINT64_C(0x100000001b3);
}

cnn_random cnn_random_stream(uint64_t seed, const char *purpose, uint64_t number) {
  uint64_t stream = UINT64_C(0xcbf29ce484222325);
  for (; *purpose; purpose++) stream = hash_byte(stream, (unsigned char)*purpose);
  for (int i = 0; i < 8; i++) stream = hash_byte(stream, (unsigned char)(number >> (8 * i)));
  return (cnn_random){
      .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
      .counter = {0, 0, (uint32_t)stream, (uint32_t)(stream >> 32)},
  };
}

uint32_t cnn_random_u32(cnn_random *random) {
  if (random->left == 0) {
    cnn_philox(random->counter, random->key, random->words);
    if (++random->counter[0] == 0) random->counter[1]++;
    random->left = 4;
  }
  return random->words[4 - random->left--];
}

/* Lemire, "Fast random integer generation in an interval" (2019). */
uint32_t cnn_random_below(cnn_random *random, uint32_t bound) {
  uint32_t least = (uint32_t)-bound % bound;
  for (;;) {
    uint64_t product = (uint64_t)cnn_random_u32(random) * bound;
    if ((uint32_t)product >= least) return (uint32_t)(product >> 32);
  }
}

double cnn_random_uniform(cnn_random *random) {
  uint64_t high = cnn_random_u32(random) >> 5, low = cnn_random_u32(random) >> 6;
  return (double)(high << 26 | low) * 0x1p-53;
}

/* Box and Muller; the second number of the pair is dropped, so that each number uses four words. */
double cnn_random_normal(cnn_random *random) {
  double radius = sqrt(-2 * log(1 - cnn_random_uniform(random)));
  return radius * cos(2 * M_PI * cnn_random_uniform(random));
}
