/* Winograd convolutions, forward and backward data: transform, products in the transform domain,
   inverse transform. */
#ifndef CNN_CONV_WINOGRAD_H
#define CNN_CONV_WINOGRAD_H

#include "conv_channel_blocked.h"
#include "winograd_batches.h"

/* The transforms of a kernel size. */
typedef struct winograd_kernel {
  winograd_kernel_transform *transform_weights;
  winograd_batch_inverse *inverse_transform;
} winograd_kernel;

/* F(4x4, 3x3) */
static const winograd_kernel winograd_3x3 = {transform_kernel_3x3, inverse_transform_4x4};

/* F(2x2, 5x5) */
static const winograd_kernel winograd_5x5 = {transform_kernel_5x5, inverse_transform_2x2};

/* How the tiles are divided. */
typedef struct winograd_blocks {
  int tile_batch; /* output tiles of a tile batch: pixels of the register tile */
  int pass;       /* tile batches that a thread takes through all steps at once, at most */
  int capacity;   /* tile batches that the workspace of all threads has room for */
} winograd_blocks;

/* The products at a point are a 1x1 convolution whose pixels are the tiles of a batch. */
static inline channel_conv winograd_product(const channel_conv *c) {
  const conv_axis one = {.kernel = 1, .stride = 1, .dilation = 1};
  return (channel_conv){
      .h = one, .w = one, .groups = 1, .ic = c->ic, .oc = c->oc, .oc_vectors = c->oc_vectors};
}

/* y = x convolved, see conv_channel_blocked. shift: of the output channels; weights: in the
   transform domain. */
static void conv_winograd(team t, const channel_conv *c, const winograd_kernel *kernel,
                          winograd_blocks b, const conv_tiles *register_tiles,
                          const real *restrict x, const real *restrict shift,
                          const real *restrict weights, real *restrict workspace,
                          const real *residual, const real *relu_mask, real *y) {
  static const _Alignas(64) real no_shift[OC_VECTORS_MAX * LANES];
  const weights_shape shape = weights_of(c);
  const channel_rows in = {c->h.in, c->w.in, divide_up(c->ic_row, LANES)};
  const channel_rows out = {c->h.out, c->w.out, divide_up(c->oc_row, LANES)};
  const int taps = c->h.kernel;
  const winograd_tiles tiles = winograd_tiles_of(taps, t.groups, c->h.out, c->w.out, b.tile_batch);
  /* Backward data, dx begins with what the last tap of the kernel reads. */
  const int pad_h = c->h.backward ? taps - 1 - c->h.padding : c->h.padding;
  const int pad_w = c->w.backward ? taps - 1 - c->w.padding : c->w.padding;
  const int oc_tile_count = oc_tiles(shape);
  const int ic_blocks = divide_up(c->ic, LANES);
  const ptrdiff_t vector = b.tile_batch * LANES;
  const ptrdiff_t in_batch = ic_blocks * vector;
  const ptrdiff_t out_batch = oc_tile_count * c->oc_vectors * vector;
  const channel_conv product = winograd_product(c);
  const int64_t tile_weights = ic_blocks * packed_tap_reals(shape);
  const int64_t point_weights = oc_tile_count * tile_weights;
  const conv_row row = {
      .ic_blocks = {0, ic_blocks},
      .h = {1, 0, 1, 0, 1},
      .w = {1, 0, 1, 0, 1},
      .out = b.tile_batch,
      .x_block = vector,
      .x_next = in_batch,
      .y_vector = vector,
      .shift = no_shift,
      .least = vset(-INFINITY),
  };
  const int workers = min_int(t.threads, b.capacity);
  const int pass = min_int(b.pass, b.capacity / workers);
  const int64_t in_point = winograd_point_reals(LANES, pass, in_batch);
  const int64_t out_point = winograd_point_reals(LANES, pass, out_batch);
  const int worker = min_int(t.thread, workers - 1);
  real *const domain_in = workspace + WINOGRAD_POINTS * worker * (in_point + out_point);
  real *const domain_out = domain_in + WINOGRAD_POINTS * in_point;
  const team working = {t.thread, workers, t.groups};
  const span items =
      t.thread < workers ? work_range(winograd_tile_batches(&tiles), working) : (span){0, 0};
  for (int first = items.begin; first < items.end; first += pass) {
    const int batches = min_int(pass, items.end - first);
    for (int k = 0; k < batches; k++) {
      for (int i = 0; i < ic_blocks; i++)
        transform_input_tiles(&tiles, &in, pad_h, pad_w, first + k, i, x,
                              domain_in + k * in_batch + i * vector, in_point);
    }
    for (int point = 0; point < WINOGRAD_POINTS; point++) {
      for (int tile = 0; tile < oc_tile_count; tile++) {
        const real *w = weights + point * point_weights + tile * tile_weights;
        real *to = domain_out + point * out_point + tile * c->oc_vectors * vector;
        for (int k = 0; k < batches; k++)
          conv_tiles_of_row(&product, register_tiles, &row,
                            domain_in + point * in_point + k * in_batch, w, to + k * out_batch,
                            tile == oc_tile_count - 1);
      }
    }
    for (int i = 0; i < divide_up(c->oc, LANES); i++) {
      const winograd_epilogue e = {vload(shift + i * LANES), vset(c->relu ? 0 : -INFINITY),
                                   residual, relu_mask};
      for (int k = 0; k < batches; k++)
        kernel->inverse_transform(&tiles, &out, first + k, i,
                                  domain_out + k * out_batch + i * vector, out_point, &e, y);
    }
  }
  if (!c->reduce) return;
  barrier(); /* all of y is written */
  const span reduced = work_range(t.groups * oc_tile_count, t);
  for (int i = reduced.begin; i < reduced.end; i++)
    c->reduce(c, y, i / oc_tile_count, 0, c->h.out, i % oc_tile_count);
}

/* The same while training. packed: packed weights, the weights in the transform domain, and the
   workspace. */
static void conv_winograd_packed(team t, const channel_conv *c, const winograd_kernel *kernel,
                                 winograd_blocks b, const conv_tiles *register_tiles,
                                 const real *restrict x, real *restrict packed,
                                 const real *residual, const real *relu_mask, real *y) {
  const weights_shape shape = weights_of(c);
  real *const weights = packed + packed_weights_reals(shape);
  real *const workspace = weights + winograd_weights_reals(shape);
  transform_weights(t, shape, kernel->transform_weights, packed_weights(shape, packed), weights);
  conv_winograd(t, c, kernel, b, register_tiles, x, packed, weights, workspace, residual, relu_mask,
                y);
}

#endif
