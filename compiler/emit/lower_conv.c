/* Lowering of conv2d and its gradients. A kernel is a shape alone; the work is done by a body, a
   function for all shapes with one register tile. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "schedule/schedule.h"

#include <assert.h>

/* --- bodies ----------------------------------------------------------------------------------- */

static void add_shared(Lowering *l, const char *name) {
  const char *file = arena_printf(l->graph->arena, "%s.c.in", name);
  const Kernel shared = {.template_name = file, .name = name};
  lowering_body(l, &shared);
}

/* What all bodies with images in the lanes use. */
static void add_images(Lowering *l) {
  add_shared(l, "conv_axis");
  add_shared(l, "conv_images");
}

static void body_parameter(Kernel *body, TemplateParam parameter) {
  assert(body->parameter_count < KERNEL_PARAMETERS_MAX);
  body->parameters[body->parameter_count++] = parameter;
}

static void body_int(Kernel *body, const char *name, int value) {
  body_parameter(body, param_int(name, value));
}

static const char *rest_text(Lowering *l, const char *of, int rest) {
  return rest ? arena_printf(l->graph->arena, "_%srest%d", of, rest) : "";
}

/* Tiles of channels x pixels that make `made` channels of each group. */
static const Kernel *rows_body(Lowering *l, int made) {
  const ConvBatchBlocked *s = &l->node->schedule.conv_batch_blocked;
  const int rest = made % s->oc_unroll;
  Kernel body = {.template_name = "conv_rows.c.in"};
  add_images(l);
  body_int(&body, "MT", s->oc_unroll);
  body_int(&body, "XT", s->ow_unroll);
  body_int(&body, "REST", rest);
  body.name = arena_printf(l->graph->arena, "conv_rows_%dx%d%s", s->oc_unroll, s->ow_unroll,
                           rest_text(l, "", rest));
  return lowering_body(l, &body);
}

/* Tiles of filters x channels, of which a group has `made` and `read`. */
static const Kernel *weights_body(Lowering *l, int made, int read) {
  const WeightsBatchBlocked *s = &l->node->schedule.weights_batch_blocked;
  const int o_rest = made % s->oc_unroll, c_rest = read % s->ic_unroll;
  const int sums = weights_sums_max(l->options);
  assert(s->oc_block * s->ic_block * s->kh_block * l->node->attributes.kernel[1] <= sums);
  Kernel body = {.template_name = "conv_weights.c.in"};
  add_images(l);
  body_int(&body, "OT", s->oc_unroll);
  body_int(&body, "CT", s->ic_unroll);
  body_int(&body, "OREST", o_rest);
  body_int(&body, "CREST", c_rest);
  body_int(&body, "SUMS", sums);
  body.name = arena_printf(l->graph->arena, "conv_weights_%dx%d%s%s", s->oc_unroll, s->ic_unroll,
                           rest_text(l, "o", o_rest), rest_text(l, "c", c_rest));
  return lowering_body(l, &body);
}

/* Taps that each of the last pixels of a row lacks: "1_3". */
static const char *right_lacks(Lowering *l, const Value *x, const Value *dy) {
  const Attributes *a = &l->node->attributes;
  const char *text = "";
  for (int q = 0; q < dy->dim[3]; q++) {
    int lacks = q * a->stride[1] - a->padding[1] + a->kernel[1] - x->dim[3];
    if (lacks > 0)
      text = arena_printf(l->graph->arena, "%s%s%d", text, *text ? "_" : "",
                          lacks < a->kernel[1] ? lacks : a->kernel[1]);
  }
  return text;
}

