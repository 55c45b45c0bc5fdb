/* Lowering to textbook kernels, templates/reference: their parameters are shapes and attributes,
   and nothing has a schedule. */
#include "emit/lowering.h"
#include "ir/queries.h"
#include "passes/memory.h"

#include <assert.h>
#include <string.h>

/* What a template of an op asks for besides the values of the node. */
typedef enum Parameters {
  SHAPES = 1 << 0,   /* IC IH IW -> OC OH OW, of the forward direction */
  WINDOW = 1 << 1,   /* KH KW SH SW PH PW DH DW */
  GROUPS = 1 << 2,   /* G */
  FEATURES = 1 << 3, /* I -> O, of the forward direction */
  COUNT = 1 << 4,    /* of inputs */
  BIAS = 1 << 5,
  AVERAGE = 1 << 6, /* count_include_pad */
  NORM = 1 << 7,    /* momentum eps frozen */
  FROZEN = 1 << 12,
  EPS = 1 << 13,
  RESPONSE = 1 << 8,
  MAP = 1 << 9, /* kind slope */
  /* Of any shape, which is an argument: numbers of an image; channels, and pixels of each. */
  ELEMENTS = 1 << 10,
  CHANNELS = 1 << 11,
} Parameters;

/* Which template an op has, if not one of its own name; none: the op is a view. Ops with neither
   entry here nor a rule below are not in graphs for this target. */
static const struct {
  const char *name;
  int parameters;
} TEMPLATES[OP_COUNT] = {
    [OP_pack_input] = {"pack_input", SHAPES},
    [OP_conv2d] = {"conv2d", SHAPES | WINDOW | GROUPS | BIAS},
    [OP_conv2d_backward_data] = {"conv2d_backward_data", SHAPES | WINDOW | GROUPS},
    [OP_conv2d_backward_weights] = {"conv2d_backward_weights", SHAPES | WINDOW | GROUPS},
    [OP_bias_gradient] = {"bias_gradient", CHANNELS},
    [OP_linear] = {"linear", FEATURES | BIAS},
    [OP_linear_backward_data] = {"linear_backward_data", FEATURES},
    [OP_linear_backward_weights] = {"linear_backward_weights", FEATURES},
    [OP_max_pool2d] = {"max_pool2d", SHAPES | WINDOW},
    [OP_max_pool2d_backward] = {"max_pool2d_backward", SHAPES | WINDOW},
    [OP_avg_pool2d] = {"avg_pool2d", SHAPES | WINDOW | AVERAGE},
    [OP_avg_pool2d_backward] = {"avg_pool2d_backward", SHAPES | WINDOW | AVERAGE},
    [OP_adaptive_avg_pool2d] = {"adaptive_avg_pool2d", SHAPES},
    [OP_adaptive_avg_pool2d_backward] = {"adaptive_avg_pool2d_backward", SHAPES},
    [OP_relu] = {"map", ELEMENTS | MAP},
    [OP_relu_backward] = {"map", ELEMENTS | MAP},
    [OP_leaky_relu] = {"map", ELEMENTS | MAP},
    [OP_leaky_relu_backward] = {"map", ELEMENTS | MAP},
    [OP_tanh] = {"map", ELEMENTS | MAP},
    [OP_tanh_backward] = {"map", ELEMENTS | MAP},
    [OP_sigmoid] = {"map", ELEMENTS | MAP},
    [OP_sigmoid_backward] = {"map", ELEMENTS | MAP},
    [OP_dropout] = {"dropout", SHAPES},
    [OP_dropout_backward] = {"dropout", SHAPES},
    [OP_batch_norm] = {"batch_norm", CHANNELS | NORM},
    [OP_batch_norm_backward] = {"batch_norm_backward", CHANNELS | FROZEN},
    [OP_batch_norm_inference] = {"batch_norm_inference", CHANNELS | EPS},
    [OP_local_response_norm] = {"local_response_norm", SHAPES | RESPONSE},
    [OP_local_response_norm_backward] = {"local_response_norm_backward", SHAPES | RESPONSE},
    [OP_add] = {"add", COUNT | ELEMENTS},
    [OP_concat] = {"concat", SHAPES | COUNT},
    [OP_slice] = {"slice", SHAPES},
    [OP_pad_channels] = {"pad_channels", SHAPES},
    [OP_softmax_cross_entropy] = {"softmax_cross_entropy", 0},
    [OP_squared_error] = {"squared_error", 0},
};

static void set_shape(Kernel *kernel, const char *const names[3], const Value *value) {
  for (int i = 0; i < 3; i++) kernel_int(kernel, names[i], value->dim[i + 1]);
}

/* x and y of the layer that a backward node belongs to; of a slice and of a sum of gradients, which
   are no layer's own, those of the node. */
static const Node *layer_of(const Node *node) {
  const bool own = !node->forward || node->op == OP_slice || node->op == OP_add;
  return own ? node : node->forward;
}

static void set_shapes(Lowering *l, const Node *layer) {
  static const char *const X[] = {"IC", "IH", "IW"}, *const Y[] = {"OC", "OH", "OW"};
  set_shape(&l->kernel, X, layer->in[0]);
  set_shape(&l->kernel, Y, layer->out[0]);
}

