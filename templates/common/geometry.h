/* Geometry of convolutions: which pixels a tile reads through which taps, what the boundary clips,
   and how many reals packed weights, partial sums and workspaces have. The compiler includes this
   header and every program that convolves contains it, so both agree. Sizes are 64
   bits wide. Positions along an axis and indices of a value are int: cnnc rejects sides, kernels
   and paddings (compiler/ir/shapes.c) and memory (compiler/passes/pipeline.c) that an int cannot
   count. */
#ifndef CNN_GEOMETRY_H
#define CNN_GEOMETRY_H

#include "integers.h"

#include <stdint.h>

/* --- limits of register tiles --------------------------------------------------------------- */

/* Channel-blocked: vectors of output channels of a tile, pixels of a row of one, pixels at an end
   of one that a tap may be clipped of, and taps of a kernel's row that a tile of the gradient of
   the weights may have. */
enum { OC_VECTORS_MAX = 4, OW_UNROLL_MAX = 29, CLIPPED_MAX = 6, KW_TAPS_MAX = 5 };

/* Tiles of a tile batch of the gradient of the weights with Winograd convolution. */
enum { GRADIENT_TILE_BATCH = 16 };

/* Batch-blocked: bytes of the sums of a block of the gradient of the weights. They stay in the L2
   cache, on the stack of a thread. */
enum { BLOCK_SUMS_BYTES = 256 << 10 };

/* --- one axis: taps and pixels --------------------------------------------------------------- */

/* One axis of a convolution, h or w. Forward, output o reads the inputs o * stride - padding +
   k * dilation, one for each tap k of the kernel. Backward data, the kernel reads dy and writes dx:
   `in` counts pixels of dy and `out` pixels of dx. Pixel o of dx reads the pixels of dy that o went
   into; pixels with the same o % stride are a stride phase and have the same taps. */
typedef struct conv_axis {
  int in;  /* pixels that the kernel reads */
  int out; /* pixels that the kernel writes */
  int kernel;
  int stride;
  int padding;
  int dilation;
  int backward; /* 1: backward data */
} conv_axis;

/* Taps that reach one output: first, first + step, ...; `from` is the input that the first of them
   reads, each further tap reads an input `from_step` away from the one before. */
typedef struct tap_range {
  int count;
  int first;
  int step;
  int from;
  int from_step;
} tap_range;

static inline int greatest_common_divisor(int a, int b) {
  while (b != 0) {
    const int remainder = a % b;
    a = b;
    b = remainder;
  }
  return a;
}

/* The taps that reach output o, as if there were no boundary. Backward, `from` rises with the tap
   number of the range as it does forward: inputs are read in the order in which they were written.
 */
static inline tap_range taps_of(const conv_axis *a, int o) {
  if (!a->backward) {
    return (tap_range){a->kernel, 0, 1, o * a->stride - a->padding, a->dilation};
  }
  const int divisor = greatest_common_divisor(a->stride, a->dilation);
  const int step = a->stride / divisor;
  const int from_step = a->dilation / divisor;
  int first = 0;
  while (first < a->kernel && (o + a->padding - first * a->dilation) % a->stride != 0) first++;
  const int count = divide_up(a->kernel - first, step);
  const int last = first + (count - 1) * step;
  return (tap_range){count, last, -step, (o + a->padding - last * a->dilation) / a->stride,
                     from_step};
}

/* The taps of the range that read an input inside the boundary. */
static inline tap_range clip_taps(const conv_axis *a, tap_range t) {
  while (t.count > 0 && (t.from < 0 || t.from >= a->in)) {
    t.count--;
    t.first += t.step;
    t.from += t.from_step;
  }
  int count = 0;
  while (count < t.count && t.from + count * t.from_step < a->in) count++;
  t.count = count;
  return t;
}

/* Stride phases of the outputs: 1 forward. */
static inline int stride_phases(const conv_axis *a) {
  return a->backward ? min_int(a->stride, a->out) : 1;
}

/* Distance of neighbours of one stride phase, in outputs and in inputs. */
static inline int phase_out_step(const conv_axis *a) {
  return a->backward ? a->stride : 1;
}

static inline int phase_in_step(const conv_axis *a) {
  return a->backward ? 1 : a->stride;
}