/* Tiles of filters x taps, for groups of `made` filters. */
static const Kernel *taps_body(Lowering *l, const Value *x, const Value *dy, int made) {
  const WeightsBatchBlocked *s = &l->node->schedule.weights_batch_blocked;
  const int rest = made % s->oc_unroll;
  const Attributes *a = &l->node->attributes;
  const char *right = right_lacks(l, x, dy);
  Kernel loops = {.template_name = "conv_weights_by_taps.c.in", .name = "conv_weights_by_taps"};
  Kernel body = {.template_name = "conv_weights_taps.c.in"};
  add_images(l);
  body_int(&loops, "SUMS", weights_sums_max(l->options));
  lowering_body(l, &loops);
  body_int(&body, "OT", s->oc_unroll);
  body_int(&body, "KW", s->kw_taps);
  body_int(&body, "REST", rest);
  body_int(&body, "STEP", a->stride[1]);
  body_int(&body, "PAD", a->padding[1]);
  body_parameter(&body, param_string("RIGHT", right));
  const char *edges = *right ? arena_printf(l->graph->arena, "_e%s", right) : "";
  body.name = arena_printf(l->graph->arena, "conv_weights_%dx%dtaps_s%d_p%d%s%s", s->oc_unroll,
                           s->kw_taps, a->stride[1], a->padding[1], edges, rest_text(l, "", rest));
  return lowering_body(l, &body);
}

/* --- rules ------------------------------------------------------------------------------------ */

static const char *conv_suffix(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  Arena *arena = l->graph->arena;
  return arena_printf(arena, "%s%s%s", lowering_window_suffix(l),
                      lowering_pair_suffix(l, "d", a->dilation, 1),
                      a->groups > 1 ? arena_printf(arena, "_g%d", a->groups) : "");
}

static void set_shape(Lowering *l, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  lowering_window(l, x->dim[1], x, y->dim[1], y);
  lowering_int(l, "DH", a->dilation[0]);
  lowering_int(l, "DW", a->dilation[1]);
  lowering_int(l, "G", a->groups);
}

/* The kernel's template, its shape and its name; x and y are those of the forward direction. */
static void set_conv(Lowering *l, const char *template_name, const char *what, const Value *x,
                     const Value *y, const Kernel *body, const char *suffix) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name = template_name;
  set_shape(l, x, y);
  lowering_text(l, "body", body->name);
  SET_NAME(l, "conv%dx%d%s_%s_to_%s%s%s", a->kernel[0], a->kernel[1], what, lowering_image(l, x),
           lowering_image(l, y), conv_suffix(l), suffix);
  lowering_argue_values(l);
}

static void set_rows(Lowering *l, bool backward, bool bias, bool relu, bool mask) {
  const ConvBatchBlocked *s = &l->node->schedule.conv_batch_blocked;
  lowering_int(l, "B", s->oc_block);
  lowering_int(l, "QB", s->ow_block);
  lowering_bool(l, "backward", backward);
  lowering_bool(l, "bias", bias);
  lowering_bool(l, "relu", relu);
  lowering_bool(l, "mask", mask);
  const bool packs = l->node->workspace != NULL;
  if (packs) add_shared(l, "pack_filters");
  lowering_int(l, "PACK", packs ? s->oc_unroll : 0);
}

static void lower_conv_lanes(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *y = node->out[0];
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  const Kernel *body = rows_body(l, y->dim[1] / node->attributes.groups);
  set_rows(l, false, bias, relu, false);
  const char *suffix = relu ? (bias ? "_bias_relu" : "_relu") : bias ? "_bias" : "";
  set_conv(l, "conv2d.c.in", "", x, y, body, suffix);
}

static void lower_backward_data_lanes(Lowering *l) {
  const Node *node = l->node;
  const Value *dx = node->out[0], *dy = node->in[0];
  bool mask = node->attributes.relu_mask;
  const Kernel *body = rows_body(l, dx->dim[1] / node->attributes.groups);
  set_rows(l, true, false, false, mask);
  set_conv(l, "conv2d.c.in", "_backward_data", dx, dy, body, mask ? "_mask" : "");
}

static void lower_backward_weights_lanes(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const WeightsBatchBlocked *s = &node->schedule.weights_batch_blocked;
  const int groups = node->attributes.groups;
  bool taps = node->schedule.algorithm == ALGORITHM_TAPS;
  const Kernel *body = taps ? taps_body(l, x, dy, dy->dim[1] / groups)
                            : weights_body(l, dy->dim[1] / groups, x->dim[1] / groups);
  lowering_int(l, "B", s->oh_block);
  lowering_int(l, "OB", s->oc_block);
  lowering_int(l, "CB", s->ic_block);
  lowering_int(l, "KB", s->kh_block);
  lowering_int(l, "QB", s->ow_block);
  lowering_int(l, "PARTS", s->split_k);
  set_conv(l, "conv2d_backward_weights.c.in", "_backward_weights", x, dy, body, "");
}

