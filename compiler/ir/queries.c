#include "ir/queries.h"

#include <string.h>

/* What stands before the suffix, or NULL. */
static const char *stem_of(Arena *arena, const char *text, const char *suffix) {
  size_t all = text ? strlen(text) : 0, tail = strlen(suffix);
  if (all <= tail || strcmp(text + all - tail, suffix) != 0) return NULL;
  return arena_printf(arena, "%.*s", (int)(all - tail), text);
}

bool find_norm(const Graph *graph, int i, const char **name, const char **identifier) {
  static const char *const SUFFIXES[] = {"weight", "bias", "running_mean", "running_var"};
  if (i + 4 > graph->values.count) return false;
  for (int k = 0; k < 4; k++) {
    const Value *value = graph->values.at[i + k];
    const char *dotted = arena_printf(graph->arena, ".%s", SUFFIXES[k]);
    const char *plain = arena_printf(graph->arena, "_%s", SUFFIXES[k]);
    const char *stem = stem_of(graph->arena, value->name, dotted);
    const char *id_stem = stem_of(graph->arena, value->identifier, plain);
    if (!stem || !id_stem) return false;
    if (k && (strcmp(stem, *name) != 0 || strcmp(id_stem, *identifier) != 0)) return false;
    *name = stem;
    *identifier = id_stem;
  }
  return true;
}

bool graph_is_plain(const Graph *graph) {
  return graph->image_layout == LAYOUT_PLAIN;
}

bool node_is_channel_blocked(const Graph *graph, const Node *node) {
  bool images = node->in[0]->rank == 4 || node->op == OP_reshape;
  return (images ? graph->image_layout : graph->feature_layout) == LAYOUT_CHANNEL_BLOCKED;
}

/* Both may be parts of a third. */
static bool is_part(const Value *part, const Value *whole) {
  return part->part_of && part->part_of == (whole->part_of ? whole->part_of : whole);
}

bool node_is_view(const Graph *graph, const Node *node) {
  if (node->op == OP_concat) return is_part(node->in[0], node->out[0]);
  if (node->op == OP_slice) return is_part(node->out[0], node->in[0]);
  if (node->op != OP_flatten && node->op != OP_reshape) return false;
  if (graph_is_plain(graph)) return true;
  const Value *images = node->op == OP_flatten ? node->in[0] : node->out[0];
  int channels = images->dim[1], height = images->dim[2], width = images->dim[3];
  if (graph->image_layout != graph->feature_layout) return false;
  if (graph->image_layout == LAYOUT_CHANNEL_BLOCKED) return height == 1 && width == 1;
  return channels == 1 || height == 1;
}

int64_t value_count(const Value *value) {
  int64_t count = 1;
  for (int i = 0; i < value->rank; i++) count *= value->dim[i];
  return count;
}

int64_t value_features(const Value *value) {
  return (int64_t)value->dim[1] * value->dim[2] * value->dim[3];
}

Value *value_root(Value *value) {
  while (value->view_of) value = value->view_of;
  return value;
}

int value_whole_channels(const Value *value) {
  return value->part_of ? value->part_of->dim[1] : 0;
}

int value_row_channels(const Value *value) {
  return value->part_of ? value_whole_channels(value) : value->dim[1];
}

bool node_recomputes_relu(const Node *norm_backward) {
  return norm_backward->attributes.dy_relu_mask && norm_backward->in[5]->kind == VALUE_PARAMETER;
}

Value *node_residual(const Node *node) {
  const Attributes *a = &node->attributes;
  if (!a->residual) return NULL;
  return node->in[node->in_count - 1 - a->relu_mask];
}

Value *graph_find_value(const Graph *graph, const char *name) {
  for (int i = 0; i < graph->values.count; i++)
    if (!strcmp(graph->values.at[i]->name, name)) return graph->values.at[i];
  return NULL;
}

bool value_is_stored(const Value *value) {
  return value->kind == VALUE_PARAMETER || value->kind == VALUE_BUFFER;
}

int graph_uses(const Graph *graph, const Value *value) {
  int uses = (graph->output == value) + (graph->loss && value->kind == VALUE_LOSS);
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++) uses += node->in[k] == value;
  }
  return uses;
}

Node *graph_only_reader(const Graph *graph, const Value *value) {
  if (graph_uses(graph, value) != 1) return NULL;
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k] == value) return node;
  }
  return NULL;
}

bool value_is_planned(const Value *value) {
  return value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT ||
         value->kind == VALUE_WORKSPACE || value->kind == VALUE_PREPACKED;
}

int64_t node_updated_reals(const Node *update) {
  int64_t end = 0;
  for (int i = 0; i < update->in_count; i += 2) {
    const Value *parameter = update->in[i];
    if (parameter->offset + parameter->elements > end)
      end = parameter->offset + parameter->elements;
  }
  const int64_t reals = end - update->in[0]->offset + ALIGNMENT_REALS - 1;
  return reals / ALIGNMENT_REALS * ALIGNMENT_REALS;
}