static void set_norm(Lowering *l) {
  kernel_bool(&l->kernel, "frozen", l->node->attributes.frozen_statistics);
  kernel_number(&l->kernel, "momentum", l->node->attributes.momentum);
  kernel_number(&l->kernel, "eps", l->node->attributes.eps);
}

static void set_response(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  kernel_int(&l->kernel, "WIDTH", a->size);
  kernel_number(&l->kernel, "alpha", a->alpha);
  kernel_number(&l->kernel, "beta", a->beta);
  kernel_number(&l->kernel, "k", a->k);
}

static void set_window(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  const struct {
    const char *name;
    int value;
  } fields[] = {{"KH", a->kernel[0]},
                {"KW", a->kernel[1]},
                {"SH", a->stride[0]},
                {"SW", a->stride[1]},
                {"PH", a->padding[0]},
                {"PW", a->padding[1]},
                {"DH", max_int(a->dilation[0], 1)}, /* pools have none */
                {"DW", max_int(a->dilation[1], 1)}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    kernel_int(&l->kernel, fields[i].name, fields[i].value);
}

static void pass_channels(Lowering *l, const Value *value) {
  lowering_pass_int(l, value->dim[1]);
  lowering_pass_int(l, (int64_t)value->dim[2] * value->dim[3]);
}

static void set_parameters(Lowering *l, int parameters) {
  const Attributes *a = &l->node->attributes;
  const Node *layer = layer_of(l->node);
  Kernel *k = &l->kernel;
  if (parameters & SHAPES) set_shapes(l, layer);
  if (parameters & WINDOW) set_window(l);
  if (parameters & GROUPS) kernel_int(k, "G", a->groups);
  if (parameters & FEATURES) {
    kernel_int(k, "I", value_features(layer->in[0]));
    kernel_int(k, "O", value_features(layer->out[0]));
  }
  if (parameters & COUNT) kernel_int(k, "COUNT", l->node->in_count);
  if (parameters & BIAS) kernel_bool(k, "bias", l->node->in_count > 2);
  if (parameters & AVERAGE) kernel_bool(k, "count_include_pad", a->count_include_pad);
  if (parameters & NORM) set_norm(l);
  if (parameters & RESPONSE) set_response(l);
  if (parameters & FROZEN) kernel_bool(k, "frozen", a->frozen_statistics);
  if (parameters & EPS) kernel_number(k, "eps", a->eps);
  if (parameters & ELEMENTS) lowering_pass_int(l, value_features(l->node->out[0]));
  if (parameters & CHANNELS) pass_channels(l, l->node->in[0]);
  if (parameters & MAP) {
    kernel_text(k, "kind", op_name(l->node->op));
    kernel_bool(k, "forward", l->node->phase == PHASE_FORWARD);
    kernel_number(k, "slope", a->slope);
  }
}

/* What single ops have. */
static void set_own(Lowering *l) {
  const Node *node = l->node;
  switch (node->op) {
  case OP_dropout:
  case OP_dropout_backward:
    kernel_number(&l->kernel, "p", node->attributes.p);
    kernel_int(&l->kernel, "id", lowering_dropout_number(l));
    break;
  case OP_slice:
    kernel_int(&l->kernel, "first", node->attributes.first);
    break;
  case OP_concat: {
    const char *channels = "";
    for (int i = 0; i < node->in_count; i++)
      channels = arena_printf(l->arena, "%s%s%d", channels, i > 0 ? ", " : "", node->in[i]->dim[1]);
    kernel_text(&l->kernel, "channels", channels);
    break;
  }
  default:
    break;
  }
}

/* Values of the node behind what else the kernel reads. */
static void pass_arguments(Lowering *l) {
  const OpKind op = l->node->op;
  if (op == OP_dropout || op == OP_dropout_backward)
    lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  if (op == OP_pack_input) {
    lowering_pass(l, (Argument){.kind = ARGUMENT_BATCH});
    lowering_pass_value(l, l->node->out[0]);
    return;
  }
  lowering_pass_values(l);
  if (op == OP_max_pool2d && !l->node->attributes.argmax) /* inference has none: NULL */
    lowering_pass(l, (Argument){.kind = ARGUMENT_VALUE, .value = NULL});
}

static void set_template(Lowering *l, const char *name) {
  l->kernel.template_name = arena_printf(l->arena, "reference_%s.c.in", name);
}

void lower_reference(Lowering *l) {
  const OpKind op = l->node->op;
  if (node_is_view(l->graph, l->node)) return;
  if (op == OP_update || op_is_loss(op)) {
    const char *tuned;
    if (op == OP_update)
      lower_update(l);
    else
      lower_loss(l);
    tuned = l->kernel.template_name; /* of the same name and parameters */
    set_template(l, arena_printf(l->arena, "%.*s", (int)strcspn(tuned, "."), tuned));
    return;
  }
  assert(TEMPLATES[op].name);
  set_template(l, TEMPLATES[op].name);
  set_parameters(l, TEMPLATES[op].parameters);
  set_own(l);
  pass_arguments(l);
}

void lower_reference_logits(Lowering *l) {
  set_template(l, "logits");
  kernel_int(&l->kernel, "K", value_features(l->graph->output));
  lowering_pass(l, (Argument){.kind = ARGUMENT_STATE});
  lowering_pass_value(l, l->graph->output);
  lowering_pass(l, (Argument){.kind = ARGUMENT_LOGITS});
}
