/* The rules of lowering, one an op; those of convolutions stand in lower_conv.c. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "passes/memory.h"
#include "schedule/schedule.h"

#include <assert.h>
#include <string.h>

/* Vectors of the value that an image, or a group of images, has. */
static int64_t vectors_of(const Lowering *l, const Value *value) {
  return (int64_t)lowering_planes(l, value) * value->dim[2] * value->dim[3];
}

/* The template for the layout of the node's values. */
static const char *template_for(const Lowering *l, const char *batch_blocked,
                                const char *channel_blocked) {
  return lowering_is_channel_blocked(l) ? channel_blocked : batch_blocked;
}

/* A template for both layouts. */
static void set_layout(Lowering *l, const char *template_name) {
  l->kernel.template_name = template_name;
  kernel_bool(&l->kernel, "channel_blocked", lowering_is_channel_blocked(l));
}

static void set_linear(Lowering *l, bool backward, int64_t made, int64_t summed) {
  const LinearBatchBlocked *forward = &l->node->schedule.linear_batch_blocked;
  const LinearBackwardData *data = &l->node->schedule.linear_backward_data;
  l->kernel.template_name = "linear.c.in";
  kernel_int(&l->kernel, "M", made);
  kernel_int(&l->kernel, "K", summed);
  kernel_int(&l->kernel, "WM", backward ? 1 : summed);
  kernel_int(&l->kernel, "WK", backward ? made : 1);
  kernel_int(&l->kernel, "MT", backward ? data->ic_unroll : forward->oc_unroll);
  kernel_int(&l->kernel, "GT", backward ? data->n_vectors : forward->n_vectors);
  kernel_int(&l->kernel, "FB", backward ? data->ic_block : made);
  kernel_int(&l->kernel, "KB", backward ? data->oc_block : summed);
  kernel_bool(&l->kernel, "backward", backward);
}

static void set_linear_rows(Lowering *l, const Value *x, const Value *y) {
  const LinearPaddedRows *s = &l->node->schedule.linear_padded_rows;
  l->kernel.template_name = "linear_rows.c.in";
  kernel_int(&l->kernel, "IC", value_features(x));
  kernel_int(&l->kernel, "OC", value_features(y));
  kernel_int(&l->kernel, "X_ROW", lowering_row(l, x));
  kernel_int(&l->kernel, "Y_ROW", lowering_row(l, y));
  kernel_int(&l->kernel, "OC_UNROLL", s->oc_unroll);
  kernel_int(&l->kernel, "N_UNROLL", s->n_unroll);
  kernel_int(&l->kernel, "N", linear_block_images(&l->node->schedule, x->dim[0]));
  kernel_bool(&l->kernel, "some", linear_block_images(&l->node->schedule, x->dim[0]) < x->dim[0]);
  kernel_int(&l->kernel, "OC_BLOCK", s->oc_block);
  kernel_int(&l->kernel, "IC_BLOCK", s->ic_block);
  kernel_int(&l->kernel, "L", l->lanes);
}

static void lower_linear(Lowering *l) {
  const Node *node = l->node;
  int64_t in = value_features(node->in[0]), out = value_features(node->out[0]);
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  if (lowering_is_channel_blocked(l)) {
    set_linear_rows(l, node->in[0], node->out[0]);
  } else {
    set_linear(l, false, out, in);
    kernel_bool(&l->kernel, "relu_mask", false);
  }
  kernel_bool(&l->kernel, "bias", bias);
  kernel_bool(&l->kernel, "relu", relu);
  lowering_pass_values(l);
}

static void lower_linear_backward_data(Lowering *l) {
  const Node *node = l->node;
  int64_t in = value_features(node->out[0]), out = value_features(node->in[0]);
  bool mask = node->attributes.relu_mask;
  set_linear(l, true, in, out);
  kernel_bool(&l->kernel, "bias", false);
  kernel_bool(&l->kernel, "relu", false);
  kernel_bool(&l->kernel, "relu_mask", mask);
  lowering_pass_values(l);
}

