/* The plain C headers of channel-blocked convolutions, compiled as they are, against naive loops in
   double: exactly on small integers, Winograd convolutions within a tolerance. Buffers end at an
   unmapped page. Every case runs with several numbers of threads. Exits with 77 where the processor
   lacks the instructions. */
#include "instructions.h"
#include "naive_conv.h"

#include "backward_weights_direct.h"
#include "backward_weights_taps.h"
#include "backward_weights_tile.h"
#include "backward_weights_winograd.h"
#include "conv_winograd.h"
#include "reduce_dy.h"

enum { VECTORS = 2, PIXELS = 4, IC_UNROLL = 1 };

static real *blocked(const double *from, int n, int c, int h, int w) {
  return image_in(CNN_CHANNEL_BLOCKED, (dims){n, c, h, w}, from);
}

/* --- register tiles --------------------------------------------------------------------------- */

#define TILE(vectors, pixels, kind, stride, phases, clipped)                                       \
  NOINLINE static void tile_##vectors##x##pixels##kind(const channel_conv *c, const conv_row *s,   \
                                                       const real *restrict x,                     \
                                                       const real *restrict w, int ow, real *y) {  \
    conv_tile(c, s, x, w, ow, y, vectors, VECTORS *LANES, pixels, stride, LANES, phases *LANES,    \
              clipped);                                                                            \
  }
