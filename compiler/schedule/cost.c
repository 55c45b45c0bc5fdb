#include "schedule/cost.h"

#include "ir/queries.h"

/* Every weight meets every pixel of its output channel once, forward and in both gradients. */
static int64_t macs(const Value *weight, const Value *y) {
  return value_count(weight) * y->dim[2] * y->dim[3];
}

int64_t node_macs(const Node *node) {
  switch (node->op) {
  case OP_conv2d_prepacked:
    return macs(node->in[1]->producer->in[0], node->out[0]);
  case OP_conv2d:
  case OP_linear:
    return macs(node->in[1], node->out[0]);
  case OP_conv2d_backward_data:
  case OP_linear_backward_data:
    return macs(node->in[1], node->in[0]);
  case OP_conv2d_backward_weights:
  case OP_linear_backward_weights:
    return macs(node->out[0], node->in[1]);
  default:
    return 0;
  }
}

static CostPass pass_of(const Node *node) {
  if (node->phase == PHASE_FORWARD) return COST_FORWARD;
  if (node->phase == PHASE_UPDATE) return COST_UPDATE;
  const bool only_weights = node->out[0]->kind == VALUE_PARAMETER_GRADIENT; /* data comes first */
  return only_weights ? COST_BACKWARD_WEIGHTS : COST_BACKWARD_DATA;
}

/* Statistics [C] of a batch are activations, too, but there is one of them for all images. */
static bool is_of_image(const Value *value) {
  switch (value->kind) {
  case VALUE_INPUT:
  case VALUE_LOSS:
    return true;
  case VALUE_ACTIVATION:
  case VALUE_GRADIENT:
    return value->rank > 1;
  default:
    return false;
  }
}

static void add_value(NodeCost *cost, const Value *value, int each) {
  if (value->kind == VALUE_WORKSPACE) return; /* sums: what a kernel saves */
  const int bytes = value->kind == VALUE_INPUT ? 1 : each;
  if (is_of_image(value))
    cost->image_bytes += value_features(value) * bytes;
  else
    cost->bytes += value_count(value) * bytes;
}

NodeCost node_cost(const Graph *graph, const Node *node, const CompileOptions *options) {
  const OpKind op = node->op == OP_conv2d_prepacked ? OP_conv2d : node->op; /* as it is known */
  NodeCost cost = {.op = op_name(op), .pass = pass_of(node), .flops = 2 * node_macs(node)};
  const int bytes = real_bytes(options);
  for (int i = 0; i < node->in_count; i++) {
    const Value *value = node->in[i];
    if (value->kind == VALUE_PREPACKED) value = value->producer->in[0]; /* what it is made of */
    add_value(&cost, value, bytes);
    if (node->op == OP_batch_norm && value->kind == VALUE_BUFFER)
      add_value(&cost, value, bytes); /* written, too */
    if (node->op == OP_update && value->kind == VALUE_PARAMETER)
      cost.bytes += value_count(value) * bytes * (1 + 2 * optimizer_blocks(&graph->recipe));
  }
  for (int i = 0; i < node->out_count; i++) add_value(&cost, node->out[i], bytes);
  return cost;
}

NodeCost logits_cost(const Graph *graph, const CompileOptions *options) {
  NodeCost cost = {.op = "logits", .pass = COST_FORWARD};
  const int64_t classes = value_features(graph->output);
  add_value(&cost, graph->output, real_bytes(options));
  cost.image_bytes += (classes + 1) * 4; /* float logits and the class */
  return cost;
}
