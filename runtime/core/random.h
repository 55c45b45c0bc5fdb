/* Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
   numbers: as easy as 1, 2, 3" (SC 2011). A stream is named by seed, purpose and number, so what
   one part of the program draws never depends on what another has drawn. */
#ifndef CNN_RANDOM_H
#define CNN_RANDOM_H

#include <stdint.h>

typedef struct cnn_random {
  uint32_t key[2];     /* seed */
  uint32_t counter[4]; /* of the next block: 64 bits of position, 64 bits that name the stream */
  uint32_t words[4];   /* the current block */
  int left;            /* words of it not yet drawn */
} cnn_random;

/* The block cipher itself. */
void cnn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

cnn_random cnn_random_stream(uint64_t seed, const char *purpose, uint64_t number);
uint32_t cnn_random_u32(cnn_random *random);
uint32_t cnn_random_below(cnn_random *random, uint32_t bound); /* 0..bound-1, without bias */
double cnn_random_uniform(cnn_random *random);                 /* [0, 1), 53 bits */
double cnn_random_normal(cnn_random *random);                  /* mean 0, deviation 1 */

#endif