#define TILES(kind, stride, phases, clipped)                                                       \
  TILE(2, 4, kind, stride, phases, clipped)                                                        \
  TILE(2, 3, kind, stride, phases, clipped)                                                        \
  TILE(2, 2, kind, stride, phases, clipped)                                                        \
  TILE(2, 1, kind, stride, phases, clipped)                                                        \
  TILE(1, 4, kind, stride, phases, clipped)                                                        \
  TILE(1, 3, kind, stride, phases, clipped)                                                        \
  TILE(1, 2, kind, stride, phases, clipped)                                                        \
  TILE(1, 1, kind, stride, phases, clipped)                                                        \
  static conv_tile_function *const tiles##kind[2][PIXELS + 1] = {                                  \
      {NULL, tile_1x1##kind, tile_1x2##kind, tile_1x3##kind, tile_1x4##kind},                      \
      {NULL, tile_2x1##kind, tile_2x2##kind, tile_2x3##kind, tile_2x4##kind}};

TILES(_dense, 1, 1, 2)
TILES(_stride2, 2, 1, 2)
TILES(_phases2, 1, 2, 2)
TILES(_winograd, 1, 1, 0)

static conv_tiles tiles_for(const channel_conv *c, int winograd) {
  conv_tile_function *const(*all)[PIXELS + 1] = winograd           ? tiles_winograd
                                                : c->w.stride == 1 ? tiles_dense
                                                : c->w.backward    ? tiles_phases2
                                                                   : tiles_stride2;
  const int longest = winograd ? PIXELS : phase_outputs(&c->w, 0);
  const int tail = longest % PIXELS;
  const int vectors = divide_up(c->oc, LANES) % VECTORS ? 0 : 1; /* of the last channels */
  const int last = (longest - 1) % PIXELS;
  return (conv_tiles){.ow_unroll = PIXELS,
                      .tail = tail,
                      .whole = {all[1][PIXELS], all[1][tail], all[1][last]},
                      .last_oc = {all[vectors][PIXELS], all[vectors][tail], all[vectors][last]}};
}

/* --- forward and backward data ---------------------------------------------------------------- */

/* way: 0 direct in one pass, 1 direct in several passes over the channels, 2 Winograd. */
static void check_conv(const Data *d, int backward, int way, int threads) {
  const Shape *s = &d->s;
  const image x_image = {s->ic, s->ih, s->iw}, y_image = {s->oc, d->oh, d->ow};
  const conv_window window = window_of(s);
  channel_conv c = backward ? channel_conv_backward_data(x_image, y_image, window)
                            : channel_conv_forward(x_image, y_image, window);
  c.oc_vectors = VECTORS, c.oh_block = 2, c.ic_block = way == 1 ? 1 : 64, c.oc_outer = way == 1;
  c.relu = !backward;
  const int h = c.h.out, w = c.w.out;
  const size_t size = (size_t)s->n * c.oc * h * w;
  double *residual = doubles(size, 1), *mask = doubles(size, 1), *want = doubles(size, 0);
  for (size_t i = 0; i < size; i++) {
    want[i] = (backward ? d->dx : d->out)[i] + residual[i];
    if (mask[i] <= 0) want[i] = 0;
    if (c.relu && want[i] < 0) want[i] = 0;
  }
  real *from = blocked(backward ? d->y : d->x, s->n, c.ic, c.h.in, c.w.in);
  real *added = blocked(residual, s->n, c.oc, h, w), *masked = blocked(mask, s->n, c.oc, h, w);
  real *to = blocked(NULL, s->n, c.oc, h, w);
  real *weights = plain(d->w, weights_count(s));
  const int capacity = way == 2 ? 3 : 0;
  real *packed = guarded((size_t)conv_workspace(weights_of(&c), capacity, PIXELS));
  const conv_tiles tiles = tiles_for(&c, way == 2);
  PARALLEL(threads) {
    const team t = join_team(s->n);
    pack_weights(t, &c, weights, NULL, packed);
    if (way == 2) {
      const winograd_blocks blocks = {PIXELS, 2, capacity};
      conv_winograd_packed(t, &c, s->kernel == 3 ? &winograd_3x3 : &winograd_5x5, blocks, &tiles,
                           from, packed, added, masked, to);
    } else {
      conv_channel_blocked(t, &c, &tiles, from, packed, added, masked, to);
    }
  }
  compare_image(backward ? (way == 2 ? "Winograd backward data" : "backward data")
                         : (way == 2   ? "Winograd forward"
                            : way == 1 ? "forward in passes"
                                       : "forward"),
                CNN_CHANNEL_BLOCKED, (dims){s->n, c.oc, h, w}, to, want, way == 2 ? 0.02 : 0);
}

/* --- the epilogue reduction ------------------------------------------------------------------- */

static void reduce_whole(const channel_conv *c, const real *dy, int n, int top, int bottom,
                         int oc_tile) {
  reduce_dy_of_rows(DY_WHOLE, c, dy, n, top, bottom, oc_tile);
}

static void reduce_recomputed(const channel_conv *c, const real *dy, int n, int top, int bottom,
                              int oc_tile) {
  reduce_dy_of_rows(DY_RECOMPUTED, c, dy, n, top, bottom, oc_tile);
}

/* Sums of channel `oc` of dx, and of its products with x - mean; recomputed: where the norm's
   result is positive. */
static void naive_sums(const Data *d, int oc, int recomputed, double mean, double sums[2]) {
  const Shape *s = &d->s;
  const int area = s->ih * s->iw;
  sums[0] = sums[1] = 0;
  for (int n = 0; n < s->n; n++) {
    for (int i = 0; i < area; i++) {
      const size_t at = ((size_t)n * s->ic + oc) * area + i;
      const double centered = d->x[at] - mean;
      if (recomputed && 2 * centered + 1 <= 0) continue;
      sums[0] += d->dx[at];
      sums[1] += d->dx[at] * centered;
    }
  }
}

/* Partial sums of backward data, of all its work items together; way: as in check_conv. */
static void check_reduction(const Data *d, int recomputed, int way, int threads) {
  enum { MEAN = 1, ROWS = 2 };
  const Shape *s = &d->s;
  const image x_image = {s->ic, s->ih, s->iw}, y_image = {s->oc, d->oh, d->ow};
  const norm_input norm = {blocked(d->x, s->n, s->ic, s->ih, s->iw), constant(4, s->ic),
                           constant(MEAN, s->ic), constant(0.5, s->ic), constant(1, s->ic)};
  channel_conv c = channel_conv_backward_data(x_image, y_image, window_of(s));
  c.oc_vectors = VECTORS, c.oh_block = ROWS, c.ic_block = way == 1 ? 1 : 64, c.oc_outer = way == 1;
  c.reduce = recomputed ? reduce_recomputed : reduce_whole;
  c.norm = &norm;
  const size_t reals = (size_t)partial_sums_reals(LANES, s->n, s->ic, s->ih, ROWS);
  c.partial_sums = guarded(reals);
  real *from = blocked(d->y, s->n, s->oc, d->oh, d->ow);
  real *to = blocked(NULL, s->n, s->ic, s->ih, s->iw);
  real *weights = plain(d->w, weights_count(s));
  real *packed = guarded((size_t)conv_workspace(weights_of(&c), 0, PIXELS));
  const conv_tiles tiles = tiles_for(&c, 0);
  PARALLEL(threads) {
    const team t = join_team(s->n);
    pack_weights(t, &c, weights, NULL, packed);
    conv_channel_blocked(t, &c, &tiles, from, packed, NULL, NULL, to);
  }
  const int vectors = divide_up(s->ic, LANES);
  const int blocks = (int)(reals / ((size_t)vectors * 2 * LANES));
  for (int oc = 0; oc < s->ic; oc++) {
    double want[2], got[2] = {0, 0};
    naive_sums(d, oc, recomputed, MEAN, want);
    for (int block = 0; block < blocks; block++) {
      const real *sums =
          c.partial_sums + partial_sums_at(LANES, block, vectors, oc / LANES) + oc % LANES;
      got[0] += sums[0], got[1] += sums[LANES];
    }
    compare("sum of dy", got[0], want[0], 0);
    compare("sum of dy * (x - mean)", got[1], want[1], 0);
  }
}

/* --- prepacked inference ---------------------------------------------------------------------- */

/* A batch_norm with factors that are powers of 2 is folded into the weights. */
static void check_prepacked(const Data *d, int threads) {
  const Shape *s = &d->s;
  const image x_image = {s->ic, s->ih, s->iw}, y_image = {s->oc, d->oh, d->ow};
  channel_conv c = channel_conv_forward(x_image, y_image, window_of(s));
  c.oc_vectors = VECTORS, c.oh_block = 3, c.ic_block = 64;
  double *want = doubles((size_t)s->n * s->oc * d->oh * d->ow, 0);
  for (int i = 0; i < s->n * s->oc * d->oh * d->ow; i++) want[i] = (d->out[i] + 1 - 3) * 2 + 5;
  real *norm[5];
  const double values[] = {4, 5, 3, 4, 1}; /* weight, bias, mean, variance; bias of the conv */
  for (int k = 0; k < 5; k++) {
    norm[k] = guarded((size_t)s->oc);
    for (int i = 0; i < s->oc; i++) norm[k][i] = (real)values[k];
  }
  real *from = blocked(d->x, s->n, c.ic, c.h.in, c.w.in);
  real *to = blocked(NULL, s->n, c.oc, c.h.out, c.w.out);
  real *weights = plain(d->w, weights_count(s));
  real *packed = guarded((size_t)prepacked_weights_reals(weights_of(&c), 0));
  const conv_tiles tiles = tiles_for(&c, 0);
  const folded_norm folded = {norm[0], norm[1], norm[2], norm[3], 0};
  PARALLEL(threads) {
    const team t = join_team(s->n);
    prepack_weights(t, weights_of(&c), weights, norm[4], &folded, packed);
    barrier();
    conv_channel_blocked(t, &c, &tiles, from, packed, NULL, NULL, to);
  }
  compare_image("prepacked", CNN_CHANNEL_BLOCKED, (dims){s->n, c.oc, c.h.out, c.w.out}, to, want,
                0);
}

/* --- backward weights ------------------------------------------------------------------------- */

NOINLINE static void single_taps(const gradient_strip *s, const real *restrict x,
                                 const real *restrict dy, real *restrict sums, int channels,
                                 int last_oc) {
  (void)last_oc;
  for (int ic = 0; ic < channels; ic++)
    add_tap_gradient(s, x + ic, dy, sums + ic * s->ic_sums, 1, IC_UNROLL, LANES);
}

NOINLINE static void single_taps_stride2(const gradient_strip *s, const real *restrict x,
                                         const real *restrict dy, real *restrict sums, int channels,
                                         int last_oc) {
  (void)last_oc;
  for (int ic = 0; ic < channels; ic++)
    add_tap_gradient(s, x + ic, dy, sums + ic * s->ic_sums, 1, IC_UNROLL, 2 * LANES);
}

NOINLINE static void rows_of_3_taps(const gradient_strip *s, const real *restrict x,
                                    const real *restrict dy, real *restrict sums, int channels,
                                    int last_oc) {
  (void)last_oc;
  for (int ic = 0; ic < channels; ic++)
    add_taps_gradient(s, x + ic, dy, sums + ic * s->ic_sums, 1, IC_UNROLL, 3, LANES, LANES);
}

/* way: 0 direct, 1 rows of taps, 2 Winograd. */
static void check_weights(const Data *d, int way, int split_k, int threads) {
  const Shape *s = &d->s;
  const image x_image = {s->ic, s->ih, s->iw}, y_image = {s->oc, d->oh, d->ow};
  backward_weights g = backward_weights_of(x_image, y_image, window_of(s));
  g.oc_vectors = 1, g.oh_block = 2, g.n_block = 1, g.oc_block = 2, g.ic_block = 1;
  g.split_k = split_k, g.kw_taps = way == 1;
  const int capacity = way == 2 ? 2 : 0;
  const size_t size = weights_count(s);
  const int64_t reals =
      backward_weights_workspace(summed_weights(&g), split_k, capacity, GRADIENT_TILE_BATCH);
  real *x = blocked(d->x, s->n, s->ic, s->ih, s->iw);
  real *dy = blocked(d->y, s->n, s->oc, d->oh, d->ow);
  real *sums = guarded((size_t)reals), *dw = guarded(size);
  PARALLEL(threads) {
    const team t = join_team(s->n);
    if (way == 2)
      backward_weights_winograd(t, &g,
                                s->kernel == 3 ? &winograd_gradient_3x3 : &winograd_gradient_5x5,
                                GRADIENT_TILE_BATCH, capacity, single_taps, x, dy, sums, dw);
    else
      backward_weights_direct(t, &g,
                              way == 1         ? rows_of_3_taps
                              : s->stride == 2 ? single_taps_stride2
                                               : single_taps,
                              x, dy, sums, dw);
  }
  compare_reals("backward weights", dw, d->dw, size, way == 2 ? 0.02 : 0);
}

/* The kernels of training, which have one group. */
static void check_training(const Data *d, int threads) {
  const int winograd = d->s.stride == 1 && d->s.kernel >= 3;
  for (int way = 0; way <= 1 + winograd; way++) {
    check_conv(d, 0, way, threads);
    check_conv(d, 1, way, threads);
  }
  for (int way = 0; way <= 1; way++) {
    check_reduction(d, 0, way, threads);
    check_reduction(d, 1, way, threads);
  }
  for (int split_k = 1; split_k <= 2; split_k++) {
    check_weights(d, 0, split_k, threads);
    if (d->s.kernel == 3 && d->s.stride == 1) check_weights(d, 1, split_k, threads);
    if (winograd) check_weights(d, 2, split_k, threads);
  }
}

int main(void) {
  if (!has_instructions()) return 77;
  static const Shape SHAPES[] = {
      {2, 3, 7, 9, 5, 3, 1, 1, 1},    {2, 20, 8, 8, 37, 3, 1, 1, 1}, {1, 17, 9, 11, 33, 3, 2, 1, 1},
      {3, 16, 5, 6, 16, 1, 1, 0, 1},  {1, 33, 7, 7, 20, 1, 2, 0, 1}, {2, 18, 9, 10, 19, 5, 1, 2, 1},
      {1, 8, 13, 7, 48, 3, 1, 0, 1},  {2, 8, 9, 7, 12, 3, 1, 1, 4},  {1, 36, 7, 8, 54, 3, 2, 1, 3},
      {2, 20, 6, 6, 20, 5, 1, 2, 20},
  };
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    const Data d = naive(SHAPES[i]);
    for (int threads = 1; threads <= 3; threads++) {
      name_shape(&d.s, threads);
      check_prepacked(&d, threads);
      if (d.s.groups == 1) check_training(&d, threads);
    }
    free_buffers();
  }
  printf("%d differences\n", failures);
  return failures > 0;
}
