/* Lowering of conv2d and its gradients. A kernel is a shape alone; the work is done by a body, a
   function for all shapes with one register tile. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "schedule/schedule.h"

#include <assert.h>

/* --- batch-blocked: bodies ---------------------------------------------------------------------
 */

/* A template without parameters that others use. */
static void add_shared(Lowering *l, const char *template_name) {
  const Kernel shared = {.template_name = template_name};
  lowering_share(l, &shared);
}

static void add_batch_blocked(Lowering *l) {
  add_shared(l, "conv_axis.c.in");
  add_shared(l, "conv_images.c.in");
}

/* Tiles of channels x pixels, for groups of `channels` output channels. */
static const Kernel *rows_body(Lowering *l, int channels) {
  const ConvBatchBlocked *s = &l->node->schedule.conv_batch_blocked;
  Kernel body = {.template_name = "conv_rows.c.in"};
  add_batch_blocked(l);
  kernel_int(&body, "MT", s->oc_unroll);
  kernel_int(&body, "XT", s->ow_unroll);
  kernel_int(&body, "REST", channels % s->oc_unroll);
  return lowering_share(l, &body);
}

/* Tiles of output x input channels, for groups of `oc` and `ic`. */
static const Kernel *weights_body(Lowering *l, int oc, int ic) {
  const WeightsBatchBlocked *s = &l->node->schedule.weights_batch_blocked;
  const int sums = weights_sums_max(l->options);
  assert(s->oc_block * s->ic_block * s->kh_block * l->node->attributes.kernel[1] <= sums);
  Kernel body = {.template_name = "conv_weights.c.in"};
  add_batch_blocked(l);
  kernel_int(&body, "OT", s->oc_unroll);
  kernel_int(&body, "CT", s->ic_unroll);
  kernel_int(&body, "OREST", oc % s->oc_unroll);
  kernel_int(&body, "CREST", ic % s->ic_unroll);
  kernel_int(&body, "SUMS", sums);
  return lowering_share(l, &body);
}

/* Taps that the boundary clips of each of the last pixels of a row: "1_3". */
static const char *clipped_taps(Lowering *l, const Value *x, const Value *dy) {
  const Attributes *a = &l->node->attributes;
  const char *text = "";
  for (int q = 0; q < dy->dim[3]; q++) {
    const int clipped = q * a->stride[1] - a->padding[1] + a->kernel[1] - x->dim[3];
    if (clipped > 0)
      text = arena_printf(l->arena, "%s%s%d", text, *text ? "_" : "",
                          clipped < a->kernel[1] ? clipped : a->kernel[1]);
  }
  return text;
}

/* Tiles of output channels x taps, for groups of `oc` channels. */
static const Kernel *taps_body(Lowering *l, const Value *x, const Value *dy, int oc) {
  const WeightsBatchBlocked *s = &l->node->schedule.weights_batch_blocked;
  const Attributes *a = &l->node->attributes;
  Kernel loops = {.template_name = "conv_weights_by_taps.c.in"};
  Kernel body = {.template_name = "conv_weights_taps.c.in"};
  add_batch_blocked(l);
  kernel_int(&loops, "SUMS", weights_sums_max(l->options));
  lowering_share(l, &loops);
  kernel_int(&body, "OT", s->oc_unroll);
  kernel_int(&body, "KW", s->kw_taps);
  kernel_int(&body, "REST", oc % s->oc_unroll);
  kernel_int(&body, "STEP", a->stride[1]);
  kernel_int(&body, "PAD", a->padding[1]);
  kernel_text(&body, "RIGHT", clipped_taps(l, x, dy));
  return lowering_share(l, &body);
}

/* --- batch-blocked: rules ----------------------------------------------------------------------
 */

/* x and y are those of the forward direction. */
static void set_shape(Lowering *l, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  lowering_window(l, x->dim[1], x, y->dim[1], y);
  kernel_int(&l->kernel, "DH", a->dilation[0]);
  kernel_int(&l->kernel, "DW", a->dilation[1]);
  kernel_int(&l->kernel, "G", a->groups);
}

