/* layout: how every value lies in memory.
   Requires  a fused graph.
   Establishes  value->layout everywhere; where a kernel reads a value in another layout than the
   one it is made in, a conversion node stands before it. May break  nothing.

   Activations and their gradients have the batch innermost (LAYOUT_LANES); docs/design.md says why.
   linear_backward_weights makes vectors of input features, so it reads its x in rows. */
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

void pass_layout(Graph *graph, const CompileOptions *options) {
  (void)options; /* one activation layout so far, whatever the target */
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (node->op != OP_linear_backward_weights || node->in[0]->layout == LAYOUT_ROWS) continue;
    node->in[0] = rows_of(graph, node->in[0], node);
  }
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->layout != LAYOUT_UNSET) continue;
    bool per_image = value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT;
    bool lanes = per_image && value->rank > 1; /* rank 1: statistics of channels */
    value->layout = lanes ? LAYOUT_LANES : LAYOUT_PLAIN;
  }
}
