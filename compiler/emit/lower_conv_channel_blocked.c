/* Lowering of channel-blocked convolutions, direct and Winograd, and of their gradients. A kernel
   is a shape alone; the work is done by a body, a function for all shapes with one register
   tile. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "schedule/schedule.h"

#include <assert.h>

/* --- bodies ----------------------------------------------------------------------------------- */

static bool is_winograd(const Lowering *l) {
  return l->node->schedule.algorithm == ALGORITHM_WINOGRAD;
}

/* Reals between pixels of x in LAYOUT_CHANNELS_LAST; 0: a vector's. */
static int pixel_reals(const Value *x) {
  return x->layout == LAYOUT_CHANNELS_LAST ? x->dim[1] : 0;
}

/* A register tile of vectors of channels x pixels, with weights packed for the schedule's vectors;
   NULL: an empty one. */
static const Kernel *tile_body(Lowering *l, int vectors, int pixels) {
  const Attributes *a = &l->node->attributes;
  const bool backward = l->node->op == OP_conv2d_backward_data;
  if (vectors == 0 || pixels == 0) return NULL;
  Kernel body = {.template_name = "conv_tile.c.in"};
  kernel_int(&body, "OC_VECTORS", vectors);
  kernel_int(&body, "OW_UNROLL", pixels);
  kernel_int(&body, "PACKED", schedule_oc_vectors(&l->node->schedule));
  kernel_int(&body, "STRIDE", backward ? 1 : a->stride[1]);
  kernel_int(&body, "X_PIXEL", pixel_reals(l->node->in[0]));
  kernel_int(&body, "PHASES", backward ? a->stride[1] : 1);
  kernel_int(&body, "CLIPPED", is_winograd(l) ? 0 : conv_clipped_pixels(l->node));
  return lowering_share(l, &body);
}

/* Pixels, or output tiles, of the register tile. */
static int tile_pixels(const Lowering *l) {
  const Schedule *s = &l->node->schedule;
  return is_winograd(l) ? s->conv_winograd.tile_unroll : s->conv_channel_blocked.ow_unroll;
}

/* The register tiles of a row: whole ones, and the tails of both directions. */
static const Kernel *row_body(Lowering *l) {
  const Node *node = l->node;
  const int vectors = schedule_oc_vectors(&node->schedule), pixels = tile_pixels(l);
  const int outputs = is_winograd(l) ? pixels : conv_columns(node);
  const int oc_tail = lowering_planes(l, node->out[0]) % vectors, tail = outputs % pixels;
  /* Backward data with a stride: some stride phases are shorter by one pixel. */
  const bool shorter =
      node->op == OP_conv2d_backward_data && node->out[0]->dim[3] % node->attributes.stride[1];
  const int short_tail = shorter ? (outputs - 1) % pixels : 0;
  Kernel row = {.template_name = "conv_tiles.c.in"};
  kernel_int(&row, "OW_UNROLL", pixels);
  kernel_int(&row, "OC_TAIL", oc_tail);
  kernel_int(&row, "TAIL", tail);
  kernel_int(&row, "SHORT_TAIL", short_tail);
  kernel_reference(&row, "whole", tile_body(l, vectors, pixels));
  kernel_reference(&row, "whole_tail", tile_body(l, vectors, tail));
  kernel_reference(&row, "whole_short", tile_body(l, vectors, short_tail));
  kernel_reference(&row, "last_oc", tile_body(l, oc_tail, pixels));
  kernel_reference(&row, "last_oc_tail", tile_body(l, oc_tail, tail));
  kernel_reference(&row, "last_oc_short", tile_body(l, oc_tail, short_tail));
  return lowering_share(l, &row);
}

/* The epilogue reduction for the batch_norm_backward behind: of dy, or of dy where it passes that
   norm's ReLU mask. */
static const Kernel *sums_body(Lowering *l, const Node *norm) {
  Kernel body = {.template_name = "reduce_dy.c.in"};
  kernel_bool(&body, "dy_relu_mask", norm->attributes.dy_relu_mask);
  return lowering_share(l, &body);
}