/* conv2d and its backward data. */
static void lower_batch_blocked(Lowering *l, bool backward) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *x = backward ? node->out[0] : node->in[0],
              *y = backward ? node->in[0] : node->out[0];
  const ConvBatchBlocked *s = &node->schedule.conv_batch_blocked;
  const bool packs = node->workspace != NULL;
  Kernel *k = &l->kernel;
  k->template_name = "conv2d.c.in";
  kernel_reference(k, "body", rows_body(l, node->out[0]->dim[1] / a->groups));
  if (packs) add_shared(l, "pack_filters.c.in");
  set_shape(l, x, y);
  kernel_int(k, "B", s->oc_block);
  kernel_int(k, "QB", s->ow_block);
  kernel_int(k, "PACK", packs ? s->oc_unroll : 0);
  kernel_int(k, "MT", s->oc_unroll);
  kernel_int(k, "XT", s->ow_unroll);
  kernel_bool(k, "backward", backward);
  kernel_bool(k, "bias", !backward && node->in_count > 2);
  kernel_bool(k, "relu", !backward && a->activation == ACTIVATION_RELU);
  kernel_bool(k, "mask", backward && a->relu_mask);
  lowering_pass_values(l);
}

static void lower_weights_batch_blocked(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const WeightsBatchBlocked *s = &node->schedule.weights_batch_blocked;
  const int groups = node->attributes.groups;
  const bool taps = node->schedule.algorithm == ALGORITHM_TAPS;
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_backward_weights.c.in";
  kernel_reference(k, "body",
                   taps ? taps_body(l, x, dy, dy->dim[1] / groups)
                        : weights_body(l, dy->dim[1] / groups, x->dim[1] / groups));
  set_shape(l, x, dy);
  kernel_int(k, "B", s->oh_block);
  kernel_int(k, "OB", s->oc_block);
  kernel_int(k, "CB", s->ic_block);
  kernel_int(k, "KB", s->kh_block);
  kernel_int(k, "QB", s->ow_block);
  kernel_int(k, "PARTS", s->split_k);
  kernel_int(k, "OT", s->oc_unroll);
  kernel_int(k, "CT", taps ? s->kw_taps : s->ic_unroll);
  kernel_bool(k, "taps", taps);
  lowering_pass_values(l);
}

/* --- channel-blocked: bodies -------------------------------------------------------------------
 */

static void add_channel_blocked(Lowering *l) {
  Kernel shared = {.template_name = "conv_channels.c.in"};
  kernel_int(&shared, "VECTORS", TILE_VECTORS_MAX);
  kernel_int(&shared, "PIXELS", TILE_PIXELS_MAX);
  kernel_int(&shared, "EDGE", CLIPPED_PIXELS_MAX);
  add_shared(l, "conv_axis.c.in");
  lowering_share(l, &shared);
}

static bool is_winograd(const Lowering *l) {
  return l->node->schedule.algorithm == ALGORITHM_WINOGRAD;
}

/* Reals between pixels of x in LAYOUT_CHANNELS_LAST; 0: a vector's. */
static int pixel_reals(const Value *x) {
  return x->layout == LAYOUT_CHANNELS_LAST ? x->dim[1] : 0;
}

/* A tile of vectors of channels x pixels, of weights packed for the schedule's vectors. */
static const Kernel *tile_body(Lowering *l, int vectors, int pixels) {
  const Attributes *a = &l->node->attributes;
  const bool backward = l->node->op == OP_conv2d_backward_data;
  Kernel body = {.template_name = "conv_channels_tile.c.in"};
  kernel_int(&body, "V", vectors);
  kernel_int(&body, "X", pixels);
  kernel_int(&body, "VT", schedule_oc_vectors(&l->node->schedule));
  kernel_int(&body, "STEP", backward ? 1 : a->stride[1]);
  kernel_int(&body, "PIXEL", pixel_reals(l->node->in[0]));
  kernel_int(&body, "SPREAD", backward ? a->stride[1] : 1);
  kernel_int(&body, "EDGES", is_winograd(l) ? 0 : conv_clipped_pixels(l->node));
  return lowering_share(l, &body);
}

/* Pixels, or output tiles, of the register tile. */
static int tile_pixels(const Lowering *l) {
  const Schedule *s = &l->node->schedule;
  return is_winograd(l) ? s->conv_winograd.tile_unroll : s->conv_channel_blocked.ow_unroll;
}

/* The function for a row of pixels, with its tiles: whole ones, and the tails of both directions.
 */
