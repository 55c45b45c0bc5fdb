/* The schedule of batch-blocked conv2d_backward_weights (templates/batch_blocked). */
#include "ir/queries.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

#include <inttypes.h>

enum {
  GRADIENT_ITEMS = 32,      /* work items, at least, where each sees all images */
  TAPS_L1_BYTES = 30 << 10, /* that stay in the L1 cache while others pass through once */
  TILE_L1_BYTES = 40 << 10, /* the same, with what passes through */
  PART_L3_BYTES = 4 << 20, /* images that stay in the L3 cache while several work items read them */
  PART_PIXELS = 256 /* vectors that a part sums, at least: a sum of lanes costs as much as 8 */
};

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

int weights_sums_max(const CompileOptions *options) {
  return BLOCK_SUMS_BYTES / vector_bytes(options);
}

/* --- split_k ---------------------------------------------------------------------------------- */

/* Bytes of so many groups of images. */
static int64_t batch_bytes(const Value *value, int groups, int vector) {
  return value_features(value) * groups * vector;
}

/* Parts of the rows of all images that are summed by themselves: for enough work items, and so that
   work items which read the same images find them in the L3 cache. */
static int choose_split_k(int items, int most, int64_t images, int64_t weights, bool read_again) {
  int split_k = min_int(most, divide_up(GRADIENT_ITEMS, items));
  int near = (int)(images / PART_L3_BYTES);
  while (near > 1 && near * weights * 2 > images) near--;
  if (read_again && near > split_k) split_k = min_int(most, near);
  return split_k;
}

/* As many parts as there are rows, unless an int cannot count what they hold and read. */
static int split_k_max(const Decision *d, int64_t rows) {
  const int64_t weights = value_count(d->node->out[0]);
  return max_int(1, (int)min64(rows, INT32_MAX / (weights > rows ? weights : rows)));
}

int64_t weights_batch_blocked_partial_size(const Node *node, const Schedule *s) {
  const int split_k = s->weights_batch_blocked.split_k;
  return split_k > 1 ? split_k * value_count(node->out[0]) : 0;
}

/* --- the boundary of a row -------------------------------------------------------------------- */

/* Pixels of a row of dy at its left end that a tap does not reach, and those before the first at
   the right end. */
static int left_boundary(const Attributes *a) {
  return divide_up(a->padding[1], a->stride[1]);
}
static int before_right_boundary(const Attributes *a, const Value *x) {
  return (x->dim[3] - a->kernel[1] + a->padding[1]) / a->stride[1] + 1;
}

/* Whether the taps of a row of the filter can be a side of the register tile. The two ends of a row
   must not meet. */
static bool taps_fit(const Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0];
  const RegisterTile least = {1, a->kernel[1]};
  return a->kernel[1] > 1 && a->dilation[1] == 1 && tile_fits(least, tile_registers(d)) &&
         x->dim[3] >= a->kernel[1] && before_right_boundary(a, x) > left_boundary(a) &&
         a->padding[1] < a->kernel[1];
}

/* Whether the first and the last block of pixels hold the boundary of the row, whose pixels have
   code of their own. */
static bool boundary_fits(const Decision *d, int ow_block) {
  const Attributes *a = &d->node->attributes;
  const int ow = d->node->in[1]->dim[3], last = (ow - 1) / ow_block * ow_block;
  return last == 0 ||
         (ow_block >= left_boundary(a) && last <= before_right_boundary(a, d->node->in[0]));
}

/* --- the tile and its blocks ------------------------------------------------------------------ */

/* Output channels x taps of a row of the filter. */
static void choose_taps(Decision *d, int oc) {
  WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  const int registers = tile_registers(d), kw = d->node->attributes.kernel[1];
  RegisterTile tile = {1, kw};
  while (tile.rows < oc && tile_fits((RegisterTile){tile.rows + 1, kw}, registers)) tile.rows++;
  const int in_flight = d->options->target->fma_ports * d->options->target->fma_latency;
  const int fewer = tile.rows - 1; /* where they leave no tail and still keep the FMA units busy */
  if (oc % tile.rows && fewer && oc % fewer == 0 && fewer * kw >= in_flight) tile.rows = fewer;
  s->oc_unroll = tile.rows;
  s->kw_taps = kw;
}

