/* The rules of lowering, one an op; those of convolutions stand in lower_conv.c. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "passes/memory.h"
#include "schedule/schedule.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* The shape of an image as an argument. */
static void argue_image(Lowering *l, const Value *value) {
  lowering_argue(l, arena_printf(l->graph->arena, "(image){%d, %d, %d}", value->dim[1],
                                 value->dim[2], value->dim[3]));
}

/* Vectors of the value that an image, or a group of images, has. */
static int64_t vectors_of(const Lowering *l, const Value *value) {
  return (int64_t)lowering_planes(l, value) * value->dim[2] * value->dim[3];
}

static void argue_int(Lowering *l, int64_t number) {
  lowering_argue(l, arena_printf(l->graph->arena, "%" PRId64, number));
}

/* The template that does the work where channels are in lanes, or the usual one. */
static const char *template_for(const Lowering *l, const char *usual, const char *channels) {
  return lowering_is_channel_blocked(l) ? channels : usual;
}

/* Distinguishes kernels of templates for channels in lanes. */
static const char *layout_suffix(const Lowering *l) {
  return lowering_is_channel_blocked(l) ? "_channels" : "";
}

static void set_linear(Lowering *l, bool backward, int64_t made, int64_t summed) {
  const LinearBatchBlocked *forward = &l->node->schedule.linear_batch_blocked;
  const LinearBackwardData *data = &l->node->schedule.linear_backward_data;
  l->kernel.template_name = "linear.c.in";
  lowering_int(l, "M", made);
  lowering_int(l, "K", summed);
  lowering_int(l, "WM", backward ? 1 : summed);
  lowering_int(l, "WK", backward ? made : 1);
  lowering_int(l, "MT", backward ? data->ic_unroll : forward->oc_unroll);
  lowering_int(l, "GT", backward ? data->n_vectors : forward->n_vectors);
  lowering_int(l, "FB", backward ? data->ic_block : made);
  lowering_int(l, "KB", backward ? data->oc_block : summed);
  lowering_bool(l, "backward", backward);
}

static void set_linear_rows(Lowering *l, const Value *x, const Value *y) {
  const LinearPaddedRows *s = &l->node->schedule.linear_padded_rows;
  l->kernel.template_name = "linear_rows.c.in";
  lowering_int(l, "I", value_features(x));
  lowering_int(l, "O", value_features(y));
  lowering_int(l, "ROW", lowering_row(l, x));
  lowering_int(l, "TO", lowering_row(l, y));
  lowering_int(l, "OT", s->oc_unroll);
  lowering_int(l, "NT", s->n_unroll);
  lowering_int(l, "N", linear_block_images(&l->node->schedule, x->dim[0]));
  lowering_bool(l, "some", linear_block_images(&l->node->schedule, x->dim[0]) < x->dim[0]);
  lowering_int(l, "FB", s->oc_block);
  lowering_int(l, "KB", s->ic_block);
  lowering_int(l, "L", l->lanes);
}

static void lower_linear(Lowering *l) {
  const Node *node = l->node;
  int64_t in = value_features(node->in[0]), out = value_features(node->out[0]);
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  if (lowering_is_channel_blocked(l)) {
    set_linear_rows(l, node->in[0], node->out[0]);
  } else {
    set_linear(l, false, out, in);
    lowering_bool(l, "mask", false);
  }
  lowering_bool(l, "bias", bias);
  lowering_bool(l, "relu", relu);
  SET_NAME(l, "linear%s_%" PRId64 "_to_%" PRId64 "%s%s",
           lowering_is_channel_blocked(l) ? "_rows" : "", in, out, bias ? "_bias" : "",
           relu ? "_relu" : "");
  lowering_argue_values(l);
}

static void lower_linear_backward_data(Lowering *l) {
  const Node *node = l->node;
  int64_t in = value_features(node->out[0]), out = value_features(node->in[0]);
  bool mask = node->attributes.relu_mask;
  set_linear(l, true, in, out);
  lowering_bool(l, "bias", false);
  lowering_bool(l, "relu", false);
  lowering_bool(l, "mask", mask);
  SET_NAME(l, "linear_backward_data_%" PRId64 "_to_%" PRId64 "%s", in, out, mask ? "_mask" : "");
  lowering_argue_values(l);
}