/* --- channels in lanes --------------------------------------------------------------------------
 */

/* What all of them use. */
static void add_channels(Lowering *l) {
  Kernel shared = {.template_name = "conv_channels.c.in", .name = "conv_channels"};
  body_int(&shared, "VECTORS", TILE_VECTORS_MAX);
  body_int(&shared, "PIXELS", TILE_PIXELS_MAX);
  body_int(&shared, "EDGE", CLIPPED_PIXELS_MAX);
  add_shared(l, "conv_axis");
  lowering_body(l, &shared);
}

static bool is_winograd(const Lowering *l) {
  return l->node->schedule.algorithm == ALGORITHM_WINOGRAD;
}

/* "_winograd", the direct way having no name. */
static const char *algorithm_suffix(const Lowering *l) {
  return is_winograd(l) ? "_winograd" : "";
}

/* Units of patches there is room for; 0: the direct way. */
static void set_room(Lowering *l) {
  const int batch = l->graph->recipe.batch;
  if (is_winograd(l)) add_shared(l, "conv_winograd");
  lowering_int(l, "ROOM",
               is_winograd(l) ? winograd_capacity(l->node, &l->node->schedule, l->options, batch)
                              : 0);
}

/* Reals of a pixel that is read; 0: as many as a vector has lanes. */
static int pixel_of(const Value *x) {
  return x->layout == LAYOUT_CHANNELS_LAST ? x->dim[1] : 0;
}

/* A tile of vectors of channels x pixels, in filters that are made for tiles of as many vectors as
   the schedule says. */
static const Kernel *channels_tile(Lowering *l, int vectors, int pixels) {
  Arena *arena = l->graph->arena;
  const Attributes *a = &l->node->attributes;
  const bool backward = l->node->op == OP_conv2d_backward_data;
  const int step = backward ? 1 : a->stride[1], spread = backward ? a->stride[1] : 1;
  int all = schedule_oc_vectors(&l->node->schedule), pixel = pixel_of(l->node->in[0]);
  const int edges = is_winograd(l) ? 0 : conv_clipped_pixels(l->node);
  Kernel body = {.template_name = "conv_channels_tile.c.in"};
  body_int(&body, "V", vectors);
  body_int(&body, "X", pixels);
  body_int(&body, "VT", all);
  body_int(&body, "STEP", step);
  body_int(&body, "PIXEL", pixel);
  body_int(&body, "SPREAD", spread);
  body_int(&body, "EDGES", edges);
  body.name = arena_printf(arena, "tile_%dx%d%s%s%s%s%s", vectors, pixels,
                           vectors < all ? arena_printf(arena, "_of%d", all) : "",
                           step > 1 ? arena_printf(arena, "_s%d", step) : "",
                           spread > 1 ? arena_printf(arena, "_every%d", spread) : "",
                           pixel ? arena_printf(arena, "_p%d", pixel) : "",
                           edges ? arena_printf(arena, "_edges%d", edges) : "");
  return lowering_body(l, &body);
}

/* Pixels, or output tiles, of the register tile. */
static int pixels_of_tile(const Lowering *l) {
  const Schedule *s = &l->node->schedule;
  return is_winograd(l) ? s->conv_winograd.tile_unroll : s->conv_channel_blocked.ow_unroll;
}

