#include "lower.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* What a lowering rule fills in. */
typedef struct Lowering {
  Graph *graph;
  const Node *node;
  const CompileOptions *options;
  int lanes;
  Kernel kernel;
  const char *arguments;
} Lowering;

/* --- parameters and arguments ---------------------------------------------------------------- */

static void add_parameter(Lowering *l, TemplateParam parameter) {
  assert(l->kernel.parameter_count < KERNEL_PARAMETERS_MAX);
  l->kernel.parameters[l->kernel.parameter_count++] = parameter;
}

static void set_int(Lowering *l, const char *name, int64_t value) {
  add_parameter(l, param_int(name, value));
}

static void set_bool(Lowering *l, const char *name, bool value) {
  add_parameter(l, param_bool(name, value));
}

static void set_text(Lowering *l, const char *name, const char *value) {
  add_parameter(l, param_string(name, value));
}

#define SET_NAME(l, ...) ((l)->kernel.name = arena_printf((l)->graph->arena, __VA_ARGS__))

/* C text of an argument: memory of a value, by the block that holds it. */
static const char *memory_of(Lowering *l, const Value *value) {
  const char *block = "a";
  if (value->kind == VALUE_PARAMETER) block = "p";
  if (value->kind == VALUE_BUFFER) block = "s"; /* running statistics: written, too */
  if (value->kind == VALUE_PARAMETER_GRADIENT) block = "d";
  return arena_printf(l->graph->arena, "%s + %s", block, value->identifier);
}

static void argue(Lowering *l, const char *text) {
  l->arguments = l->arguments ? arena_printf(l->graph->arena, "%s, %s", l->arguments, text) : text;
}

static void argue_values(Lowering *l) {
  for (int i = 0; i < l->node->in_count; i++) argue(l, memory_of(l, l->node->in[i]));
  for (int i = 0; i < l->node->out_count; i++)
    if (l->node->out[i]->kind != VALUE_LOSS) argue(l, memory_of(l, l->node->out[i]));
}

/* --- names that hold the shape --------------------------------------------------------------- */

/* "_s2_p1" or "_s2x1_p0x2"; what has its usual value is left out. */
static const char *pair_suffix(Lowering *l, const char *letter, const int pair[2], int usual) {
  Arena *arena = l->graph->arena;
  if (pair[0] == usual && pair[1] == usual) return "";
  if (pair[0] == pair[1]) return arena_printf(arena, "_%s%d", letter, pair[0]);
  return arena_printf(arena, "_%s%dx%d", letter, pair[0], pair[1]);
}

static const char *window_suffix(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  return arena_printf(l->graph->arena, "%s%s", pair_suffix(l, "s", a->stride, 1),
                      pair_suffix(l, "p", a->padding, 0));
}

static const char *conv_suffix(Lowering *l) {
  const Attributes *a = &l->node->attributes;
  Arena *arena = l->graph->arena;
  return arena_printf(arena, "%s%s%s", window_suffix(l), pair_suffix(l, "d", a->dilation, 1),
                      a->groups > 1 ? arena_printf(arena, "_g%d", a->groups) : "");
}

/* Shape parameters C H W and O P Q, kernel, stride and padding. */
static void set_window(Lowering *l, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  set_int(l, "C", x->dim[1]);
  set_int(l, "H", x->dim[2]);
  set_int(l, "W", x->dim[3]);
  set_int(l, "O", y->dim[1]);
  set_int(l, "P", y->dim[2]);
  set_int(l, "Q", y->dim[3]);
  set_int(l, "KH", a->kernel[0]);
  set_int(l, "KW", a->kernel[1]);
  set_int(l, "SH", a->stride[0]);
  set_int(l, "SW", a->stride[1]);
  set_int(l, "PH", a->padding[0]);
  set_int(l, "PW", a->padding[1]);
}

static void set_conv(Lowering *l, const char *template_name, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name = template_name;
  set_window(l, x, y);
  set_int(l, "DH", a->dilation[0]);
  set_int(l, "DW", a->dilation[1]);
  set_int(l, "G", a->groups);
}

/* "6x28x28". */
static const char *image_text(Lowering *l, const Value *value) {
  return arena_printf(l->graph->arena, "%dx%dx%d", value->dim[1], value->dim[2], value->dim[3]);
}