static void lower_linear_backward_weights(Lowering *l) {
  const Value *x = l->node->in[0], *dy = l->node->in[1];
  l->kernel.template_name = "linear_backward_weights.c.in";
  lowering_int(l, "I", value_features(x));
  lowering_int(l, "O", value_features(dy));
  lowering_int(l, "ROW", lowering_row(l, x));
  lowering_int(l, "L", l->lanes);
  lowering_int(l, "OT", l->node->schedule.linear_weights.oc_unroll);
  lowering_int(l, "VT", l->node->schedule.linear_weights.ic_vectors);
  SET_NAME(l, "linear_backward_weights_%" PRId64 "_to_%" PRId64, value_features(x),
           value_features(dy));
  lowering_argue_values(l);
}

/* The kernel's image, and how many channels the value has whose part this one is, if it is one. */
static const char *argue_part(Lowering *l, const Value *image, const Value *part) {
  lowering_bool(l, "part", part->part_of);
  argue_image(l, image);
  if (part->part_of) argue_int(l, value_row_channels(part));
  return part->part_of ? "_part" : "";
}

static void lower_bias_gradient(Lowering *l) {
  l->kernel.template_name = template_for(l, "bias_gradient.c.in", "bias_gradient_channels.c.in");
  const char *part = argue_part(l, l->node->in[0], l->node->in[0]);
  SET_NAME(l, "bias_gradient%s%s", layout_suffix(l), part);
  lowering_argue_values(l);
}

static void lower_to_rows(Lowering *l) {
  const Value *x = l->node->in[0];
  l->kernel.template_name = "to_rows.c.in";
  lowering_int(l, "F", value_features(x));
  lowering_int(l, "ROW", lowering_row(l, x));
  SET_NAME(l, "to_rows_%" PRId64, value_features(x));
  lowering_argue_values(l);
}

static void lower_pack_input(Lowering *l) {
  const Value *x = l->node->out[0];
  bool pixels = x->layout == LAYOUT_CHANNELS_LAST;
  l->kernel.template_name = template_for(l, "pack_input.c.in", "pack_channels.c.in");
  lowering_int(l, "C", x->dim[1]);
  lowering_int(l, "H", x->dim[2]);
  lowering_int(l, "W", x->dim[3]);
  if (lowering_is_channel_blocked(l)) lowering_bool(l, "PIXELS", pixels);
  SET_NAME(l, "pack_input%s_%s", pixels ? "_pixels" : layout_suffix(l), lowering_image(l, x));
  lowering_argue(l, "batch");
  lowering_argue(l, lowering_memory(l, x));
}

/* Windows that ceil_mode lets reach over the edge show in the output's shape. */
static void set_pool(Lowering *l, const char *template_name, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  bool average = l->node->op == OP_avg_pool2d || l->node->op == OP_avg_pool2d_backward;
  l->kernel.template_name = template_name;
  lowering_window(l, 0, x, 0, y); /* channels are an argument */
  if (average) lowering_bool(l, "count_include_pad", a->count_include_pad);
  const char *stem = op_name(l->node->op);
  SET_NAME(l, "%s_%dx%d_%dx%d_to_%dx%d%s%s%s%s", stem, a->kernel[0], a->kernel[1], x->dim[2],
           x->dim[3], y->dim[2], y->dim[3], lowering_window_suffix(l),
           average && !a->count_include_pad ? "_inside" : "", a->argmax ? "_places" : "",
           a->relu_mask ? "_mask" : "");
  argue_int(l, lowering_planes(l, x));
  lowering_argue_values(l);
}

