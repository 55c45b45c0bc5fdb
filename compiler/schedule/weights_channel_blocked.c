/* The schedule of channel-blocked conv2d_backward_weights (templates/channel_blocked). */
#include "schedule/convolution.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

#include <inttypes.h>

enum {
  STRIP_L1_BYTES =
      30 << 10, /* that a register tile reads: they stay in the L1 cache for all taps */
  SUMS_L2_BYTES = 256 << 10, /* sums of a work item: they stay in the L2 cache */
  PARTIAL_BYTES = 8 << 20,   /* partial sums of all parts, where more work items than these need */
  GRADIENT_ITEMS = 64        /* work items, at least */
};

/* What the schedule depends on. */
typedef struct Gradient {
  int vectors, ic, ic_blocks; /* of channels of dy; channels of a block of x; such blocks */
  int64_t block_sums;         /* of a vector of channels of dy, for a block of x */
} Gradient;

static Gradient gradient_of(const Node *node, int lanes) {
  const Value *x = node->in[0], *dy = node->in[1];
  const Attributes *a = &node->attributes;
  const int ic = min_int(x->dim[1], lanes);
  return (Gradient){divide_up(dy->dim[1], lanes), ic, divide_up(x->dim[1], lanes),
                    (int64_t)ic * a->kernel[0] * a->kernel[1] * lanes};
}

/* --- the tile --------------------------------------------------------------------------------- */

/* Pixels of a row of dy that each tap reaches, of all taps together. */
static int64_t pixels_of_taps(const Node *node) {
  const conv_axis w = axis_w_of(node);
  int64_t pixels = 0;
  for (int kw = 0; kw < w.kernel; kw++) {
    const span ow = outputs_of_tap(&w, kw, 0, node->in[1]->dim[3]);
    pixels += max_int(0, ow.end - ow.begin);
  }
  return pixels;
}

/* Whether a tile may have all taps of a row of the filter: neighbours in dy read neighbours of x,
   and no pixel of x misses taps at both ends. */
static bool taps_fit(const Node *node) {
  const Attributes *a = &node->attributes;
  return a->kernel[1] > 1 && a->kernel[1] <= KW_TAPS_MAX && a->stride[1] == 1 &&
         a->dilation[1] == 1 && node->in[1]->dim[3] >= a->kernel[1];
}

/* A tile with one tap or, where that gains enough, with a row of them. */
static Algorithm choose_algorithm(const Decision *d, const Gradient *g) {
  const double WORTH_A_ROW = 0.04, BOUNDARY = 1; /* pixels at both ends of a row cost one more */
  const int kw = d->node->attributes.kernel[1];
  RegisterTile tile;
  if (!taps_fit(d->node)) return ALGORITHM_DIRECT;
  const double pixels = (double)pixels_of_taps(d->node);
  const double one = choose_gradient_tile(d->options->target, g->vectors, g->ic, 1, &tile) * pixels;
  const double row = choose_gradient_tile(d->options->target, g->vectors, g->ic, kw, &tile) *
                     (pixels / kw + BOUNDARY);
  return row == 0 || row > one * (1 - WORTH_A_ROW) ? ALGORITHM_DIRECT : ALGORITHM_TAPS;
}

static bool check_taps(const Decision *d) {
  return d->s.algorithm != ALGORITHM_TAPS || taps_fit(d->node) ||
         decision_reject(d,
                         "algorithm=taps is for kernels of 2 to %d columns without stride and "
                         "dilation along a row, which is not shorter",
                         KW_TAPS_MAX);
}