static void lower_linear_backward_weights(Lowering *l) {
  const Value *x = l->node->in[0], *dy = l->node->in[1];
  l->kernel.template_name = "linear_backward_weights.c.in";
  kernel_int(&l->kernel, "IC", value_features(x));
  kernel_int(&l->kernel, "OC", value_features(dy));
  kernel_int(&l->kernel, "X_ROW", lowering_row(l, x));
  kernel_int(&l->kernel, "L", l->lanes);
  kernel_int(&l->kernel, "OC_UNROLL", l->node->schedule.linear_weights.oc_unroll);
  kernel_int(&l->kernel, "IC_VECTORS", l->node->schedule.linear_weights.ic_vectors);
  lowering_pass_values(l);
}

/* The kernel's image, and how many channels the value has whose part this one is, if it is one. */
static void pass_part(Lowering *l, const Value *image, const Value *part) {
  kernel_bool(&l->kernel, "part", part->part_of);
  lowering_pass_image(l, image);
  if (part->part_of) lowering_pass_int(l, value_row_channels(part));
}

static void lower_bias_gradient(Lowering *l) {
  set_layout(l, "bias_gradient.c.in");
  pass_part(l, l->node->in[0], l->node->in[0]);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

static void lower_to_rows(Lowering *l) {
  const Value *x = l->node->in[0];
  l->kernel.template_name = "to_rows.c.in";
  kernel_int(&l->kernel, "F", value_features(x));
  kernel_int(&l->kernel, "ROW", lowering_row(l, x));
  lowering_pass_values(l);
}

static void lower_pack_input(Lowering *l) {
  const Value *x = l->node->out[0];
  const bool channels_last = x->layout == LAYOUT_CHANNELS_LAST;
  l->kernel.template_name = template_for(l, "pack_input.c.in", "pack_channels.c.in");
  kernel_int(&l->kernel, "IC", x->dim[1]);
  kernel_int(&l->kernel, "IH", x->dim[2]);
  kernel_int(&l->kernel, "IW", x->dim[3]);
  if (lowering_is_channel_blocked(l)) kernel_bool(&l->kernel, "CHANNELS_LAST", channels_last);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_value(l, x);
}

/* Windows that ceil_mode lets reach beyond the boundary show in the output's shape. */
static void set_pool(Lowering *l, const char *template_name, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  bool average = l->node->op == OP_avg_pool2d || l->node->op == OP_avg_pool2d_backward;
  l->kernel.template_name = template_name;
  lowering_window(l, x, y); /* channels are an argument */
  if (average) kernel_bool(&l->kernel, "count_include_pad", a->count_include_pad);
  lowering_pass_int(l, lowering_planes(l, x));
  lowering_pass_values(l);
}

static void lower_max_pool2d(Lowering *l) {
  kernel_bool(&l->kernel, "argmax", l->node->attributes.argmax);
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
  set_pool(l, "max_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

static void lower_avg_pool2d(Lowering *l) {
  set_pool(l, "avg_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

static void lower_max_pool2d_backward(Lowering *l) {
  set_pool(l, "max_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

static void lower_avg_pool2d_backward(Lowering *l) {
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
  set_pool(l, "avg_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

static void lower_map(Lowering *l) {
  bool leaky = l->node->op == OP_leaky_relu || l->node->op == OP_leaky_relu_backward;
  l->kernel.template_name = "map.c.in";
  kernel_text(&l->kernel, "kind", op_name(l->node->op));
  if (leaky) kernel_number(&l->kernel, "slope", l->node->attributes.slope);
  lowering_pass_int(l, vectors_of(l, l->node->out[0]));
  lowering_pass_values(l);
}

static void lower_add(Lowering *l) {
  bool relu = l->node->attributes.activation == ACTIVATION_RELU,
       mask = l->node->attributes.relu_mask;
  int count = l->node->in_count - mask;
  l->kernel.template_name = "add.c.in";
  kernel_int(&l->kernel, "COUNT", count);
  kernel_bool(&l->kernel, "relu", relu);
  kernel_bool(&l->kernel, "relu_mask", mask);
  lowering_pass_int(l, vectors_of(l, l->node->out[0]));
  lowering_pass_values(l);
}

static void lower_batch_norm(Lowering *l) {
  set_layout(l, "batch_norm.c.in");
  kernel_bool(&l->kernel, "relu", l->node->attributes.activation == ACTIVATION_RELU);
  kernel_bool(&l->kernel, "residual", l->node->attributes.residual);
  kernel_number(&l->kernel, "momentum", l->node->attributes.momentum);
  kernel_number(&l->kernel, "eps", l->node->attributes.eps);
  pass_part(l, l->node->in[0], l->node->out[0]);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

static void lower_batch_norm_inference(Lowering *l) {
  set_layout(l, "batch_norm_inference.c.in");
  kernel_bool(&l->kernel, "relu", l->node->attributes.activation == ACTIVATION_RELU);
  kernel_number(&l->kernel, "eps", l->node->attributes.eps);
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

static void lower_batch_norm_backward(Lowering *l) {
  const bool partial_sums = l->node->attributes.partial_sums;
  set_layout(l, "batch_norm_backward.c.in");
  kernel_bool(&l->kernel, "dy_relu_mask", l->node->attributes.dy_relu_mask);
  kernel_bool(&l->kernel, "recomputed", node_recomputes_relu(l->node));
  kernel_bool(&l->kernel, "partial_sums", partial_sums);
  pass_part(l, l->node->in[1], l->node->in[0]);
  if (partial_sums) lowering_pass_int(l, conv_partial_sum_rows(l->node->in[0]->producer));
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

static void lower_response_norm(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name = arena_printf(l->arena, "%s%s.c.in", op_name(l->node->op),
                                         lowering_is_channel_blocked(l) ? "_channels" : "");
  if (lowering_is_channel_blocked(l)) kernel_int(&l->kernel, "IC", l->node->in[0]->dim[1]);
  kernel_int(&l->kernel, "N", a->size);
  kernel_number(&l->kernel, "alpha", a->alpha);
  kernel_number(&l->kernel, "beta", a->beta);
  kernel_number(&l->kernel, "k", a->k);
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass_values(l);
}

static void set_adaptive_pool(Lowering *l, const Value *x, const Value *y) {
  const char *op = op_name(l->node->op);
  l->kernel.template_name = arena_printf(l->arena, "%s.c.in", op);
  kernel_int(&l->kernel, "IH", x->dim[2]);
  kernel_int(&l->kernel, "IW", x->dim[3]);
  kernel_int(&l->kernel, "OH", y->dim[2]);
  kernel_int(&l->kernel, "OW", y->dim[3]);
  lowering_pass_int(l, lowering_planes(l, x));
  lowering_pass_values(l);
}

static void lower_adaptive_avg_pool2d(Lowering *l) {
  set_adaptive_pool(l, l->node->in[0], l->node->out[0]);
}

static void lower_adaptive_avg_pool2d_backward(Lowering *l) {
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
  set_adaptive_pool(l, l->node->out[0], l->node->in[0]);
}

static void lower_concat(Lowering *l) {
  if (node_is_view(l->graph, l->node)) return;
  const int count = l->node->in_count;
  int *channels = ARENA_ARRAY(l->arena, int, count);
  bool whole = true; /* all but the last have whole blocks of channels */
  for (int i = 0; i < count; i++) {
    channels[i] = l->node->in[i]->dim[1];
    whole = whole && (channels[i] % l->lanes == 0 || i == count - 1);
  }
  l->kernel.template_name = template_for(l, "concat.c.in", "concat_channels.c.in");
  kernel_int(&l->kernel, "COUNT", count);
  if (lowering_is_channel_blocked(l)) kernel_bool(&l->kernel, "whole", whole);
  lowering_pass_image(l, l->node->out[0]);
  lowering_pass_ints(l, ARGUMENT_INTS, count, channels);
  lowering_pass_values(l);
}

static void lower_pad_channels(Lowering *l) {
  l->kernel.template_name =
      template_for(l, "pad_channels.c.in", "pad_channels_channel_blocked.c.in");
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass_int(l, l->node->out[0]->dim[1]);
  lowering_pass_values(l);
}

static void lower_slice(Lowering *l) {
  if (node_is_view(l->graph, l->node)) return;
  const bool whole = l->node->attributes.first % l->lanes == 0;
  l->kernel.template_name = template_for(l, "slice.c.in", "slice_channels.c.in");
  if (lowering_is_channel_blocked(l)) kernel_bool(&l->kernel, "whole", whole);
  lowering_pass_image(l, l->node->in[0]);
  lowering_pass_int(l, l->node->attributes.first);
  lowering_pass_int(l, l->node->out[0]->dim[1]);
  lowering_pass_values(l);
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
  kernel_int(&l->kernel, "F", features);
  kernel_bool(&l->kernel, "channels", channels);
  kernel_number(&l->kernel, "p", l->node->attributes.p);
  kernel_int(&l->kernel, "id", number);
  lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  if (channels) lowering_pass_image(l, l->node->out[0]);
  lowering_pass_values(l);
}

static void lower_loss(Lowering *l) {
  int64_t classes = value_features(l->node->in[0]);
  l->kernel.template_name = arena_printf(l->arena, "%s.c.in", op_name(l->node->op));
  kernel_int(&l->kernel, "K", classes);
  if (l->node->op == OP_softmax_cross_entropy)
    kernel_number(&l->kernel, "smoothing", l->node->attributes.label_smoothing);
  bool auxiliary = l->node->attributes.auxiliary;
  kernel_number(&l->kernel, "weight", l->node->attributes.loss_weight);
  kernel_bool(&l->kernel, "auxiliary", auxiliary);
  lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
  lowering_pass_values(l);
}

/* Reals of the parameters of an update node, which lie next to each other: whole blocks of 16. */
static int64_t updated_reals(const Node *update) {
  int64_t end = 0;
  for (int i = 0; i < update->in_count; i += 2) {
    const Value *parameter = update->in[i];
    if (parameter->offset + parameter->elements > end)
      end = parameter->offset + parameter->elements;
  }
  return (end - update->in[0]->offset + 15) / 16 * 16;
}

static void set_optimizer(Lowering *l, const Recipe *recipe) {
  Kernel *k = &l->kernel;
  const bool momentum = recipe->momentum != 0;
  switch (recipe->optimizer) {
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    k->template_name = "update_adam.c.in";
    kernel_bool(k, "decoupled", recipe->optimizer == OPTIMIZER_ADAMW);
    break;
  case OPTIMIZER_RMSPROP:
    k->template_name = "update_rmsprop.c.in";
    kernel_bool(k, "momentum", momentum);
    kernel_bool(k, "centered", recipe->centered);
    break;
  case OPTIMIZER_SGD:
    k->template_name = "update_sgd.c.in";
    kernel_bool(k, "momentum", momentum);
    kernel_bool(k, "nesterov", recipe->nesterov);
    break;
  }
}

/* One call updates all parameters of the node. */
static void lower_update(Lowering *l) {
  const Node *node = l->node;
  const Recipe *recipe = &l->graph->recipe;
  set_optimizer(l, recipe);
  lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  lowering_pass(l, (Argument){.kind = ARGUMENT_NUMBER, .number = node->attributes.lr_scale});
  lowering_pass(l, (Argument){.kind = ARGUMENT_NUMBER, .number = node->attributes.decay_scale});
  lowering_pass_int(l, updated_reals(node));
  lowering_pass_value(l, node->in[1]);
  lowering_pass_value(l, node->in[0]);
  for (int i = 0; i < optimizer_blocks(recipe); i++)
    lowering_pass(l, (Argument){.kind = ARGUMENT_OPTIMIZER,
                                .value = node->in[0],
                                .integer = i,
                                .count = graph_parameter_reals(l->graph)});
}

/* A view is no code: the memory pass gave both values one place. */
static void lower_flatten(Lowering *l) {
  bool backward = l->node->op == OP_reshape;
  if (node_is_view(l->graph, l->node)) return;
  const bool to_batch_blocked = l->graph->image_layout != l->graph->feature_layout;
  l->kernel.template_name = to_batch_blocked
                                ? "flatten_to_batch_blocked.c.in"
                                : template_for(l, "flatten.c.in", "flatten_channels.c.in");
  if (to_batch_blocked) {
    kernel_bool(&l->kernel, "backward", backward);
  } else if (lowering_is_channel_blocked(l)) {
    kernel_int(&l->kernel, "ROW", lowering_row(l, l->node->out[0]));
  } else {
    kernel_bool(&l->kernel, "backward", backward);
  }
  lowering_pass_image(l, backward ? l->node->out[0] : l->node->in[0]);
  lowering_pass_values(l);
}

void lowering_apply_rule(Lowering *l) {
  static void (*const RULES[OP_COUNT])(Lowering *) = {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) [OP_##id] = lower,
#include "ir/ops.def"
#undef OP
  };
  RULES[l->node->op](l);
}
