/* Winograd convolution: transforms of tile batches, between channel-blocked images and the
   transform domain. */
#ifndef CNN_WINOGRAD_BATCHES_H
#define CNN_WINOGRAD_BATCHES_H

#include "winograd_transforms.h"

/* The most taps of a kernel's row, and pixels of an output tile's row. */
enum { WINOGRAD_TAPS_MAX = 5, WINOGRAD_OUTPUT_MAX = 4 };

/* The rows of images in memory. */
typedef struct channel_rows {
  int height;
  int width;
  int vectors; /* of channels of a row */
} channel_rows;

static inline ptrdiff_t channel_rows_at(const channel_rows *r, int n, int h, int vector, int w) {
  return ((((ptrdiff_t)n * r->height + h) * r->vectors + vector) * r->width + w) * LANES;
}

static inline ptrdiff_t channel_rows_pitch(const channel_rows *r) {
  return (ptrdiff_t)r->vectors * r->width * LANES;
}

/* Transforms a tile of size x size pixels, in columns, then in rows. x: its first pixel, whose rows
   are `pitch` reals apart; pixels outside of h and w count as 0. to: its first element; elements
   are `element` reals apart. */
ALWAYS_INLINE void transform_tile(winograd_transform *transform, int size, const real *restrict x,
                                  ptrdiff_t pitch, span h, span w, real *restrict to,
                                  ptrdiff_t element) {
  vec d[WINOGRAD_INPUT_TILE][WINOGRAD_INPUT_TILE];
  UNROLLED
  for (int j = 0; j < size; j++) {
    vec pixels[WINOGRAD_INPUT_TILE];
    vec domain[WINOGRAD_INPUT_TILE];
    const int inside = j >= w.begin && j < w.end;
    UNROLLED
    for (int i = 0; i < size; i++)
      pixels[i] = inside && i >= h.begin && i < h.end ? vload(x + i * pitch + j * LANES) : vzero();
    transform(pixels, domain);
    UNROLLED
    for (int i = 0; i < WINOGRAD_INPUT_TILE; i++) d[i][j] = domain[i];
  }
  UNROLLED
  for (int i = 0; i < WINOGRAD_INPUT_TILE; i++) {
    vec domain[WINOGRAD_INPUT_TILE];
    transform(d[i], domain);
    UNROLLED
    for (int j = 0; j < WINOGRAD_INPUT_TILE; j++)
      vstore(to + (i * WINOGRAD_INPUT_TILE + j) * element, domain[j]);
  }
}

/* Transforms the tiles of a batch in one vector of channels: to [element][...][tile of the batch]
   [LANES], 0 where the batch has no tile. Tiles are size x size pixels; their first pixels lie
   pad_h and pad_w before those of the output tiles. */
ALWAYS_INLINE void transform_batch(winograd_transform *transform, int size,
                                   const winograd_tiles *tiles, const channel_rows *r, int pad_h,
                                   int pad_w, int batch, int vector, const real *restrict x,
                                   real *restrict to, ptrdiff_t element) {
  for (int i = 0; i < tiles->tile_batch; i++, to += LANES) {
    const int number = batch * tiles->tile_batch + i;
    if (number >= tiles->count) {
      for (int k = 0; k < WINOGRAD_ELEMENTS; k++) vstore(to + k * element, vzero());
      continue;
    }
    const winograd_tile_origin origin = winograd_origin_of(tiles, number);
    const int top = origin.oh - pad_h;
    const int left = origin.ow - pad_w;
    const span all = {0, size};
    const span h = pixels_inside(top, size, r->height);
    const span w = pixels_inside(left, size, r->width);
    const int whole = h.end - h.begin == size && w.end - w.begin == size;
    const real *first = x + channel_rows_at(r, origin.n, top, vector, left);
    if (whole) {
      transform_tile(transform, size, first, channel_rows_pitch(r), all, all, to, element);
    } else {
      transform_tile(transform, size, first, channel_rows_pitch(r), h, w, to, element);
    }
  }
}

