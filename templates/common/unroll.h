/* Loops over registers: constant bounds, unrolled. */
#ifndef CNN_UNROLL_H
#define CNN_UNROLL_H

#include "prelude.h"

/* Before a loop with constant bounds: unrolled, so that an array that it indexes is registers. */
#if defined(__clang__)
#define UNROLLED PRAGMA(clang loop unroll(full))
#else
#define UNROLLED PRAGMA(GCC unroll 32)
#endif

/* Vector registers of a tile's sums, at most. */
enum { TILE_SUMS_MAX = 32 };

/* No load moves across: a compiler that loads the weights of all taps ahead runs out of
   registers. */
static inline void compiler_barrier(void) {
  __asm__ volatile("" ::: "memory");
}

#endif
