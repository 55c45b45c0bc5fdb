/* layout: how every value lies in memory.
   Requires  a fused graph.
   Establishes  value->layout everywhere; where a kernel reads a value in another layout than the
   one it is made in, a conversion node stands before it. May break  nothing.

   Activations and their gradients have the batch innermost (LAYOUT_LANES), or in inference channels
   (LAYOUT_CHANNELS), as graph->layout says; docs/design.md says why. linear_backward_weights makes
   vectors of input features, so it reads its x in rows. */
#include "passes.h"

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
  rows->layout = LAYOUT_ROWS;
  graph_move_before(graph, node, reader);
  return rows;
}

/* Images of a few channels that only convolutions read need no channels beside them. */
static bool only_convolved(const Graph *graph, const Value *x) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k] == x && (node->op != OP_conv2d_prepared || k > 0)) return false;
  }
  return x != graph->output;
}

/* Of an activation or its gradient. */
static Layout layout_of(const Graph *graph, const Value *value, int lanes) {
  if (value->rank == 1) return LAYOUT_PLAIN; /* statistics of channels */
  if (graph->layout == LAYOUT_LANES) return LAYOUT_LANES;
  bool narrow = value->producer->op == OP_pack_input && value->dim[1] < lanes;
  return narrow && only_convolved(graph, value) ? LAYOUT_PIXELS : LAYOUT_CHANNELS;
}

void pass_layout(Graph *graph, const CompileOptions *options) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (node->op != OP_linear_backward_weights || node->in[0]->layout == LAYOUT_ROWS) continue;
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