/* Output channels x input channels. */
static void choose_channels(Decision *d, int oc, int ic) {
  WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  RegisterTile tile = d->options->target->conv_tile;
  choose_tile(d->options->target, oc, ic, 1, tile_registers(d), &tile);
  while (tile.rows * tile.columns * d->node->attributes.kernel[1] > weights_sums_max(d->options))
    *(tile.rows < tile.columns ? &tile.columns : &tile.rows) /= 2; /* very wide kernels */
  s->oc_unroll = tile.rows;
  s->ic_unroll = tile.columns;
}

/* Input channels of the register tile. */
static int ic_of_tile(const Schedule *s) {
  return s->algorithm == ALGORITHM_TAPS ? 1 : s->weights_batch_blocked.ic_unroll;
}

static bool decide_tile(Decision *d, int oc, int ic) {
  WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  const int kw = d->node->attributes.kernel[1];
  if (d->s.algorithm != ALGORITHM_TAPS) {
    choose_channels(d, oc, ic);
    decision_override(d, GROUP_TILE);
    return decision_check_tile(d, &s->oc_unroll, oc, &s->ic_unroll, ic);
  }
  choose_taps(d, oc);
  decision_override(d, GROUP_TILE);
  if (s->kw_taps != kw)
    return decision_reject(d, "kw_taps must be %d, all taps of a row of the filter, not %d", kw,
                           s->kw_taps);
  return decision_check_tile(d, &s->oc_unroll, oc, &s->kw_taps, kw);
}

/* Rows and pixels of a row of dy of a register tile, which stay in the L1 cache while channels pass
   over them. With a tile of channels, these and the next, which are prefetched, stay there, too. */
static void choose_strips(Decision *d) {
  WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *dy = d->node->in[1];
  const bool taps = d->s.algorithm == ALGORITHM_TAPS;
  const int64_t vector = vector_bytes(d->options);
  const int64_t pixels =
      min64(x->dim[3], (int64_t)dy->dim[3] * a->kernel[1]) * min_int(a->stride[0], a->kernel[0]);
  const int64_t x_bytes = taps ? 0 : s->ic_unroll * pixels * vector;
  const int64_t row = s->oc_unroll * dy->dim[3] * vector + 2 * x_bytes;
  const int bytes = taps ? TAPS_L1_BYTES : TILE_L1_BYTES;
  int blocks = (int)min64(dy->dim[3], (row + bytes - 1) / bytes);
  s->oh_block = (int)min64(dy->dim[2], bytes / row > 1 ? bytes / row : 1);
  while (taps && blocks > 1 && !boundary_fits(d, divide_up(dy->dim[3], blocks))) blocks--;
  s->ow_block = divide_up(dy->dim[3], blocks);
}

/* Work items of a part. */
static int items_of(const WeightsBatchBlocked *s, const Attributes *a, int oc, int ic) {
  return a->groups * divide_up(oc, s->oc_block) * divide_up(ic, s->ic_block) *
         (a->kernel[0] / s->kh_block);
}

/* The largest block of sums (output channels, input channels and rows of the filter) that leaves
   enough work items when the rows are cut into `most` parts. */
static void choose_sums(Decision *d, int oc, int ic, int most) {
  WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  const Attributes *a = &d->node->attributes;
  const int sums_max = weights_sums_max(d->options);
  s->oc_block = s->oc_unroll;
  s->ic_block = ic_of_tile(&d->s);
  const int tiles = a->groups * divide_up(oc, s->oc_block) * divide_up(ic, s->ic_block);
  const bool fits = s->oc_block * s->ic_block * a->kernel[0] * a->kernel[1] <= sums_max;
  s->kh_block = tiles * most < GRADIENT_ITEMS || !fits ? 1 : a->kernel[0];
  for (bool grown = true; grown;) {
    grown = false;
    for (int k = 0; k < 2; k++) {
      WeightsBatchBlocked larger = *s;
      *(k ? &larger.ic_block : &larger.oc_block) *= 2;
      const int64_t sums =
          (int64_t)larger.oc_block * larger.ic_block * larger.kh_block * a->kernel[1];
      const bool useful = k ? s->ic_block < ic && s->ic_block <= s->oc_block
                            : s->oc_block < oc && s->oc_block <= s->ic_block;
      if (!useful || sums > sums_max || items_of(&larger, a, oc, ic) * most < GRADIENT_ITEMS)
        continue;
      *s = larger;
      grown = true;
    }
  }
}

