#include "ir/graph.h"

#include <assert.h>
#include <string.h>

/* --- building ---------------------------------------------------------------------------- */

Graph *graph_new(Arena *arena, Diag *diag) {
  Graph *graph = ARENA_NEW(arena, Graph);
  graph->arena = arena;
  graph->diag = diag;
  graph->image_layout = graph->feature_layout = LAYOUT_BATCH_BLOCKED;
  return graph;
}

static bool name_is_taken(const Graph *graph, const char *name) {
  for (int i = 0; i < graph->values.count; i++)
    if (!strcmp(graph->values.at[i]->name, name)) return true;
  return false;
}

Value *graph_value(Graph *graph, ValueKind kind, const char *name, int rank, const int *dim) {
  Value *value = ARENA_NEW(graph->arena, Value);
  value->id = graph->next_id++;
  value->kind = kind;
  value->rank = rank;
  for (int i = 0; i < 4; i++) value->dim[i] = i < rank ? dim[i] : 1;
  value->name = arena_strdup(graph->arena, name);
  for (int i = 2; name_is_taken(graph, value->name); i++)
    value->name = arena_printf(graph->arena, "%s_%d", name, i);
  LIST_PUSH(graph->arena, &graph->values, value);
  return value;
}

Node *graph_node(Graph *graph, OpKind op, const char *name, SourcePos pos, int in_count,
                 Value *const *in) {
  Node *node = ARENA_NEW(graph->arena, Node);
  node->op = op;
  node->phase = PHASE_FORWARD;
  node->name = arena_strdup(graph->arena, name);
  node->pos = pos;
  node->in_count = in_count;
  node->in = ARENA_ARRAY(graph->arena, Value *, in_count);
  for (int i = 0; i < in_count; i++) node->in[i] = in[i];
  node->out = ARENA_ARRAY(graph->arena, Value *, op_outputs(op) + 1); /* an optional one */
  LIST_PUSH(graph->arena, &graph->nodes, node);
  return node;
}

int node_output_count(const Node *node) {
  const Attributes *a = &node->attributes;
  const bool optional = (node->op == OP_conv2d_backward_data && a->partial_sums) ||
                        (node->op == OP_max_pool2d && a->argmax);
  return op_outputs(node->op) + optional;
}

Value *graph_output(Graph *graph, Node *node, ValueKind kind, const char *name, int rank,
                    const int *dim) {
  assert(node->out_count < node_output_count(node));
  Value *value = graph_value(graph, kind, name, rank, dim);
  value->producer = node;
  value->pos = node->pos;
  node->out[node->out_count++] = value;
  return value;
}

/* --- rewriting ------------------------------------------------------------------------------- */

void graph_replace(Graph *graph, Value *from, Value *to) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k] == from) node->in[k] = to;
  }
  if (graph->output == from) graph->output = to;
  if (graph->loss == from) graph->loss = to;
}

void graph_append_inputs(Graph *graph, Node *node, int count, Value *const *values) {
  Value **in = ARENA_ARRAY(graph->arena, Value *, node->in_count + count);
  for (int i = 0; i < node->in_count; i++) in[i] = node->in[i];
  for (int i = 0; i < count; i++) in[node->in_count + i] = values[i];
  node->in = in;
  node->in_count += count;
}

void graph_move_before(Graph *graph, Node *node, const Node *before) {
  NodeList *nodes = &graph->nodes;
  int from = 0, to = 0;
  while (nodes->at[from] != node) from++;
  while (nodes->at[to] != before) to++;
  for (; from > to; from--) nodes->at[from] = nodes->at[from - 1];
  for (; from + 1 < to; from++) nodes->at[from] = nodes->at[from + 1];
  nodes->at[from] = node;
}

static void remove_value(Graph *graph, const Value *value) {
  int kept = 0;
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i] != value) graph->values.at[kept++] = graph->values.at[i];
  graph->values.count = kept;
}

void graph_remove(Graph *graph, Node *node) {
  int kept = 0;
  for (int i = 0; i < graph->nodes.count; i++)
    if (graph->nodes.at[i] != node) graph->nodes.at[kept++] = graph->nodes.at[i];
  graph->nodes.count = kept;
  for (int i = 0; i < node->out_count; i++)
    if (node->out[i]->producer == node) remove_value(graph, node->out[i]);
}

void graph_sweep_values(Graph *graph) {
  bool *read = ARENA_ARRAY(graph->arena, bool, graph->next_id);
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++) read[node->in[k]->id] = true;
  }
  int kept = 0;
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->producer || value == graph->input || value == graph->output || read[value->id])
      graph->values.at[kept++] = value;
  }
  graph->values.count = kept;
}

void graph_absorb(Graph *graph, Node *node, Node *next) {
  Value *result = next->out[0], *between = node->out[0];
  for (int i = 0; i < graph->values.count; i++)
    if (graph->values.at[i]->gradient == between) graph->values.at[i]->gradient = NULL;
  result->producer = node;
  node->out[0] = result;
  between->producer = NULL;
  graph_remove(graph, next);
  graph_sweep_values(graph);
}
