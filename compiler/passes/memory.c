/* memory: a place for every value, known when the program is made.
   Requires  layouts and views.
   Establishes  elements, offset, first and last of every value; view_of where a value lives in the
   memory of another: views, parts, and results that an elementwise op writes over an input that
   dies there. May break  nothing.

   Three blocks: parameters, their gradients (same offsets; parameters without one come last, so
   that this block ends before them, as those of the optimiser do), activations with their
   gradients. Offsets in the last are found greedily, the largest value first, each at the lowest
   place where nothing that lives at the same time lies. With keep_values nothing shares memory, and
   every value ends at a page border with an empty page behind it. */
#include "ir/queries.h"
#include "passes/memory.h"
#include "passes/passes.h"

#include <stdlib.h>

static int64_t round_up(int64_t n, int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

/* Reals of so many channels of a row of channel-blocked images. */
static int64_t row_reals(const Value *value, int channels, int lanes) {
  return round_up(channels, lanes) * value->dim[3];
}

/* Reals of the value in its layout; a part: from its first to its last. */
static int64_t laid_out_size(const Value *value, int lanes) {
  int64_t images = round_up(value->dim[0], lanes);
  int64_t features = value_features(value);
  switch (value->layout) {
  case LAYOUT_BATCH_BLOCKED:
    return images * features;
  case LAYOUT_PADDED_ROWS:
    return images * round_up(features, lanes);
  case LAYOUT_CHANNEL_BLOCKED:
    return (value->dim[0] * value->dim[2] - 1) *
               row_reals(value, value_row_channels(value), lanes) +
           row_reals(value, value->dim[1], lanes);
  default:
    return value_count(value);
  }
}

/* Has a backward half. */
static bool trains(const Graph *graph) {
  return graph->loss != NULL;
}

static void plan_parameter(Value *value, int64_t *end) {
  value->offset = *end;
  value->elements = value_count(value);
  *end = round_up(*end + value->elements, ALIGNMENT_REALS);
  if (!value->gradient) return;
  value->gradient->offset = value->offset;
  value->gradient->elements = value->elements;
}

/* What one update reads is contiguous; then frozen parameters whose gradient a kernel makes
   besides; what has no gradient comes last. */
static void plan_parameters(Graph *graph) {
  int64_t end = 0;
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->op != OP_update) continue;
    for (int k = 0; k < node->in_count; k += 2) plan_parameter(node->in[k], &end);
  }
  for (int without = false; without <= true; without++) {
    for (int i = 0; i < graph->values.count; i++) {
      Value *value = graph->values.at[i];
      if (value_is_stored(value) && !value->elements && (value->gradient == NULL) == without)
        plan_parameter(value, &end);
    }
  }
}

/* In a textbook, activations have memory of their own: training and inference have them at the same
   offsets. */
static void keep_activations(Graph *graph) {
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->kind == VALUE_ACTIVATION) value->last = graph->nodes.count;
  }
}

static void find_lifetimes(Graph *graph) {
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k]->kind != VALUE_PREPACKED) node->in[k]->last = i;
    for (int k = 0; k < node->out_count; k++) {
      Value *made = node->out[k];
      made->first = i;
      made->last = made->kind == VALUE_PREPACKED ? graph->nodes.count : i;
    }
    Value *workspace = node->workspace;
    if (!workspace) continue;
    if (!workspace->last) workspace->first = i; /* node 0 makes the images */
    workspace->last = i;
  }
  graph->output->last = graph->nodes.count; /* the caller reads it */
  if (graph_is_plain(graph)) keep_activations(graph);
}

static void live_in(Value *value, Value *host) {
  host = value_root(host);
  value->view_of = host;
  if (value->first < host->first) host->first = value->first;
  if (value->last > host->last) host->last = value->last;
}

/* The input that the node may overwrite with its result, or NULL. A convolution reads all of its
   input 0 for a part of y, but each number of the residual only for the same number of y. */
static Value *may_overwrite(const Node *node) {
  if (op_can(node->op, CAN_WORK_IN_PLACE)) return node->in[0];
  if (node->op != OP_conv2d_prepacked && node->op != OP_conv2d_backward_data) return NULL;
  Value *residual = node_residual(node);
  return residual && value_root(residual) != value_root(node->in[0]) ? residual : NULL;
}

