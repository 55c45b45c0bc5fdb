/* The register tile of channel-blocked convolutions: some vectors of output channels x some pixels
   of a row. */
#ifndef CNN_CONV_TILE_H
#define CNN_CONV_TILE_H

#include "channel_conv.h"
#include "unroll.h"

/* The sums of a tile are registers. */
typedef vec tile_sums[OC_VECTORS_MAX][OW_UNROLL_MAX];

/* Input channels that weights are prefetched ahead; reals of a cache line. */
enum { WEIGHTS_AHEAD = 32, CACHE_LINE = 64 / sizeof(real) };

/* Outputs of a row that share their taps (a stride phase, in backward data), and what a tile sums
   for them. Distances are in reals. */
typedef struct conv_row {
  span ic_blocks;
  tap_range h;
  tap_range w; /* of output 0 */
  int out;     /* outputs */
  ptrdiff_t x_row;
  ptrdiff_t x_block;     /* of blocks of input channels */
  ptrdiff_t x_next;      /* from the last row that is read to the last one of the next output row */
  ptrdiff_t y_vector;    /* of vectors of output channels */
  const real *shift;     /* of the tile's channels; NULL: the sums go on from y */
  const real *start;     /* added first, or NULL */
  const real *residual;  /* added last, or NULL */
  const real *relu_mask; /* an activation, or NULL: y is 0 where it is 0 */
  vec least;             /* of all results: 0 for relu */
} conv_row;

/* A register tile from output ow of the row on. x: the row of the first tap h, in block 0 of the
   channels; w: packed weights of the first taps; y: the first output of the row. */
typedef void conv_tile_function(const channel_conv *c, const conv_row *s, const real *restrict x,
                                const real *restrict w, int ow, real *y);

/* Adds one input channel to a tile, but not to the pixels at its left and right end that the tap is
   clipped of. Weights are prefetched w_ahead reals ahead; pixels are x_step reals apart. */
ALWAYS_INLINE void add_channel(tile_sums a, const real *restrict x, const real *restrict w,
                               int vectors, ptrdiff_t w_ahead, int pixels, int x_step, int left,
                               int right) {
  compiler_barrier();
  vec weight[OC_VECTORS_MAX];
  UNROLLED
  for (int r = 0; r < vectors; r++) {
    weight[r] = vload(w + r * LANES);
    if (r * LANES % CACHE_LINE == 0) prefetch(w + r * LANES + w_ahead);
  }
  vec pixel;
  UNROLLED
  for (int i = left * vectors; i < (pixels - right) * vectors; i++) {
    const int j = i / vectors;
    const int r = i % vectors;
    if (r == 0) pixel = vbroadcast(x + j * x_step);
    a[r][j] = vfma(weight[r], pixel, a[r][j]);
  }
}

/* Adds `depth` input channels of one tap; weights have w_step reals for each. The loop itself costs
   small tiles too much: they have a whole block of channels unrolled. */
ALWAYS_INLINE void add_tap(tile_sums a, const real *restrict x, const real *restrict w, int depth,
                           int vectors, int w_step, ptrdiff_t w_ahead, int pixels, int x_step,
                           int left, int right) {
  if (vectors * pixels * LANES <= 128 && depth == LANES) {
    UNROLLED
    for (int ic = 0; ic < LANES; ic++)
      add_channel(a, x + ic, w + ic * w_step, vectors, w_ahead, pixels, x_step, left, right);
  } else {
    for (int ic = 0; ic < depth; ic++)
      add_channel(a, x + ic, w + ic * w_step, vectors, w_ahead, pixels, x_step, left, right);
  }
}

ALWAYS_INLINE void prefetch_tile(const real *first, ptrdiff_t y_vector, int vectors, int pixels,
                                 int y_step) {
  UNROLLED
  for (int i = 0; i < vectors * pixels; i++)
    prefetch(first + i / pixels * y_vector + i % pixels * y_step);
}

/* Adds a tile of a value that has the layout of the output. */
ALWAYS_INLINE void add_to_tile(tile_sums a, const real *first, ptrdiff_t y_vector, int vectors,
                               int pixels, int y_step) {
  UNROLLED
  for (int i = 0; i < vectors * pixels; i++) {
    const int r = i / pixels;
    const int j = i % pixels;
    a[r][j] = vadd(a[r][j], vload(first + r * y_vector + j * y_step));
  }
}

/* What the sums of a tile begin with; outputs are y_step reals apart. Prefetches what the end of
   the tile reads and writes. */
ALWAYS_INLINE void begin_tile(tile_sums a, const conv_row *s, real *y, int ow, int vectors,
                              int pixels, int y_step) {
  const ptrdiff_t first = (ptrdiff_t)ow * y_step;
  y += first;
  if (s->shift) {
    UNROLLED
    for (int i = 0; i < vectors * pixels; i++) {
      a[i / pixels][i % pixels] = vload(s->shift + i / pixels * LANES);
      prefetch_to_write(y + i / pixels * s->y_vector + i % pixels * y_step);
    }
  } else {
    UNROLLED
    for (int i = 0; i < vectors * pixels; i++)
      a[i / pixels][i % pixels] = vload(y + i / pixels * s->y_vector + i % pixels * y_step);
  }
  if (s->start) add_to_tile(a, s->start + first, s->y_vector, vectors, pixels, y_step);
  if (s->residual) prefetch_tile(s->residual + first, s->y_vector, vectors, pixels, y_step);
  if (s->relu_mask) prefetch_tile(s->relu_mask + first, s->y_vector, vectors, pixels, y_step);
}

