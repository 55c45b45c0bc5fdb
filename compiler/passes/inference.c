/* The graph of inference: a copy of the simplified forward graph up to the logits. The losses are
   gone and what only they need; dropout does nothing; batch_norm uses its running statistics. */
#include "ir/queries.h"
#include "passes/layout.h"
#include "passes/passes.h"

static Value *copy_value(Graph *copy, const Value *value) {
  Value *twin = graph_value(copy, value->kind, value->name, value->rank, value->dim);
  twin->init = value->init;
  twin->trainable = value->trainable;
  twin->lr_scale = value->lr_scale;
  twin->decay_scale = value->decay_scale;
  twin->pos = value->pos;
  return twin;
}

static void copy_node(Graph *copy, const Node *node) {
  Value **in = ARENA_ARRAY(copy->arena, Value *, node->in_count);
  for (int i = 0; i < node->in_count; i++) in[i] = graph_find_value(copy, node->in[i]->name);
  Node *twin = graph_node(copy, node->op, node->name, node->pos, node->in_count, in);
  twin->attributes = node->attributes;
  for (int i = 0; i < node->out_count; i++) {
    Value *out = graph_find_value(copy, node->out[i]->name);
    out->producer = twin;
    twin->out[twin->out_count++] = out;
  }
}

static void use_running_statistics(Graph *graph, Node *node) {
  node->op = OP_batch_norm_inference;
  for (int i = 1; i < node->out_count; i++) node->out[i]->producer = NULL;
  node->out_count = 1;
  graph_sweep_values(graph);
}

Graph *graph_inference(const Graph *graph, const CompileOptions *options) {
  Graph *copy = graph_new(graph->arena, graph->diag);
  copy->name = graph->name;
  copy->file = graph->file;
  copy->classes = graph->classes;
  copy->recipe = graph->recipe;
  for (int i = 0; i < graph->values.count; i++) copy_value(copy, graph->values.at[i]);
  for (int i = 0; i < graph->nodes.count; i++) copy_node(copy, graph->nodes.at[i]);
  copy->input = graph_find_value(copy, graph->input->name);
  copy->output = graph_find_value(copy, graph->output->name);
  for (int i = 0; i < copy->nodes.count; i++) {
    Node *node = copy->nodes.at[i];
    if (node->op == OP_dropout) node->attributes.p = 0;
    if (node->op == OP_batch_norm) use_running_statistics(copy, node);
  }
  pass_simplify(copy); /* takes out dropout, and the losses, which nobody reads here */
  copy->image_layout = copy->feature_layout = choose_layout(copy, options);
  return copy;
}
