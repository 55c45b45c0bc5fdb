#include "ir/verify.h"

#include "ir/queries.h"
#include "ir/shapes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void verify_names(const Graph *graph) {
  const int count = graph->values.count;
  const char **names = ARENA_ARRAY(graph->arena, const char *, count);
  for (int i = 0; i < count; i++) names[i] = graph->values.at[i]->name;
  qsort(names, (size_t)count, sizeof *names, by_name);
  for (int i = 1; i < count; i++) assert(strcmp(names[i - 1], names[i]) != 0);
}

/* Values that a node makes before `node` reads them, or that nobody makes. */
static void verify_inputs(const Graph *graph, const Node *node, const bool *listed,
                          const bool *made) {
  for (int k = 0; k < node->in_count; k++) {
    const Value *value = node->in[k];
    assert(listed[value->id]);
    if (value->producer)
      assert(made[value->id]);
    else
      assert(value == graph->input || value_is_stored(value));
  }
}

/* Passes give shapes to the values that they make; those of a model's ops have rules. */
static void verify_shape(const Node *node) {
  if (!shape_has_rule(node->op)) return;
  Diag mistake = {0};
  Shape shape;
  bool fits = shape_infer(node, &mistake, &shape);
  assert(fits && shape.rank == node->out[0]->rank);
  assert(!memcmp(shape.dim, node->out[0]->dim, sizeof shape.dim));
}

static void verify_schedule(const Graph *graph, const Node *node) {
  assert((node->schedule.algorithm == ALGORITHM_NONE) == node_is_view(graph, node));
}

/* Sums are read together with what they are of, by a node whose other inputs exist by then. */
static void verify_sums(const Node *node, const bool *made) {
  if (!node->attributes.partial_sums) {
    assert(!node->summed);
  } else if (node->op == OP_batch_norm_backward) {
    const Node *conv = node->in[0]->producer;
    assert(conv->summed == node && node->in[node->in_count - 1] == conv->out[1]);
  } else {
    const Node *norm = node->summed;
    assert(norm->attributes.partial_sums && norm->in[0] == node->out[0]);
    assert(!norm->attributes.dy_relu_mask || node_recomputes_relu(norm));
    for (int k = 1; k < 5 + norm->attributes.dy_relu_mask; k++)
      assert(!norm->in[k]->producer || made[norm->in[k]->id]);
  }
}

/* The backward pass of a max pool reads the argmax, which has the ReLU mask. */
static void verify_argmax(const Node *node) {
  if (node->op == OP_max_pool2d) assert(node->attributes.argmax || !node->attributes.relu_mask);
  if (node->op == OP_max_pool2d_backward)
    assert(node->forward->attributes.argmax && node->in[1] == node->forward->out[1]);
}

static void verify_nodes(const Graph *graph, GraphStage stage) {
  bool *listed = ARENA_ARRAY(graph->arena, bool, graph->next_id);
  bool *made = ARENA_ARRAY(graph->arena, bool, graph->next_id);
  for (int i = 0; i < graph->values.count; i++) listed[graph->values.at[i]->id] = true;
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    assert(node->out_count == node_output_count(node));
    verify_inputs(graph, node, listed, made);
    verify_sums(node, made);
    verify_argmax(node);
    for (int k = 0; k < node->out_count; k++) {
      assert(listed[node->out[k]->id]);
      assert(node->out[k]->producer == node);
      made[node->out[k]->id] = true;
    }
    verify_shape(node);
    if (stage >= STAGE_SCHEDULED) verify_schedule(graph, node);
    if (i) assert(node->phase >= graph->nodes.at[i - 1]->phase);
    if (stage < STAGE_DIFFERENTIATED) assert(node->phase == PHASE_FORWARD);
  }
}

static bool in_activation_block(const Value *value) {
  return value_is_planned(value) && !value->view_of;
}

static bool contains(const Value *a, const Value *b) {
  return a->part_first <= b->part_first && b->part_first + b->dim[1] <= a->part_first + a->dim[1];
}

/* Parts of a whole lie in it, beside or within each other. */
static void verify_parts(const Graph *graph) {
  for (int i = 0; i < graph->values.count; i++) {
    const Value *a = graph->values.at[i];
    if (!a->part_of) continue;
    assert(!a->part_of->part_of && contains(a->part_of, a));
    for (int k = 0; k < i; k++) {
      const Value *b = graph->values.at[k];
      if (b->part_of != a->part_of || contains(a, b) || contains(b, a)) continue;
      assert(a->part_first + a->dim[1] <= b->part_first ||
             b->part_first + b->dim[1] <= a->part_first);
    }
  }
}

/* A convolution reads all of x for a part of y. */
static void verify_convolutions(const Graph *graph) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    const bool conv = node->op == OP_conv2d || node->op == OP_conv2d_prepacked ||
                      node->op == OP_conv2d_backward_data;
    if (conv) assert(value_root(node->in[0]) != value_root(node->out[0]));
  }
}

/* No two values that live at the same time lie on the same memory. */
static void verify_plan(const Graph *graph) {
  for (int i = 0; i < graph->values.count; i++) {
    const Value *a = graph->values.at[i];
    if (!in_activation_block(a)) continue;
    for (int k = 0; k < i; k++) {
      const Value *b = graph->values.at[k];
      if (!in_activation_block(b) || a->last < b->first || b->last < a->first) continue;
      assert(a->offset + a->elements <= b->offset || b->offset + b->elements <= a->offset);
    }
  }
}

void graph_verify(const Graph *graph, GraphStage stage) {
  verify_names(graph);
  assert(graph->input && graph->output); /* inference has no loss */
  verify_nodes(graph, stage);
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    for (int k = 0; k < value->rank; k++) assert(value->dim[k] > 0);
    if (stage >= STAGE_LAID_OUT) assert(value->layout != LAYOUT_UNSET);
    if (stage >= STAGE_PLANNED && value->kind != VALUE_INPUT && value->kind != VALUE_LOSS)
      assert(value->elements >= value_count(value));
    if (stage >= STAGE_DIFFERENTIATED && value->gradient)
      assert(value_count(value->gradient) == value_count(value));
  }
  if (stage < STAGE_PLANNED) return;
  verify_plan(graph);
  verify_parts(graph);
  verify_convolutions(graph);
}