static void lower_max_pool2d(Lowering *l) {
  lowering_bool(l, "places", l->node->attributes.argmax);
  lowering_bool(l, "mask", l->node->attributes.relu_mask);
  set_pool(l, "max_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

static void lower_avg_pool2d(Lowering *l) {
  set_pool(l, "avg_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

static void lower_max_pool2d_backward(Lowering *l) {
  set_pool(l, "max_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

static void lower_avg_pool2d_backward(Lowering *l) {
  lowering_bool(l, "mask", l->node->attributes.relu_mask);
  set_pool(l, "avg_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

static void lower_map(Lowering *l) {
  const char *kind = op_name(l->node->op), *suffix = "";
  bool leaky = l->node->op == OP_leaky_relu || l->node->op == OP_leaky_relu_backward;
  l->kernel.template_name = "map.c.in";
  lowering_text(l, "kind", kind);
  if (leaky)
    suffix = arena_printf(l->graph->arena, "_%s",
                          lowering_number(l, "slope", l->node->attributes.slope));
  SET_NAME(l, "map_%s%s", kind, suffix);
  argue_int(l, vectors_of(l, l->node->out[0]));
  lowering_argue_values(l);
}

static void lower_add(Lowering *l) {
  bool relu = l->node->attributes.activation == ACTIVATION_RELU,
       mask = l->node->attributes.relu_mask;
  int count = l->node->in_count - mask;
  l->kernel.template_name = "add.c.in";
  lowering_int(l, "COUNT", count);
  lowering_bool(l, "relu", relu);
  lowering_bool(l, "mask", mask);
  SET_NAME(l, "add%d%s%s", count, relu ? "_relu" : "", mask ? "_mask" : "");
  argue_int(l, vectors_of(l, l->node->out[0]));
  lowering_argue_values(l);
}

static void lower_batch_norm(Lowering *l) {
  bool relu = l->node->attributes.activation == ACTIVATION_RELU;
  l->kernel.template_name = template_for(l, "batch_norm.c.in", "batch_norm_channels.c.in");
  const bool residual = l->node->attributes.residual;
  lowering_bool(l, "relu", relu);
  if (lowering_is_channel_blocked(l)) {
    const Kernel moments = {.template_name = "moments.c.in", .name = "moments"};
    lowering_bool(l, "residual", residual);
    lowering_body(l, &moments);
  }
  const char *momentum = lowering_number(l, "momentum", l->node->attributes.momentum);
  const char *eps = lowering_number(l, "eps", l->node->attributes.eps);
  const char *part = argue_part(l, l->node->in[0], l->node->out[0]);
  SET_NAME(l, "batch_norm%s_m%s_e%s%s%s%s", layout_suffix(l), momentum, eps, residual ? "_add" : "",
           relu ? "_relu" : "", part);
  if (!lowering_is_channel_blocked(l)) lowering_argue(l, "batch");
  lowering_argue_values(l);
}

static void lower_batch_norm_inference(Lowering *l) {
  bool relu = l->node->attributes.activation == ACTIVATION_RELU;
  l->kernel.template_name =
      template_for(l, "batch_norm_inference.c.in", "batch_norm_inference_channels.c.in");
  lowering_bool(l, "relu", relu);
  const char *eps = lowering_number(l, "eps", l->node->attributes.eps);
  SET_NAME(l, "batch_norm_inference%s_e%s%s", layout_suffix(l), eps, relu ? "_relu" : "");
  argue_image(l, l->node->in[0]);
  lowering_argue_values(l);
}

static void lower_batch_norm_backward(Lowering *l) {
  const bool gate = l->node->attributes.dy_relu_mask;
  const bool own = node_recomputes_relu(l->node);
  l->kernel.template_name =
      template_for(l, "batch_norm_backward.c.in", "batch_norm_backward_channels.c.in");
  lowering_bool(l, "gate", gate);
  lowering_bool(l, "own", own);
  const bool sums = l->node->attributes.partial_sums;
  if (lowering_is_channel_blocked(l)) lowering_bool(l, "sums", sums);
  const char *part = argue_part(l, l->node->in[1], l->node->in[0]);
  if (sums) argue_int(l, conv_partial_sum_rows(l->node->in[0]->producer));
  const char *relu = own ? "_relu" : gate ? "_gate" : "";
  SET_NAME(l, "batch_norm_backward%s%s%s%s", layout_suffix(l), sums ? "_sums" : "", relu, part);
  if (!lowering_is_channel_blocked(l)) lowering_argue(l, "batch");
  lowering_argue_values(l);
}

static void lower_response_norm(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name =
      arena_printf(l->graph->arena, "%s%s.c.in", op_name(l->node->op), layout_suffix(l));
  if (lowering_is_channel_blocked(l)) lowering_int(l, "C", l->node->in[0]->dim[1]);
  lowering_int(l, "N", a->size);
  const char *alpha = lowering_number(l, "alpha", a->alpha),
             *beta = lowering_number(l, "beta", a->beta);
  const char *k = lowering_number(l, "k", a->k);
  const char *channels = lowering_is_channel_blocked(l)
                             ? arena_printf(l->graph->arena, "_channels%d", l->node->in[0]->dim[1])
                             : "";
  SET_NAME(l, "%s%s_n%d_a%s_b%s_k%s", op_name(l->node->op), channels, a->size, alpha, beta, k);
  argue_image(l, l->node->in[0]);
  lowering_argue_values(l);
}

static void set_adaptive_pool(Lowering *l, const Value *x, const Value *y) {
  const char *op = op_name(l->node->op);
  l->kernel.template_name = arena_printf(l->graph->arena, "%s.c.in", op);
  lowering_int(l, "H", x->dim[2]);
  lowering_int(l, "W", x->dim[3]);
  lowering_int(l, "P", y->dim[2]);
  lowering_int(l, "Q", y->dim[3]);
  SET_NAME(l, "%s_%dx%d_to_%dx%d%s", op, x->dim[2], x->dim[3], y->dim[2], y->dim[3],
           l->node->attributes.relu_mask ? "_mask" : "");
  argue_int(l, lowering_planes(l, x));
  lowering_argue_values(l);
}

static void lower_adaptive_avg_pool2d(Lowering *l) {
  set_adaptive_pool(l, l->node->in[0], l->node->out[0]);
}

static void lower_adaptive_avg_pool2d_backward(Lowering *l) {
  lowering_bool(l, "mask", l->node->attributes.relu_mask);
  set_adaptive_pool(l, l->node->out[0], l->node->in[0]);
}

static void lower_concat(Lowering *l) {
  if (node_is_view(l->graph, l->node)) return;
  Arena *arena = l->graph->arena;
  const char *channels = "";
  bool whole = true; /* vectors of channels, of all but the last */
  for (int i = 0; i < l->node->in_count; i++) {
    int own = l->node->in[i]->dim[1];
    channels = arena_printf(arena, "%s%s%d", channels, i ? ", " : "", own);
    whole = whole && (own % l->lanes == 0 || i == l->node->in_count - 1);
  }
  l->kernel.template_name = template_for(l, "concat.c.in", "concat_channels.c.in");
  lowering_int(l, "COUNT", l->node->in_count);
  if (lowering_is_channel_blocked(l)) lowering_bool(l, "whole", whole);
  SET_NAME(l, "concat%d%s%s", l->node->in_count, layout_suffix(l),
           lowering_is_channel_blocked(l) && !whole ? "_parts" : "");
  argue_image(l, l->node->out[0]);
  lowering_argue(l, arena_printf(arena, "(const int[]){%s}", channels));
  lowering_argue_values(l);
}

static void lower_pad_channels(Lowering *l) {
  l->kernel.template_name = template_for(l, "pad_channels.c.in", "pad_lanes.c.in");
  SET_NAME(l, "pad_channels%s", lowering_is_channel_blocked(l) ? "_lanes" : "");
  argue_image(l, l->node->in[0]);
  argue_int(l, l->node->out[0]->dim[1]);
  lowering_argue_values(l);
}

static void lower_slice(Lowering *l) {
  if (node_is_view(l->graph, l->node)) return;
  const bool whole = l->node->attributes.first % l->lanes == 0;
  l->kernel.template_name = template_for(l, "slice.c.in", "slice_channels.c.in");
  if (lowering_is_channel_blocked(l)) lowering_bool(l, "whole", whole);
  SET_NAME(l, "slice%s%s", layout_suffix(l),
           lowering_is_channel_blocked(l) && !whole ? "_parts" : "");
  argue_image(l, l->node->in[0]);
  argue_int(l, l->node->attributes.first);
  argue_int(l, l->node->out[0]->dim[1]);
  lowering_argue_values(l);
}

/* Position of the dropout layer among those of the graph: its stream of random numbers. */
static int dropout_number(const Graph *graph, const char *layer) {
  int number = 0;
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->op != OP_dropout) continue;
    if (!strcmp(node->name, layer)) return number;
    number++;
  }
  assert(!"a backward node names a dropout layer that does not exist");
  return -1;
}

static void lower_dropout(Lowering *l) {
  int number = dropout_number(l->graph, l->node->name);
  l->kernel.template_name = "dropout.c.in";
  const bool channels = lowering_is_channel_blocked(l);
  const int64_t features = value_features(l->node->out[0]);
  lowering_int(l, "F", features);
  lowering_bool(l, "channels", channels);
  lowering_text(l, "p", lowering_digits(l, l->node->attributes.p));
  lowering_int(l, "id", number);
  SET_NAME(l, "dropout%s_%d_%" PRId64, layout_suffix(l), number, features);
  lowering_argue(l, "state");
  if (channels) argue_image(l, l->node->out[0]);
  lowering_argue_values(l);
}

static void lower_loss(Lowering *l) {
  const char *op = op_name(l->node->op);
  int64_t classes = value_features(l->node->in[0]);
  l->kernel.template_name = arena_printf(l->graph->arena, "%s.c.in", op);
  lowering_int(l, "K", classes);
  if (l->node->op == OP_softmax_cross_entropy)
    lowering_text(l, "smoothing", lowering_digits(l, l->node->attributes.label_smoothing));
  bool auxiliary = l->node->attributes.auxiliary;
  const char *weight = lowering_number(l, "weight", l->node->attributes.loss_weight);
  lowering_bool(l, "auxiliary", auxiliary);
  SET_NAME(l, "%s_%" PRId64 "%s%s", op, classes, auxiliary ? "_auxiliary_" : "",
           auxiliary ? weight : "");
  lowering_argue(l, "state");
  lowering_argue(l, "batch");
  lowering_argue_values(l);
}

/* The kernel runs over all parameters of the node at once: they lie side by side. */
static void lower_update(Lowering *l) {
  Arena *arena = l->graph->arena;
  const Recipe *recipe = &l->graph->recipe;
  const Attributes *a = &l->node->attributes;
  const char *block = arena_printf(arena, "%" PRId64, graph_parameter_reals(l->graph));
  const char *first = l->node->in[0]->identifier;
  int64_t end = 0;
  for (int i = 0; i < l->node->in_count; i += 2) {
    const Value *parameter = l->node->in[i];
    if (parameter->offset + parameter->elements > end)
      end = parameter->offset + parameter->elements;
  }
  int64_t count = (end - l->node->in[0]->offset + 15) / 16 * 16;
  lowering_argue(l, "state");
  lowering_argue(l, arena_printf(arena, "%.9g", a->lr_scale));
  lowering_argue(l, arena_printf(arena, "%.9g", a->decay_scale));
  lowering_argue(l, arena_printf(arena, "%" PRId64, count));
  lowering_argue(l, arena_printf(arena, "d + %s", first));
  lowering_argue(l, arena_printf(arena, "p + %s", first));
  for (int i = 0; i < optimizer_blocks(recipe); i++)
    lowering_argue(l, i == 0   ? arena_printf(arena, "o + %s", first)
                      : i == 1 ? arena_printf(arena, "o + (size_t)%s + %s", block, first)
                               : arena_printf(arena, "o + (size_t)%d * %s + %s", i, block, first));
  bool momentum = recipe->momentum != 0;
  switch (recipe->optimizer) {
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    l->kernel.template_name = "update_adam.c.in";
    lowering_bool(l, "decoupled", recipe->optimizer == OPTIMIZER_ADAMW);
    SET_NAME(l, "update_adam%s", recipe->optimizer == OPTIMIZER_ADAMW ? "w" : "");
    break;
  case OPTIMIZER_RMSPROP:
    l->kernel.template_name = "update_rmsprop.c.in";
    lowering_bool(l, "momentum", momentum);
    lowering_bool(l, "centered", recipe->centered);
    SET_NAME(l, "update_rmsprop%s%s", momentum ? "_momentum" : "",
             recipe->centered ? "_centered" : "");
    break;
  case OPTIMIZER_SGD:
    l->kernel.template_name = "update_sgd.c.in";
    lowering_bool(l, "momentum", momentum);
    lowering_bool(l, "nesterov", recipe->nesterov);
    SET_NAME(l, "update_sgd%s", recipe->nesterov ? "_nesterov" : momentum ? "_momentum" : "");
    break;
  }
}

/* A view is no code: the memory pass gave both values one place. */
static void lower_flatten(Lowering *l) {
  bool backward = l->node->op == OP_reshape;
  if (node_is_view(l->graph, l->node)) return;
  const bool into_lanes = l->graph->image_layout != l->graph->feature_layout;
  l->kernel.template_name = into_lanes ? "flatten_into_lanes.c.in"
                                       : template_for(l, "flatten.c.in", "flatten_channels.c.in");
  if (into_lanes) {
    lowering_bool(l, "backward", backward);
    SET_NAME(l, "flatten_into_lanes%s", backward ? "_backward" : "");
  } else if (lowering_is_channel_blocked(l)) {
    lowering_int(l, "ROW", lowering_row(l, l->node->out[0]));
    SET_NAME(l, "flatten_channels_%" PRId64, value_features(l->node->out[0]));
  } else {
    lowering_bool(l, "backward", backward);
    SET_NAME(l, "flatten%s", backward ? "_backward" : "");
  }
  argue_image(l, backward ? l->node->out[0] : l->node->in[0]);
  lowering_argue_values(l);
}

void lowering_apply_rule(Lowering *l) {
  static void (*const RULES[OP_COUNT])(Lowering *) = {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) [OP_##id] = lower,
#include "ir/ops.def"
#undef OP
  };
  RULES[l->node->op](l);
}