/* Outputs of a stride phase. */
static inline int phase_outputs(const conv_axis *a, int phase) {
  return divide_up(a->out - phase, phase_out_step(a));
}

/* Of `count` outputs of a stride phase, whose first has the taps t: those that no tap is clipped
   of. */
static inline span unclipped_outputs(const conv_axis *a, tap_range t, int count) {
  if (t.count == 0) return (span){0, count};
  const int step = phase_in_step(a);
  const int low = t.from;
  const int high = t.from + (t.count - 1) * t.from_step;
  const int first = low < 0 ? divide_up(-low, step) : 0;
  const int end = high < a->in ? (a->in - 1 - high) / step + 1 : 0;
  const int begin = min_int(first, count);
  return (span){begin, max_int(begin, min_int(end, count))};
}

/* Forward: the outputs from `begin` to before `end` that read an input through tap k. */
static inline span outputs_of_tap(const conv_axis *a, int k, int begin, int end) {
  const int from = k * a->dilation - a->padding; /* the input that output 0 reads */
  const int first = from < 0 ? divide_up(-from, a->stride) : 0;
  const int last = from < a->in ? (a->in - 1 - from) / a->stride + 1 : 0;
  return (span){max_int(begin, first), min_int(end, last)};
}

/* Pixels at an end of a tile that a tap is clipped of, where the outermost one reads `past` inputs
   beyond the boundary (0 or less: none) and neighbours read inputs `step` apart. */
static inline int clipped_pixels(int past, int step) {
  return past > 0 ? divide_up(past, step) : 0;
}

/* How the boundary clips the taps of tiles. */
typedef struct tile_clipping {
  int most;      /* pixels at one end of a tile that a tap is clipped of, at most */
  int both_ends; /* 1: of some tile a tap is clipped at both ends */
} tile_clipping;

/* Of tiles of `pixels` outputs that cut each stride phase. A tap that no pixel of a tile has counts
   as one pixel: the tile skips it. */
static inline tile_clipping clipping_of_tiles(const conv_axis *a, int pixels) {
  tile_clipping clipping = {0, 0};
  const int step = phase_in_step(a);
  for (int phase = 0; phase < stride_phases(a); phase++) {
    const tap_range t = taps_of(a, phase);
    const int outputs = phase_outputs(a, phase);
    const span unclipped = unclipped_outputs(a, t, outputs);
    for (int first = 0; first < outputs; first += pixels) {
      const int tile = min_int(pixels, outputs - first);
      if (first >= unclipped.begin && first + tile <= unclipped.end) continue;
      for (int k = 0; k < t.count; k++) {
        const int at = t.from + first * step + k * t.from_step;
        const int left = clipped_pixels(-at, step);
        const int right = clipped_pixels(at + (tile - 1) * step + 1 - a->in, step);
        const int whole = left + right >= tile;
        clipping.most = max_int(clipping.most, whole ? 1 : max_int(left, right));
        clipping.both_ends |= !whole && left > 0 && right > 0;
      }
    }
  }
  return clipping;
}

/* --- channel-blocked: packed weights and sums ------------------------------------------------ */

/* The weights of a channel-blocked convolution: packed as [oc tile][ic block][kh][kw][ic of the
   block][oc of the tile], behind the shift of every output channel, [oc tile][oc of the tile]. The
   gradient of the weights is summed as [oc tile][ic][kh][kw][oc of the tile]. */
typedef struct weights_shape {
  int lanes;  /* reals of a vector */
  int ic;     /* channels that the kernel reads: of dy in backward data */
  int oc;     /* channels that the kernel writes: of dx in backward data */
  int groups; /* ic and oc count the channels of all groups */
  int kh;
  int kw;
  int oc_vectors; /* vectors of output channels of a register tile */
} weights_shape;

/* Register tiles over the output channels. */
static inline int oc_tiles(weights_shape s) {
  return divide_up(s.oc, s.oc_vectors * s.lanes);
}

/* Output channels of all tiles: the last one is packed as whole as the others. */
static inline int oc_of_tiles(weights_shape s) {
  return oc_tiles(s) * s.oc_vectors * s.lanes;
}

/* Input channels of a block in packed weights. */
static inline int ic_of_block(weights_shape s) {
  return min_int(s.ic, s.lanes);
}