static const Kernel *channels_row(Lowering *l) {
  const int tile[] = {schedule_oc_vectors(&l->node->schedule), pixels_of_tile(l)};
  const Value *y = l->node->out[0];
  const int columns = is_winograd(l) ? tile[1] : conv_columns(l->node);
  const int v_rest = lowering_planes(l, y) % tile[0];
  const int x_rest = columns % tile[1];
  /* Backward with a stride, some rows of pixels that share their taps are shorter by one. */
  const bool shorter =
      l->node->op == OP_conv2d_backward_data && y->dim[3] % l->node->attributes.stride[1];
  const int x_rest2 = shorter ? (columns - 1) % tile[1] : 0;
  Arena *arena = l->graph->arena;
  Kernel row = {.template_name = "conv_channels_row.c.in"};
  const struct {
    const char *parameter;
    int vectors, pixels;
  } tiles[] = {{"whole", tile[0], tile[1]},       {"whole_rest", tile[0], x_rest},
               {"whole_rest2", tile[0], x_rest2}, {"last", v_rest, tile[1]},
               {"last_rest", v_rest, x_rest},     {"last_rest2", v_rest, x_rest2}};
  add_channels(l);
  body_int(&row, "X", tile[1]);
  body_int(&row, "XREST", x_rest);
  body_int(&row, "XREST2", x_rest2);
  body_parameter(&row, param_bool("shorter", shorter));
  row.name = "row_of";
  for (int i = 0; i < 6; i++) {
    bool made = tiles[i].vectors && tiles[i].pixels;
    const char *name = made ? channels_tile(l, tiles[i].vectors, tiles[i].pixels)->name : "";
    body_parameter(&row, param_string(tiles[i].parameter, name));
    if (i == 0) row.name = arena_printf(arena, "row_of_%s", name);
  }
  row.name = arena_printf(arena, "%s%s%s%s", row.name, rest_text(l, "v", v_rest),
                          rest_text(l, "x", x_rest), rest_text(l, "or", x_rest2));
  if (shorter && !x_rest2) row.name = arena_printf(arena, "%s_shorter", row.name);
  return lowering_body(l, &row);
}

static const char *part_suffix(Lowering *l, int of) {
  return of ? arena_printf(l->graph->arena, "_of%d", of) : "";
}

/* Channels of the wholes of what is read and what is made; what ends the kernel's name. */
static const char *set_parts(Lowering *l, const Value *read, const Value *made) {
  const int of = value_whole_channels(read) + value_whole_channels(made);
  assert(!read->part_of || !made->part_of);
  lowering_int(l, "READ_ROW", value_whole_channels(read));
  lowering_int(l, "MADE_ROW", value_whole_channels(made));
  return part_suffix(l, of);
}

/* The row, its blocks, and the shape; x and y are those of the forward direction. */
static void set_channels(Lowering *l, const Value *x, const Value *y, bool relu) {
  const Schedule *s = &l->node->schedule;
  const Kernel *row = channels_row(l);
  set_shape(l, x, y);
  set_room(l);
  lowering_int(l, "VT", schedule_oc_vectors(s));
  lowering_text(l, "row", row->name);
  lowering_int(l, "ROWS", conv_partial_sum_rows(l->node));
  lowering_int(l, "PASS",
               is_winograd(l) ? s->conv_winograd.tile_block : s->conv_channel_blocked.oh_block);
  lowering_int(l, "UNIT", pixels_of_tile(l));
  lowering_int(l, "DEEP",
               is_winograd(l) ? lowering_planes(l, l->node->in[0])
                              : s->conv_channel_blocked.ic_block);
  lowering_bool(l, "TILES_FIRST", !is_winograd(l) && s->conv_channel_blocked.oc_outer);
  lowering_int(l, "PIXEL", pixel_of(l->node->in[0]));
  lowering_bool(l, "relu", relu);
}

/* What notes the sums of the batch_norm_backward: of all dy or, with a gate, of what passes that.
 */
static const char *add_sums(Lowering *l, const Node *norm) {
  Kernel body = {.template_name = "conv_sums.c.in"};
  body.name = norm->attributes.dy_relu_mask ? "note_sums" : "note_all_sums";
  body_parameter(&body, param_bool("gate", norm->attributes.dy_relu_mask));
  body_parameter(&body, param_bool("own", norm->attributes.dy_relu_mask));
  body_parameter(&body, param_bool("part", false));
  add_channels(l);
  return lowering_body(l, &body)->name;
}

/* x, weight, mean and inverse of a batch_norm_backward, and bias where it makes its relu again. */
static void argue_summed(Lowering *l, const Node *norm) {
  const bool gate = norm->attributes.dy_relu_mask;
  const char *before = l->arguments;
  l->arguments = NULL;
  lowering_argue_list(l, norm->in + 1, 4 + gate);
  const char *inputs = l->arguments;
  l->arguments = before;
  lowering_argue(l,
                 arena_printf(l->graph->arena, "(norm_input){%s%s}", inputs, gate ? "" : ", NULL"));
}

