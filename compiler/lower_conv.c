/* Lowering of conv2d and its gradients. A kernel is a shape alone; the work is done by a body, a
   function for all shapes with one register tile. */
#include "lowering.h"

#include <assert.h>

/* --- bodies ----------------------------------------------------------------------------------- */

/* What all bodies use. */
static void add_axis(Lowering *l) {
  const Kernel axis = {.template_name = "conv_axis.c.in", .name = "conv_axis"};
  lowering_body(l, &axis);
}

static void body_int(Kernel *body, const char *name, int value) {
  assert(body->parameter_count < KERNEL_PARAMETERS_MAX);
  body->parameters[body->parameter_count++] = param_int(name, value);
}

static const char *rest_text(Lowering *l, const char *of, int rest) {
  return rest ? arena_printf(l->graph->arena, "_%srest%d", of, rest) : "";
}

/* Tiles of channels x pixels that make `made` channels of each group. */
static const Kernel *rows_body(Lowering *l, int made) {
  const int *tile = l->node->schedule.tile, rest = made % tile[0];
  Kernel body = {.template_name = "conv_rows.c.in"};
  add_axis(l);
  body_int(&body, "MT", tile[0]);
  body_int(&body, "XT", tile[1]);
  body_int(&body, "REST", rest);
  body.name =
      arena_printf(l->graph->arena, "conv_rows_%dx%d%s", tile[0], tile[1], rest_text(l, "", rest));
  return lowering_body(l, &body);
}

