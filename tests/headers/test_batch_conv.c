/* The plain C headers of batch-blocked convolutions, compiled as they are, against naive loops in
   double, exactly on small integers. Buffers end at an unmapped page. Every case runs with several
   numbers of threads. Exits with 77 where the processor lacks the instructions. */
#include "instructions.h"
#include "naive_conv.h"

#include "batch_backward_weights_taps.h"
#include "conv_batch_blocked.h"
#include "pack_batch_blocked.h"

enum { OC_UNROLL = 2, OW_UNROLL = 3 };

static real *blocked(const double *from, int n, int c, int h, int w) {
  return image_in(CNN_BATCH_BLOCKED, (dims){n, c, h, w}, from);
}

/* --- forward and backward data ---------------------------------------------------------------- */

NOINLINE static void whole_rows(row_part *p) {
  convolve_row(p, OC_UNROLL, 0, OW_UNROLL);
}

NOINLINE static void rows_with_tail(row_part *p) {
  convolve_row(p, OC_UNROLL, 1, OW_UNROLL);
}

/* packed: with packed weights; forward also with a bias and relu, backward with a ReLU mask. */
static void check_conv(const Data *d, int backward, int packed, int threads) {
  const Shape *s = &d->s;
  const image x_image = {s->ic, s->ih, s->iw};
  const image y_image = {s->oc, d->oh, d->ow};
  batch_conv c = backward ? batch_conv_backward_data(x_image, y_image, window_of(s))
                          : batch_conv_forward(x_image, y_image, window_of(s));
  c.oc_unroll = OC_UNROLL;
  c.oc_block = 2;
  c.ow_block = 2 * OW_UNROLL;
  c.relu = packed && !backward;
  const dims out = {s->n, c.groups * c.oc, c.h.out, c.w.out};
  const size_t size = plain_reals(out);
  const double *bias = doubles((size_t)out.c, 1);
  const double *mask = doubles(size, 1);
  double *want = doubles(size, 0);
  for (size_t i = 0; i < size; i++) {
    want[i] = backward ? d->dx[i] : d->out[i];
    if (c.relu) want[i] = fmax(0, want[i] + bias[i / ((size_t)out.h * out.w) % out.c]);
    if (packed && backward && mask[i] <= 0) want[i] = 0;
  }
  const real *from = blocked(backward ? d->y : d->x, s->n, c.groups * c.ic, c.h.in, c.w.in);
  const real *weights = plain(d->w, weights_count(s));
  const real *added = c.relu ? plain(bias, (size_t)out.c) : NULL;
  const real *relu_mask = packed && backward ? image_in(CNN_BATCH_BLOCKED, out, mask) : NULL;
  real *to = image_in(CNN_BATCH_BLOCKED, out, NULL);
  real *order = guarded(
      (size_t)batch_blocked_packed_reals(c.groups, c.ic, c.oc, s->kernel, s->kernel, OC_UNROLL));
  PARALLEL(threads) {
    const team t = join_team(divide_up(s->n, LANES));
    const batch_conv own = packed ? pack_batch_weights(t, c, weights, order) : c;
    conv_batch_blocked(t, &own, c.oc % OC_UNROLL ? rows_with_tail : whole_rows, from,
                       packed ? order : weights, added, relu_mask, to);
  }
  compare_image(backward ? "backward data" : "forward", CNN_BATCH_BLOCKED, out, to, want, 0);
  if (backward) compare_absent("dx without an image", out, to);
}

/* --- backward weights ------------------------------------------------------------------------- */

/* A tile of `rows` output channels x `kernel` taps. The padding clips `padding` taps of the first
   pixel; with stride 1 also padding - 1 of the next. Of the last `right` pixels it clips 1, 2. */
ALWAYS_INLINE void add_row_of_taps(const batch_conv *c, const real *restrict x,
                                   const real *restrict dy, real *restrict sums, int rows,
                                   int pixels, int left, int right, int oc, int kernel, int stride,
                                   int padding, int right_pixels) {
  const ptrdiff_t dy_channel = c->w.out * LANES;
  vec sum[TILE_SUMS_MAX];
  UNROLLED
  for (int i = 0; i < oc * kernel; i++) sum[i] = vload(sums + i * LANES);
  for (int h = 0; h < rows; h++, x += c->h.stride * batch_row_in(c), dy += batch_row_out(c)) {
    const real *xq = x;
    const real *dyq = dy;
    if (left && padding > 0) {
      add_taps(sum, xq - padding * LANES, dyq, dy_channel, oc, kernel, padding, kernel);
      xq += (stride - padding) * LANES;
      dyq += LANES;
      if (stride < padding) {
        add_taps(sum, xq, dyq, dy_channel, oc, kernel, padding - stride, kernel);
        xq += stride * LANES;
        dyq += LANES;
      }
    }
    for (int w = 0; w < pixels; w++, xq += stride * LANES, dyq += LANES)
      add_taps(sum, xq, dyq, dy_channel, oc, kernel, 0, kernel);
    if (right && right_pixels > 0) add_taps(sum, xq, dyq, dy_channel, oc, kernel, 0, kernel - 1);
    if (right && right_pixels > 1)
      add_taps(sum, xq + stride * LANES, dyq + LANES, dy_channel, oc, kernel, 0, kernel - 2);
  }
  UNROLLED
  for (int i = 0; i < oc * kernel; i++) vstore(sums + i * LANES, sum[i]);
}