static void name_conv(Lowering *l, const char *what, const Value *x, const Value *y,
                      const char *suffix) {
  const int *kernel = l->node->attributes.kernel;
  SET_NAME(l, "conv%dx%d%s_%s_to_%s%s%s", kernel[0], kernel[1], what, image_text(l, x),
           image_text(l, y), conv_suffix(l), suffix);
}

/* --- one rule an op -------------------------------------------------------------------------- */

static void lower_conv2d(Lowering *l) {
  const Node *node = l->node;
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  set_conv(l, "conv2d.c.in", node->in[0], node->out[0]);
  set_int(l, "OT", node->schedule.tile[0]);
  set_int(l, "XT", node->schedule.tile[1]);
  set_bool(l, "bias", bias);
  set_bool(l, "relu", relu);
  const char *suffix = relu ? (bias ? "_bias_relu" : "_relu") : bias ? "_bias" : "";
  name_conv(l, "", node->in[0], node->out[0], suffix);
  argue_values(l);
}

static void lower_conv2d_backward_data(Lowering *l) {
  const Node *node = l->node;
  bool mask = node->attributes.mask;
  set_conv(l, "conv2d_backward_data.c.in", node->out[0], node->in[0]);
  set_int(l, "CT", node->schedule.tile[0]);
  set_int(l, "XT", node->schedule.tile[1]);
  set_bool(l, "mask", mask);
  name_conv(l, "_backward_data", node->out[0], node->in[0], mask ? "_mask" : "");
  argue_values(l);
}

static void lower_conv2d_backward_weights(Lowering *l) {
  const Node *node = l->node;
  set_conv(l, "conv2d_backward_weights.c.in", node->in[0], node->in[1]);
  set_int(l, "OT", node->schedule.tile[0]);
  set_int(l, "CT", node->schedule.tile[1]);
  set_int(l, "KT", node->schedule.tile[2]);
  name_conv(l, "_backward_weights", node->in[0], node->in[1], "");
  argue_values(l);
}

static void set_linear(Lowering *l, bool backward, int64_t made, int64_t summed) {
  l->kernel.template_name = "linear.c.in";
  set_int(l, "M", made);
  set_int(l, "K", summed);
  set_int(l, "WM", backward ? 1 : summed);
  set_int(l, "WK", backward ? made : 1);
  set_int(l, "MT", l->node->schedule.tile[0]);
  set_int(l, "GT", l->node->schedule.tile[1]);
  set_bool(l, "backward", backward);
}

static void lower_linear(Lowering *l) {
  const Node *node = l->node;
  int64_t in = value_features(node->in[0]), out = value_features(node->out[0]);
  bool relu = node->attributes.activation == ACTIVATION_RELU, bias = node->in_count > 2;
  set_linear(l, false, out, in);
  set_bool(l, "bias", bias);
  set_bool(l, "relu", relu);
  set_bool(l, "mask", false);
  SET_NAME(l, "linear_%" PRId64 "_to_%" PRId64 "%s%s", in, out, bias ? "_bias" : "",
           relu ? "_relu" : "");
  argue_values(l);
}

static void lower_linear_backward_data(Lowering *l) {
  const Node *node = l->node;
  int64_t in = value_features(node->out[0]), out = value_features(node->in[0]);
  bool mask = node->attributes.mask;
  set_linear(l, true, in, out);
  set_bool(l, "bias", false);
  set_bool(l, "relu", false);
  set_bool(l, "mask", mask);
  SET_NAME(l, "linear_backward_data_%" PRId64 "_to_%" PRId64 "%s", in, out, mask ? "_mask" : "");
  argue_values(l);
}

/* Reals of an image's row in LAYOUT_ROWS. */
static int64_t row_of(const Lowering *l, const Value *value) {
  return (value_features(value) + l->lanes - 1) / l->lanes * l->lanes;
}

