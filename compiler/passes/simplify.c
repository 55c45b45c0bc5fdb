/* simplify: canonical form.
   Requires  the graph as the model built it.
   Establishes  no op without effect (dropout with p = 0, 1x1 pooling with stride 1, adaptive
   pooling to the size that is there, flatten of what is flat, an activation of its own result) and
   no node whose result nobody reads;
   strides and dilations of at most the size of the padded input. May break  nothing. */
#include "ir/queries.h"
#include "passes/passes.h"

static bool is_unit_pool(const Node *node) {
  const Attributes *a = &node->attributes;
  for (int i = 0; i < 2; i++)
    if (a->kernel[i] != 1 || a->stride[i] != 1 || a->padding[i] != 0) return false;
  return true;
}

static bool has_no_effect(const Node *node) {
  const Value *x = node->in_count ? node->in[0] : NULL;
  switch (node->op) {
  case OP_dropout:
    return node->attributes.p == 0;
  case OP_max_pool2d:
  case OP_avg_pool2d:
    return is_unit_pool(node);
  case OP_adaptive_avg_pool2d: /* every window is a pixel */
    return node->out[0]->dim[2] == x->dim[2] && node->out[0]->dim[3] == x->dim[3];
  case OP_flatten:
    return x->rank == 2;
  case OP_relu:
    return x->producer && x->producer->op == OP_relu;
  default:
    return false;
  }
}

/* A stride that leads past the padded input, where there is one output, and the dilation of a
   kernel of one tap, count as the size of the padded input: so distances stay below it. */
static void limit_distances(Node *node) {
  Attributes *a = &node->attributes;
  const bool has_window = op_has_attribute(node->op, "stride");
  for (int i = 0; i < 2 && has_window; i++) {
    int size = node->in[0]->dim[2 + i] + 2 * a->padding[i];
    if (size < a->kernel[i]) size = a->kernel[i];
    if (a->stride[i] > size) a->stride[i] = size;
    if (a->dilation[i] > size) a->dilation[i] = size;
  }
}

static bool is_dead(const Graph *graph, const Node *node) {
  for (int i = 0; i < node->out_count; i++)
    if (graph_uses(graph, node->out[i])) return false;
  return true;
}

static void bypass(Graph *graph, Node *node) {
  graph_replace(graph, node->out[0], node->in[0]);
  graph_remove(graph, node);
}

void pass_simplify(Graph *graph) {
  for (int i = 0; i < graph->nodes.count; i++) limit_distances(graph->nodes.at[i]);
  for (int i = 0; i < graph->nodes.count; i++)
    if (has_no_effect(graph->nodes.at[i])) bypass(graph, graph->nodes.at[i--]);
  for (int i = graph->nodes.count - 1; i >= 0; i--)
    if (is_dead(graph, graph->nodes.at[i])) graph_remove(graph, graph->nodes.at[i]);
  graph_sweep_values(graph);
}
