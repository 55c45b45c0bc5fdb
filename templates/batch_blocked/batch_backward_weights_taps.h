/* The gradient of the weights of batch-blocked convolutions: the loops around register tiles that
   hold all taps of a kernel's row. */
#ifndef CNN_BATCH_BACKWARD_WEIGHTS_TAPS_H
#define CNN_BATCH_BACKWARD_WEIGHTS_TAPS_H

#include "batch_backward_weights.h"
#include "unroll.h"

#include <string.h>

/* One pixel of a tile of `channels` x `taps`: sum[r][k] += pixel of channel r of dy * x[k], for the
   taps from `first` to before `end`. Numbers are constants. The shorter side of the tile is loaded
   first and waits in registers, the other passes through. */
ALWAYS_INLINE void add_taps(vec *sum, const real *restrict x, const real *restrict dy,
                            ptrdiff_t dy_channel, int channels, int taps, int first, int end) {
  vec held[TILE_SUMS_MAX];
  vec passing;
  compiler_barrier();
  if (channels < taps) {
    UNROLLED
    for (int r = 0; r < channels; r++) held[r] = vload(dy + r * dy_channel);
    UNROLLED
    for (int i = first * channels; i < end * channels; i++) {
      const int k = i / channels;
      const int r = i % channels;
      if (r == 0) passing = vload(x + k * LANES);
      sum[r * taps + k] = vfma(held[r], passing, sum[r * taps + k]);
    }
  } else {
    const int count = end - first;
    UNROLLED
    for (int k = first; k < end; k++) held[k] = vload(x + k * LANES);
    UNROLLED
    for (int i = 0; i < channels * count; i++) {
      const int r = i / count;
      const int k = first + i % count;
      if (i % count == 0) passing = vload(dy + r * dy_channel);
      sum[r * taps + k] = vfma(passing, held[k], sum[r * taps + k]);
    }
  }
}

/* Output channels x all taps of a kernel's row, for one input channel: adds the sum over rows and
   pixels to `sums`. x and dy begin with the first pixel of a row (`left`), or with one that no tap
   is clipped of; `pixels` are whole; `right`: the last ones of the row follow. */
typedef void taps_tile_function(const batch_conv *c, const real *restrict x,
                                const real *restrict dy, real *restrict sums, int rows, int pixels,
                                int left, int right);

typedef struct taps_tile {
  taps_tile_function *whole;
  taps_tile_function *tail; /* of the last output channels of a group, or NULL */
  int oc_unroll;
  int left; /* pixels at the ends of a row that a tap is clipped of */
  int right;
} taps_tile;

/* Adds a block of rows of a group of images to the sums of a work item: tiles of `oc_unroll` output
   channels, then kernel rows, then input channels. Outputs ow to before ow + ow_block. */
static inline void add_taps_rows(const batch_conv *c, const taps_tile *tile, weights_item own,
                                 int n, span rows, int ow, const real *restrict x,
                                 const real *restrict dy, real *restrict sums) {
  const int left = ow == 0;
  const int right = ow + c->ow_block >= c->w.out;
  const int first = left ? tile->left : ow;
  const int pixels = (right ? c->w.out - tile->right : ow + c->ow_block) - first;
  const int iw = left ? 0 : ow * c->w.stride - c->w.padding;
  const ptrdiff_t x_channel = c->w.in * LANES;
  const ptrdiff_t dy_channel = c->w.out * LANES;
  const ptrdiff_t size = (ptrdiff_t)tile->oc_unroll * c->w.kernel * LANES;
  const int channels = own.ic.end - own.ic.begin;
  for (int oc = own.oc.begin; oc < own.oc.end; oc += tile->oc_unroll) {
    taps_tile_function *const add = oc + tile->oc_unroll > c->oc ? tile->tail : tile->whole;
    for (int kh = own.kh; kh < own.kh + c->kh_block; kh++) {
      const span oh = outputs_of_tap(&c->h, kh, rows.begin, rows.end);
      const int ih = oh.begin * c->h.stride + kh * c->h.dilation - c->h.padding;
      const real *xk = x + ((ptrdiff_t)n * c->h.in + ih) * batch_row_in(c) +
                       (own.group * c->ic + own.ic.begin) * x_channel + iw * LANES;
      const real *dyk = dy + ((ptrdiff_t)n * c->h.out + oh.begin) * batch_row_out(c) +
                        (own.group * c->oc + oc) * dy_channel + ow * LANES;
      for (int ic = 0; ic < channels && oh.begin < oh.end; ic++)
        add(c, xk + ic * x_channel, dyk, sums + ic * size, oh.end - oh.begin, pixels, left, right);
      sums += channels * size;
    }
  }
}

/* Stores the sums of a work item, each the sum of its lanes. */
static inline void store_taps_sums(const batch_conv *c, const taps_tile *tile, weights_item own,
                                   const real *restrict sums, real *restrict dw) {
  const int channels = own.ic.end - own.ic.begin;
  const int kernel = c->w.kernel;
  dw += own.part * c->groups * c->w_group + own.group * c->w_group;
  for (int oc = own.oc.begin; oc < own.oc.end; oc++) {
    const int tile_oc = (oc - own.oc.begin) % tile->oc_unroll;
    const int tile_number = (oc - own.oc.begin) / tile->oc_unroll;
    for (int kh = 0; kh < c->kh_block; kh++) {
      for (int ic = 0; ic < channels; ic++) {
        const int order = (tile_number * c->kh_block + kh) * channels + ic;
        const real *from = sums + (order * tile->oc_unroll + tile_oc) * kernel * LANES;
        real *to = dw + oc * c->w_oc + (own.ic.begin + ic) * c->w_ic + (own.kh + kh) * c->w_kh;
        for (int kw = 0; kw < kernel; kw++) to[kw] = vsum(vload(from + kw * LANES));
      }
    }
  }
}

/* dw has split_k gradients behind each other, each of a part of all rows. */
static void batch_backward_weights_taps(team t, const batch_conv *c, const taps_tile *tile,
                                        const real *restrict x, const real *restrict dy,
                                        real *restrict dw) {
  const int row_blocks = divide_up(c->h.out, c->oh_block);
  const int row_blocks_of_batch = t.groups * row_blocks;
  const span items = work_range(weights_items(c), t);
  for (int i = items.begin; i < items.end; i++) {
    _Alignas(64) real sums[BLOCK_SUMS * LANES];
    const weights_item own = weights_item_of(c, i);
    const int channels = own.ic.end - own.ic.begin;
    memset(sums, 0, sizeof(real) * c->oc_block * channels * c->kh_block * c->w.kernel * LANES);
    const span part = work_range(row_blocks_of_batch, (team){own.part, c->split_k, 0});
    for (int k = part.begin; k < part.end; k++) {
      const int top = k % row_blocks * c->oh_block;
      const span rows = {top, min_int(c->h.out, top + c->oh_block)};
      for (int ow = 0; ow < c->w.out; ow += c->ow_block)
        add_taps_rows(c, tile, own, k / row_blocks, rows, ow, x, dy, sums);
    }
    store_taps_sums(c, tile, own, sums, dw);
  }
}

#endif
