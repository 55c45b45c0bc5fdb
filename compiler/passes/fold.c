/* fold: in the channel-blocked layout, a kernel absorbs what follows it.
   Requires  a fused graph.
   Establishes  the layout of training's images. Where that is channel-blocked, the last kernel of
   two summands, a batch_norm or conv2d_backward_data, adds the residual in its epilogue; and a
   conv2d_backward_data reduces in its epilogue the partial sums that the batch_norm_backward behind
   it needs. Of inference, where images are channel-blocked, every conv2d is a conv2d_prepacked: its
   weights are packed once, before inference, in the order in which its kernel reads them, with a
   batch_norm behind it multiplied in; a residual add behind both is its epilogue.
   May break  nothing. */
#include "ir/queries.h"
#include "passes/layout.h"
#include "passes/passes.h"

/* The first node behind those that run before inference. */
static const Node *first_of_inference(const Graph *graph) {
  int i = 0;
  while (graph->nodes.at[i]->phase == PHASE_PREPACK) i++;
  return graph->nodes.at[i];
}

/* conv becomes a conv2d_prepacked behind the node that packs its weights, which is returned. */
static Node *prepack(Graph *graph, Node *conv) {
  Value *x = conv->in[0];
  Node *packer =
      graph_node(graph, OP_prepack_conv2d, conv->name, conv->pos, conv->in_count - 1, conv->in + 1);
  packer->phase = PHASE_PREPACK;
  packer->attributes = conv->attributes;
  packer->attributes.bias = conv->in_count > 2;
  const int reals = 1; /* the schedule sets how many */
  Value *packed = graph_output(graph, packer, VALUE_PREPACKED,
                               arena_printf(graph->arena, "%s.packed", conv->name), 1, &reals);
  graph_move_before(graph, packer, first_of_inference(graph));
  conv->op = OP_conv2d_prepacked;
  conv->in_count = 0;
  graph_append_inputs(graph, conv, 2, (Value *[]){x, packed});
  return packer;
}

static void fold_norm(Graph *graph, Node *conv, Node *packer) {
  Node *norm = graph_only_reader(graph, conv->out[0]);
  if (!norm || norm->op != OP_batch_norm_inference || norm->in[0] != conv->out[0]) return;
  if (conv->attributes.activation != ACTIVATION_NONE) return;
  graph_append_inputs(graph, packer, norm->in_count - 1, norm->in + 1);
  packer->attributes.batch_norm = true;
  packer->attributes.eps = norm->attributes.eps;
  conv->attributes.activation = norm->attributes.activation;
  graph_absorb(graph, conv, norm);
}

static bool is_computed_before(const Graph *graph, const Value *value, const Node *node) {
  for (int i = 0; graph->nodes.at[i] != node; i++)
    if (graph->nodes.at[i] == value->producer) return true;
  return false;
}

/* Of two nodes whose results are added, the second adds the result of the first. */
static void fold_residual(Graph *graph, Node *node) {
  Attributes *a = &node->attributes;
  Node *sum = graph_only_reader(graph, node->out[0]);
  if (!sum || sum->op != OP_add || sum->in_count - sum->attributes.relu_mask != 2) return;
  Value *other = sum->in[sum->in[0] == node->out[0]];
  if (a->activation != ACTIVATION_NONE || a->relu_mask || !is_computed_before(graph, other, node))
    return;
  graph_append_inputs(graph, node, 1, &other);
  if (sum->attributes.relu_mask) graph_append_inputs(graph, node, 1, &sum->in[2]);
  a->residual = true;
  a->activation = sum->attributes.activation;
  a->relu_mask = sum->attributes.relu_mask;
  graph_absorb(graph, node, sum);
}

/* A conv2d_backward_data reduces its result to partial sums while that is in the caches, so the
   batch_norm_backward behind it reads it once less. */
static void fold_partial_sums(Graph *graph, Node *norm) {
  Node *conv = norm->in[0]->producer;
  if (conv->op != OP_conv2d_backward_data || conv->summed) return;
  if (norm->attributes.dy_relu_mask && !node_recomputes_relu(norm)) return;
  const char *name = arena_printf(graph->arena, "%s.sums", norm->in[0]->name);
  const int reals = 1; /* the schedule sets how many */
  conv->attributes.partial_sums = norm->attributes.partial_sums = true;
  Value *sums = graph_output(graph, conv, VALUE_WORKSPACE, name, 1, &reals);
  graph_append_inputs(graph, norm, 1, &sums);
  conv->summed = norm;
}

static void fold_training(Graph *graph) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (op_can(node->op, CAN_ADD_RESIDUAL)) fold_residual(graph, node);
    if (node->op == OP_batch_norm_backward) fold_partial_sums(graph, node);
  }
}

void pass_fold(Graph *graph, const CompileOptions *options) {
  if (graph->loss) graph->image_layout = choose_layout(graph, options);
  if (graph->image_layout != LAYOUT_CHANNEL_BLOCKED) return;
  if (graph->loss) {
    fold_training(graph);
    return;
  }
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *conv = graph->nodes.at[i];
    if (conv->op != OP_conv2d) continue;
    Node *packer = prepack(graph, conv);
    fold_norm(graph, conv, packer);
    fold_residual(graph, conv);
  }
}