/* The epilogue of a tile: what is added last, masks and relu. */
ALWAYS_INLINE void end_tile(tile_sums a, const conv_row *s, real *y, int ow, int vectors,
                            int pixels, int y_step) {
  const ptrdiff_t first = (ptrdiff_t)ow * y_step;
  if (s->residual) add_to_tile(a, s->residual + first, s->y_vector, vectors, pixels, y_step);
  if (s->relu_mask) {
    UNROLLED
    for (int i = 0; i < vectors * pixels; i++) {
      const int r = i / pixels;
      const int j = i % pixels;
      const vec mask = vload(s->relu_mask + first + r * s->y_vector + j * y_step);
      a[r][j] = vkeep(vgt(mask, vzero()), a[r][j]);
    }
  }
  UNROLLED
  for (int i = 0; i < vectors * pixels; i++)
    vstore(y + first + i / pixels * s->y_vector + i % pixels * y_step,
           vmax(s->least, a[i / pixels][i % pixels]));
}

/* Prefetches the pixels of a tile in a row that the next output row is the first to read. */
ALWAYS_INLINE void prefetch_next_row(const conv_row *s, const real *x, ptrdiff_t first, int taps,
                                     int pixels, int x_step, int x_pixel) {
  for (int k = 0; k < taps * x_pixel && k < x_step; k += x_pixel) {
    UNROLLED
    for (int j = 0; j < pixels; j++) prefetch(x + s->x_next + first + j * x_step + k);
  }
}

/* One case of the switch in conv_tile: a tap is clipped of k pixels at the left or right end. */
#define CLIPPED_CASE(k)                                                                            \
  case k:                                                                                          \
    if (clipped >= (k))                                                                            \
      add_tap(a, xt, wt, depth, vectors, w_step, w_ahead, pixels, x_step, (k), 0);                 \
    break;                                                                                         \
  case -(k):                                                                                       \
    if (clipped >= (k))                                                                            \
      add_tap(a, xt, wt, depth, vectors, w_step, w_ahead, pixels, x_step, 0, (k));                 \
    break

/* A register tile, see conv_tile_function. Constants: vectors x pixels of the tile; w_step: reals
   of packed weights for an input channel; stride: pixels between those that neighbours read;
   x_pixel: reals of a pixel; y_step: reals between neighbours that are written; clipped: taps may
   be clipped of so many pixels at either end, at most CLIPPED_MAX. */
ALWAYS_INLINE void conv_tile(const channel_conv *c, const conv_row *s, const real *restrict x,
                             const real *restrict w, int ow, real *y, int vectors, int w_step,
                             int pixels, int stride, int x_pixel, int y_step, int clipped) {
  const ptrdiff_t tap = packed_tap_reals(weights_of(c));
  const ptrdiff_t row = c->w.kernel * tap;
  const ptrdiff_t block = c->h.kernel * row;
  /* Backward data skips taps where it has a stride: what is read next is a block ahead. */
  const ptrdiff_t near = WEIGHTS_AHEAD * w_step;
  const ptrdiff_t w_ahead = y_step > LANES && block > near ? block : near;
  const int x_step = stride * x_pixel;
  const int new_rows = phase_in_step(&c->h); /* that the next output row is the first to read */
  tile_sums a;
  begin_tile(a, s, y, ow, vectors, pixels, y_step);
  for (int i = s->ic_blocks.begin; i < s->ic_blocks.end; i++, w += block) {
    const int depth = min_int(LANES, c->ic - i * LANES);
    for (int kh = 0; kh < s->h.count; kh++) {
      const real *xr = x + i * s->x_block + kh * s->h.from_step * s->x_row;
      const real *wt = w + kh * s->h.step * row;
      const int from = ow * stride + s->w.from;
      const int end = from + (pixels - 1) * stride + s->w.count;
      if (x_pixel == LANES && kh >= s->h.count - new_rows)
        prefetch_next_row(s, xr, (ptrdiff_t)ow * x_step, s->w.count, pixels, x_step, x_pixel);
      if (x_pixel < LANES && s->w.from_step == 1 && s->w.step == 1 && from >= 0 && end <= c->w.in) {
        /* All taps of a row side by side: their channels are one sum. */
        add_tap(a, xr + from * x_pixel, wt, s->w.count * depth, vectors, w_step, w_ahead, pixels,
                x_step, 0, 0);
        continue;
      }
      for (int kw = 0, iw = from; kw < s->w.count;
           kw++, iw += s->w.from_step, wt += s->w.step * tap) {
        const real *xt = xr + (ptrdiff_t)iw * x_pixel;
        const int past = iw + (pixels - 1) * stride + 1 - c->w.in;
        const int left = clipped ? clipped_pixels(-iw, stride) : 0;
        const int right = clipped ? clipped_pixels(past, stride) : 0;
        if (left + right >= pixels) continue;
        switch (left - right) { /* one of them is 0 */
        case 0:
          add_tap(a, xt, wt, depth, vectors, w_step, w_ahead, pixels, x_step, 0, 0);
          break;
          CLIPPED_CASE(1);
          CLIPPED_CASE(2);
          CLIPPED_CASE(3);
          CLIPPED_CASE(4);
          CLIPPED_CASE(5);
          CLIPPED_CASE(6);
        }
      }
    }
  }
  end_tile(a, s, y, ow, vectors, pixels, y_step);
}

_Static_assert(CLIPPED_MAX == 6, "conv_tile has a case for each number of clipped pixels");

#endif
