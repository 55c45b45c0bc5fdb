/* The step of a matrix product in registers: a column times a row. */
#ifndef CNN_OUTER_PRODUCT_H
#define CNN_OUTER_PRODUCT_H

#include "unroll.h"
#include "vec.h"

/* sum[r][j] += w[r * w_step] * vector x[j * x_step], for `rows` x `columns` vectors; both are
   constants, at most TILE_SUMS_MAX sums. The shorter side of the tile is loaded first and waits in
   registers, the other passes through. */
ALWAYS_INLINE void add_outer_product(vec *sum, const real *restrict w, ptrdiff_t w_step,
                                     const real *restrict x, ptrdiff_t x_step, int rows,
                                     int columns) {
  vec held[TILE_SUMS_MAX];
  vec passing;
  if (columns <= rows) {
    UNROLLED
    for (int j = 0; j < columns; j++) held[j] = vload(x + j * x_step);
    UNROLLED
    for (int i = 0; i < rows * columns; i++) {
      if (i % columns == 0) passing = vbroadcast(w + i / columns * w_step);
      sum[i] = vfma(passing, held[i % columns], sum[i]);
    }
  } else {
    UNROLLED
    for (int r = 0; r < rows; r++) held[r] = vbroadcast(w + r * w_step);
    UNROLLED
    for (int i = 0; i < rows * columns; i++) {
      const int j = i / rows;
      const int r = i % rows;
      if (r == 0) passing = vload(x + j * x_step);
      sum[r * columns + j] = vfma(held[r], passing, sum[r * columns + j]);
    }
  }
}

#endif
