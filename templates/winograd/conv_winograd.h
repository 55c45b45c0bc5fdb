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
  int pass;       /* tile batches that a thread transforms at once, at most */
  int capacity;   /* tile batches that the workspace of all threads holds */
} winograd_blocks;

/* The products at an element are a 1x1 convolution whose pixels are the tiles of a batch. */
static inline channel_conv winograd_product(const channel_conv *c) {
  const conv_axis one = {.kernel = 1, .stride = 1, .dilation = 1};
  return (channel_conv){
      .h = one, .w = one, .groups = 1, .ic = c->ic, .oc = c->oc, .oc_vectors = c->oc_vectors};
}

/* What the steps share. Distances are in reals. */
typedef struct winograd_plan {
  const channel_conv *c;
  const winograd_kernel *kernel;
  winograd_tiles tiles;
  channel_rows in;
  channel_rows out;
  int pass; /* tile batches that share one pass over the weights of an element */
  int ic_blocks;
  int oc_tile_count;
  ptrdiff_t vector;    /* a tile batch of a vector of channels */
  ptrdiff_t in_batch;  /* of tile batches of the input at an element */
  ptrdiff_t out_batch; /* the same of the output */
  int64_t in_element;  /* of elements */
  int64_t out_element;
  real *domain_in; /* in the transform domain: [element][tile batch][vector][tile][LANES] */
  real *domain_out;
} winograd_plan;

/* Step 1: `batches` tile batches of x, from number `first` on. A work item: a vector of channels of
   a tile batch. */
static void transform_input_batches(team t, const winograd_plan *w, int first, int batches,
                                    const real *restrict x) {
  const channel_conv *c = w->c;
  const int taps = c->h.kernel;
  /* Backward data, dx begins with what the last tap of the kernel reads. */
  const int pad_h = c->h.backward ? taps - 1 - c->h.padding : c->h.padding;
  const int pad_w = c->w.backward ? taps - 1 - c->w.padding : c->w.padding;
  const span items = work_range(batches * w->ic_blocks, t);
  for (int i = items.begin; i < items.end; i++) {
    const int batch = i / w->ic_blocks;
    const int block = i % w->ic_blocks;
    transform_input_tiles(&w->tiles, &w->in, pad_h, pad_w, first + batch, block, x,
                          w->domain_in + batch * w->in_batch + block * w->vector, w->in_element);
  }
}

/* Step 2: the products. A work item: a tile of output channels at an element, for `pass` tile
   batches. */
static void multiply_batches(team t, const winograd_plan *w, const conv_tiles *register_tiles,
                             const real *restrict weights, int batches) {
  static const _Alignas(64) real no_shift[OC_VECTORS_MAX * LANES];
  const weights_shape shape = weights_of(w->c);
  const channel_conv product = winograd_product(w->c);
  const int64_t tile_weights = w->ic_blocks * packed_tap_reals(shape);
  const int64_t element_weights = w->oc_tile_count * tile_weights;
  const int passes = divide_up(batches, w->pass);
  const conv_row row = {
      .ic_blocks = {0, w->ic_blocks},
      .h = {1, 0, 1, 0, 1},
      .w = {1, 0, 1, 0, 1},
      .out = w->tiles.tile_batch,
      .x_block = w->vector,
      .x_next = w->in_batch,
      .y_vector = w->vector,
      .shift = no_shift,
      .least = vset(-INFINITY),
  };
  const span items = work_range(WINOGRAD_ELEMENTS * w->oc_tile_count * passes, t);
  for (int i = items.begin; i < items.end; i++) {
    const int element = i / passes / w->oc_tile_count;
    const int tile = i / passes % w->oc_tile_count;
    const int begin = i % passes * w->pass;
    const int end = min_int(batches, begin + w->pass);
    const real *oc_weights = weights + element * element_weights + tile * tile_weights;
    const real *from = w->domain_in + element * w->in_element;
    real *to = w->domain_out + element * w->out_element + tile * w->c->oc_vectors * w->vector;
    for (int k = begin; k < end; k++)
      conv_tiles_of_row(&product, register_tiles, &row, from + k * w->in_batch, oc_weights,
                        to + k * w->out_batch, tile == w->oc_tile_count - 1);
  }
}

/* Step 3: y. A work item: a vector of channels of a tile batch. */
static void inverse_transform_batches(team t, const winograd_plan *w, int first, int batches,
                                      const real *restrict shift, const real *residual,
                                      const real *relu_mask, real *y) {
  const span items = work_range(divide_up(w->c->oc, LANES) * batches, t);
  for (int i = items.begin; i < items.end; i++) {
    const int v = i / batches;
    const int k = i % batches;
    const winograd_epilogue e = {vload(shift + v * LANES), vset(w->c->relu ? 0 : -INFINITY),
                                 residual, relu_mask};
    w->kernel->inverse_transform(&w->tiles, &w->out, first + k, v,
                                 w->domain_out + k * w->out_batch + v * w->vector, w->out_element,
                                 &e, y);
  }
}