#define TILE(name, oc, kernel, stride, padding, right_pixels)                                      \
  NOINLINE static void name##_##oc(const batch_conv *c, const real *restrict x,                    \
                                   const real *restrict dy, real *restrict sums, int rows,         \
                                   int pixels, int left, int right) {                              \
    add_row_of_taps(c, x, dy, sums, rows, pixels, left, right, oc, kernel, stride, padding,        \
                    right_pixels);                                                                 \
  }
#define TILES(name, kernel, stride, padding, left_pixels, right_pixels)                            \
  TILE(name, 2, kernel, stride, padding, right_pixels)                                             \
  TILE(name, 1, kernel, stride, padding, right_pixels)                                             \
  static const taps_tile name = {name##_2, name##_1, OC_UNROLL, left_pixels, right_pixels};

TILES(taps_3, 3, 1, 1, 1, 1)
TILES(taps_3_valid, 3, 1, 0, 0, 0)
TILES(taps_3_stride2, 3, 2, 1, 1, 1)
TILES(taps_5, 5, 1, 2, 2, 2)

/* The tile of a shape, or NULL. A row is longer than a kernel, as the schedule demands. */
static const taps_tile *taps_tile_for(const Shape *s) {
  if (s->iw <= s->kernel) return NULL;
  if (s->kernel == 3 && s->stride == 1) return s->padding ? &taps_3 : &taps_3_valid;
  if (s->kernel == 3 && s->stride == 2 && s->padding == 1 && s->iw % 2) return &taps_3_stride2;
  return s->kernel == 5 && s->stride == 1 && s->padding == 2 ? &taps_5 : NULL;
}

/* blocks: a work item has one tile, one kernel row and half of a row's pixels. */
static void check_weights(const Data *d, int blocks, int split_k, int threads) {
  const Shape *s = &d->s;
  const taps_tile *tile = taps_tile_for(s);
  if (!tile) return;
  batch_conv c =
      batch_conv_forward((image){s->ic, s->ih, s->iw}, (image){s->oc, d->oh, d->ow}, window_of(s));
  c.oh_block = blocks ? 2 : c.h.out;
  c.ow_block = blocks ? divide_up(c.w.out, 2) : c.w.out;
  c.oc_block = blocks ? OC_UNROLL : divide_up(c.oc, OC_UNROLL) * OC_UNROLL;
  c.ic_block = 2;
  c.kh_block = blocks ? 1 : s->kernel;
  c.split_k = split_k;
  const size_t size = weights_count(s);
  const real *x = blocked(d->x, s->n, s->ic, s->ih, s->iw);
  const real *dy = blocked(d->y, s->n, s->oc, d->oh, d->ow);
  real *dw = guarded(size);
  real *partial = guarded(size * split_k);
  PARALLEL(threads) {
    const team t = join_team(divide_up(s->n, LANES));
    batch_backward_weights_taps(t, &c, tile, x, dy, split_k > 1 ? partial : dw);
    if (split_k > 1) sum_split_k(t, &c, partial, dw);
  }
  compare_reals("backward weights", dw, d->dw, size, 0);
}

int main(void) {
  if (!has_instructions()) return 77;
  const Shape shapes[] = {
      {LANES, 3, 7, 9, 5, 3, 1, 1, 1},      {LANES + 3, 4, 8, 8, 6, 3, 1, 1, 2},
      {2 * LANES, 3, 9, 11, 5, 3, 2, 1, 1}, {3, 3, 6, 17, 4, 5, 1, 2, 1},
      {2, 5, 5, 13, 3, 3, 1, 0, 1},         {1, 4, 7, 7, 4, 3, 2, 1, 4},
      {LANES + 1, 6, 5, 6, 7, 1, 1, 0, 1},  {3, 5, 7, 7, 4, 1, 2, 0, 1},
      {2, 3, 4, 4, 2, 4, 1, 0, 1},          {2, 2, 3, 3, 3, 5, 1, 2, 1},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const Data d = naive(shapes[i]);
    for (int threads = 1; threads <= 3; threads++) {
      name_shape(&d.s, threads);
      for (int k = 0; k < 4; k++) {
        check_conv(&d, k / 2, k % 2, threads);
        check_weights(&d, k / 2, 1 + k % 2, threads);
      }
    }
    free_buffers();
  }
  printf("%d differences\n", failures);
  return failures > 0;
}