/* Tiles of filters x channels, of which a group has `made` and `read`. */
static const Kernel *weights_body(Lowering *l, int made, int read) {
  const Schedule *s = &l->node->schedule;
  const int *tile = s->tile, o_rest = made % tile[0], c_rest = read % tile[1];
  const int sums = conv_block_sums(l->options);
  assert(s->block[1] * s->block[2] * s->block[3] * l->node->attributes.kernel[1] <= sums);
  Kernel body = {.template_name = "conv_weights.c.in"};
  add_axis(l);
  body_int(&body, "OT", tile[0]);
  body_int(&body, "CT", tile[1]);
  body_int(&body, "OREST", o_rest);
  body_int(&body, "CREST", c_rest);
  body_int(&body, "SUMS", sums);
  body.name = arena_printf(l->graph->arena, "conv_weights_%dx%d%s%s", tile[0], tile[1],
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
  const int *tile = l->node->schedule.tile, rest = made % tile[0];
  const Attributes *a = &l->node->attributes;
  const char *right = right_lacks(l, x, dy);
  Kernel loops = {.template_name = "conv_weights_by_taps.c.in", .name = "conv_weights_by_taps"};
  Kernel body = {.template_name = "conv_weights_taps.c.in"};
  add_axis(l);
  body_int(&loops, "SUMS", conv_block_sums(l->options));
  lowering_body(l, &loops);
  body_int(&body, "OT", tile[0]);
  body_int(&body, "KW", tile[1]);
  body_int(&body, "REST", rest);
  body_int(&body, "STEP", a->stride[1]);
  body_int(&body, "PAD", a->padding[1]);
  body.parameters[body.parameter_count++] = param_string("RIGHT", right);
  const char *edges = *right ? arena_printf(l->graph->arena, "_e%s", right) : "";
  body.name = arena_printf(l->graph->arena, "conv_weights_%dx%dtaps_s%d_p%d%s%s", tile[0], tile[1],
                           a->stride[1], a->padding[1], edges, rest_text(l, "", rest));
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
  lowering_int(l, "B", l->node->schedule.block[0]);
  lowering_text(l, "body", body->name);
  SET_NAME(l, "conv%dx%d%s_%s_to_%s%s%s", a->kernel[0], a->kernel[1], what, lowering_image(l, x),
           lowering_image(l, y), conv_suffix(l), suffix);
  lowering_argue_values(l);
}

static void set_rows(Lowering *l, bool backward, bool bias, bool relu, bool mask) {
  lowering_int(l, "QB", l->node->schedule.block[1]);
  lowering_bool(l, "backward", backward);
  lowering_bool(l, "bias", bias);
  lowering_bool(l, "relu", relu);
  lowering_bool(l, "mask", mask);
  lowering_int(l, "PACK", l->node->workspace ? l->node->schedule.tile[0] : 0);
}

void lower_conv2d(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *y = node->out[0];
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  const Kernel *body = rows_body(l, y->dim[1] / node->attributes.groups);
  set_rows(l, false, bias, relu, false);
  const char *suffix = relu ? (bias ? "_bias_relu" : "_relu") : bias ? "_bias" : "";
  set_conv(l, "conv2d.c.in", "", x, y, body, suffix);
}

void lower_conv2d_backward_data(Lowering *l) {
  const Node *node = l->node;
  const Value *dx = node->out[0], *dy = node->in[0];
  bool mask = node->attributes.mask;
  const Kernel *body = rows_body(l, dx->dim[1] / node->attributes.groups);
  set_rows(l, true, false, false, mask);
  set_conv(l, "conv2d.c.in", "_backward_data", dx, dy, body, mask ? "_mask" : "");
}

void lower_conv2d_backward_weights(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const int *block = node->schedule.block, groups = node->attributes.groups;
  bool taps = node->schedule.algorithm == ALGORITHM_TAPS;
  const Kernel *body = taps ? taps_body(l, x, dy, dy->dim[1] / groups)
                            : weights_body(l, dy->dim[1] / groups, x->dim[1] / groups);
  lowering_int(l, "OB", block[1]);
  lowering_int(l, "CB", block[2]);
  lowering_int(l, "KB", block[3]);
  lowering_int(l, "QB", block[4]);
  lowering_int(l, "PARTS", node->schedule.parts);
  set_conv(l, "conv2d_backward_weights.c.in", "_backward_weights", x, dy, body, "");
}

/* --- channels in lanes --------------------------------------------------------------------------
 */

/* A tile of vectors of channels x pixels, in filters that are made for tiles of as many vectors as
   the schedule says. */
static const Kernel *channels_tile(Lowering *l, int vectors, int pixels) {
  Arena *arena = l->graph->arena;
  const Attributes *a = &l->node->attributes;
  const Value *x = l->node->in[0];
  int all = l->node->schedule.tile[0], pixel = x->layout == LAYOUT_PIXELS ? x->dim[1] : 0;
  bool edges = conv_tiles_lack(l->node).most > 0;
  Kernel body = {.template_name = "conv_channels_tile.c.in"};
  body_int(&body, "V", vectors);
  body_int(&body, "X", pixels);
  body_int(&body, "VT", all);
  body_int(&body, "STEP", a->stride[1]);
  body_int(&body, "PIXEL", pixel);
  body.parameters[body.parameter_count++] = param_bool("edges", edges);
  body.name = arena_printf(arena, "tile_%dx%d%s%s%s%s", vectors, pixels,
                           vectors < all ? arena_printf(arena, "_of%d", all) : "",
                           a->stride[1] > 1 ? arena_printf(arena, "_s%d", a->stride[1]) : "",
                           pixel ? arena_printf(arena, "_p%d", pixel) : "", edges ? "_edges" : "");
  return lowering_body(l, &body);
}

static const Kernel *channels_row(Lowering *l, const Value *y) {
  const int *tile = l->node->schedule.tile;
  int v_rest = lowering_planes(l, y) % tile[0], x_rest = y->dim[3] % tile[1];
  Arena *arena = l->graph->arena;
  Kernel row = {.template_name = "conv_channels_row.c.in"};
  const struct {
    const char *parameter;
    int vectors, pixels;
  } tiles[] = {{"whole", tile[0], tile[1]},
               {"whole_rest", tile[0], x_rest},
               {"last", v_rest, tile[1]},
               {"last_rest", v_rest, x_rest}};
  body_int(&row, "X", tile[1]);
  body_int(&row, "XREST", x_rest);
  row.name = "row_of";
  for (int i = 0; i < 4; i++) {
    bool made = tiles[i].vectors && tiles[i].pixels;
    const char *name = made ? channels_tile(l, tiles[i].vectors, tiles[i].pixels)->name : "";
    row.parameters[row.parameter_count++] = param_string(tiles[i].parameter, name);
    if (i == 0) row.name = arena_printf(arena, "row_of_%s", name);
  }
  row.name =
      arena_printf(arena, "%s%s%s", row.name, rest_text(l, "v", v_rest), rest_text(l, "x", x_rest));
  return lowering_body(l, &row);
}

void lower_conv2d_prepared(Lowering *l) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *x = node->in[0], *y = node->out[0];
  const int *block = node->schedule.block, tile = node->schedule.tile[0];
  bool relu = a->activation == ACTIVATION_RELU, pixels = x->layout == LAYOUT_PIXELS;
  const Kernel *row = channels_row(l, y);
  l->kernel.template_name = "conv2d_prepared.c.in";
  set_shape(l, x, y);
  lowering_int(l, "VT", tile);
  lowering_text(l, "row", row->name);
  lowering_int(l, "ROWS", block[0]);
  lowering_int(l, "DEEP", block[1]);
  lowering_bool(l, "TILES_FIRST", node->schedule.tiles_first);
  lowering_int(l, "PIXEL", pixels ? x->dim[1] : 0);
  lowering_bool(l, "relu", relu);
  lowering_bool(l, "residual", a->residual);
  SET_NAME(l, "conv%dx%d_prepared_%s_to_%s%s%s%s%s", a->kernel[0], a->kernel[1],
           lowering_image(l, x), lowering_image(l, y), conv_suffix(l), pixels ? "_pixels" : "",
           a->residual ? "_add" : "", relu ? "_relu" : "");
  lowering_argue_values(l);
}

void lower_prepare_conv2d(Lowering *l) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *weight = node->in[0];
  int made = weight->dim[0], read = weight->dim[1] * a->groups;
  Kernel shared = {.template_name = "conv_channels.c.in", .name = "conv_channels"};
  body_int(&shared, "VECTORS", TILE_VECTORS_MOST);
  body_int(&shared, "PIXELS", TILE_PIXELS_MOST);
  body_int(&shared, "EDGE", EDGE_MOST);
  l->kernel.template_name = "prepare_conv2d.c.in";
  add_axis(l);
  lowering_body(l, &shared);
  lowering_bool(l, "bias", a->bias);
  lowering_bool(l, "norm", a->norm);
  const char *eps = lowering_number(l, "eps", a->norm ? a->eps : 0);
  SET_NAME(l, "prepare_conv2d%s%s", a->bias ? "_bias" : "",
           a->norm ? arena_printf(l->graph->arena, "_norm_e%s", eps) : "");
  lowering_argue(l, arena_printf(l->graph->arena, "filters_of(%d, %d, %d, %d, %d, %d)", read, made,
                                 a->kernel[0], a->kernel[1], a->groups, node->schedule.tile[0]));
  lowering_argue_values(l);
}