/* The function that sums a block of input channels, for a tile of output channels. */
static const Kernel *weights_tiles(Lowering *l, const Value *x, const Value *dy) {
  const Schedule *s = &l->node->schedule;
  const int taps = s->algorithm == ALGORITHM_TAPS ? l->node->attributes.kernel[1] : 0;
  const int vectors = schedule_oc_vectors(s);
  const int channels =
      is_winograd(l) ? s->weights_winograd.ic_unroll : s->weights_channel_blocked.ic_unroll;
  Kernel body = {.template_name = "backward_weights_tiles.c.in"};
  kernel_int(&body, "OC_VECTORS", vectors);
  kernel_int(&body, "IC_UNROLL", channels);
  kernel_int(&body, "KW_TAPS", taps);
  kernel_int(&body, "OC_TAIL", lowering_planes(l, dy) % vectors);
  kernel_int(&body, "IC_TAIL", x->dim[1] % l->lanes % channels);
  kernel_int(&body, "STRIDE", l->node->attributes.stride[1]);
  kernel_int(&body, "X_PIXEL", pixel_reals(x));
  return lowering_share(l, &body);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* Workspace capacity in tile batches; 0: not a Winograd convolution. */
static void set_workspace(Lowering *l) {
  const int batch = l->graph->recipe.batch;
  kernel_int(&l->kernel, "CAPACITY",
             is_winograd(l) ? winograd_capacity(l->node, &l->node->schedule, l->options, batch)
                            : 0);
}

/* Channels of the values that x and y, what the kernel reads and writes, are parts of, or 0. */
static void set_parts(Lowering *l, const Value *x, const Value *y) {
  assert(!x->part_of || !y->part_of);
  kernel_int(&l->kernel, "IC_ROW", value_whole_channels(x));
  kernel_int(&l->kernel, "OC_ROW", value_whole_channels(y));
}

/* Shape and schedule of conv2d, its backward data and conv2d_prepacked; x and y are those of the
   forward direction. */
static void set_channel_blocked(Lowering *l, const Value *x, const Value *y) {
  const Node *node = l->node;
  const Schedule *s = &node->schedule;
  const ConvChannelBlocked *direct = &s->conv_channel_blocked;
  const bool winograd = is_winograd(l);
  Kernel *k = &l->kernel;
  kernel_reference(k, "tiles", row_body(l));
  lowering_conv_shape(l, x, y);
  set_workspace(l);
  kernel_int(k, "OC_VECTORS", schedule_oc_vectors(s));
  kernel_int(k, "OH_BLOCK", conv_partial_sum_rows(node));
  kernel_int(k, "PASS", winograd ? s->conv_winograd.tile_block : direct->oh_block);
  kernel_int(k, "OW_UNROLL", tile_pixels(l));
  kernel_int(k, "IC_BLOCK", winograd ? lowering_planes(l, node->in[0]) : direct->ic_block);
  kernel_bool(k, "OC_OUTER", !winograd && direct->oc_outer);
  kernel_int(k, "X_PIXEL", pixel_reals(node->in[0]));
  kernel_bool(k, "relu", node->attributes.activation == ACTIVATION_RELU);
  kernel_bool(k, "residual", node->attributes.residual);
  set_parts(l, node->in[0], node->out[0]);
}

/* x, weight, mean and inverse of a batch_norm_backward, and bias where it recomputes its relu. */
static void pass_norm_input(Lowering *l, const Node *norm) {
  lowering_pass(l, (Argument){.kind = ARGUMENT_NORM_INPUT,
                              .values = norm->in + 1,
                              .count = norm->attributes.dy_relu_mask ? 5 : 4});
}

/* conv2d and its backward data. */
void lower_conv_channel_blocked(Lowering *l, bool backward) {
  const Node *node = l->node;
  const Value *x = backward ? node->out[0] : node->in[0],
              *y = backward ? node->in[0] : node->out[0];
  assert(!node->summed || !node->out[0]->part_of); /* partial sums have rows of their own */
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_channel_blocked.c.in";
  set_channel_blocked(l, x, y);
  kernel_bool(k, "backward", backward);
  kernel_bool(k, "bias", !backward && node->in_count > 2);
  kernel_bool(k, "relu_mask", backward && node->attributes.relu_mask);
  kernel_reference(k, "reduce", node->summed ? sums_body(l, node->summed) : NULL);
  lowering_pass_values(l);
  if (node->summed) pass_norm_input(l, node->summed);
}

void lower_weights_channel_blocked(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const Schedule *s = &node->schedule;
  const WeightsChannelBlocked *direct = &s->weights_channel_blocked;
  const WeightsWinograd *winograd = &s->weights_winograd;
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_backward_weights_channel_blocked.c.in";
  kernel_reference(k, "tiles", weights_tiles(l, x, dy));
  lowering_conv_shape(l, x, dy);
  set_workspace(l);
  kernel_int(k, "TILE_BATCH", GRADIENT_TILE_BATCH);
  kernel_int(k, "OC_VECTORS", schedule_oc_vectors(s));
  kernel_int(k, "IC_UNROLL", is_winograd(l) ? winograd->ic_unroll : direct->ic_unroll);
  kernel_int(k, "OH_BLOCK", is_winograd(l) ? winograd->tile_block : direct->oh_block);
  kernel_int(k, "N_BLOCK", is_winograd(l) ? 1 : direct->n_block);
  kernel_int(k, "OC_BLOCK", is_winograd(l) ? 1 : direct->oc_block);
  kernel_int(k, "IC_BLOCK", is_winograd(l) ? lowering_planes(l, x) : direct->ic_block);
  kernel_int(k, "SPLIT_K", is_winograd(l) ? winograd->split_k : direct->split_k);
  kernel_bool(k, "KW_TAPS", s->algorithm == ALGORITHM_TAPS);
  kernel_int(k, "X_PIXEL", pixel_reals(x));
  kernel_int(k, "OC_ROW", value_whole_channels(dy));
  lowering_pass_values(l);
}

void lower_conv2d_prepacked(Lowering *l) {
  l->kernel.template_name = "conv2d_prepacked.c.in";
  set_channel_blocked(l, l->node->in[0], l->node->out[0]);
  lowering_pass_values(l);
}

void lower_prepack_conv2d(Lowering *l) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *weight = node->in[0];
  const weights_shape shape = {.ic = weight->dim[1] * a->groups,
                               .oc = weight->dim[0],
                               .groups = a->groups,
                               .kh = a->kernel[0],
                               .kw = a->kernel[1],
                               .oc_vectors = node->schedule.prepack.oc_vectors};
  Kernel *k = &l->kernel;
  k->template_name = "prepack_conv2d.c.in";
  kernel_bool(k, "bias", a->bias);
  kernel_bool(k, "norm", a->batch_norm);
  kernel_int(k, "WINOGRAD", is_winograd(l) ? a->kernel[0] : 0);
  kernel_number(k, "eps", a->batch_norm ? a->eps : 0);
  lowering_pass(l, (Argument){.kind = ARGUMENT_WEIGHTS_SHAPE, .weights = shape});
  lowering_pass_values(l);
}
