/* The gradient of the weights of channel-blocked convolutions: what a kernel is, and its end. */
#ifndef CNN_BACKWARD_WEIGHTS_H
#define CNN_BACKWARD_WEIGHTS_H

#include "channel_conv.h"

/* A register tile sums, for one tap or all taps of a kernel's row, vectors of channels of dy times
   single channels of x over the pixels of a strip: some rows of an image, or all rows of some
   images. A strip stays in the L1 cache while all taps and the other channels pass. Sums lie in the
   order of tiles, [split_k][oc tile][ic][kh][kw][oc of the tile]; at the end they become dw. */
typedef struct backward_weights {
  conv_axis h; /* axes of the forward direction */
  conv_axis w;
  int ic;         /* channels of x */
  int oc;         /* channels of dy */
  int oc_row;     /* channels of a row of dy in memory: of oc, or of the value it is a part of */
  int oc_vectors; /* of a register tile */
  int oh_block;   /* rows of a strip; in the transform domain: tile batches that a tile sums at once
                   */
  int n_block;    /* images of a strip */
  int oc_block;   /* tiles of channels of dy of a work item */
  int ic_block;   /* blocks of LANES channels of x of a work item */
  int split_k;    /* parts of all strips, with sums of their own */
  int kw_taps;    /* 1: a register tile has all taps of a kernel's row */
  ptrdiff_t x_pixel; /* reals of a pixel of x */
} backward_weights;

/* dw[oc][ic][k] = sum over images and o of dy[oc][o] * x[ic][o * stride + k * dilation - padding];
   o and k are pairs, (h, w). */
static inline backward_weights backward_weights_of(image x, image y, conv_window k) {
  return (backward_weights){
      .h = axis_between(k.h, x.height, y.height, 0),
      .w = axis_between(k.w, x.width, y.width, 0),
      .ic = x.channels,
      .oc = y.channels,
      .oc_row = y.channels,
      .x_pixel = LANES,
  };
}

/* Its weights as they are summed. */
static inline weights_shape summed_weights(const backward_weights *g) {
  return (weights_shape){LANES, g->ic, g->oc, 1, g->h.kernel, g->w.kernel, g->oc_vectors};
}

/* The pixels that a tile sums. Distances are in reals. */
typedef struct gradient_strip {
  int images;
  int rows;
  int pixels;  /* of a row of dy */
  int x_width; /* pixels of a row of x, and padding before it: for tiles with all taps of a row */
  int padding;
  ptrdiff_t x_image;
  ptrdiff_t x_row;
  ptrdiff_t dy_image;
  ptrdiff_t dy_row;
  ptrdiff_t dy_vector; /* of vectors of channels of dy */
  ptrdiff_t ic_sums;   /* of the sums of neighbouring channels of x */
} gradient_strip;

/* Sums `channels` channels of a block of x. last_oc: of the last tile of channels of dy, which may
   have fewer vectors. */
typedef void gradient_tiles(const gradient_strip *s, const real *restrict x,
                            const real *restrict dy, real *restrict sums, int channels,
                            int last_oc);

/* dw [oc, ic, kh, kw] = the sum of the split_k sums. A work item: LANES channels of dy x
   TOGETHER weights of each. */
static void store_weights_gradient(team t, const backward_weights *g, int split_k,
                                   const real *restrict sums, real *restrict dw) {
  enum { TOGETHER = 16 * LANES };
  const weights_shape s = summed_weights(g);
  const int weights = g->ic * g->h.kernel * g->w.kernel;
  const int tile_oc = g->oc_vectors * LANES;
  const int64_t tile = gradient_tile_reals(s);
  const int64_t part = gradient_sums_reals(s);
  const int weight_blocks = divide_up(weights, TOGETHER);
  barrier(); /* all sums are complete */
  const span items = work_range(divide_up(g->oc, LANES) * weight_blocks, t);
  for (int i = items.begin; i < items.end; i++) {
    const int oc = i / weight_blocks * LANES;
    const int begin = i % weight_blocks * TOGETHER;
    const int end = min_int(weights, begin + TOGETHER);
    const real *from = sums + oc / tile_oc * tile + oc % tile_oc;
    for (int k = begin; k < end; k += LANES) {
      const int count = min_int(LANES, end - k);
      vec r[LANES];
      for (int j = 0; j < LANES; j++) {
        r[j] = vzero();
        for (int n = 0; n < split_k && j < count; n++)
          r[j] = vadd(r[j], vload(from + n * part + (ptrdiff_t)(k + j) * tile_oc));
      }
      vtranspose(r);
      for (int l = 0; l < min_int(LANES, g->oc - oc); l++)
        vstore_part(dw + (ptrdiff_t)(oc + l) * weights + k, r[l], count);
    }
  }
}

#endif