static void lower_linear_backward_weights(Lowering *l) {
  const Value *x = l->node->in[0], *dy = l->node->in[1];
  l->kernel.template_name = "linear_backward_weights.c.in";
  set_int(l, "I", value_features(x));
  set_int(l, "O", value_features(dy));
  set_int(l, "ROW", row_of(l, x));
  set_int(l, "L", l->lanes);
  set_int(l, "OT", l->node->schedule.tile[0]);
  set_int(l, "VT", l->node->schedule.tile[1]);
  SET_NAME(l, "linear_backward_weights_%" PRId64 "_to_%" PRId64, value_features(x),
           value_features(dy));
  argue_values(l);
}

static void lower_bias_gradient(Lowering *l) {
  const Value *dy = l->node->in[0];
  int size = dy->dim[2] * dy->dim[3];
  l->kernel.template_name = "bias_gradient.c.in";
  set_int(l, "C", dy->dim[1]);
  set_int(l, "SIZE", size);
  SET_NAME(l, "bias_gradient_%dx%d", dy->dim[1], size);
  argue_values(l);
}

static void lower_to_rows(Lowering *l) {
  const Value *x = l->node->in[0];
  l->kernel.template_name = "to_rows.c.in";
  set_int(l, "F", value_features(x));
  set_int(l, "ROW", row_of(l, x));
  SET_NAME(l, "to_rows_%" PRId64, value_features(x));
  argue_values(l);
}

static void lower_pack_input(Lowering *l) {
  const Value *x = l->node->out[0];
  l->kernel.template_name = "pack_input.c.in";
  set_int(l, "C", x->dim[1]);
  set_int(l, "H", x->dim[2]);
  set_int(l, "W", x->dim[3]);
  SET_NAME(l, "pack_input_%s", image_text(l, x));
  argue(l, "batch");
  argue(l, memory_of(l, x));
}

/* Windows that ceil_mode lets reach over the edge show in the output's shape. */
static void set_pool(Lowering *l, const char *template_name, const Value *x, const Value *y) {
  const Attributes *a = &l->node->attributes;
  bool average = l->node->op == OP_avg_pool2d || l->node->op == OP_avg_pool2d_backward;
  l->kernel.template_name = template_name;
  set_window(l, x, y);
  if (average) set_bool(l, "count_include_pad", a->count_include_pad);
  const char *stem = op_name(l->node->op);
  SET_NAME(l, "%s_%dx%d_%s_to_%s%s%s%s", stem, a->kernel[0], a->kernel[1], image_text(l, x),
           image_text(l, y), window_suffix(l), average && !a->count_include_pad ? "_inside" : "",
           a->mask ? "_mask" : "");
  argue_values(l);
}

