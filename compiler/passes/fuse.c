/* fuse: work that would read memory once more becomes part of a neighbour.
   Requires  a differentiated graph (or the forward graph of inference).
   Establishes  relu in the epilogue of the conv2d or linear that feeds it; in the backward half,
   the relu's mask in the epilogue of whatever makes the gradient that arrives there, or in the
   batch_norm_backward that reads it (dy_relu_mask), or in the argmax of a max_pool2d; masks of all
   parts of a concat are one of the whole. May break  value->gradient of values whose gradient no
   longer exists by itself: it is NULL then. */
#include "ir/queries.h"
#include "passes/passes.h"

static bool fuse_activation(Graph *graph, Node *node) {
  if (!op_can(node->op, CAN_FUSE_RELU) || node->phase != PHASE_FORWARD) return false;
  if (node->attributes.activation != ACTIVATION_NONE) return false;
  Node *next = graph_only_reader(graph, node->out[0]);
  if (!next || next->op != OP_relu) return false;
  node->attributes.activation = ACTIVATION_RELU;
  graph_absorb(graph, node, next);
  return true;
}

/* A max pool has its mask in the forward node's argmax, so it must be that of its own input. */
static bool can_apply_mask(const Node *node, const Value *y) {
  if (node->op == OP_max_pool2d_backward) return node->forward->in[0] == y;
  return op_can(node->op, CAN_APPLY_RELU_MASK);
}

/* The batch_norm_backward that alone reads what the relu_backward makes, as its dy; else NULL. */
static Node *masked_norm(const Graph *graph, const Node *relu_backward) {
  Node *reader = graph_only_reader(graph, relu_backward->out[0]);
  bool is_dy = reader && reader->op == OP_batch_norm_backward;
  return is_dy && reader->in[0] == relu_backward->out[0] ? reader : NULL;
}

/* Whether the relu is that of the batch_norm's own result. */
static bool is_own_relu(const Node *norm_backward, const Node *relu_backward) {
  return norm_backward && relu_backward->in[1]->producer == norm_backward->forward;
}

static bool fuse_mask(Graph *graph, Node *node) {
  if (node->phase != PHASE_BACKWARD || node->attributes.relu_mask || node->out_count != 1)
    return false;
  Node *next = graph_only_reader(graph, node->out[0]);
  if (!next || next->op != OP_relu_backward || !can_apply_mask(node, next->in[1])) return false;
  /* A batch_norm recomputes its own relu from x, which it reads anyway; a mask reads y. */
  if (node->op == OP_conv2d_backward_data && is_own_relu(masked_norm(graph, next), next))
    return false;
  if (node->op == OP_max_pool2d_backward) {
    node->forward->attributes.relu_mask = true; /* no argmax where y is 0 */
  } else {
    node->attributes.relu_mask = true;
    graph_append_inputs(graph, node, 1, &next->in[1]);
  }
  graph_absorb(graph, node, next);
  return true;
}

/* relu_backward whose result only a batch_norm_backward reads: it drops what the relu dropped.
   Where that was the relu of the batch_norm itself, its bias is enough to make it again. */
static bool fuse_dy_mask(Graph *graph, Node *node) {
  if (node->op != OP_relu_backward) return false;
  Node *norm = masked_norm(graph, node);
  if (!norm) return false;
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i]->gradient == node->out[0]) graph->values.at[i]->gradient = NULL;
  norm->in[0] = node->in[0];
  norm->attributes.dy_relu_mask = true;
  Value **mask = is_own_relu(norm, node) ? &norm->forward->in[2] : &node->in[1];
  graph_append_inputs(graph, norm, 1, mask);
  graph_remove(graph, node);
  return true;
}

/* The relu_backward behind a slice of the concat's gradient, where that masks it by the part of the
   concat which it belongs to; else NULL. A batch_norm masks its dy itself. */
static Node *mask_of_part(const Graph *graph, const Node *concat, const Node *slice) {
  Node *mask = graph_only_reader(graph, slice->out[0]);
  if (!mask || mask->op != OP_relu_backward) return NULL;
  int first = 0, k = 0;
  for (; first < slice->attributes.first; k++) first += concat->in[k]->dim[1];
  return mask->in[1] == concat->in[k] && !masked_norm(graph, mask) ? mask : NULL;
}

/* Where all slices of a concat's gradient are masked, one mask of the whole stands before them. */
static void gather_masks(Graph *graph, const Node *concat) {
  LIST_OF(Node *) slices = {0};
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (node->op != OP_slice || node->forward != concat) continue;
    if (!mask_of_part(graph, concat, node)) return;
    LIST_PUSH(graph->arena, &slices, node);
  }
  if (!slices.count) return;
  Value *dy = slices.at[0]->in[0];
  if (graph_uses(graph, dy) != slices.count) return;
  Node *mask = graph_node(graph, OP_relu_backward, concat->name, concat->pos, 2,
                          (Value *[]){dy, concat->out[0]});
  mask->phase = PHASE_BACKWARD;
  mask->forward = slices.at[0]->forward;
  Value *masked = graph_output(graph, mask, VALUE_GRADIENT,
                               arena_printf(graph->arena, "%s_masked", dy->name), 4, dy->dim);
  graph_move_before(graph, mask, slices.at[0]);
  for (int i = 0; i < slices.count; i++) {
    graph_absorb(graph, slices.at[i], mask_of_part(graph, concat, slices.at[i]));
    slices.at[i]->in[0] = masked;
  }
}

void pass_fuse(Graph *graph) {
  for (int i = 0; i < graph->nodes.count; i++)
    if (graph->nodes.at[i]->op == OP_concat) gather_masks(graph, graph->nodes.at[i]);
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (fuse_activation(graph, node) || fuse_mask(graph, node)) i--; /* more may follow */
  }
  for (int i = 0; i < graph->nodes.count; i++)
    if (fuse_dy_mask(graph, graph->nodes.at[i])) i--;
}
