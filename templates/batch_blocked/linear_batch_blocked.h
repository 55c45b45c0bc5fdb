/* linear and linear_backward_data of batch-blocked features: a matrix product with the weights as
   broadcast scalars. */
#ifndef CNN_LINEAR_BATCH_BLOCKED_H
#define CNN_LINEAR_BATCH_BLOCKED_H

#include "outer_product.h"
#include "prelude.h"

/* to[n][m] = sum over k of w[m * w_feature + k * w_term] * x[n][k]. All fields are constants. */
typedef struct batch_linear {
  int features; /* m */
  int terms;    /* k */
  int w_feature;
  int w_term;
  int unroll;  /* register tile: features x vectors of images. A tile may reach beyond the images */
  int vectors; /* that are there, but not beyond the memory: vectors divides those of a full batch
                */
  int feature_block; /* features of a work item, a multiple of unroll or all */
  int term_block;    /* terms summed before those of other tiles: sums go through memory */
  int relu;
} batch_linear;

/* The weights of the next block of terms, of which a row is prefetched at a time. They lie apart,
   and no hardware prefetcher follows that. */
typedef struct weights_ahead {
  const real *row;
  const real *end;
  int column;
} weights_ahead;

ALWAYS_INLINE void prefetch_weights(weights_ahead *p, int w_term, int features, int step) {
  if (p->row >= p->end) return;
  prefetch(p->row + p->column);
  p->column += step;
  if (p->column >= features) p->column = 0, p->row += w_term;
}

/* `rows` features from m on, of all images, over some terms. b: bias, or NULL; relu_mask: an
   activation, or NULL: the result is 0 where it is 0; features: of the work item. */
ALWAYS_INLINE void linear_features(team t, const batch_linear *s, const real *restrict x,
                                   const real *restrict w, const real *restrict b,
                                   const real *restrict relu_mask, real *restrict to, int rows,
                                   int m, span terms, int features, weights_ahead *ahead) {
  const ptrdiff_t x_vector = (ptrdiff_t)s->terms * LANES;
  const ptrdiff_t to_vector = (ptrdiff_t)s->features * LANES;
  const int columns = s->vectors;
  const int masked = relu_mask && terms.end == s->terms;
  for (int g = 0; g < t.groups; g += columns) {
    const ptrdiff_t first = g * to_vector + m * LANES;
    vec sum[TILE_SUMS_MAX];
    UNROLLED
    for (int i = 0; i < rows * columns; i++) {
      const real *const before = to + first + i % columns * to_vector + i / columns * LANES;
      sum[i] = b ? vbroadcast(b + m + i / columns) : terms.begin > 0 ? vload(before) : vzero();
    }
    for (int k = terms.begin; k < terms.end; k++) {
      if (s->term_block < s->terms) prefetch_weights(ahead, s->w_term, features, rows);
      add_outer_product(sum, w + m * s->w_feature + k * s->w_term, s->w_feature,
                        x + g * x_vector + k * LANES, x_vector, rows, columns);
    }
    UNROLLED
    for (int i = 0; i < rows * columns; i++) {
      const ptrdiff_t at = first + i % columns * to_vector + i / columns * LANES;
      const vec a = s->relu ? vmax(vzero(), sum[i]) : sum[i];
      vstore(to + at, masked ? vkeep(vgt(vload(relu_mask + at), vzero()), a) : a);
    }
  }
}

/* All features. A work item: feature_block of them, for all images. */
ALWAYS_INLINE void linear_batch_blocked(team t, const batch_linear *s, const real *restrict x,
                                        const real *restrict w, const real *restrict b,
                                        const real *restrict relu_mask, real *restrict to) {
  const int tail = s->features % s->unroll;
  const span items = work_range(divide_up(s->features, s->feature_block), t);
  for (int i = items.begin; i < items.end; i++) {
    const int first = i * s->feature_block;
    const int features = min_int(s->feature_block, s->features - first);
    for (int from = 0; from < s->terms; from += s->term_block) {
      const span terms = {from, min_int(s->terms, from + s->term_block)};
      const real *const next = w + (ptrdiff_t)terms.end * s->w_term + first;
      weights_ahead ahead = {next, next + (ptrdiff_t)s->term_block * s->w_term, 0};
      for (int m = first; m < first + features; m += s->unroll) {
        if (tail == 0 || m + s->unroll <= s->features)
          linear_features(t, s, x, w, b, relu_mask, to, s->unroll, m, terms, features, &ahead);
        else
          linear_features(t, s, x, w, b, relu_mask, to, tail, m, terms, features, &ahead);
      }
    }
  }
}

#endif
