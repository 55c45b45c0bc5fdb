/* fuse: work that would be a pass over memory of its own rides on a neighbour.
   Requires  a differentiated graph (or the forward graph of inference).
   Establishes  relu in the epilogue of the conv2d or linear that feeds it; in the backward half,
   the relu's mask in the epilogue of whatever makes the gradient that arrives there. May break
   value->gradient of values whose gradient no longer exists by itself: it is NULL then. */
#include "passes.h"

static bool takes_activation(OpKind op) {
  switch (op) {
  case OP_conv2d:
  case OP_linear:
  case OP_batch_norm:
  case OP_batch_norm_inference:
  case OP_add:
    return true;
  default:
    return false;
  }
}

static bool fuse_activation(Graph *graph, Node *node) {
  if (!takes_activation(node->op) || node->phase != PHASE_FORWARD) return false;
  if (node->attributes.activation != ACTIVATION_NONE) return false;
  Node *next = graph_only_reader(graph, node->out[0]);
  if (!next || next->op != OP_relu) return false;
  node->attributes.activation = ACTIVATION_RELU;
  graph_absorb(graph, node, next);
  return true;
}

static bool takes_mask(const Node *node, const Value *y) {
  switch (node->op) {
  case OP_conv2d_backward_data:
  case OP_linear_backward_data:
  case OP_avg_pool2d_backward:
  case OP_adaptive_avg_pool2d_backward:
  case OP_add:
    return true;
  case OP_max_pool2d_backward:
    return node->in[1] == y; /* it reads x already */
  default:
    return false;
  }
}

static bool fuse_mask(Graph *graph, Node *node) {
  if (node->phase != PHASE_BACKWARD || node->attributes.mask || node->out_count != 1) return false;
  Node *next = graph_only_reader(graph, node->out[0]);
  if (!next || next->op != OP_relu_backward || !takes_mask(node, next->in[1])) return false;
  node->attributes.mask = true;
  if (node->op != OP_max_pool2d_backward) graph_append_inputs(graph, node, 1, &next->in[1]);
  graph_absorb(graph, node, next);
  return true;
}

/* relu_backward whose result only a batch_norm_backward reads: it drops what the relu dropped.
   Where that was the relu of the batch_norm itself, its bias is enough to make it again. */
static bool fuse_gate(Graph *graph, Node *node) {
  if (node->op != OP_relu_backward) return false;
  Node *reader = graph_only_reader(graph, node->out[0]);
  if (!reader || reader->op != OP_batch_norm_backward || reader->in[0] != node->out[0])
    return false;
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i]->gradient == node->out[0]) graph->values.at[i]->gradient = NULL;
  reader->in[0] = node->in[0];
  reader->attributes.gate = true;
  const bool own = node->in[1]->producer == reader->forward;
  graph_append_inputs(graph, reader, 1, own ? &reader->forward->in[2] : &node->in[1]);
  graph_remove(graph, node);
  return true;
}

void pass_fuse(Graph *graph) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (fuse_activation(graph, node) || fuse_mask(graph, node)) i--; /* it may take more */
  }
  for (int i = 0; i < graph->nodes.count; i++)
    if (fuse_gate(graph, graph->nodes.at[i])) i--;
}