static const Kernel *row_body(Lowering *l) {
  const Node *node = l->node;
  const int tile[] = {schedule_oc_vectors(&node->schedule), tile_pixels(l)};
  const Value *y = node->out[0];
  const int columns = is_winograd(l) ? tile[1] : conv_columns(node);
  const int v_tail = lowering_planes(l, y) % tile[0], x_tail = columns % tile[1];
  /* Backward with a stride, the rows of some stride phases are shorter by one pixel. */
  const bool shorter =
      node->op == OP_conv2d_backward_data && y->dim[3] % node->attributes.stride[1];
  const int x_tail2 = shorter ? (columns - 1) % tile[1] : 0;
  const struct {
    const char *parameter;
    int vectors, pixels;
  } tiles[] = {{"whole", tile[0], tile[1]},       {"whole_rest", tile[0], x_tail},
               {"whole_rest2", tile[0], x_tail2}, {"last", v_tail, tile[1]},
               {"last_rest", v_tail, x_tail},     {"last_rest2", v_tail, x_tail2}};
  Kernel row = {.template_name = "conv_channels_row.c.in"};
  add_channel_blocked(l);
  kernel_int(&row, "X", tile[1]);
  kernel_int(&row, "VREST", v_tail);
  kernel_int(&row, "XREST", x_tail);
  kernel_int(&row, "XREST2", x_tail2);
  kernel_bool(&row, "shorter", shorter);
  for (int i = 0; i < 6; i++) {
    const bool used = tiles[i].vectors && tiles[i].pixels;
    kernel_reference(&row, tiles[i].parameter,
                     used ? tile_body(l, tiles[i].vectors, tiles[i].pixels) : NULL);
  }
  return lowering_share(l, &row);
}

/* The epilogue reduction for the batch_norm_backward behind: of dy, or of dy where it passes that
   norm's ReLU mask. */
static const Kernel *sums_body(Lowering *l, const Node *norm) {
  const bool mask = norm->attributes.dy_relu_mask;
  Kernel body = {.template_name = "conv_sums.c.in"};
  kernel_bool(&body, "gate", mask);
  kernel_bool(&body, "own", mask);
  kernel_bool(&body, "part", false);
  add_channel_blocked(l);
  return lowering_share(l, &body);
}

/* The function that sums a block of input channels, for a tile of output channels. */
static const Kernel *weights_block(Lowering *l, const Value *x, const Value *dy) {
  const Schedule *s = &l->node->schedule;
  const int taps = s->algorithm == ALGORITHM_TAPS ? l->node->attributes.kernel[1] : 0;
  const int vectors = schedule_oc_vectors(s);
  const int channels =
      is_winograd(l) ? s->weights_winograd.ic_unroll : s->weights_channel_blocked.ic_unroll;
  Kernel tile = {.template_name = taps ? "filters_row_of_taps.c.in" : "filters_one_tap.c.in"};
  Kernel body = {.template_name = "filters_channels_block.c.in"};
  add_channel_blocked(l);
  add_shared(l, "filters_channels.c.in");
  if (taps) kernel_int(&tile, "TAPS", ROW_TAPS_MAX);
  lowering_share(l, &tile);
  kernel_int(&body, "V", vectors);
  kernel_int(&body, "D", channels);
  kernel_int(&body, "TAPS", taps);
  kernel_int(&body, "VREST", lowering_planes(l, dy) % vectors);
  kernel_int(&body, "DREST", x->dim[1] % l->lanes % channels);
  kernel_int(&body, "STEP", l->node->attributes.stride[1]);
  kernel_int(&body, "PIXEL", pixel_reals(x));
  return lowering_share(l, &body);
}

/* --- channel-blocked: rules --------------------------------------------------------------------
 */

/* Workspace capacity in tile batches; 0: not a Winograd convolution. */
static void set_workspace(Lowering *l) {
  const int batch = l->graph->recipe.batch;
  if (is_winograd(l)) add_shared(l, "conv_winograd.c.in");
  kernel_int(&l->kernel, "ROOM",
             is_winograd(l) ? winograd_capacity(l->node, &l->node->schedule, l->options, batch)
                            : 0);
}

/* Channels of the values that x and y, what the kernel reads and writes, are parts of, or 0. */
static void set_parts(Lowering *l, const Value *x, const Value *y) {
  assert(!x->part_of || !y->part_of);
  kernel_int(&l->kernel, "READ_ROW", value_whole_channels(x));
  kernel_int(&l->kernel, "MADE_ROW", value_whole_channels(y));
}

/* Shape and schedule of conv2d, its backward data and conv2d_prepacked; x and y are those of the
   forward direction. */
