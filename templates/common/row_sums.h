/* Sums over rows of pixels. Each runs in a few chains of additions, so that no chain loses digits
   or waits for itself. */
#ifndef CNN_ROW_SUMS_H
#define CNN_ROW_SUMS_H

#include "shape.h"
#include "vec.h"

/* Rows of vectors in memory: the first one, its vectors, and the distance of rows in reals. */
typedef struct pixel_rows {
  const real *first;
  int count;
  int width;
  size_t distance;
} pixel_rows;

enum { SUM_CHAINS = 4 };

static inline vec add_chains(const vec chain[SUM_CHAINS]) {
  vec sum = chain[0];
  for (int k = 1; k < SUM_CHAINS; k++) sum = vadd(sum, chain[k]);
  return sum;
}

/* The sum of all pixels. */
static inline vec sum_of_pixels(pixel_rows x) {
  vec chain[SUM_CHAINS] = {vzero(), vzero(), vzero(), vzero()};
  for (int h = 0; h < x.count; h++) {
    const real *at = x.first + h * x.distance;
    const real *const end = at + (size_t)x.width * LANES;
    for (; at + (SUM_CHAINS - 1) * LANES < end; at += SUM_CHAINS * LANES) {
      for (int k = 0; k < SUM_CHAINS; k++) chain[k] = vadd(chain[k], vload(at + k * LANES));
    }
    for (; at < end; at += LANES) chain[0] = vadd(chain[0], vload(at));
  }
  return add_chains(chain);
}

static inline vec add_square(vec sum, const real *x, vec center) {
  const vec deviation = vsub(vload(x), center);
  return vfma(deviation, deviation, sum);
}

/* The sum of squared distances of all pixels from `center`. */
static inline vec sum_of_squares(pixel_rows x, vec center) {
  vec chain[SUM_CHAINS] = {vzero(), vzero(), vzero(), vzero()};
  for (int h = 0; h < x.count; h++) {
    const real *at = x.first + h * x.distance;
    const real *const end = at + (size_t)x.width * LANES;
    for (; at + (SUM_CHAINS - 1) * LANES < end; at += SUM_CHAINS * LANES) {
      for (int k = 0; k < SUM_CHAINS; k++) chain[k] = add_square(chain[k], at + k * LANES, center);
    }
    for (; at < end; at += LANES) chain[0] = add_square(chain[0], at, center);
  }
  return add_chains(chain);
}

#endif
