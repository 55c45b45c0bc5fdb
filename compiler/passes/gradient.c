/* gradient: appends the backward half and the optimiser's update as explicit nodes.
   Requires  a simplified forward graph with its loss.
   Establishes  a value d<parameter> for every trainable parameter and d<value> for every value on
   the way to one; what a backward node must read again is one of its inputs, so lifetimes follow
   from the graph. Nothing is differentiated that no trainable parameter needs: the first layer has
   no input gradient.
   May break  nothing. */
#include "passes/passes.h"

#include <assert.h>

/* Gradients that arrive at one value from several readers, in the order of arrival. */
typedef struct Arrivals {
  Value **at;
  int count, capacity;
} Arrivals;

typedef struct Backward {
  Graph *graph;
  Arrivals *arrivals; /* by value id */
  bool *needed;       /* by value id: a trainable parameter stands behind the value */
} Backward;

static bool is_needed(const Backward *b, const Value *value) {
  return b->needed[value->id];
}

static void arrive(Backward *b, Value *value, Value *gradient) {
  Arrivals *arrivals = &b->arrivals[value->id];
  LIST_PUSH(b->graph->arena, arrivals, gradient);
}

/* A backward node of `forward` that makes the gradients of `values`. */
static Node *backward_node_of(Backward *b, Node *forward, OpKind op, int value_count,
                              Value *const *values, int in_count, Value *const *in) {
  Graph *graph = b->graph;
  Node *node = graph_node(graph, op, forward->name, forward->pos, in_count, in);
  node->phase = PHASE_BACKWARD;
  node->forward = forward;
  node->attributes = forward->attributes;
  node->attributes.activation = ACTIVATION_NONE;
  for (int i = 0; i < value_count; i++) {
    Value *value = values[i];
    bool is_parameter = value->kind == VALUE_PARAMETER;
    const char *name = arena_printf(graph->arena, "d%s", value->name);
    Value *out = graph_output(graph, node, is_parameter ? VALUE_PARAMETER_GRADIENT : VALUE_GRADIENT,
                              name, value->rank, value->dim);
    arrive(b, value, out);
  }
  return node;
}

static Node *backward_node(Backward *b, Node *forward, OpKind op, Value *value, int in_count,
                           Value *const *in) {
  return backward_node_of(b, forward, op, 1, &value, in_count, in);
}

/* The sum of all gradients that arrived at the value: its upstream gradient. */
static Value *upstream(Backward *b, Node *forward, Value *value) {
  Arrivals *arrivals = &b->arrivals[value->id];
  if (value->gradient || arrivals->count == 0) return value->gradient;
  if (arrivals->count == 1) return value->gradient = arrivals->at[0];
  Graph *graph = b->graph;
  Node *sum = graph_node(graph, OP_add, forward->name, forward->pos, arrivals->count, arrivals->at);
  sum->phase = PHASE_BACKWARD;
  sum->forward = forward;
  const char *name = arena_printf(graph->arena, "d%s_sum", value->name);
  return value->gradient = graph_output(graph, sum, VALUE_GRADIENT, name, value->rank, value->dim);
}

/* --- one rule an op: dy has arrived, make dx and the parameters' gradients ------------------- */

typedef void GradientRule(Backward *b, Node *node, Value *dy);

/* conv2d and linear: d(bias), d(weight), dx, in this order, so that dy can go early. */
static void gradient_weighted(Backward *b, Node *node, Value *dy, OpKind weights, OpKind data) {
  Value *x = node->in[0], *weight = node->in[1];
  if (node->in_count > 2 && is_needed(b, node->in[2]))
    backward_node(b, node, OP_bias_gradient, node->in[2], 1, (Value *[]){dy});
  if (is_needed(b, weight)) backward_node(b, node, weights, weight, 2, (Value *[]){x, dy});
  if (is_needed(b, x)) backward_node(b, node, data, x, 2, (Value *[]){dy, weight});
}

static void gradient_conv2d(Backward *b, Node *node, Value *dy) {
  gradient_weighted(b, node, dy, OP_conv2d_backward_weights, OP_conv2d_backward_data);
}

static void gradient_linear(Backward *b, Node *node, Value *dy) {
  gradient_weighted(b, node, dy, OP_linear_backward_weights, OP_linear_backward_data);
}

static void gradient_max_pool2d(Backward *b, Node *node, Value *dy) {
  Graph *graph = b->graph;
  Value *x = node->in[0], *y = node->out[0];
  if (!is_needed(b, x)) return;
  const char *name = arena_printf(graph->arena, "%s.argmax", y->name);
  node->attributes.argmax = true;
  Value *argmax = graph_output(graph, node, VALUE_ACTIVATION, name, y->rank, y->dim);
  backward_node(b, node, OP_max_pool2d_backward, x, 2, (Value *[]){dy, argmax})->attributes.argmax =
      false;
}

static void gradient_avg_pool2d(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0];
  if (is_needed(b, x)) backward_node(b, node, OP_avg_pool2d_backward, x, 1, &dy);
}

static void gradient_from_output(Backward *b, Node *node, Value *dy, OpKind op) {
  Value *x = node->in[0];
  if (is_needed(b, x)) backward_node(b, node, op, x, 2, (Value *[]){dy, node->out[0]});
}