/* Blocks of `lanes` input channels that hold a channel which the tile's groups read. */
static inline span ic_blocks_of(weights_shape s, int tile) {
  const int oc = s.oc / s.groups;
  const int ic = s.ic / s.groups;
  const int first = tile * s.oc_vectors * s.lanes;
  const int last = min_int(s.oc, first + s.oc_vectors * s.lanes) - 1;
  return (span){first / oc * ic / s.lanes, divide_up((last / oc + 1) * ic, s.lanes)};
}

/* The most blocks that a tile reads. All tiles of a single group read the same. */
static inline int ic_blocks_most(weights_shape s) {
  int most = 0;
  for (int tile = 0; tile < (s.groups > 1 ? oc_tiles(s) : 1); tile++) {
    const span blocks = ic_blocks_of(s, tile);
    most = max_int(most, blocks.end - blocks.begin);
  }
  return most;
}

/* Reals of the packed weights of a tile: for one tap of a block of input channels, for a block, for
   all blocks. */
static inline int64_t packed_tap_reals(weights_shape s) {
  return (int64_t)ic_of_block(s) * s.oc_vectors * s.lanes;
}

static inline int64_t packed_block_reals(weights_shape s) {
  return s.kh * s.kw * packed_tap_reals(s);
}

static inline int64_t packed_tile_reals(weights_shape s) {
  return ic_blocks_most(s) * packed_block_reals(s);
}

/* Reals of all packed weights and the shift before them. */
static inline int64_t packed_weights_reals(weights_shape s) {
  return oc_of_tiles(s) + oc_tiles(s) * packed_tile_reals(s);
}

/* Reals of the sums of a tile for the gradient of the weights. */
static inline int64_t gradient_tile_reals(weights_shape s) {
  return (int64_t)s.ic * s.kh * s.kw * s.oc_vectors * s.lanes;
}

/* The same of all tiles. */
static inline int64_t gradient_sums_reals(weights_shape s) {
  return oc_tiles(s) * gradient_tile_reals(s);
}

/* --- channel-blocked: the epilogue reduction of backward data --------------------------------- */

/* Where the two partial sums of a vector of channels lie: [block of rows of an image][vector of
   channels][2][lanes]. */
static inline int64_t partial_sums_at(int lanes, int row_block, int vectors, int vector) {
  return ((int64_t)row_block * vectors + vector) * 2 * lanes;
}

/* Reals of all of them, for `images` with `channels` and `height` rows, summed in blocks of rows.
 */
static inline int64_t partial_sums_reals(int lanes, int images, int channels, int height,
                                         int rows) {
  return (int64_t)images * divide_up(height, rows) * divide_up(channels, lanes) * 2 * lanes;
}

/* --- batch-blocked ---------------------------------------------------------------------------- */

/* Reals of weights packed for register tiles of `oc_unroll` channels: [group][oc tile][ic][kh][kw]
   [oc of the tile]. ic, oc: channels of a group. */
static inline int64_t batch_blocked_packed_reals(int groups, int ic, int oc, int kh, int kw,
                                                 int oc_unroll) {
  return (int64_t)groups * divide_up(oc, oc_unroll) * oc_unroll * ic * kh * kw;
}

/* --- Winograd ------------------------------------------------------------------------------- */

/* F(4x4, 3x3) and F(2x2, 5x5) both have input tiles of 6 x 6 and 36 elements in the transform
   domain. */
enum { WINOGRAD_INPUT_TILE = 6, WINOGRAD_ELEMENTS = WINOGRAD_INPUT_TILE * WINOGRAD_INPUT_TILE };

/* Pixels of a side of an output tile, for kernels of taps x taps. */
static inline int winograd_output_tile(int taps) {
  return WINOGRAD_INPUT_TILE + 1 - taps;
}

/* The output tiles of all images, numbered image by image, row by row. A tile batch is some that
   follow each other; it goes through the transforms and products together. */
typedef struct winograd_tiles {
  int size;       /* pixels of a side */
  int h;          /* tiles of a column of an image */
  int w;          /* tiles of a row */
  int count;      /* of all images */
  int tile_batch; /* tiles of a batch */
} winograd_tiles;

