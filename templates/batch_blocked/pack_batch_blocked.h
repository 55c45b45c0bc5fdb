/* Weights of batch-blocked convolutions in the order in which register tiles read them: one stream,
   [group][oc tile][ic][kh][kw][oc of the tile]. */
#ifndef CNN_PACK_BATCH_BLOCKED_H
#define CNN_PACK_BATCH_BLOCKED_H

#include "batch_conv.h"

/* Packs w; returns the convolution with packed weights. A work item: the weights of a tile. */
static batch_conv pack_batch_weights(team t, batch_conv c, const real *restrict w,
                                     real *restrict packed) {
  const int oc_unroll = c.oc_unroll;
  const int tiles = divide_up(c.oc, oc_unroll);
  const int taps = c.h.kernel * c.w.kernel;
  const span items = work_range(c.groups * tiles, t);
  for (int i = items.begin; i < items.end; i++) {
    const int oc = i % tiles * oc_unroll;
    const int count = min_int(oc_unroll, c.oc - oc);
    const real *from = w + i / tiles * c.w_group + oc * c.w_oc;
    real *to = packed + (ptrdiff_t)i * c.ic * taps * oc_unroll;
    for (int ic = 0; ic < c.ic; ic++, from += c.w_ic, to += taps * oc_unroll) {
      for (int m = 0; m < count; m++)
        for (int k = 0; k < taps; k++) to[k * oc_unroll + m] = from[m * c.w_oc + k];
    }
  }
  c.w_oc = 1;
  c.w_kw = oc_unroll;
  c.w_kh = c.w.kernel * oc_unroll;
  c.w_ic = taps * oc_unroll;
  c.w_tile = c.ic * c.w_ic;
  c.w_group = tiles * c.w_tile;
  barrier(); /* all weights are packed */
  return c;
}

#endif