static void lower_max_pool2d(Lowering *l) {
  set_pool(l, "max_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

static void lower_avg_pool2d(Lowering *l) {
  set_pool(l, "avg_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

static void lower_max_pool2d_backward(Lowering *l) {
  set_bool(l, "mask", l->node->attributes.mask);
  set_pool(l, "max_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

static void lower_avg_pool2d_backward(Lowering *l) {
  set_bool(l, "mask", l->node->attributes.mask);
  set_pool(l, "avg_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

/* A number as the templates take it: exact, and a name of its own. */
static const char *set_number(Lowering *l, const char *name, double number) {
  const char *text = arena_printf(l->graph->arena, "%.17g", number);
  set_text(l, name, text);
  char *suffix = arena_printf(l->graph->arena, "%g", number);
  for (char *c = suffix; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return suffix;
}

static void lower_map(Lowering *l) {
  const char *kind = op_name(l->node->op), *suffix = "";
  bool leaky = l->node->op == OP_leaky_relu || l->node->op == OP_leaky_relu_backward;
  l->kernel.template_name = "map.c.in";
  set_text(l, "kind", kind);
  set_int(l, "SIZE", value_features(l->node->out[0]) * l->lanes);
  if (leaky)
    suffix =
        arena_printf(l->graph->arena, "_%s", set_number(l, "slope", l->node->attributes.slope));
  SET_NAME(l, "%s_%" PRId64 "%s", kind, value_features(l->node->out[0]), suffix);
  argue_values(l);
}

static void lower_add(Lowering *l) {
  bool relu = l->node->attributes.activation == ACTIVATION_RELU, mask = l->node->attributes.mask;
  int count = l->node->in_count - mask;
  l->kernel.template_name = "add.c.in";
  set_int(l, "COUNT", count);
  set_int(l, "SIZE", value_features(l->node->out[0]) * l->lanes);
  set_bool(l, "relu", relu);
  set_bool(l, "mask", mask);
  SET_NAME(l, "add%d_%" PRId64 "%s%s", count, value_features(l->node->out[0]), relu ? "_relu" : "",
           mask ? "_mask" : "");
  argue_values(l);
}

static int area_of(const Value *value) {
  return value->dim[2] * value->dim[3];
}

static void lower_batch_norm(Lowering *l) {
  const Value *x = l->node->in[0];
  bool relu = l->node->attributes.activation == ACTIVATION_RELU;
  l->kernel.template_name = "batch_norm.c.in";
  set_int(l, "C", x->dim[1]);
  set_int(l, "SIZE", area_of(x));
  set_bool(l, "relu", relu);
  const char *momentum = set_number(l, "momentum", l->node->attributes.momentum);
  const char *eps = set_number(l, "eps", l->node->attributes.eps);
  SET_NAME(l, "batch_norm_%s_m%s_e%s%s", image_text(l, x), momentum, eps, relu ? "_relu" : "");
  argue(l, "batch");
  argue_values(l);
}

static void lower_batch_norm_inference(Lowering *l) {
  const Value *x = l->node->in[0];
  bool relu = l->node->attributes.activation == ACTIVATION_RELU;
  l->kernel.template_name = "batch_norm_inference.c.in";
  set_int(l, "C", x->dim[1]);
  set_int(l, "SIZE", area_of(x));
  set_bool(l, "relu", relu);
  const char *eps = set_number(l, "eps", l->node->attributes.eps);
  SET_NAME(l, "batch_norm_inference_%s_e%s%s", image_text(l, x), eps, relu ? "_relu" : "");
  argue_values(l);
}

static void lower_batch_norm_backward(Lowering *l) {
  const Value *x = l->node->in[1];
  bool gate = l->node->attributes.gate;
  l->kernel.template_name = "batch_norm_backward.c.in";
  set_int(l, "C", x->dim[1]);
  set_int(l, "SIZE", area_of(x));
  set_bool(l, "gate", gate);
  SET_NAME(l, "batch_norm_backward_%s%s", image_text(l, x), gate ? "_gate" : "");
  argue(l, "batch");
  argue_values(l);
}

static void set_response_norm(Lowering *l, const Value *x) {
  const Attributes *a = &l->node->attributes;
  l->kernel.template_name = arena_printf(l->graph->arena, "%s.c.in", op_name(l->node->op));
  set_int(l, "C", x->dim[1]);
  set_int(l, "SIZE", area_of(x));
  set_int(l, "N", a->size);
  const char *alpha = set_number(l, "alpha", a->alpha), *beta = set_number(l, "beta", a->beta);
  const char *k = set_number(l, "k", a->k);
  SET_NAME(l, "%s_%s_n%d_a%s_b%s_k%s", op_name(l->node->op), image_text(l, x), a->size, alpha, beta,
           k);
  argue_values(l);
}

static void lower_local_response_norm(Lowering *l) {
  set_response_norm(l, l->node->in[0]);
}

static void lower_local_response_norm_backward(Lowering *l) {
  set_response_norm(l, l->node->in[1]);
}

static void set_adaptive_pool(Lowering *l, const Value *x, const Value *y) {
  const char *op = op_name(l->node->op);
  l->kernel.template_name = arena_printf(l->graph->arena, "%s.c.in", op);
  set_int(l, "C", x->dim[1]);
  set_int(l, "H", x->dim[2]);
  set_int(l, "W", x->dim[3]);
  set_int(l, "P", y->dim[2]);
  set_int(l, "Q", y->dim[3]);
  SET_NAME(l, "%s_%s_to_%s%s", op, image_text(l, x), image_text(l, y),
           l->node->attributes.mask ? "_mask" : "");
  argue_values(l);
}

static void lower_adaptive_avg_pool2d(Lowering *l) {
  set_adaptive_pool(l, l->node->in[0], l->node->out[0]);
}

static void lower_adaptive_avg_pool2d_backward(Lowering *l) {
  set_bool(l, "mask", l->node->attributes.mask);
  set_adaptive_pool(l, l->node->out[0], l->node->in[0]);
}

/* Channels of the inputs as text: "64,128,32". The template takes the list. */
static void lower_concat(Lowering *l) {
  Arena *arena = l->graph->arena;
  const char *channels = "", *suffix = "";
  for (int i = 0; i < l->node->in_count; i++) {
    int count = l->node->in[i]->dim[1];
    channels = arena_printf(arena, "%s%s%d", channels, i ? "," : "", count);
    suffix = arena_printf(arena, "%s_%d", suffix, count);
  }
  l->kernel.template_name = "concat.c.in";
  set_text(l, "channels", channels);
  set_int(l, "SIZE", area_of(l->node->out[0]));
  SET_NAME(l, "concat%s_of_%d", suffix, area_of(l->node->out[0]));
  argue_values(l);
}

static void lower_pad_channels(Lowering *l) {
  const Value *x = l->node->in[0], *y = l->node->out[0];
  l->kernel.template_name = "pad_channels.c.in";
  set_int(l, "C", x->dim[1]);
  set_int(l, "COUNT", y->dim[1]);
  set_int(l, "SIZE", area_of(x));
  SET_NAME(l, "pad_channels_%s_to_%d", image_text(l, x), y->dim[1]);
  argue_values(l);
}

static void lower_slice(Lowering *l) {
  const Value *x = l->node->in[0], *y = l->node->out[0];
  int first = l->node->attributes.first;
  l->kernel.template_name = "slice.c.in";
  set_int(l, "C", x->dim[1]);
  set_int(l, "FIRST", first);
  set_int(l, "COUNT", y->dim[1]);
  set_int(l, "SIZE", area_of(x));
  SET_NAME(l, "slice_%s_from_%d_%d", image_text(l, x), first, y->dim[1]);
  argue_values(l);
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
  bool backward = l->node->op == OP_dropout_backward;
  int number = dropout_number(l->graph, l->node->name);
  l->kernel.template_name = "dropout.c.in";
  set_int(l, "F", value_features(l->node->out[0]));
  set_text(l, "p", arena_printf(l->graph->arena, "%.17g", l->node->attributes.p));
  set_int(l, "id", number);
  set_bool(l, "backward", backward);
  SET_NAME(l, "dropout%s_%d_%" PRId64, backward ? "_backward" : "", number,
           value_features(l->node->out[0]));
  argue(l, "state");
  argue_values(l);
}

static void lower_loss(Lowering *l) {
  const char *op = op_name(l->node->op);
  int64_t classes = value_features(l->node->in[0]);
  l->kernel.template_name = arena_printf(l->graph->arena, "%s.c.in", op);
  set_int(l, "K", classes);
  if (l->node->op == OP_softmax_cross_entropy)
    set_text(l, "smoothing",
             arena_printf(l->graph->arena, "%.17g", l->node->attributes.label_smoothing));
  bool auxiliary = l->node->attributes.auxiliary;
  const char *weight = set_number(l, "weight", l->node->attributes.loss_weight);
  set_bool(l, "auxiliary", auxiliary);
  SET_NAME(l, "%s_%" PRId64 "%s%s", op, classes, auxiliary ? "_auxiliary_" : "",
           auxiliary ? weight : "");
  argue(l, "state");
  argue(l, "batch");
  argue_values(l);
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
  argue(l, "state");
  argue(l, arena_printf(arena, "%.9g", a->lr_scale));
  argue(l, arena_printf(arena, "%.9g", a->decay_scale));
  argue(l, arena_printf(arena, "%" PRId64, count));
  argue(l, arena_printf(arena, "d + %s", first));
  argue(l, arena_printf(arena, "p + %s", first));
  for (int i = 0; i < optimizer_blocks(recipe); i++)
    argue(l, i == 0   ? arena_printf(arena, "o + %s", first)
             : i == 1 ? arena_printf(arena, "o + %s + %s", block, first)
                      : arena_printf(arena, "o + %d * %s + %s", i, block, first));
  bool momentum = recipe->momentum != 0;
  switch (recipe->optimizer) {
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    l->kernel.template_name = "update_adam.c.in";
    set_bool(l, "decoupled", recipe->optimizer == OPTIMIZER_ADAMW);
    SET_NAME(l, "update_adam%s", recipe->optimizer == OPTIMIZER_ADAMW ? "w" : "");
    break;
  case OPTIMIZER_RMSPROP:
    l->kernel.template_name = "update_rmsprop.c.in";
    set_bool(l, "momentum", momentum);
    set_bool(l, "centered", recipe->centered);
    SET_NAME(l, "update_rmsprop%s%s", momentum ? "_momentum" : "",
             recipe->centered ? "_centered" : "");
    break;
  case OPTIMIZER_SGD:
    l->kernel.template_name = "update_sgd.c.in";
    set_bool(l, "momentum", momentum);
    set_bool(l, "nesterov", recipe->nesterov);
    SET_NAME(l, "update_sgd%s", recipe->nesterov ? "_nesterov" : momentum ? "_momentum" : "");
    break;
  }
}

static void lower_view(Lowering *l) {
  (void)l; /* the memory pass gave both values one place */
}

typedef void LowerRule(Lowering *l);

static LowerRule *const RULES[OP_COUNT] = {
#define OP(id, outputs, attributes, shape, gradient, lower) [OP_##id] = lower,
#include "ops.def"
#undef OP
};

/* --- kernels of equal shape are one ---------------------------------------------------------- */

static bool same_parameter(const TemplateParam *a, const TemplateParam *b) {
  if (strcmp(a->name, b->name) != 0 || a->type != b->type) return false;
  switch (a->type) {
  case PARAM_INT:
    return a->integer == b->integer;
  case PARAM_REAL:
    return a->real == b->real;
  case PARAM_BOOL:
    return a->boolean == b->boolean;
  case PARAM_STRING:
    return !strcmp(a->string, b->string);
  }
  return false;
}

static bool same_parameters(const Kernel *a, const Kernel *b) {
  if (a->parameter_count != b->parameter_count) return false;
  for (int i = 0; i < a->parameter_count; i++)
    if (!same_parameter(&a->parameters[i], &b->parameters[i])) return false;
  return true;
}

bool kernel_has_user(const Kernel *kernel, const char *layer) {
  size_t length = strlen(layer);
  for (const char *at = kernel->users; (at = strstr(at, layer)) != NULL; at += length) {
    bool starts = at == kernel->users || at[-1] == ' ';
    if (starts && (at[length] == '\0' || at[length] == ',')) return true;
  }
  return false;
}

static const Kernel *add_kernel(Lowering *l, KernelList *kernels, const char *user) {
  Arena *arena = l->graph->arena;
  for (int i = 0; i < kernels->count; i++) {
    Kernel *kernel = kernels->at[i];
    if (strcmp(kernel->name, l->kernel.name) != 0) continue;
    assert(same_parameters(kernel, &l->kernel));
    if (!kernel_has_user(kernel, user))
      kernel->users = arena_printf(arena, "%s, %s", kernel->users, user);
    return kernel;
  }
  Kernel *kernel = ARENA_NEW(arena, Kernel);
  *kernel = l->kernel;
  kernel->users = user;
  LIST_PUSH(arena, kernels, kernel);
  return kernel;
}

Call lower_node(Graph *graph, const Node *node, const CompileOptions *options,
                KernelList *kernels) {
  Lowering l = {.graph = graph, .node = node, .options = options};
  l.lanes = target_lanes(options->target);
  RULES[node->op](&l);
  Call call = {NULL, NULL};
  if (!l.kernel.template_name) return call;
  call.kernel = add_kernel(&l, kernels, node->name);
  call.arguments = l.arguments;
  return call;
}

Call lower_logits(Graph *graph, const CompileOptions *options, KernelList *kernels) {
  Lowering l = {.graph = graph, .options = options, .lanes = target_lanes(options->target)};
  l.kernel.template_name = "logits.c.in";
  set_int(&l, "K", value_features(graph->output));
  SET_NAME(&l, "logits_%" PRId64, value_features(graph->output));
  argue(&l, "state");
  argue(&l, "batch->count");
  argue(&l, memory_of(&l, graph->output));
  argue(&l, "logits");
  Call call = {add_kernel(&l, kernels, "infer"), l.arguments};
  return call;
}