/* A function that transforms a batch. */
typedef void winograd_batch_transform(const winograd_tiles *tiles, const channel_rows *r, int pad_h,
                                      int pad_w, int batch, int vector, const real *restrict x,
                                      real *restrict to, ptrdiff_t element);

/* B' d B of input tiles. */
NOINLINE static void transform_input_tiles(const winograd_tiles *tiles, const channel_rows *r,
                                           int pad_h, int pad_w, int batch, int vector,
                                           const real *restrict x, real *restrict to,
                                           ptrdiff_t element) {
  transform_batch(winograd_input, WINOGRAD_INPUT_TILE, tiles, r, pad_h, pad_w, batch, vector, x, to,
                  element);
}

/* A dy A' of output tiles of 4 x 4 pixels. */
NOINLINE static void transform_dy_tiles_4x4(const winograd_tiles *tiles, const channel_rows *r,
                                            int pad_h, int pad_w, int batch, int vector,
                                            const real *restrict dy, real *restrict to,
                                            ptrdiff_t element) {
  transform_batch(winograd_dy_4, 4, tiles, r, pad_h, pad_w, batch, vector, dy, to, element);
}

/* The same of 2 x 2 pixels. */
NOINLINE static void transform_dy_tiles_2x2(const winograd_tiles *tiles, const channel_rows *r,
                                            int pad_h, int pad_w, int batch, int vector,
                                            const real *restrict dy, real *restrict to,
                                            ptrdiff_t element) {
  transform_batch(winograd_dy_2, 2, tiles, r, pad_h, pad_w, batch, vector, dy, to, element);
}

/* What follows the inverse transform, as in conv_row: shift and residual are added, relu_mask and
   relu are applied. residual and relu_mask may be NULL. */
typedef struct winograd_epilogue {
  vec shift;
  vec least;
  const real *residual;
  const real *relu_mask;
} winograd_epilogue;

/* A' m A of a tile of size x size pixels, of which those before h and w are inside of the image,
   and the epilogue. m: its first element; first: its first pixel in y. */
ALWAYS_INLINE void inverse_transform_tile(winograd_transform *transform, int size,
                                          const real *restrict m, ptrdiff_t element,
                                          const winograd_epilogue *e, ptrdiff_t pitch, int h, int w,
                                          real *y, ptrdiff_t first) {
  vec d[WINOGRAD_OUTPUT_MAX][WINOGRAD_INPUT_TILE];
  UNROLLED
  for (int j = 0; j < WINOGRAD_INPUT_TILE; j++) {
    vec domain[WINOGRAD_INPUT_TILE];
    vec pixels[WINOGRAD_OUTPUT_MAX];
    UNROLLED
    for (int i = 0; i < WINOGRAD_INPUT_TILE; i++)
      domain[i] = vload(m + (i * WINOGRAD_INPUT_TILE + j) * element);
    transform(domain, pixels);
    UNROLLED
    for (int i = 0; i < size; i++) d[i][j] = pixels[i];
  }
  UNROLLED
  for (int i = 0; i < size; i++) {
    vec pixels[WINOGRAD_OUTPUT_MAX];
    transform(d[i], pixels);
    UNROLLED
    for (int j = 0; j < size; j++) {
      const ptrdiff_t at = first + i * pitch + j * LANES;
      if (i >= h || j >= w) continue;
      vec a = vadd(pixels[j], e->shift);
      if (e->residual) a = vadd(a, vload(e->residual + at));
      if (e->relu_mask) a = vkeep(vgt(vload(e->relu_mask + at), vzero()), a);
      vstore(y + at, vmax(e->least, a));
    }
  }
}

/* A function that makes the output tiles of a batch in one vector of channels. */
typedef void winograd_batch_inverse(const winograd_tiles *tiles, const channel_rows *r, int batch,
                                    int vector, const real *restrict m, ptrdiff_t element,
                                    const winograd_epilogue *e, real *y);