/* --- checks ----------------------------------------------------------------------------------- */

static bool check_algorithm(const Decision *d) {
  return d->s.algorithm != ALGORITHM_TAPS || taps_fit(d) ||
         decision_reject(d,
                         "algorithm=taps is for kernels of 2 or more columns without dilation "
                         "along a row, whose taps fit the registers of %s, with less padding than "
                         "columns, and rows with a pixel that all taps reach",
                         target_name(d->options->target));
}

static bool check_block(const Decision *d) {
  const WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  const Attributes *a = &d->node->attributes;
  const Value *dy = d->node->in[1];
  const int sums_max = weights_sums_max(d->options);
  if (!decision_check(d, &s->oh_block, dy->dim[2]) || !decision_check(d, &s->oc_block, sums_max) ||
      !decision_check_multiple(d, &s->oc_block, s->oc_unroll) ||
      !decision_check(d, &s->ic_block, sums_max) ||
      !decision_check_multiple(d, &s->ic_block, ic_of_tile(&d->s)) ||
      !decision_check(d, &s->kh_block, a->kernel[0]) ||
      !decision_check(d, &s->ow_block, dy->dim[3]) ||
      !decision_check_divides(d, &s->kh_block, a->kernel[0]))
    return false;
  const int64_t sums = (int64_t)s->oc_block * s->ic_block * s->kh_block * a->kernel[1];
  if (sums > sums_max)
    return decision_reject(d,
                           "oc_block=%d ic_block=%d kh_block=%d with %d taps in a row are %" PRId64
                           " sums; %s has room for %d",
                           s->oc_block, s->ic_block, s->kh_block, a->kernel[1], sums,
                           target_name(d->options->target), sums_max);
  const int right = dy->dim[3] - before_right_boundary(a, d->node->in[0]);
  return d->s.algorithm != ALGORITHM_TAPS || boundary_fits(d, s->ow_block) ||
         decision_reject(d,
                         "ow_block must be all %d, or leave the %d pixels of the left boundary in "
                         "the first block and the %d of the right one in the last",
                         dy->dim[3], left_boundary(a), right);
}

bool decide_weights_batch_blocked(Decision *d) {
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *dy = d->node->in[1], *dw = d->node->out[0];
  const int vector = vector_bytes(d->options);
  const int groups = divide_up(d->graph->recipe.batch, lanes_of(d)); /* of images */
  const int ic = x->dim[1] / a->groups, oc = dy->dim[1] / a->groups;
  /* A pixel that is read for one tap is near for the next. */
  d->s.algorithm = taps_fit(d) && a->kernel[1] > 2 ? ALGORITHM_TAPS : ALGORITHM_DIRECT;
  decision_override_algorithm(d);
  if (!check_algorithm(d) || !decision_begin(d, SCHEDULE_WEIGHTS_BATCH_BLOCKED)) return false;
  WeightsBatchBlocked *s = &d->s.weights_batch_blocked;
  if (!decide_tile(d, oc, ic)) return false;
  choose_strips(d);
  int64_t rows = (int64_t)groups * divide_up(dy->dim[2], s->oh_block);
  const int64_t enough = (int64_t)groups * dy->dim[2] * dy->dim[3] / PART_PIXELS;
  choose_sums(d, oc, ic, split_k_max(d, min64(rows, enough)));
  decision_override(d, GROUP_BLOCK);
  if (!check_block(d)) return false;
  rows = (int64_t)groups * divide_up(dy->dim[2], s->oh_block);
  const int items = items_of(s, a, oc, ic);
  const int most = split_k_max(d, rows); /* a limit of sums in the caches: more rows, fewer parts */
  s->split_k = choose_split_k(items, min_int(most, split_k_max(d, min64(rows, enough))),
                              batch_bytes(x, groups, vector) + batch_bytes(dy, groups, vector),
                              value_count(dw) * real_bytes(d->options), items > a->groups);
  decision_override(d, GROUP_SPLIT_K);
  return decision_check(d, &s->split_k, most);
}