static void share_memory(Graph *graph, bool keep_values) {
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->part_of) live_in(value, value->part_of);
  }
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    if (node_is_view(graph, node) && !node->in[0]->part_of && !node->out[0]->part_of)
      live_in(node->out[0], node->in[0]);
  }
  if (keep_values) return;
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    Value *over = may_overwrite(node);
    const Value *host = over ? value_root(over) : NULL;
    if (host && value_is_planned(host) && host->last == i && !node->out[0]->view_of)
      live_in(node->out[0], over);
  }
}

static int by_size(const void *left, const void *right) {
  const Value *a = *(Value *const *)left, *b = *(Value *const *)right;
  if (a->elements != b->elements) return a->elements < b->elements ? 1 : -1;
  return a->id - b->id;
}

static bool live_together(const Value *a, const Value *b) {
  return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset where `value` meets none of those that are placed. */
static int64_t lowest_offset(const Value *value, Value *const *placed, int count) {
  int64_t offset = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (int i = 0; i < count; i++) {
      const Value *other = placed[i];
      int64_t end = other->offset + other->elements;
      if (!live_together(value, other) || offset >= end ||
          offset + value->elements <= other->offset)
        continue;
      offset = round_up(end, ALIGNMENT_REALS);
      moved = true;
    }
  }
  return offset;
}

static void place(Graph *graph) {
  Value **roots = ARENA_ARRAY(graph->arena, Value *, graph->values.count);
  int count = 0;
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value_is_planned(value) && !value->view_of) roots[count++] = value;
  }
  qsort(roots, (size_t)count, sizeof *roots, by_size);
  for (int i = 0; i < count; i++) roots[i]->offset = lowest_offset(roots[i], roots, i);
}

static void place_guarded(Graph *graph, int bytes) {
  const int64_t page = GUARD_BYTES / bytes;
  int64_t end = 0;
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (!value_is_planned(value) || value->view_of) continue;
    end += page + round_up(value->elements, page);
    value->offset = end - value->elements;
  }
}

/* Values of inference for which `belongs` is true have the places of those of training. */
static void adopt(Graph *inference, const Graph *training, bool (*belongs)(const Value *)) {
  for (int i = 0; i < inference->values.count; i++) {
    Value *value = inference->values.at[i];
    if (!belongs(value)) continue;
    const Value *twin = graph_find_value(training, value->name);
    value->offset = twin->offset;
    value->elements = twin->elements;
  }
}

void graph_adopt_parameters(Graph *inference, const Graph *training) {
  adopt(inference, training, value_is_stored);
}

void graph_adopt_activations(Graph *inference, const Graph *training) {
  adopt(inference, training, value_is_planned);
}

void pass_memory(Graph *graph, const CompileOptions *options) {
  int lanes = target_lanes(options->target);
  if (trains(graph)) plan_parameters(graph); /* inference has those of its training graph */
  find_lifetimes(graph);
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value_is_planned(value)) value->elements = laid_out_size(value, lanes);
  }
  share_memory(graph, options->keep_values);
  if (options->keep_values)
    place_guarded(graph, real_bytes(options));
  else
    place(graph);
  for (int i = 0; i < graph->values.count; i++) {
    Value *value = graph->values.at[i];
    if (value->view_of) value->offset = value_root(value)->offset;
    if (value->part_of) value->offset += row_reals(value, value->part_first, lanes);
  }
}

static int64_t block_end(const Graph *graph, bool (*belongs)(const Value *)) {
  int64_t end = 0;
  for (int i = 0; i < graph->values.count; i++) {
    const Value *value = graph->values.at[i];
    int64_t value_end = value->offset + value->elements;
    if (belongs(value) && value_end > end) end = value_end;
  }
  return round_up(end, ALIGNMENT_REALS);
}

static bool has_gradient(const Value *value) {
  return value_is_stored(value) && value->gradient;
}

int64_t graph_parameter_reals(const Graph *graph) {
  return block_end(graph, value_is_stored);
}
int64_t graph_gradient_reals(const Graph *graph) {
  return block_end(graph, has_gradient);
}
int64_t graph_activation_reals(const Graph *graph) {
  return block_end(graph, value_is_planned);
}

int64_t graph_bytes(const Graph *graph, const CompileOptions *options) {
  int64_t blocks = trains(graph) ? 1 + optimizer_blocks(&graph->recipe) : 0;
  int64_t reals = graph_parameter_reals(graph) + blocks * graph_gradient_reals(graph) +
                  graph_activation_reals(graph);
  return reals * real_bytes(options);
}