/* One for tiles of size x size pixels; the transform is a constant. */
ALWAYS_INLINE void inverse_transform_batch(winograd_transform *transform, int size,
                                           const winograd_tiles *tiles, const channel_rows *r,
                                           int batch, int vector, const real *restrict m,
                                           ptrdiff_t element, const winograd_epilogue *e, real *y) {
  const int begin = batch * tiles->tile_batch;
  const int end = min_int(begin + tiles->tile_batch, tiles->count);
  const ptrdiff_t pitch = channel_rows_pitch(r);
  for (int number = begin; number < end; number++, m += LANES) {
    const winograd_tile_origin o = winograd_origin_of(tiles, number);
    const ptrdiff_t first = channel_rows_at(r, o.n, o.oh, vector, o.ow);
    const int h = min_int(size, r->height - o.oh);
    const int w = min_int(size, r->width - o.ow);
    if (h == size && w == size) {
      inverse_transform_tile(transform, size, m, element, e, pitch, size, size, y, first);
    } else {
      inverse_transform_tile(transform, size, m, element, e, pitch, h, w, y, first);
    }
  }
}

NOINLINE static void inverse_transform_4x4(const winograd_tiles *tiles, const channel_rows *r,
                                           int batch, int vector, const real *restrict m,
                                           ptrdiff_t element, const winograd_epilogue *e, real *y) {
  inverse_transform_batch(winograd_output_4, 4, tiles, r, batch, vector, m, element, e, y);
}

NOINLINE static void inverse_transform_2x2(const winograd_tiles *tiles, const channel_rows *r,
                                           int batch, int vector, const real *restrict m,
                                           ptrdiff_t element, const winograd_epilogue *e, real *y) {
  inverse_transform_batch(winograd_output_2, 2, tiles, r, batch, vector, m, element, e, y);
}

/* G g G' of taps x taps weights in a vector of output channels; taps are `tap` reals apart. */
ALWAYS_INLINE void transform_kernel(winograd_transform *transform, int taps, const real *restrict w,
                                    ptrdiff_t tap, real *restrict to, ptrdiff_t element) {
  vec d[WINOGRAD_TAPS_MAX][WINOGRAD_INPUT_TILE];
  UNROLLED
  for (int i = 0; i < taps; i++) {
    vec row[WINOGRAD_TAPS_MAX];
    UNROLLED
    for (int j = 0; j < taps; j++) row[j] = vload(w + (i * taps + j) * tap);
    transform(row, d[i]);
  }
  UNROLLED
  for (int j = 0; j < WINOGRAD_INPUT_TILE; j++) {
    vec column[WINOGRAD_TAPS_MAX];
    vec domain[WINOGRAD_INPUT_TILE];
    UNROLLED
    for (int i = 0; i < taps; i++) column[i] = d[i][j];
    transform(column, domain);
    UNROLLED
    for (int i = 0; i < WINOGRAD_INPUT_TILE; i++)
      vstore(to + (i * WINOGRAD_INPUT_TILE + j) * element, domain[i]);
  }
}

/* A function that transforms the weights of one vector of output channels. */
typedef void winograd_kernel_transform(const real *restrict w, ptrdiff_t tap, real *restrict to,
                                       ptrdiff_t element);

NOINLINE static void transform_kernel_3x3(const real *restrict w, ptrdiff_t tap, real *restrict to,
                                          ptrdiff_t element) {
  transform_kernel(winograd_weights_3, 3, w, tap, to, element);
}

NOINLINE static void transform_kernel_5x5(const real *restrict w, ptrdiff_t tap, real *restrict to,
                                          ptrdiff_t element) {
  transform_kernel(winograd_weights_5, 5, w, tap, to, element);
}

/* All packed weights: to [element][oc tile][ic block][ic of the block][oc of the tile]. A work
   item: the weights of a tile for a block of input channels. */
static void transform_weights(team t, weights_shape s, winograd_kernel_transform *transform,
                              const real *restrict weights, real *restrict to) {
  const int count = oc_tiles(s) * ic_blocks_most(s);
  const int64_t tap = packed_tap_reals(s);
  const span items = work_range(count, t);
  for (int i = items.begin; i < items.end; i++) {
    for (ptrdiff_t k = 0; k < tap; k += LANES)
      transform(weights + i * packed_block_reals(s) + k, tap, to + i * tap + k, count * tap);
  }
  barrier(); /* all weights are transformed */
}

#endif
