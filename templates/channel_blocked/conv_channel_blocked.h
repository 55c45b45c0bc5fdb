/* Channel-blocked convolutions, forward and backward data: the loops around the register tile. */
#ifndef CNN_CONV_CHANNEL_BLOCKED_H
#define CNN_CONV_CHANNEL_BLOCKED_H

#include "conv_tile.h"
#include "pack_channel_blocked.h"

/* The register tiles of a row. All have oc_vectors x ow_unroll but those of the tail of a row and
   of the last channels. */
typedef struct conv_tiles {
  int ow_unroll;
  int tail;                       /* pixels of the last tile of a row; 0: all are whole */
  conv_tile_function *whole[3];   /* of ow_unroll, tail, and another number of pixels: the tail */
  conv_tile_function *last_oc[3]; /* ... of the shorter stride phases. The same for the last oc */
} conv_tiles;

/* All outputs of a row, for a tile of channels. */
static inline void conv_tiles_of_row(const channel_conv *c, const conv_tiles *tiles,
                                     const conv_row *s, const real *restrict x,
                                     const real *restrict w, real *y, int last_oc) {
  conv_tile_function *const *tile = last_oc ? tiles->last_oc : tiles->whole;
  int ow = 0;
  for (; ow + tiles->ow_unroll <= s->out; ow += tiles->ow_unroll) tile[0](c, s, x, w, ow, y);
  if (ow < s->out) tile[s->out - ow == tiles->tail ? 1 : 2](c, s, x, w, ow, y);
}

/* A work item: rows of an image, for a tile of channels. */
typedef struct conv_item {
  int n;
  int top;
  int bottom;
  int oc_tile;
} conv_item;

static inline conv_item conv_item_of(const channel_conv *c, int images, int oc_tile_count, int i) {
  const int row_blocks = divide_up(c->h.out, c->oh_block);
  const int row_block = c->oc_outer ? i % (images * row_blocks) : i / oc_tile_count;
  const int top = row_block % row_blocks * c->oh_block;
  return (conv_item){
      .n = row_block / row_blocks,
      .top = top,
      .bottom = min_int(top + c->oh_block, c->h.out),
      .oc_tile = c->oc_outer ? i / (images * row_blocks) : i % oc_tile_count,
  };
}

/* y = x convolved. packed: the weights as pack_weights or prepack_weights leaves them. residual: is
   added; relu_mask: y is 0 where it is 0; each may be NULL, and y may be the residual: where a sum
   goes through y in several passes, it begins with it. */
static void conv_channel_blocked(team t, const channel_conv *c, const conv_tiles *tiles,
                                 const real *restrict x, const real *restrict packed,
                                 const real *residual, const real *relu_mask, real *y) {
  const weights_shape shape = weights_of(c);
  const int64_t tile_weights = packed_tile_reals(shape);
  const int images = t.groups;
  const ptrdiff_t x_block = c->w.in * c->x_pixel;
  const ptrdiff_t y_vector = c->w.out * LANES;
  const ptrdiff_t x_row = divide_up(c->ic_row, LANES) * x_block;
  const ptrdiff_t y_row = divide_up(c->oc_row, LANES) * y_vector;
  const span items = work_range(images * oc_tiles(shape) * divide_up(c->h.out, c->oh_block), t);
  for (int i = items.begin; i < items.end; i++) {
    const conv_item item = conv_item_of(c, images, oc_tiles(shape), i);
    const span blocks = ic_blocks_of(shape, item.oc_tile);
    const int one_pass = blocks.end - blocks.begin <= c->ic_block;
    for (int block = blocks.begin; block < blocks.end; block += c->ic_block) {
      const int first = block == blocks.begin;
      const int last = block + c->ic_block >= blocks.end;
      const real *w = packed_weights(shape, packed) + item.oc_tile * tile_weights +
                      (block - blocks.begin) * packed_block_reals(shape);
      for (int oh = item.top; oh < item.bottom; oh++) {
        const tap_range h = clip_taps(&c->h, packed_taps_of(&c->h, oh));
        for (int phase = 0; phase < stride_phases(&c->w); phase++) {
          const tap_range taps = packed_taps_of(&c->w, phase);
          const ptrdiff_t at = ((ptrdiff_t)item.n * c->h.out + oh) * y_row +
                               item.oc_tile * c->oc_vectors * y_vector + phase * LANES;
          const conv_row s = {
              .ic_blocks = {block, last ? blocks.end : block + c->ic_block},
              .h = h,
              .w = taps,
              .out = phase_outputs(&c->w, phase),
              .x_row = x_row,
              .x_block = x_block,
              .x_next = phase_in_step(&c->h) * x_row,
              .y_vector = y_vector,
              .shift = first ? packed + item.oc_tile * c->oc_vectors * LANES : NULL,
              .start = residual && first && !one_pass ? residual + at : NULL,
              .residual = residual && one_pass ? residual + at : NULL,
              .relu_mask = relu_mask && last ? relu_mask + at : NULL,
              .least = vset(last && c->relu ? 0 : -INFINITY),
          };
          const real *xr = x + ((ptrdiff_t)item.n * c->h.in + h.from) * x_row;
          const real *wt = w + (h.first * c->w.kernel + taps.first) * packed_tap_reals(shape);
          conv_tiles_of_row(c, tiles, &s, xr, wt, y + at, item.oc_tile == oc_tiles(shape) - 1);
        }
      }
    }
    if (c->reduce) c->reduce(c, y, item.n, item.top, item.bottom, item.oc_tile);
  }
}

#endif
