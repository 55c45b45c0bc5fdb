#include "ir/graph.h"

#include "ir/init.h"
#include "schedule/schedule_file.h"
#include "ir/shapes.h"

#include <assert.h>
#include <stdlib.h>
#include <inttypes.h>
#include <string.h>

static const struct {
  const char *name, *attributes;
  int outputs;
} OPS[OP_COUNT] = {
#define OP(id, outputs, attributes, shape, gradient, lower) {#id, attributes, outputs},
#include "ir/ops.def"
#undef OP
};

const char *op_name(OpKind op) {
  return OPS[op].name;
}
const char *op_attributes(OpKind op) {
  return OPS[op].attributes;
}

bool op_is_loss(OpKind op) {
  return op == OP_softmax_cross_entropy || op == OP_squared_error;
}

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
  node->out = ARENA_ARRAY(graph->arena, Value *, OPS[op].outputs + 1); /* what it notes */
  LIST_PUSH(graph->arena, &graph->nodes, node);
  return node;
}

/* Those of its op, and what it notes for another node. */
static int outputs_of(const Node *node) {
  const Attributes *a = &node->attributes;
  const bool notes = (node->op == OP_conv2d_backward_data && a->partial_sums) ||
                     (node->op == OP_max_pool2d && a->argmax);
  return OPS[node->op].outputs + notes;
}

Value *graph_output(Graph *graph, Node *node, ValueKind kind, const char *name, int rank,
                    const int *dim) {
  assert(node->out_count < outputs_of(node));
  Value *value = graph_value(graph, kind, name, rank, dim);
  value->producer = node;
  value->pos = node->pos;
  node->out[node->out_count++] = value;
  return value;
}

/* --- asking and rewriting ------------------------------------------------------------------ */

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

/* --- print ----------------------------------------------------------------------------------- */

static const char *const KIND_NAMES[] = {"input",     "activation",         "gradient",
                                         "parameter", "parameter gradient", "loss",
                                         "workspace", "prepared",           "buffer"};
static const char *const LAYOUT_NAMES[] = {
    "", "plain", "batch_blocked", "padded_rows", "channel_blocked", "channels_last"};
static const char *const PHASE_NAMES[] = {"prepare", "forward", "backward", "update"};
static const char *const ACTIVATION_NAMES[] = {"none", "relu"};
static const char *const ALGORITHM_NAMES[] = {"none", "direct", "taps", "winograd"};

const char *value_kind_name(ValueKind kind) {
  return KIND_NAMES[kind];
}
const char *layout_name(Layout layout) {
  return LAYOUT_NAMES[layout];
}
const char *phase_name(Phase phase) {
  return PHASE_NAMES[phase];
}
const char *activation_name(Activation activation) {
  return ACTIVATION_NAMES[activation];
}
const char *algorithm_name(Algorithm algorithm) {
  return ALGORITHM_NAMES[algorithm];
}

static void print_shape(const Value *value, FILE *out) {
  fputc('[', out);
  for (int i = 0; i < value->rank; i++) fprintf(out, "%s%d", i ? "," : "", value->dim[i]);
  fputc(']', out);
}

static void print_value(const Value *value, FILE *out) {
  fprintf(out, "  %s %s", KIND_NAMES[value->kind], value->name);
  print_shape(value, out);
  if (value_is_stored(value)) {
    fprintf(out, " %s", init_name(value->init.kind));
    if (value->init.kind != INIT_ZEROS) fprintf(out, " %g", value->init.scale);
  }
  if (value->layout != LAYOUT_UNSET) fprintf(out, " layout=%s", LAYOUT_NAMES[value->layout]);
  if (value->part_of) fprintf(out, " part=%s:%d", value->part_of->name, value->part_first);
  if (value->view_of) fprintf(out, " view=%s", value->view_of->name);
  if (value->elements) {
    fprintf(out, " at=%" PRId64 " size=%" PRId64, value->offset, value->elements);
    if (!value_is_stored(value) && value->kind != VALUE_PARAMETER_GRADIENT)
      fprintf(out, " live=%d..%d", value->first, value->last);
  }
  fputc('\n', out);
}

bool op_has_attribute(OpKind op, const char *name) {
  size_t length = strlen(name);
  for (const char *at = op_attributes(op); (at = strstr(at, name)) != NULL; at += length) {
    bool starts = at == op_attributes(op) || at[-1] == ' ';
    if (starts &&
        (at[length] == '\0' || at[length] == ' ' || at[length] == '!' || at[length] == '.'))
      return true;
  }
  return false;
}

static void print_attributes(const Node *node, FILE *out) {
  const Attributes *a = &node->attributes;
#define PRINT_INT(field) fprintf(out, " " #field "=%d", a->field)
#define PRINT_PAIR(field) fprintf(out, " " #field "=%dx%d", a->field[0], a->field[1])
#define PRINT_BOOL(field) fprintf(out, " " #field "=%s", a->field ? "true" : "false")
#define PRINT_REAL(field) fprintf(out, " " #field "=%g", a->field)
#define PRINT_ACTIVATION(field) fprintf(out, " " #field "=%s", ACTIVATION_NAMES[a->field])
#define PRINT(field, type)                                                                         \
  if (op_has_attribute(node->op, #field)) PRINT_##type(field);
  ATTRIBUTES(PRINT)
#undef PRINT
}

static void print_node(const Graph *graph, const Node *node, FILE *out) {
  fprintf(out, "  ");
  for (int i = 0; i < node->out_count; i++) {
    fprintf(out, "%s%s", i ? ", " : "", node->out[i]->name);
    print_shape(node->out[i], out);
  }
  fprintf(out, "%s%s(", node->out_count ? " = " : "", op_name(node->op));
  for (int i = 0; i < node->in_count; i++) fprintf(out, "%s%s", i ? ", " : "", node->in[i]->name);
  fputc(')', out);
  print_attributes(node, out);
  if (node->schedule.algorithm != ALGORITHM_NONE)
    fprintf(out, " | %s", schedule_words(graph, node));
  if (node->pos.file) fprintf(out, "  -- %s:%d", node->pos.file, node->pos.line);
  fputc('\n', out);
}

void graph_print(const Graph *graph, FILE *out) {
  fprintf(out, "graph %s batch %d\nvalues:\n", graph->name, graph->recipe.batch);
  for (int i = 0; i < graph->values.count; i++) print_value(graph->values.at[i], out);
  int phase = -1;
  for (int i = 0; i < graph->nodes.count; i++) {
    if ((int)graph->nodes.at[i]->phase != phase) {
      phase = (int)graph->nodes.at[i]->phase;
      fprintf(out, "%s:\n", PHASE_NAMES[phase]);
    }
    print_node(graph, graph->nodes.at[i], out);
  }
}

/* --- verify ---------------------------------------------------------------------------------- */

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

/* Places are what the backward pass of a pool reads; without them, nothing can lack one. */
static void verify_places(const Node *node) {
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
    assert(node->out_count == outputs_of(node));
    verify_inputs(graph, node, listed, made);
    verify_sums(node, made);
    verify_places(node);
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

bool value_is_planned(const Value *value) {
  return value->kind == VALUE_ACTIVATION || value->kind == VALUE_GRADIENT ||
         value->kind == VALUE_WORKSPACE || value->kind == VALUE_PREPACKED;
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
