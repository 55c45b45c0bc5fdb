/* Lowering of conv2d and its gradients. A kernel is a shape alone; the work is done by a body, a
   function for all shapes that have the register tile, the taps of a kernel row and the ends of a
   row in common. */
#include "conv_row.h"
#include "lowering.h"

#include <assert.h>

static int max(int a, int b) {
  return a > b ? a : b;
}

/* --- parameters and names --------------------------------------------------------------------- */

static ConvRow row_of(const Lowering *l, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  return (ConvRow){.taps = a->kernel[1],
                   .stride = a->stride[1],
                   .padding = a->padding[1],
                   .dilation = a->dilation[1],
                   .read = x->dim[3],
                   .made = y->dim[3]};
}

static void body_int(Kernel *body, const char *name, int value) {
  assert(body->parameter_count < KERNEL_PARAMETERS_MAX);
  body->parameters[body->parameter_count++] = param_int(name, value);
}

static Kernel body_of(const char *template_name, const ConvRow *row) {
  Kernel body = {.template_name = template_name};
  body_int(&body, "KW", row->taps);
  body_int(&body, "SW", row->stride);
  body_int(&body, "PW", row->padding);
  body_int(&body, "DW", row->dilation);
  body_int(&body, "W", row->read);
  body_int(&body, "Q", row->made);
  return body;
}

static const char *row_text(Lowering *l, const ConvRow *row) {
  Arena *arena = l->graph->arena;
  const char *stride = row->stride > 1 ? arena_printf(arena, "_s%d", row->stride) : "";
  const char *padding = row->padding > 0 ? arena_printf(arena, "_p%d", row->padding) : "";
  const char *dilation = row->dilation > 1 ? arena_printf(arena, "_d%d", row->dilation) : "";
  return arena_printf(arena, "k%d%s%s%s", row->taps, stride, padding, dilation);
}

static const char *rest_text(Lowering *l, int rest) {
  return rest ? arena_printf(l->graph->arena, "_rest%d", rest) : "";
}

static const char *conv_suffix(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  Arena *arena = l->graph->arena;
  return arena_printf(arena, "%s%s%s", lowering_window_suffix(l),
                      lowering_pair_suffix(l, "d", a->dilation, 1),
                      a->groups > 1 ? arena_printf(arena, "_g%d", a->groups) : "");
}

/* The kernel's template, its shape and its name; x and y are those of the forward direction. */
static void set_conv(Lowering *l, const char *template_name, const char *what, const Value *x,
                     const Value *y, const Kernel *body, const char *suffix) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name = template_name;
  lowering_window(l, x, y);
  lowering_int(l, "DH", a->dilation[0]);
  lowering_int(l, "DW", a->dilation[1]);
  lowering_int(l, "G", a->groups);
  lowering_int(l, "B", l->node->schedule.block[0]);
  lowering_text(l, "body", body->name);
  SET_NAME(l, "conv%dx%d%s_%s_to_%s%s%s", a->kernel[0], a->kernel[1], what, lowering_image(l, x),
           lowering_image(l, y), conv_suffix(l), suffix);
  lowering_argue_values(l);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* A body of tiles of channels x pixels that makes `made` channels of each group. */
static const Kernel *tiled_body(Lowering *l, const char *template_name, const char *stem,
                                const ConvRow *row, int made) {
  const int *tile = l->node->schedule.tile;
  Kernel body = body_of(template_name, row);
  body_int(&body, "MT", tile[0]);
  body_int(&body, "XT", tile[1]);
  body_int(&body, "REST", made % tile[0]);
  body.name = arena_printf(l->graph->arena, "%s_%s_tile%dx%d%s_w%dto%d", stem, row_text(l, row),
                           tile[0], tile[1], rest_text(l, made % tile[0]), row->read, row->made);
  return lowering_body(l, &body);
}

static const Kernel *rows_body(Lowering *l, ConvRow row, int made) {
  row = conv_narrowest_row(row, l->node->schedule.tile[1]);
  return tiled_body(l, "conv_rows.c.in", "conv_rows", &row, made);
}

void lower_conv2d(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *y = node->out[0];
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  const Kernel *body = rows_body(l, row_of(l, x, y), y->dim[1] / node->attributes.groups);
  lowering_int(l, "QB", node->schedule.block[1]);
  lowering_bool(l, "backward", false);
  lowering_bool(l, "bias", bias);
  lowering_bool(l, "relu", relu);
  lowering_bool(l, "mask", false);
  const char *suffix = relu ? (bias ? "_bias_relu" : "_relu") : bias ? "_bias" : "";
  set_conv(l, "conv2d.c.in", "", x, y, body, suffix);
}

void lower_conv2d_backward_data(Lowering *l) {
  const Node *node = l->node;
  const Attributes *a = &node->attributes;
  const Value *dx = node->out[0], *dy = node->in[0];
  ConvRow row = row_of(l, dx, dy);
  int made = dx->dim[1] / a->groups;
  const char *suffix = a->mask ? "_mask" : "";
  lowering_bool(l, "mask", a->mask);
  if (a->stride[0] > 1 || a->stride[1] > 1) {
    row = conv_narrowest_phases(row, node->schedule.tile[1]);
    const Kernel *body = tiled_body(l, "conv_strided_back.c.in", "conv_strided_back", &row, made);
    set_conv(l, "conv2d_backward_data.c.in", "_backward_data", dx, dy, body, suffix);
    return;
  }
  /* The kernel turned round: dx is a convolution of dy. */
  row.padding = row.dilation * (row.taps - 1) - row.padding;
  row.read = dy->dim[3];
  row.made = dx->dim[3];
  const Kernel *body = rows_body(l, row, made);
  lowering_int(l, "QB", node->schedule.block[1]);
  lowering_bool(l, "backward", true);
  lowering_bool(l, "bias", false);
  lowering_bool(l, "relu", false);
  set_conv(l, "conv2d.c.in", "_backward_data", dx, dy, body, suffix);
}

void lower_conv2d_backward_weights(Lowering *l) {
  const Node *node = l->node;
  const Value *x = node->in[0], *dy = node->in[1];
  const Schedule *s = &node->schedule;
  int groups = node->attributes.groups;
  int o_rest = dy->dim[1] / groups % s->tile[0], c_rest = x->dim[1] / groups % s->tile[1];
  ConvRow row = conv_narrowest_sums(row_of(l, x, dy));
  Kernel body = body_of("conv_weights.c.in", &row);
  body_int(&body, "OT", s->tile[0]);
  body_int(&body, "CT", s->tile[1]);
  body_int(&body, "KT", s->tile[2]);
  int sums = conv_block_sums(l->options), least = s->tile[0] * s->tile[1] * row.taps;
  body_int(&body, "SUMS", max(sums, least)); /* more than usual for the widest kernels alone */
  body_int(&body, "OREST", o_rest);
  body_int(&body, "CREST", c_rest);
  body.name = arena_printf(l->graph->arena, "conv_weights_%s_tile%dx%dx%d%s%s_w%dto%d",
                           row_text(l, &row), s->tile[0], s->tile[1], s->tile[2],
                           rest_text(l, o_rest), rest_text(l, c_rest), row.read, row.made);
  lowering_int(l, "OB", s->block[1]);
  lowering_int(l, "CB", s->block[2]);
  lowering_int(l, "KB", s->block[3]);
  set_conv(l, "conv2d_backward_weights.c.in", "_backward_weights", x, dy, lowering_body(l, &body),
           "");
}