/* `capacity`: tile batches in the transform domain at once; the workspace of thread number `worker`
   follows those of the threads before. */
static winograd_plan plan_winograd(const channel_conv *c, const winograd_kernel *kernel, int images,
                                   winograd_blocks b, int capacity, int worker, real *workspace) {
  const weights_shape shape = weights_of(c);
  winograd_plan w = {
      .c = c,
      .kernel = kernel,
      .tiles = winograd_tiles_of(c->h.kernel, images, c->h.out, c->w.out, b.tile_batch),
      .in = {c->h.in, c->w.in, divide_up(c->ic_row, LANES)},
      .out = {c->h.out, c->w.out, divide_up(c->oc_row, LANES)},
      .pass = min_int(b.pass, capacity),
      .ic_blocks = divide_up(c->ic, LANES),
      .oc_tile_count = oc_tiles(shape),
      .vector = b.tile_batch * LANES,
  };
  w.in_batch = w.ic_blocks * w.vector;
  w.out_batch = w.oc_tile_count * c->oc_vectors * w.vector;
  w.in_element = winograd_element_reals(LANES, capacity, w.in_batch);
  w.out_element = winograd_element_reals(LANES, capacity, w.out_batch);
  w.domain_in = workspace + WINOGRAD_ELEMENTS * worker * (w.in_element + w.out_element);
  w.domain_out = w.domain_in + WINOGRAD_ELEMENTS * w.in_element;
  return w;
}

/* y = x convolved, see conv_channel_blocked. shift: of the output channels; weights: in the
   transform domain. A thread has some tile batches for itself, or all threads go through the steps
   together: sums have the same order. */
static void conv_winograd(team t, const channel_conv *c, const winograd_kernel *kernel,
                          winograd_blocks b, const conv_tiles *register_tiles,
                          const real *restrict x, const real *restrict shift,
                          const real *restrict weights, real *restrict workspace,
                          const real *residual, const real *relu_mask, real *y) {
  const int all = winograd_tile_batches_of(c->h.kernel, t.groups, c->h.out, c->w.out, b.tile_batch);
  const int shared = winograd_shares_batches(all, b.capacity, t.threads);
  const int workers = shared ? 1 : min_int(t.threads, b.capacity);
  const int capacity = shared ? b.capacity : min_int(b.pass, b.capacity / workers);
  const int worker = min_int(t.thread, workers - 1);
  const winograd_plan w = plan_winograd(c, kernel, t.groups, b, capacity, worker, workspace);
  const team working = {t.thread, workers, t.groups};
  const team together = shared ? t : (team){0, 1, t.groups};
  const span own = shared               ? (span){0, all}
                   : t.thread < workers ? work_range(all, working)
                                        : (span){0, 0};
  for (int first = own.begin; first < own.end; first += capacity) {
    const int batches = min_int(capacity, own.end - first);
    transform_input_batches(together, &w, first, batches, x);
    if (shared) barrier(); /* all input tiles are transformed */
    multiply_batches(together, &w, register_tiles, weights, batches);
    if (shared) barrier(); /* all products are there */
    inverse_transform_batches(together, &w, first, batches, shift, residual, relu_mask, y);
  }
  if (!c->reduce) return;
  barrier(); /* all of y is written */
  const span reduced = work_range(t.groups * w.oc_tile_count, t);
  for (int i = reduced.begin; i < reduced.end; i++)
    c->reduce(c, y, i / w.oc_tile_count, 0, c->h.out, i % w.oc_tile_count);
}

/* The same while training. packed: packed weights, the weights in the transform domain, and the
   workspace. */
ALWAYS_INLINE void conv_winograd_packed(team t, const channel_conv *c,
                                        const winograd_kernel *kernel, winograd_blocks b,
                                        const conv_tiles *register_tiles, const real *restrict x,
                                        real *restrict packed, const real *residual,
                                        const real *relu_mask, real *y) {
  const weights_shape shape = weights_of(c);
  real *const weights = packed + packed_weights_reals(shape);
  real *const workspace = weights + winograd_weights_reals(shape);
  transform_weights(t, shape, kernel->transform_weights, packed_weights(shape, packed), weights);
  conv_winograd(t, c, kernel, b, register_tiles, x, packed, weights, workspace, residual, relu_mask,
                y);
}

#endif