/* conv2d and its backward-data. */
static void lower_conv_channels(Lowering *l, bool backward) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *x = backward ? node->out[0] : node->in[0],
              *y = backward ? node->in[0] : node->out[0];
  const bool relu = !backward && a->activation == ACTIVATION_RELU;
  const bool bias = !backward && node->in_count > 2, mask = backward && a->relu_mask;
  l->kernel.template_name = "conv2d_channels.c.in";
  set_channels(l, x, y, relu);
  lowering_bool(l, "backward", backward);
  lowering_bool(l, "bias", bias);
  lowering_bool(l, "mask", mask);
  lowering_bool(l, "residual", a->residual);
  lowering_text(l, "note", node->summed ? add_sums(l, node->summed) : "");
  const bool gate = node->summed && node->summed->attributes.dy_relu_mask;
  const char *part = set_parts(l, node->in[0], node->out[0]);
  assert(!node->summed || !node->out[0]->part_of); /* what is noted has rows of its own */
  SET_NAME(l, "conv%dx%d%s%s_%s_to_%s%s%s%s%s%s%s%s%s", a->kernel[0], a->kernel[1],
           backward ? "_backward_data" : "", algorithm_suffix(l), lowering_image(l, x),
           lowering_image(l, y), conv_suffix(l), pixel_of(node->in[0]) ? "_pixels" : "",
           bias ? "_bias" : "", relu ? "_relu" : "", a->residual ? "_add" : "", mask ? "_mask" : "",
           !node->summed ? ""
           : gate        ? "_sums"
                         : "_all_sums",
           part);
  lowering_argue_values(l);
  if (node->summed) argue_summed(l, node->summed);
}

/* What gradients of filters share, and the tile with one tap or with all of a kernel's row. */
static void add_filters(Lowering *l, bool row_of_taps) {
  Kernel one_tap = {.template_name = "filters_one_tap.c.in", .name = "filters_one_tap"};
  Kernel row = {.template_name = "filters_row_of_taps.c.in", .name = "filters_row_of_taps"};
  Kernel *tile = row_of_taps ? &row : &one_tap;
  if (row_of_taps) body_int(tile, "TAPS", ROW_TAPS_MAX);
  add_channels(l);
  add_shared(l, "filters_channels");
  lowering_body(l, tile);
}

/* The function that sums a block of channels of x, for a tile of channels of dy. */
static const Kernel *filters_block(Lowering *l, const Value *x, const Value *dy) {
  const Schedule *s = &l->node->schedule;
  const int step = l->node->attributes.stride[1], pixel = pixel_of(x);
  const int vectors = schedule_oc_vectors(s);
  const int channels =
      is_winograd(l) ? s->weights_winograd.ic_unroll : s->weights_channel_blocked.ic_unroll;
  const int v_rest = lowering_planes(l, dy) % vectors;
  const int d_rest = x->dim[1] % l->lanes % channels;
  const int taps = s->algorithm == ALGORITHM_TAPS ? l->node->attributes.kernel[1] : 0;
  add_filters(l, taps > 0);
  Kernel body = {.template_name = "filters_channels_block.c.in"};
  body_int(&body, "V", vectors);
  body_int(&body, "D", channels);
  body_int(&body, "TAPS", taps);
  body_int(&body, "VREST", v_rest);
  body_int(&body, "DREST", d_rest);
  body_int(&body, "STEP", step);
  body_int(&body, "PIXEL", pixel);
  body.name = arena_printf(l->graph->arena, "filters_%dx%d%s%s%s%s%s", vectors, channels,
                           taps ? arena_printf(l->graph->arena, "x%d", taps) : "",
                           step > 1 ? arena_printf(l->graph->arena, "_s%d", step) : "",
                           pixel ? arena_printf(l->graph->arena, "_p%d", pixel) : "",
                           rest_text(l, "v", v_rest), rest_text(l, "c", d_rest));
  return lowering_body(l, &body);
}

