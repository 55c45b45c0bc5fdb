/* The schedule of batch-blocked conv2d and conv2d_backward_data (templates/batch_blocked). */
#include "ir/queries.h"
#include "schedule/convolution.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

#include <math.h>

enum {
  OC_UNROLL_MAX = 8,   /* for more offsets of weights there are no registers */
  L2_BYTES = 512 << 10 /* that stay in the L2 cache while others pass through */
};

/* What the kernel computes of a row: tiles where all taps reach pixels, single pixels elsewhere;
   both summed over their taps. */
typedef struct RowOfTiles {
  double tiles, singles;
} RowOfTiles;

static RowOfTiles row_of_tiles(const Node *conv, int ow_unroll) {
  const conv_axis w = axis_w_of(conv);
  RowOfTiles row = {0};
  for (int phase = 0; phase < stride_phases(&w); phase++) {
    const tap_range all = taps_of(&w, phase);
    const int outputs = phase_outputs(&w, phase);
    const span unclipped = unclipped_outputs(&w, all, outputs);
    const int whole = unclipped.end - unclipped.begin;
    for (int j = 0; j < outputs; j++) {
      if (j == unclipped.begin) j = unclipped.end;
      if (j >= outputs) break;
      tap_range taps = all;
      taps.from += j * phase_in_step(&w);
      row.singles += clip_taps(&w, taps).count;
    }
    row.tiles += (double)(whole / ow_unroll) * all.count;
    row.singles += (double)(whole % ow_unroll) * all.count;
  }
  return row;
}

/* Cycles of a row of `channels` output channels, for each input channel. */
static double cycles_of_row(const Target *target, const Node *conv, int channels,
                            RegisterTile tile) {
  const double l2 = 1.0 / conv->attributes.kernel[1]; /* a new pixel comes with each row of taps */
  const RowOfTiles row = row_of_tiles(conv, tile.columns);
  const RegisterTile single = {tile.rows, 1};
  const int tail = channels % tile.rows;
  const RegisterTile tail_tile = {tail, tile.columns}, tail_single = {tail, 1};
  double cycles =
      channels / tile.rows *
      (row.tiles * tile_cycles(target, tile, l2) + row.singles * tile_cycles(target, single, l2));
  if (tail)
    cycles += row.tiles * tile_cycles(target, tail_tile, l2) +
              row.singles * tile_cycles(target, tail_single, l2);
  return tail ? cycles * COST_OF_TAIL_CODE : cycles;
}

/* The tile with the fewest cycles, if the usual one is not almost as good. */
static RegisterTile choose_conv_tile(const Decision *d, int channels) {
  const int registers = tile_registers(d), columns = conv_columns(d->node);
  const Target *target = d->options->target;
  RegisterTile best = target->conv_tile; /* that most convolutions share */
  const bool usual = best.rows <= channels && best.columns <= columns;
  double least =
      usual ? cycles_of_row(target, d->node, channels, best) * (1 - WORTH_A_KERNEL) : INFINITY;
  RegisterTile tile;
  for (tile.rows = 1; tile.rows <= min_int(channels, OC_UNROLL_MAX); tile.rows++) {
    for (tile.columns = 1; tile.columns <= columns; tile.columns++) {
      if (!tile_fits(tile, registers) && tile.rows * tile.columns > 1) continue;
      const double cycles = cycles_of_row(target, d->node, channels, tile);
      if (cycles >= least) continue;
      least = cycles;
      best = tile;
    }
  }
  return best;
}

/* Register tiles of channels and pixels of a row of a work item, which reads `kh` rows of `ic`
   channels. */
static void choose_block(Decision *d, int channels, int ic) {
  ConvBatchBlocked *s = &d->s.conv_batch_blocked;
  const Attributes *a = &d->node->attributes;
  const Value *y = d->node->out[0];
  const int columns = y->dim[3], stride = d->node->op == OP_conv2d_backward_data ? 1 : a->stride[1];
  const int tiles = divide_up(channels, s->oc_unroll);
  const int items = divide_up(d->graph->recipe.batch, lanes_of(d)) * y->dim[2];
  const int64_t pixel = (int64_t)a->kernel[0] * ic * stride * vector_bytes(d->options);
  const int fit = (int)(L2_BYTES / pixel) / s->ow_unroll * s->ow_unroll;
  s->oc_block = divide_up(tiles, divide_up(WORK_ITEMS, items));
  s->ow_block = pixel * columns <= 2 * L2_BYTES ? columns : fit > s->ow_unroll ? fit : s->ow_unroll;
}

static int64_t packed_size(const Node *node, int oc_unroll) {
  const Attributes *a = &node->attributes;
  return batch_blocked_packed_reals(a->groups, node->in[0]->dim[1] / a->groups,
                                    node->out[0]->dim[1] / a->groups, a->kernel[0], a->kernel[1],
                                    oc_unroll);
}

int64_t conv_batch_blocked_packed_size(const Node *node, const Schedule *s) {
  return s->conv_batch_blocked.prepack ? packed_size(node, s->conv_batch_blocked.oc_unroll) : 0;
}

bool decide_conv_batch_blocked(Decision *d) {
  const Value *x = d->node->in[0], *weight = d->node->in[1], *y = d->node->out[0];
  const int groups = d->node->attributes.groups;
  const int channels = y->dim[1] / groups, columns = y->dim[3];
  if (!decision_begin(d, SCHEDULE_CONV_BATCH_BLOCKED)) return false;
  ConvBatchBlocked *s = &d->s.conv_batch_blocked;
  const RegisterTile tile = choose_conv_tile(d, channels);
  s->oc_unroll = tile.rows;
  s->ow_unroll = tile.columns;
  decision_override(d, GROUP_TILE);
  if (!decision_check_tile(d, &s->oc_unroll, channels, &s->ow_unroll, conv_columns(d->node)))
    return false;
  choose_block(d, channels, x->dim[1] / groups);
  decision_override(d, GROUP_BLOCK);
  if (!decision_check(d, &s->oc_block, divide_up(channels, s->oc_unroll)) ||
      !decision_check(d, &s->ow_block, columns))
    return false;
  /* Many weights, which many tiles of pixels read from beyond the L2 cache, are packed into one
     stream. */
  const bool can_pack = packed_size(d->node, s->oc_unroll) <= INT32_MAX;
  s->prepack = can_pack && value_count(weight) * real_bytes(d->options) > L2_BYTES / 2;
  decision_override(d, GROUP_PREPACK);
  return !s->prepack || can_pack ||
         decision_reject(d, "prepack=true: the packed weights would be more than 2^31 - 1 numbers");
}
