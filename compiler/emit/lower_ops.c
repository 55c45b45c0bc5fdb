/* The table of lowering rules, and the rules of pools and elementwise ops. */
#include "emit/lowering.h"
#include "ir/queries.h"

#include <assert.h>
#include <string.h>

/* Vectors of the value that an image, or a group of images, has. */
static int64_t vectors_of(const Lowering *l, const Value *value) {
  return (int64_t)lowering_planes(l, value) * value->dim[2] * value->dim[3];
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

void lower_max_pool2d(Lowering *l) {
  kernel_bool(&l->kernel, "argmax", l->node->attributes.argmax);
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
  set_pool(l, "max_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

void lower_avg_pool2d(Lowering *l) {
  set_pool(l, "avg_pool2d.c.in", l->node->in[0], l->node->out[0]);
}

void lower_max_pool2d_backward(Lowering *l) {
  set_pool(l, "max_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

void lower_avg_pool2d_backward(Lowering *l) {
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
  set_pool(l, "avg_pool2d_backward.c.in", l->node->out[0], l->node->in[0]);
}

void lower_map(Lowering *l) {
  bool leaky = l->node->op == OP_leaky_relu || l->node->op == OP_leaky_relu_backward;
  l->kernel.template_name = "map.c.in";
  kernel_text(&l->kernel, "kind", op_name(l->node->op));
  if (leaky) kernel_number(&l->kernel, "slope", l->node->attributes.slope);
  lowering_pass_int(l, vectors_of(l, l->node->out[0]));
  lowering_pass_values(l);
}

void lower_add(Lowering *l) {
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

void lower_adaptive_avg_pool2d(Lowering *l) {
  set_adaptive_pool(l, l->node->in[0], l->node->out[0]);
}

void lower_adaptive_avg_pool2d_backward(Lowering *l) {
  kernel_bool(&l->kernel, "relu_mask", l->node->attributes.relu_mask);
  set_adaptive_pool(l, l->node->out[0], l->node->in[0]);
}

int lowering_dropout_number(const Lowering *l) {
  int number = 0;
  for (int i = 0; i < l->graph->nodes.count; i++) {
    const Node *node = l->graph->nodes.at[i];
    if (node->op != OP_dropout) continue;
    if (!strcmp(node->name, l->node->name)) return number;
    number++;
  }
  assert(!"a backward node names a dropout layer that does not exist");
  return -1;
}

void lower_dropout(Lowering *l) {
  int number = lowering_dropout_number(l);
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

void lowering_apply_rule(Lowering *l) {
  static void (*const RULES[OP_COUNT])(Lowering *) = {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) [OP_##id] = lower,
#include "ir/ops.def"
#undef OP
  };
  if (target_is_reference(l->options->target))
    lower_reference(l);
  else
    RULES[l->node->op](l);
}