static void lower_filters_channels(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const Schedule *s = &node->schedule;
  const Kernel *block = filters_block(l, x, dy);
  l->kernel.template_name = "conv2d_filters_channels.c.in";
  set_shape(l, x, dy);
  lowering_text(l, "block", block->name);
  set_room(l);
  lowering_int(l, "UNIT", WINOGRAD_GRADIENT_TILES);
  add_shared(l, is_winograd(l) ? "filters_winograd" : "filters_direct");
  const WeightsChannelBlocked *direct = &s->weights_channel_blocked;
  const WeightsWinograd *winograd = &s->weights_winograd;
  lowering_int(l, "VT", schedule_oc_vectors(s));
  lowering_int(l, "ROWS", is_winograd(l) ? winograd->tile_block : direct->oh_block);
  lowering_int(l, "IMAGES", is_winograd(l) ? 1 : direct->n_block);
  lowering_int(l, "TILES", is_winograd(l) ? 1 : direct->oc_block);
  lowering_int(l, "BLOCKS", is_winograd(l) ? lowering_planes(l, x) : direct->ic_block);
  lowering_int(l, "PARTS", is_winograd(l) ? winograd->split_k : direct->split_k);
  lowering_bool(l, "TAPS", s->algorithm == ALGORITHM_TAPS);
  lowering_int(l, "PIXEL", pixel_of(x));
  const int of = value_whole_channels(dy);
  lowering_int(l, "MADE_ROW", of);
  SET_NAME(l, "conv%dx%d_backward_weights%s_%s_to_%s%s%s%s", node->attributes.kernel[0],
           node->attributes.kernel[1], algorithm_suffix(l), lowering_image(l, x),
           lowering_image(l, dy), conv_suffix(l), pixel_of(x) ? "_pixels" : "", part_suffix(l, of));
  lowering_argue_values(l);
}

void lower_conv2d_prepacked(Lowering *l) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0], *y = node->out[0];
  bool relu = a->activation == ACTIVATION_RELU, pixels = pixel_of(x) > 0;
  l->kernel.template_name = "conv2d_prepacked.c.in";
  set_channels(l, x, y, relu);
  lowering_bool(l, "residual", a->residual);
  const char *part = set_parts(l, x, y);
  SET_NAME(l, "conv%dx%d_prepacked%s_%s_to_%s%s%s%s%s%s", a->kernel[0], a->kernel[1],
           algorithm_suffix(l), lowering_image(l, x), lowering_image(l, y), conv_suffix(l),
           pixels ? "_pixels" : "", a->residual ? "_add" : "", relu ? "_relu" : "", part);
  lowering_argue_values(l);
}

void lower_prepack_conv2d(Lowering *l) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *weight = node->in[0];
  int made = weight->dim[0], read = weight->dim[1] * a->groups;
  l->kernel.template_name = "prepack_conv2d.c.in";
  add_channels(l);
  lowering_bool(l, "bias", a->bias);
  lowering_bool(l, "norm", a->batch_norm);
  lowering_bool(l, "winograd", is_winograd(l));
  if (is_winograd(l)) add_shared(l, "conv_winograd");
  const char *eps = lowering_number(l, "eps", a->batch_norm ? a->eps : 0);
  SET_NAME(l, "prepack_conv2d%s%s%s", algorithm_suffix(l), a->bias ? "_bias" : "",
           a->batch_norm ? arena_printf(l->graph->arena, "_norm_e%s", eps) : "");
  lowering_argue(l, arena_printf(l->graph->arena, "(weights_shape){LANES, %d, %d, %d, %d, %d, %d}",
                                 read, made, a->groups, a->kernel[0], a->kernel[1],
                                 node->schedule.prepack.oc_vectors));
  lowering_argue_values(l);
}

/* --- the layout decides ----------------------------------------------------------------------- */

void lower_conv2d(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_conv_channels(l, false);
  else
    lower_conv_lanes(l);
}

void lower_conv2d_backward_data(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_conv_channels(l, true);
  else
    lower_backward_data_lanes(l);
}

void lower_conv2d_backward_weights(Lowering *l) {
  if (lowering_is_channel_blocked(l))
    lower_filters_channels(l);
  else
    lower_backward_weights_lanes(l);
}
