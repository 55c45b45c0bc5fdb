/* The gradient of the weights of channel-blocked convolutions, as plain sums: the loops around the
   register tiles. */
#ifndef CNN_BACKWARD_WEIGHTS_DIRECT_H
#define CNN_BACKWARD_WEIGHTS_DIRECT_H

#include "backward_weights.h"

#include <string.h>

/* A work item: one of the split_k parts, some tiles of channels of dy, some blocks of channels of
   x. */
typedef struct gradient_item {
  int part;
  span oc_tiles;
  span ic_blocks;
} gradient_item;

static inline int gradient_items(const backward_weights *g) {
  const int ic_items = divide_up(divide_up(g->ic, LANES), g->ic_block);
  return g->split_k * divide_up(oc_tiles(summed_weights(g)), g->oc_block) * ic_items;
}

static inline gradient_item gradient_item_of(const backward_weights *g, int i) {
  const int blocks = divide_up(g->ic, LANES);
  const int tiles = oc_tiles(summed_weights(g));
  const int ic_items = divide_up(blocks, g->ic_block);
  const int oc_items = divide_up(tiles, g->oc_block);
  const int tile = i / ic_items % oc_items * g->oc_block;
  const int block = i % ic_items * g->ic_block;
  return (gradient_item){
      .part = i / (oc_items * ic_items),
      .oc_tiles = {tile, min_int(tiles, tile + g->oc_block)},
      .ic_blocks = {block, min_int(blocks, block + g->ic_block)},
  };
}

/* Adds the products of a strip to the sums of a tile for a block of channels of x, tap by tap. x:
   the block in the strip's first image; dy: the tile there; `rows` of dy belong to the strip. */
static inline void add_strip_gradient(const backward_weights *g, gradient_tiles *add, span rows,
                                      gradient_strip s, const real *restrict x,
                                      const real *restrict dy, real *restrict sums, int channels,
                                      int last_oc) {
  const ptrdiff_t x_row = s.x_row / g->h.stride;
  const int tile_oc = g->oc_vectors * LANES;
  for (int kh = 0; kh < g->h.kernel; kh++) {
    const span oh = outputs_of_tap(&g->h, kh, rows.begin, rows.end);
    s.rows = oh.end - oh.begin;
    const int ih = oh.begin * g->h.stride + kh * g->h.dilation - g->h.padding;
    for (int kw = 0; kw < (g->kw_taps ? 1 : g->w.kernel) && s.rows > 0; kw++) {
      const span all = {0, g->w.out};
      const span ow = g->kw_taps ? all : outputs_of_tap(&g->w, kw, 0, g->w.out);
      s.pixels = ow.end - ow.begin;
      if (s.pixels <= 0) continue;
      const int iw = g->kw_taps ? 0 : ow.begin * g->w.stride + kw * g->w.dilation - g->w.padding;
      add(&s, x + ih * x_row + iw * g->x_pixel, dy + oh.begin * s.dy_row + ow.begin * LANES,
          sums + (kh * g->w.kernel + kw) * tile_oc, channels, last_oc);
    }
  }
}

/* dw: see backward_weights_of. sums: the workspace. */
static void backward_weights_direct(team t, const backward_weights *g, gradient_tiles *add,
                                    const real *restrict x, const real *restrict dy,
                                    real *restrict sums, real *restrict dw) {
  const weights_shape shape = summed_weights(g);
  const int64_t tile_reals = gradient_tile_reals(shape);
  const int blocks = divide_up(g->ic, LANES);
  const int tiles = oc_tiles(shape);
  const int strips_of_image = divide_up(g->h.out, g->oh_block);
  const int strips = divide_up(t.groups, g->n_block) * strips_of_image;
  const ptrdiff_t x_block = g->w.in * g->x_pixel;
  const ptrdiff_t dy_vector = g->w.out * LANES;
  const ptrdiff_t x_row = blocks * x_block;
  const ptrdiff_t dy_row = divide_up(g->oc_row, LANES) * dy_vector;
  gradient_strip s = {
      .x_width = g->w.in,
      .padding = g->w.padding,
      .x_image = g->h.in * x_row,
      .x_row = g->h.stride * x_row,
      .dy_image = g->h.out * dy_row,
      .dy_row = dy_row,
      .dy_vector = dy_vector,
      .ic_sums = (ptrdiff_t)g->h.kernel * g->w.kernel * g->oc_vectors * LANES,
  };
  const span items = work_range(gradient_items(g), t);
  for (int i = items.begin; i < items.end; i++) {
    const gradient_item own = gradient_item_of(g, i);
    real *const own_sums = sums + own.part * tiles * tile_reals;
    const int first_ic = own.ic_blocks.begin * LANES;
    const int channels = min_int(g->ic, own.ic_blocks.end * LANES) - first_ic;
    for (int tile = own.oc_tiles.begin; tile < own.oc_tiles.end; tile++)
      memset(own_sums + tile * tile_reals + first_ic * s.ic_sums, 0,
             sizeof(real) * (size_t)(channels * s.ic_sums));
    const span part = work_range(strips, (team){own.part, g->split_k, 0});
    for (int strip = part.begin; strip < part.end; strip++) {
      const int n = strip / strips_of_image * g->n_block;
      const int top = strip % strips_of_image * g->oh_block;
      const span rows = {top, min_int(g->h.out, top + g->oh_block)};
      s.images = min_int(g->n_block, t.groups - n);
      for (int tile = own.oc_tiles.begin; tile < own.oc_tiles.end; tile++) {
        const real *dy_tile = dy + n * s.dy_image + tile * g->oc_vectors * dy_vector;
        for (int block = own.ic_blocks.begin; block < own.ic_blocks.end; block++)
          add_strip_gradient(g, add, rows, s, x + n * s.x_image + block * x_block, dy_tile,
                             own_sums + tile * tile_reals + block * LANES * s.ic_sums,
                             min_int(LANES, g->ic - block * LANES), tile == tiles - 1);
      }
    }
  }
  store_weights_gradient(t, g, g->split_k, sums, dw);
}

#endif