static void gradient_relu(Backward *b, Node *node, Value *dy) {
  gradient_from_output(b, node, dy, OP_relu_backward);
}

static void gradient_tanh(Backward *b, Node *node, Value *dy) {
  gradient_from_output(b, node, dy, OP_tanh_backward);
}

static void gradient_sigmoid(Backward *b, Node *node, Value *dy) {
  gradient_from_output(b, node, dy, OP_sigmoid_backward);
}

static void gradient_leaky_relu(Backward *b, Node *node, Value *dy) {
  gradient_from_output(b, node, dy, OP_leaky_relu_backward);
}

/* All three gradients come from the same two sums, so one node makes them, wanted or not. */
static void gradient_batch_norm(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0], *weight = node->in[1], *bias = node->in[2];
  Value *in[] = {dy, x, weight, node->out[1], node->out[2]};
  backward_node_of(b, node, OP_batch_norm_backward, 3, (Value *[]){x, weight, bias}, 5, in);
}

static void gradient_local_response_norm(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0];
  Value *in[] = {dy, x, node->out[0], node->out[1]};
  if (is_needed(b, x)) backward_node(b, node, OP_local_response_norm_backward, x, 4, in);
}

static void gradient_adaptive_avg_pool2d(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0];
  if (is_needed(b, x)) backward_node(b, node, OP_adaptive_avg_pool2d_backward, x, 1, &dy);
}

static void gradient_concat(Backward *b, Node *node, Value *dy) {
  int first = 0;
  for (int i = 0; i < node->in_count; i++) {
    Value *x = node->in[i];
    if (is_needed(b, x)) backward_node(b, node, OP_slice, x, 1, &dy)->attributes.first = first;
    first += x->dim[1];
  }
}

static void gradient_pad_channels(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0];
  if (is_needed(b, x)) backward_node(b, node, OP_slice, x, 1, &dy)->attributes.first = 0;
}

static void gradient_dropout(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0];
  if (is_needed(b, x)) backward_node(b, node, OP_dropout_backward, x, 1, &dy);
}

static void gradient_add(Backward *b, Node *node, Value *dy) {
  for (int i = 0; i < node->in_count; i++)
    if (is_needed(b, node->in[i])) arrive(b, node->in[i], dy);
}

static void gradient_flatten(Backward *b, Node *node, Value *dy) {
  Value *x = node->in[0];
  if (is_needed(b, x)) backward_node(b, node, OP_reshape, x, 1, &dy);
}

static GradientRule *const RULES[OP_COUNT] = {
#define none NULL
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) [OP_##id] = gradient,
#include "ir/ops.def"
#undef OP
#undef none
};

/* --- the pass -------------------------------------------------------------------------------- */

static void find_needed(Backward *b) {
  Graph *graph = b->graph;
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    b->needed[value->id] = value->kind == VALUE_PARAMETER && value->trainable;
  }
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    bool needed = false;
    for (int k = 0; k < node->in_count; k++) needed |= is_needed(b, node->in[k]);
    for (int k = 0; k < node->out_count; k++) b->needed[node->out[k]->id] = needed;
  }
}

static bool same_group(const Node *update, const Value *parameter) {
  const Attributes *a = &update->attributes;
  return a->lr_scale == parameter->lr_scale && a->decay_scale == parameter->decay_scale;
}

/* One update for all parameters with the same factors of learning rate and weight decay: the memory
   pass lays them side by side. */
static void append_updates(Graph *graph, int first_update) {
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->kind != VALUE_PARAMETER || !value->trainable || !value->gradient) continue;
    Value *pair[] = {value, value->gradient};
    int k = first_update;
    while (k < graph->nodes.count && !same_group(graph->nodes.at[k], value)) k++;
    if (k < graph->nodes.count) {
      graph_append_inputs(graph, graph->nodes.at[k], 2, pair);
      continue;
    }
    Node *node = graph_node(graph, OP_update, "update", (SourcePos){NULL, 0}, 2, pair);
    node->phase = PHASE_UPDATE;
    node->attributes.lr_scale = value->lr_scale;
    node->attributes.decay_scale = value->decay_scale;
  }
}

void pass_gradient(Graph *graph) {
  int values = graph->next_id, nodes = graph->nodes.count;
  Backward b = {graph, ARENA_ARRAY(graph->arena, Arrivals, values),
                ARENA_ARRAY(graph->arena, bool, values)};
  find_needed(&b);
  for (int i = nodes - 1; i >= 0; i--) {
    Node *node = graph->nodes.at[i];
    if (op_is_loss(node->op)) {
      arrive(&b, node->in[0], node->out[1]);
      continue;
    }
    if (!RULES[node->op] || !is_needed(&b, node->out[0])) continue;
    Value *dy = upstream(&b, node, node->out[0]);
    if (dy) RULES[node->op](&b, node, dy);
  }
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->kind != VALUE_PARAMETER) continue;
    const Arrivals *arrivals = &b.arrivals[value->id];
    assert(arrivals->count <= 1); /* the language gives every layer parameters of its own */
    if (arrivals->count) value->gradient = arrivals->at[0];
  }
  append_updates(graph, graph->nodes.count);
}
