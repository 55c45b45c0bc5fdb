/* linear on padded rows of features: vectors hold features of an image, and are summed last. */
#ifndef CNN_LINEAR_ROWS_H
#define CNN_LINEAR_ROWS_H

#include "prelude.h"
#include "relu.h"
#include "unroll.h"
#include "vec.h"

/* y[n][m] = sum over k of w[m][k] * x[n][k]. All fields are constants. */
typedef struct linear_rows {
  int ic;
  int oc;
  int x_row; /* reals of a row of x and of y */
  int y_row;
  int oc_unroll; /* register tile: features x images. A tile may reach beyond the images that are */
  int n_unroll;  /* there, but not beyond the memory: it divides n_block */
  int oc_block;  /* features of a work item, a multiple of oc_unroll */
  int ic_block;  /* features that are summed in one pass: all, or whole vectors */
  int n_block;   /* images of a work item */
  int relu;
} linear_rows;

/* sum[r][j] += vector k of row r of w * that of row j of x. left: features of the vector; a
   constant LANES: whole. ahead: reals between the weights and those that are prefetched, or 0. */
ALWAYS_INLINE void add_features(vec *sum, const real *restrict w, ptrdiff_t w_row,
                                const real *restrict x, ptrdiff_t x_row, int rows, int images,
                                int left, int ahead) {
  vec held[TILE_SUMS_MAX];
  vec weight;
  UNROLLED
  for (int j = 0; j < images; j++)
    held[j] = left < LANES ? vload_part(x + j * x_row, left) : vloadu(x + j * x_row);
  UNROLLED
  for (int i = 0; i < rows * images; i++) {
    const real *const from = w + i / images * w_row;
    if (i % images == 0) {
      weight = left < LANES ? vload_part(from, left) : vloadu(from);
      if (ahead) prefetch(from + ahead);
    }
    sum[i] = vfma(weight, held[i % images], sum[i]);
  }
}

/* A pass over features `from` on, for `rows` rows of w and all images. sums: [row][image]. */
ALWAYS_INLINE void add_rows(const linear_rows *s, const real *restrict x, const real *restrict w,
                            vec *restrict sums, int rows, int images, int from) {
  const int tail = s->ic % LANES;
  const int blocks = s->ic_block < s->ic;
  const int to = blocks ? min_int(from + s->ic_block, s->ic - tail) : s->ic - tail;
  for (int n = 0; n < images; n += s->n_unroll) {
    const real *const xn = x + (size_t)n * s->x_row;
    vec a[TILE_SUMS_MAX];
    UNROLLED
    for (int i = 0; i < rows * s->n_unroll; i++)
      a[i] = sums[i / s->n_unroll * s->n_block + n + i % s->n_unroll];
    for (int k = from; k < to; k += LANES)
      add_features(a, w + k, s->ic, xn + k, s->x_row, rows, s->n_unroll, LANES,
                   blocks ? s->ic_block : 0);
    if (tail && from + s->ic_block >= s->ic)
      add_features(a, w + s->ic - tail, s->ic, xn + s->ic - tail, s->x_row, rows, s->n_unroll, tail,
                   0);
    UNROLLED
    for (int i = 0; i < rows * s->n_unroll; i++)
      sums[i / s->n_unroll * s->n_block + n + i % s->n_unroll] = a[i];
  }
}

/* A work item: oc_block features of n_block images. sums: room for a vector of each. b: bias, or
   NULL. */
ALWAYS_INLINE void multiply_rows(team t, const linear_rows *s, const real *restrict x,
                                 const real *restrict w, const real *restrict b, real *restrict y,
                                 vec *restrict sums) {
  const int items_of_images = divide_up(s->oc, s->oc_block);
  const int tail = s->oc % s->oc_unroll;
  const span items = work_range(items_of_images * divide_up(t.groups, s->n_block), t);
  for (int i = items.begin; i < items.end; i++) {
    const int first_n = i / items_of_images * s->n_block;
    const int first = i % items_of_images * s->oc_block;
    const int images = min_int(s->n_block, t.groups - first_n);
    const int features = min_int(s->oc_block, s->oc - first);
    const real *const xn = x + (size_t)first_n * s->x_row;
    for (int k = 0; k < features * s->n_block; k++) sums[k] = vzero();
    for (int from = 0; from < s->ic; from += s->ic_block) {
      for (int m = 0; m < features; m += s->oc_unroll) {
        const real *const wm = w + (size_t)(first + m) * s->ic;
        if (tail == 0 || m + s->oc_unroll <= features)
          add_rows(s, xn, wm, sums + m * s->n_block, s->oc_unroll, images, from);
        else
          add_rows(s, xn, wm, sums + m * s->n_block, tail, images, from);
      }
    }
    for (int m = 0; m < features; m++) {
      for (int n = 0; n < images; n++) {
        real sum = vsum(sums[m * s->n_block + n]);
        if (b) sum += b[first + m];
        y[(size_t)(first_n + n) * s->y_row + first + m] = s->relu ? relu_real(sum) : sum;
      }
    }
  }
}

#endif
