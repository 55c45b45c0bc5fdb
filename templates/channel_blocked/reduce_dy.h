/* The epilogue reduction of backward data: partial sums of the dy that it writes, for the
   batch_norm_backward behind it, while dy is in the caches. */
#ifndef CNN_REDUCE_DY_H
#define CNN_REDUCE_DY_H

#include "batch_norm.h"
#include "channel_conv.h"

/* An epilogue_reduction: sums of dy and of dy * (x - mean) over rows `top` to before `bottom`, a
   vector of each for every vector of the tile's channels. mask: DY_WHOLE or DY_RECOMPUTED. */
ALWAYS_INLINE void reduce_dy_of_rows(enum dy_mask mask, const channel_conv *c, const real *written,
                                     int n, int top, int bottom, int oc_tile) {
  const norm_input *in = c->norm;
  const int vectors = divide_up(c->oc_row, LANES);
  const size_t plane = (size_t)c->w.out * LANES;
  const size_t row = vectors * plane;
  const size_t first = ((size_t)n * c->h.out + top) * row;
  const int end = min_int(vectors, (oc_tile + 1) * c->oc_vectors);
  for (int v = oc_tile * c->oc_vectors; v < end; v++) {
    const int oc = v * LANES;
    const int left = c->oc - oc;
    norm_plane norm = {.mean = vload_part(in->mean + oc, left)};
    if (mask == DY_RECOMPUTED) {
      norm.factor = vmul(vload_part(in->inverse + oc, left), vload_part(in->weight + oc, left));
      norm.bias = vload_part(in->bias + oc, left);
    }
    const pixel_rows dy = {written + first + v * plane, bottom - top, c->w.out, row};
    const pixel_rows x = {in->x + first + v * plane, bottom - top, c->w.out, row};
    const norm_sums sum = sum_dy(mask, x, dy, x.first, &norm);
    real *const to = partial_sums_of(c, n, top, v);
    vstore(to, sum.dy);
    vstore(to + LANES, sum.product);
  }
}

#endif
