/* The gradient of the weights of linear: a matrix product with vectors of input features. */
#ifndef CNN_LINEAR_BACKWARD_WEIGHTS_H
#define CNN_LINEAR_BACKWARD_WEIGHTS_H

#include "outer_product.h"
#include "prelude.h"

/* dw[o][i] = sum over images n of dy[n][o] * x[n][i]; dy is batch-blocked, x in padded rows. All
   fields are constants. */
typedef struct linear_gradient {
  int ic;
  int oc;
  int x_row;     /* reals of a row of x, a multiple of LANES */
  int oc_unroll; /* register tile: output features x vectors of input features */
  int ic_vectors;
} linear_gradient;

/* A tile of `rows` features from o on x `columns` vectors of features from v on. */
ALWAYS_INLINE void linear_gradient_tile(team t, const linear_gradient *s, const real *restrict x,
                                        const real *restrict dy, real *restrict dw, int rows,
                                        int columns, int o, int v) {
  vec sum[TILE_SUMS_MAX];
  UNROLLED
  for (int i = 0; i < rows * columns; i++) sum[i] = vzero();
  for (int g = 0; g < t.groups; g++) {
    for (int lane = 0; lane < LANES; lane++) {
      const real *const xn = x + ((size_t)g * LANES + lane) * s->x_row + v * LANES;
      const real *const dyn = dy + ((size_t)g * s->oc + o) * LANES + lane;
      add_outer_product(sum, dyn, LANES, xn, LANES, rows, columns);
    }
  }
  UNROLLED
  for (int i = 0; i < rows * columns; i++) {
    const int column = (v + i % columns) * LANES;
    real *const to = dw + (size_t)(o + i / columns) * s->ic + column;
    if (s->ic % LANES == 0)
      vstoreu(to, sum[i]);
    else
      vstore_part(to, sum[i], s->ic - column);
  }
}

/* The tiles of `rows` features from o on. */
ALWAYS_INLINE void linear_gradient_columns(team t, const linear_gradient *s, const real *restrict x,
                                           const real *restrict dy, real *restrict dw, int rows,
                                           int o, int v) {
  const int vectors = s->x_row / LANES;
  const int tail = vectors % s->ic_vectors;
  if (tail == 0 || v + s->ic_vectors <= vectors)
    linear_gradient_tile(t, s, x, dy, dw, rows, s->ic_vectors, o, v);
  else
    linear_gradient_tile(t, s, x, dy, dw, rows, tail, o, v);
}

/* All of dw. A work item: a tile, for all images. */
ALWAYS_INLINE void linear_backward_weights(team t, const linear_gradient *s, const real *restrict x,
                                           const real *restrict dy, real *restrict dw) {
  const int columns = divide_up(s->x_row / LANES, s->ic_vectors);
  const int tail = s->oc % s->oc_unroll;
  const span items = work_range(divide_up(s->oc, s->oc_unroll) * columns, t);
  for (int i = items.begin; i < items.end; i++) {
    const int o = i / columns * s->oc_unroll;
    const int v = i % columns * s->ic_vectors;
    if (tail == 0 || o + s->oc_unroll <= s->oc)
      linear_gradient_columns(t, s, x, dy, dw, s->oc_unroll, o, v);
    else
      linear_gradient_columns(t, s, x, dy, dw, tail, o, v);
  }
}

#endif
