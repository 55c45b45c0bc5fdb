/* layout: how every value lies in memory.
   Requires  a fused and scheduled graph.
   Establishes  value->layout everywhere; where a kernel reads a value in another layout than the
   one it is made in, a conversion node stands before it. May break  nothing.

   Activations and their gradients have the batch innermost (LAYOUT_BATCH_BLOCKED) or channels
   (LAYOUT_CHANNEL_BLOCKED), as choose_layout finds before the schedule; docs/design.md has the
   reasons. linear_backward_weights makes vectors of input features, so it reads its x in rows. */
#include "ir/queries.h"
#include "passes/layout.h"
#include "passes/passes.h"
#include "schedule/cost.h"

/* The part of the lanes of vectors that `used` numbers fill. */
static double filling(int used, int lanes) {
  return (double)used / ((used + lanes - 1) / lanes * lanes);
}

/* What fraction of its peak a channel-blocked convolution reaches, roughly. */
static double channels_reach(const Node *conv, int lanes) {
  const double ONE_VECTOR = 0.8; /* each pixel that is loaded serves one multiply-add */
  int made = conv->out[0]->dim[1], groups = conv->attributes.groups;
  double reach = filling(made, lanes) * (made > lanes ? 1 : ONE_VECTOR);
  return groups > 1 ? reach * filling(conv->in[0]->dim[1] / groups, lanes) : reach;
}

/* Kernels of the gradients have one group, and count what they pack, whole vectors of channels,
 * with an int. */
static bool may_train_in_channels(const Node *conv) {
  enum { WEIGHTS_MOST = INT32_MAX / 64 };
  return conv->attributes.groups == 1 && value_count(conv->in[1]) <= WEIGHTS_MOST;
}

/* The nodes that the logits come from: those that inference has, too. */
static bool *find_inferred(const Graph *graph) {
  bool *needed = ARENA_ARRAY(graph->arena, bool, graph->next_id);
  bool *inferred = ARENA_ARRAY(graph->arena, bool, graph->nodes.count);
  needed[graph->output->id] = true;
  for (int i = graph->nodes.count - 1; i >= 0; i--) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->out_count; k++) inferred[i] = inferred[i] || needed[node->out[k]->id];
    for (int k = 0; k < node->in_count && inferred[i]; k++) needed[node->in[k]->id] = true;
  }
  return inferred;
}

/* The batch-blocked layout leaves lanes empty where there are few images, the channel-blocked one
   where there are few channels. For equal filling, channel-blocked: its weights and sums pass
   through memory less often. Where training is channel-blocked, so is
   inference. */
Layout choose_layout(const Graph *graph, const CompileOptions *options) {
  const double ALMOST = 0.9;
  const bool trains = graph->loss != NULL;
  int lanes = target_lanes(options->target);
  double macs = 0, padded = 0;
  if (lanes == 1) return LAYOUT_BATCH_BLOCKED;
  const bool *inferred = find_inferred(graph);
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->phase != PHASE_FORWARD) continue;
    if (trains && node->op == OP_conv2d && !may_train_in_channels(node))
      return LAYOUT_BATCH_BLOCKED;
    if (trains && node->op == OP_linear) continue; /* has one layout in any case */
    if (!inferred[i]) continue;                    /* an auxiliary head */
    double own = (double)node_macs(node);
    macs += own;
    padded += own / (node->op == OP_conv2d ? channels_reach(node, lanes) : 1);
  }
  bool channels = macs > 0 && macs / padded >= ALMOST * filling(graph->recipe.batch, lanes);
  return channels ? LAYOUT_CHANNEL_BLOCKED : LAYOUT_BATCH_BLOCKED;
}

static Value *rows_of(Graph *graph, Value *x, const Node *reader) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (node->op == OP_to_rows && node->in[0] == x) return node->out[0];
  }
  Node *node = graph_node(graph, OP_to_rows, reader->name, reader->pos, 1, &x);
  node->phase = reader->phase;
  node->schedule.algorithm = ALGORITHM_DIRECT;
  const char *name = arena_printf(graph->arena, "%s_rows", x->name);
  Value *rows = graph_output(graph, node, x->kind, name, x->rank, x->dim);
  rows->layout = LAYOUT_PADDED_ROWS;
  graph_move_before(graph, node, reader);
  return rows;
}

/* Images of a few channels that only convolutions read need no padded channels. */
static bool only_convolved(const Graph *graph, const Value *x) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k] == x && (k > 0 || !op_can(node->op, CAN_READ_CHANNELS_LAST))) return false;
  }
  return x != graph->output;
}

/* Of an activation or its gradient. */
static Layout layout_of(const Graph *graph, const Value *value, int lanes) {
  if (value->rank == 1) return LAYOUT_PLAIN; /* statistics of channels */
  Layout layout = value->rank == 4 ? graph->image_layout : graph->feature_layout;
  if (layout != LAYOUT_CHANNEL_BLOCKED) return layout;
  bool narrow = value->producer->op == OP_pack_input && value->dim[1] < lanes;
  return narrow && only_convolved(graph, value) ? LAYOUT_CHANNELS_LAST : LAYOUT_CHANNEL_BLOCKED;
}

void pass_layout(Graph *graph, const CompileOptions *options) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (node->op != OP_linear_backward_weights || node->in[0]->layout == LAYOUT_PADDED_ROWS ||
        graph_is_plain(graph))
      continue;
    node->in[0] = rows_of(graph, node->in[0], node);
  }
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->layout != LAYOUT_UNSET) continue;
    bool per_image = value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT;
    value->layout =
        per_image ? layout_of(graph, value, target_lanes(options->target)) : LAYOUT_PLAIN;
  }
}