/* Both kinds of schedule have these fields. */
static bool check_tile(const Decision *d, const Gradient *g, const int *oc_vectors,
                       const int *ic_unroll, int taps) {
  const int registers = all_registers(d);
  const int needed = gradient_tile_registers(*oc_vectors, *ic_unroll, taps);
  if (!decision_check(d, oc_vectors, min_int(g->vectors, OC_VECTORS_MAX)) ||
      !decision_check(d, ic_unroll, g->ic))
    return false;
  if (needed > registers)
    return decision_reject(
        d, "oc_vectors=%d ic_unroll=%d with %d taps need %d vector registers; %s has %d",
        *oc_vectors, *ic_unroll, taps, needed, target_name(d->options->target), registers);
  return decision_check_divides(d, ic_unroll, g->ic);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Rows and images of a strip. */
static void choose_strip(Decision *d) {
  WeightsChannelBlocked *s = &d->s.weights_channel_blocked;
  const Attributes *a = &d->node->attributes;
  const Value *x = d->node->in[0], *dy = d->node->in[1];
  const int64_t vectors = (int64_t)dy->dim[3] * s->oc_vectors +
                          (int64_t)x->dim[3] * min_int(a->stride[0], a->kernel[0]);
  const int64_t row = vectors * vector_bytes(d->options), image = row * dy->dim[2];
  s->oh_block = max_int(1, min_int(dy->dim[2], (int)(STRIP_L1_BYTES / row)));
  s->n_block = max_int(1, min_int(d->graph->recipe.batch, (int)(STRIP_L1_BYTES / image)));
  if (s->oh_block < dy->dim[2]) s->n_block = 1;
}

static int strips_of(const Decision *d) {
  const WeightsChannelBlocked *s = &d->s.weights_channel_blocked;
  return divide_up(d->graph->recipe.batch, s->n_block) *
         divide_up(d->node->in[1]->dim[2], s->oh_block);
}

/* Work items of a part. */
static int items_of(const WeightsChannelBlocked *s, const Gradient *g) {
  return divide_up(divide_up(g->vectors, s->oc_vectors), s->oc_block) *
         divide_up(g->ic_blocks, s->ic_block);
}

/* Tiles and blocks of channels of a work item: as many as the L2 cache holds sums for, about as
   many vectors of both sides, and as leave enough work items for `split_k` parts. */
static void choose_sums(Decision *d, const Gradient *g, int split_k) {
  WeightsChannelBlocked *s = &d->s.weights_channel_blocked;
  const int tiles = divide_up(g->vectors, s->oc_vectors);
  s->oc_block = s->ic_block = 1;
  for (bool grown = true; grown;) {
    grown = false;
    for (int k = 0; k < 2 && !grown; k++) {
      WeightsChannelBlocked larger = *s;
      const bool wide = (s->oc_block * s->oc_vectors <= s->ic_block) == (k == 0);
      int *side = wide ? &larger.oc_block : &larger.ic_block;
      const int before = *side;
      *side = min_int(wide ? tiles : g->ic_blocks, before * 2);
      const int64_t sums = g->block_sums * s->oc_vectors * larger.oc_block * larger.ic_block;
      if (*side == before || sums * real_bytes(d->options) > SUMS_L2_BYTES ||
          items_of(&larger, g) * split_k < GRADIENT_ITEMS)
        continue;
      *s = larger;
      grown = true;
    }
  }
}

static bool check_block(const Decision *d, const Gradient *g) {
  const WeightsChannelBlocked *s = &d->s.weights_channel_blocked;
  const int oh = d->node->in[1]->dim[2];
  if (!decision_check(d, &s->oh_block, oh) ||
      !decision_check(d, &s->n_block, d->graph->recipe.batch) ||
      !decision_check(d, &s->oc_block, divide_up(g->vectors, s->oc_vectors)) ||
      !decision_check(d, &s->ic_block, g->ic_blocks))
    return false;
  return s->n_block == 1 || s->oh_block == oh ||
         decision_reject(d, "n_block=%d requires oh_block=%d, all rows, not %d", s->n_block, oh,
                         s->oh_block);
}

static bool decide_direct(Decision *d, const Gradient *g) {
  if (!decision_begin(d, SCHEDULE_WEIGHTS_CHANNEL_BLOCKED)) return false;
  WeightsChannelBlocked *s = &d->s.weights_channel_blocked;
  const int kw = d->s.algorithm == ALGORITHM_TAPS ? d->node->attributes.kernel[1] : 1;
  RegisterTile tile = {0};
  choose_gradient_tile(d->options->target, g->vectors, g->ic, kw, &tile);
  s->oc_vectors = tile.rows;
  s->ic_unroll = tile.columns;
  s->kw_taps = kw;
  decision_override(d, GROUP_TILE);
  if (s->kw_taps != kw)
    return decision_reject(d, "kw_taps must be %d, all taps of a row of the filter, not %d", kw,
                           s->kw_taps);
  if (!check_tile(d, g, &s->oc_vectors, &s->ic_unroll, kw)) return false;
  choose_strip(d);
  const int64_t weights =
      gradient_sums_reals(weights_shape_of(d->node, s->oc_vectors, lanes_of(d)));
  const int most = (int)(INT32_MAX / 2 / weights);
  const int few = (int)(PARTIAL_BYTES / (weights * real_bytes(d->options)));
  choose_sums(d, g, max_int(1, min_int(min_int(most, few), strips_of(d))));
  decision_override(d, GROUP_BLOCK);
  if (!check_block(d, g)) return false;
  const int split_k_max = max_int(1, min_int(most, strips_of(d)));
  s->split_k = min_int(split_k_max, divide_up(GRADIENT_ITEMS, items_of(s, g)));
  decision_override(d, GROUP_SPLIT_K);
  return decision_check(d, &s->split_k, split_k_max);
}

static bool decide_winograd(Decision *d, const Gradient *g) {
  if (!decision_begin(d, SCHEDULE_WEIGHTS_WINOGRAD)) return false;
  WeightsWinograd *s = &d->s.weights_winograd;
  RegisterTile tile = {0};
  choose_gradient_tile(d->options->target, g->vectors, g->ic, 1, &tile);
  s->oc_vectors = tile.rows;
  s->ic_unroll = tile.columns;
  decision_override(d, GROUP_TILE);
  return check_tile(d, g, &s->oc_vectors, &s->ic_unroll, 1) && decide_weights_winograd(d);
}

bool decide_weights_channel_blocked(Decision *d) {
  const Gradient g = gradient_of(d->node, lanes_of(d));
  d->s.algorithm = choose_algorithm(d, &g);
  if (winograd_pays(d)) d->s.algorithm = ALGORITHM_WINOGRAD;
  if (!decide_winograd_algorithm(d) || !check_taps(d)) return false;
  return d->s.algorithm == ALGORITHM_WINOGRAD ? decide_winograd(d, &g) : decide_direct(d, &g);
}
