/* The schedule of channel-blocked convolutions (templates/channel_blocked). */
#include "schedule/convolution.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

enum {
  OC_OUTER_ITEMS = 16,          /* work items, at least, where weights of a tile are read once */
  WEIGHTS_BYTES = 320 << 10,    /* of a tile: they stay in the L2 cache while rows pass */
  ALL_WEIGHTS_BYTES = 512 << 10 /* the same of all weights */
};

int conv_partial_sum_rows(const Node *conv) {
  const Schedule *s = &conv->schedule;
  return s->kind == SCHEDULE_CONV_WINOGRAD ? conv->out[0]->dim[2]
                                           : s->conv_channel_blocked.oh_block;
}

/* A tile has its accumulators, its vectors of weights, a pixel, and one to spare. A tap misses few
   of its pixels, at one end. */
static bool check_tile(const Decision *d, int vectors, int columns) {
  const ConvChannelBlocked *s = &d->s.conv_channel_blocked;
  if (!decision_check(d, &s->oc_vectors, min_int(vectors, OC_VECTORS_MAX)) ||
      !decision_check(d, &s->ow_unroll, min_int(columns, OW_UNROLL_MAX)) ||
      !decision_check_registers(d, &s->oc_vectors, &s->ow_unroll, s->oc_vectors, 2))
    return false;
  return conv_clips_few(d->node, s->ow_unroll) ||
         decision_reject(d,
                         "ow_unroll=%d: a tap misses pixels of a tile at both ends, or more than "
                         "%d at one; 1 is always right",
                         s->ow_unroll, CLIPPED_MAX);
}

bool decide_winograd_algorithm(Decision *d) {
  decision_override_algorithm(d);
  return d->s.algorithm != ALGORITHM_WINOGRAD || winograd_fits(d) ||
         decision_reject(d, "algorithm=winograd is for kernels of 3x3 and 5x5 without stride, "
                            "dilation and groups, with paddings below that, and not for images of "
                            "few channels or millions of filters");
}

static void choose_direct_tile(Decision *d, int vectors, int columns) {
  ConvChannelBlocked *s = &d->s.conv_channel_blocked;
  const int registers = all_registers(d);
  const RegisterTile tile = choose_vector_tile(d->options->target, vectors, columns);
  s->oc_vectors = tile.rows;
  s->ow_unroll = tile.columns;
  while (!conv_clips_few(d->node, s->ow_unroll)) { /* a tap reaches a single pixel, or misses it */
    s->ow_unroll--;
    s->oc_vectors = min_int(vectors, min_int(OC_VECTORS_MAX, (registers - 2) / (s->ow_unroll + 1)));
  }
}

bool decide_conv_channel_blocked(Decision *d) {
  const Value *y = d->node->out[0];
  const int lanes = lanes_of(d), vectors = divide_up(y->dim[1], lanes);
  if (winograd_pays(d)) d->s.algorithm = ALGORITHM_WINOGRAD;
  if (!decide_winograd_algorithm(d)) return false;
  if (d->s.algorithm == ALGORITHM_WINOGRAD) return decide_conv_winograd(d);
  if (!decision_begin(d, SCHEDULE_CONV_CHANNEL_BLOCKED)) return false;
  ConvChannelBlocked *s = &d->s.conv_channel_blocked;
  choose_direct_tile(d, vectors, conv_columns(d->node));
  decision_override(d, GROUP_TILE);
  if (!check_tile(d, vectors, conv_columns(d->node))) return false;
  const weights_shape w = weights_shape_of(d->node, s->oc_vectors, lanes);
  const int64_t bytes = packed_block_reals(w) * real_bytes(d->options);
  const int ic_blocks = ic_blocks_most(w);
  /* Many weights: those of a tile stay in the L2 cache for all images. */
  s->oc_outer = oc_tiles(w) * ic_blocks * bytes > ALL_WEIGHTS_BYTES;
  decision_override(d, GROUP_OC_OUTER);
  const int items = d->graph->recipe.batch * oc_tiles(w);
  s->oh_block = divide_up(y->dim[2], divide_up(s->oc_outer ? OC_OUTER_ITEMS : WORK_ITEMS, items));
  s->ic_block = max_int(1, min_int(ic_blocks, (int)(WEIGHTS_BYTES / bytes)));
  decision_override(d, GROUP_BLOCK);
  return decision_check(d, &s->oh_block, y->dim[2]) && decision_check(d, &s->ic_block, ic_blocks);
}