static inline winograd_tiles winograd_tiles_of(int taps, int images, int oh, int ow,
                                               int tile_batch) {
  const int size = winograd_output_tile(taps);
  const int h = divide_up(oh, size);
  const int w = divide_up(ow, size);
  return (winograd_tiles){size, h, w, images * h * w, tile_batch};
}

static inline int winograd_tile_batches(const winograd_tiles *t) {
  return divide_up(t->count, t->tile_batch);
}

static inline int winograd_tile_batches_of(int taps, int images, int oh, int ow, int tile_batch) {
  const winograd_tiles t = winograd_tiles_of(taps, images, oh, ow, tile_batch);
  return winograd_tile_batches(&t);
}

/* Whether all threads go through the steps of a convolution together, with barriers between steps,
   instead of having some tile batches each: with more than a few threads, where a tenth of them
   would have none. */
static inline int winograd_shares_batches(int batches, int capacity, int threads) {
  const int few_threads = 4;
  const int64_t busiest = divide_up(batches, min_int(threads, capacity));
  return threads > few_threads && busiest * threads * 9 > (int64_t)batches * 10;
}

/* The first pixel of an output tile. */
typedef struct winograd_tile_origin {
  int n;
  int oh;
  int ow;
} winograd_tile_origin;

static inline winograd_tile_origin winograd_origin_of(const winograd_tiles *t, int number) {
  const int in_image = number % (t->h * t->w);
  return (winograd_tile_origin){number / (t->h * t->w), in_image / t->w * t->size,
                                in_image % t->w * t->size};
}

/* Which of `size` pixels from `first` on lie inside of 0 .. all - 1, counted from `first`. */
static inline span pixels_inside(int first, int size, int all) {
  return (span){min_int(size, max_int(0, -first)), max_int(0, min_int(size, all - first))};
}

/* Distance of elements in a workspace that holds some tile batches of `batch_reals` each at every
   element. One vector more: elements a multiple of a page apart would share too few cache sets. */
static inline int64_t winograd_element_reals(int lanes, int batches, int64_t batch_reals) {
  return batches * batch_reals + lanes;
}

/* Reals of the weights in the transform domain: [element][oc tile][ic block][ic of the block][oc of
   the tile]. */
static inline int64_t winograd_weights_reals(weights_shape s) {
  return WINOGRAD_ELEMENTS * oc_tiles(s) * ic_blocks_most(s) * packed_tap_reals(s);
}

/* Reals of the sums of the gradient there: [element][oc tile][ic][oc of the tile]. */
static inline int64_t winograd_sums_reals(weights_shape s) {
  return (int64_t)WINOGRAD_ELEMENTS * s.ic * oc_of_tiles(s);
}

/* Reals of a tile batch in the transform domain, input and output (in the gradient of the
   weights: x and dy). */
static inline int64_t winograd_batch_reals(weights_shape s, int tile_batch) {
  const int64_t vectors = divide_up(s.ic, s.lanes) + oc_tiles(s) * s.oc_vectors;
  return WINOGRAD_ELEMENTS * (vectors * tile_batch + 2) * s.lanes;
}

/* --- workspaces of channel-blocked convolutions, in reals ------------------------------------- */

/* `capacity`: tile batches that the workspace holds at once; 0: the convolution is direct. */

/* Forward and backward data while training: weights are packed first. */
static inline int64_t conv_workspace(weights_shape s, int capacity, int tile_batch) {
  if (capacity == 0) return packed_weights_reals(s);
  return packed_weights_reals(s) + winograd_weights_reals(s) +
         capacity * winograd_batch_reals(s, tile_batch);
}

/* Prepacked weights, made once before inference. */
static inline int64_t prepacked_weights_reals(weights_shape s, int winograd) {
  return packed_weights_reals(s) + (winograd ? winograd_weights_reals(s) : 0);
}

/* The gradient of the weights: each of split_k parts of all pixels has sums of its own. */
static inline int64_t backward_weights_workspace(weights_shape s, int split_k, int capacity,
                                                 int tile_batch) {
  if (capacity == 0) return split_k * gradient_sums_reals(s);
  return gradient_sums_reals(s) +
         split_k * (winograd_sums_reals(s) + capacity * winograd_batch_reals(s, tile_batch));
}

#endif