static void set_channel_blocked(Lowering *l, const Value *x, const Value *y) {
  const Node *node = l->node;
  const Schedule *s = &node->schedule;
  const ConvChannelBlocked *direct = &s->conv_channel_blocked;
  const bool winograd = is_winograd(l);
  Kernel *k = &l->kernel;
  kernel_reference(k, "row", row_body(l));
  set_shape(l, x, y);
  set_workspace(l);
  kernel_int(k, "VT", schedule_oc_vectors(s));
  kernel_int(k, "ROWS", conv_partial_sum_rows(node));
  kernel_int(k, "PASS", winograd ? s->conv_winograd.tile_block : direct->oh_block);
  kernel_int(k, "UNIT", tile_pixels(l));
  kernel_int(k, "DEEP", winograd ? lowering_planes(l, node->in[0]) : direct->ic_block);
  kernel_bool(k, "TILES_FIRST", !winograd && direct->oc_outer);
  kernel_int(k, "PIXEL", pixel_reals(node->in[0]));
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
static void lower_channel_blocked(Lowering *l, bool backward) {
  const Node *node = l->node;
  const Value *x = backward ? node->out[0] : node->in[0],
              *y = backward ? node->in[0] : node->out[0];
  assert(!node->summed || !node->out[0]->part_of); /* partial sums have rows of their own */
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_channels.c.in";
  set_channel_blocked(l, x, y);
  kernel_bool(k, "backward", backward);
  kernel_bool(k, "bias", !backward && node->in_count > 2);
  kernel_bool(k, "mask", backward && node->attributes.relu_mask);
  kernel_reference(k, "note", node->summed ? sums_body(l, node->summed) : NULL);
  lowering_pass_values(l);
  if (node->summed) pass_norm_input(l, node->summed);
}

static void lower_weights_channel_blocked(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const Schedule *s = &node->schedule;
  const WeightsChannelBlocked *direct = &s->weights_channel_blocked;
  const WeightsWinograd *winograd = &s->weights_winograd;
  Kernel *k = &l->kernel;
  k->template_name = "conv2d_filters_channels.c.in";
  kernel_reference(k, "block", weights_block(l, x, dy));
  set_shape(l, x, dy);
  set_workspace(l);
  add_shared(l, is_winograd(l) ? "filters_winograd.c.in" : "filters_direct.c.in");
  kernel_int(k, "UNIT", WINOGRAD_GRADIENT_TILES);
  kernel_int(k, "VT", schedule_oc_vectors(s));
  kernel_int(k, "DT", is_winograd(l) ? winograd->ic_unroll : direct->ic_unroll);
  kernel_int(k, "ROWS", is_winograd(l) ? winograd->tile_block : direct->oh_block);
  kernel_int(k, "IMAGES", is_winograd(l) ? 1 : direct->n_block);
  kernel_int(k, "TILES", is_winograd(l) ? 1 : direct->oc_block);
  kernel_int(k, "BLOCKS", is_winograd(l) ? lowering_planes(l, x) : direct->ic_block);
  kernel_int(k, "PARTS", is_winograd(l) ? winograd->split_k : direct->split_k);
  kernel_bool(k, "TAPS", s->algorithm == ALGORITHM_TAPS);
  kernel_int(k, "PIXEL", pixel_reals(x));
  kernel_int(k, "MADE_ROW", value_whole_channels(dy));
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
  const int shape[] = {
      weight->dim[1] * a->groups,       weight->dim[0], a->groups, a->kernel[0], a->kernel[1],
      node->schedule.prepack.oc_vectors};
  Kernel *k = &l->kernel;
  k->template_name = "prepack_conv2d.c.in";
  add_channel_blocked(l);
  if (is_winograd(l)) add_shared(l, "conv_winograd.c.in");
  kernel_bool(k, "bias", a->bias);
  kernel_bool(k, "norm", a->batch_norm);
  kernel_bool(k, "winograd", is_winograd(l));
  kernel_number(k, "eps", a->batch_norm ? a->eps : 0);
  lowering_pass_ints(l, ARGUMENT_WEIGHTS_SHAPE, 6, shape);
  lowering_pass_values(l);
}

/* --- the layout decides ----------------------------------------------------------------------- */

void lower_conv2d(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_channel_blocked(l, false);
  else
    lower_batch_blocked(l, false);
}

void lower_conv2d_backward_data(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_channel_blocked(l, true);
  else
    lower_batch_blocked(l, true);
}

void lower_conv2d_backward_weights(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_weights_channel_blocked(l);
  else
    lower_weights_batch_blocked(l);
}
