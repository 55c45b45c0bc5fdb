#include "emit/layers.h"

#include "ir/dump.h"
#include "ir/queries.h"
#include "schedule/cost.h"

#include <string.h>

/* --- receptive fields ----------------------------------------------------------------------- */

/* By side, height and width: the pixels that one number sees, the distance in pixels between
   neighbours, and the pixels that all of them see together. Dumoulin and Visin 2016, "A guide to
   convolution arithmetic for deep learning". */
typedef struct Field {
  int64_t size[2], step[2], all[2];
} Field;

static int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static Field field_of_image(const Graph *graph) {
  const int *dim = graph->input->dim;
  return (Field){{1, 1}, {1, 1}, {dim[2], dim[3]}};
}

static Field slide_window(Field field, const Node *node, const int *image) {
  const Attributes *a = &node->attributes;
  for (int i = 0; i < 2; i++) {
    int dilation = node->op == OP_conv2d ? a->dilation[i] : 1;
    field.size[i] += (int64_t)dilation * (a->kernel[i] - 1) * field.step[i];
    field.step[i] *= a->stride[i];
    int64_t all = field.size[i] + (node->out[0]->dim[2 + i] - 1) * field.step[i];
    field.all[i] = smaller(all, image[i]);
  }
  return field;
}

/* The widest window: those of adaptive pooling differ by a pixel. */
static Field slide_adaptive(Field field, const Node *node, const int *image) {
  for (int i = 0; i < 2; i++) {
    int in = node->in[0]->dim[2 + i], out = node->attributes.output[i];
    int window = in % out ? in / out + 2 : in / out;
    field.size[i] = smaller(field.size[i] + (window - 1) * field.step[i], field.all[i]);
    field.step[i] *= in > out ? in / out : 1;
    field.all[i] = smaller(field.all[i], image[i]);
  }
  return field;
}

/* Of two branches. */
static Field wider(Field a, Field b) {
  return b.size[0] > a.size[0] ? b : a;
}

static Field field_after(const Node *node, const Field *fields, const int *image) {
  Field field = fields[node->in[0]->id];
  switch (node->op) {
  case OP_conv2d:
  case OP_max_pool2d:
  case OP_avg_pool2d:
    return slide_window(field, node, image);
  case OP_adaptive_avg_pool2d:
    return slide_adaptive(field, node, image);
  case OP_linear:
    for (int i = 0; i < 2; i++) field.size[i] = field.all[i];
    return field;
  case OP_add:
  case OP_concat:
    for (int k = 1; k < node->in_count; k++) field = wider(field, fields[node->in[k]->id]);
    return field;
  default:
    return node_residual(node) ? wider(field, fields[node_residual(node)->id]) : field;
  }
}

/* --- one layer ------------------------------------------------------------------------------ */

static bool is_layer(const Node *node) {
  if (node->phase != PHASE_FORWARD) return false;
  switch (node->op) {
  case OP_pack_input:
  case OP_to_rows:
  case OP_reshape:
  case OP_softmax_cross_entropy:
  case OP_squared_error:
    return false;
  default:
    return true;
  }
}

static void count_weights(const Node *node, LayerSummary *layer) {
  if (node->op == OP_batch_norm) { /* its running statistics are no parameters */
    layer->parameters = value_count(node->in[1]) + value_count(node->in[2]);
    return;
  }
  if (node->op != OP_conv2d && node->op != OP_linear) return;
  const Value *weight = node->in[1], *y = node->out[0];
  int64_t outputs = value_features(y);
  layer->parameters = value_count(weight) + (node->attributes.bias ? y->dim[1] : 0);
  layer->macs = node_macs(node);
  layer->linear_parameters =
      value_features(node->in[0]) * outputs + (node->attributes.bias ? outputs : 0);
}

static const char *kind_text(Arena *arena, const Node *node) {
  bool fused =
      op_has_attribute(node->op, "activation") && node->attributes.activation != ACTIVATION_NONE;
  return arena_printf(arena, "%s%s%s%s%s", node->attributes.frozen_statistics ? "frozen_" : "",
                      op_name(node->op), node->attributes.residual ? "+add" : "", fused ? "+" : "",
                      fused ? activation_name(node->attributes.activation) : "");
}

/* The gradient of a layer's output: what the backward nodes of the layer read; of a concat of
   relus, that in front of them. */
static const Value *gradient_of(const Graph *graph, const Node *layer) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    bool reads = node->phase == PHASE_BACKWARD && node->forward == layer;
    if (!reads || node->op == OP_add || node->attributes.dy_relu_mask) continue;
    if (layer->op == OP_concat && node->op == OP_relu_backward) continue;
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k]->kind == VALUE_GRADIENT) return node->in[k];
  }
  return layer->out[0]->gradient;
}

static LayerSummary summarize_layer(const Graph *graph, const Node *node, const Field *field,
                                    const CompileOptions *options) {
  const Value *y = node->out[0];
  const int *image = &graph->input->dim[2];
  LayerSummary layer = {.name = node->name,
                        .kind = kind_text(graph->arena, node),
                        .shape = {y->dim[1], y->dim[2], y->dim[3]},
                        .reshapes = memcmp(y->dim, node->in[0]->dim, sizeof y->dim) != 0,
                        .activation = y,
                        .gradient = gradient_of(graph, node)};
  for (int i = 0; i < 2; i++) layer.receptive_field[i] = (int)smaller(field->size[i], image[i]);
  if (node->op != OP_flatten || !y->view_of)
    layer.activation_bytes = value_features(y) * real_bytes(options);
  count_weights(node, &layer);
  return layer;
}

LayerSummaryList summarize(const Graph *graph, const CompileOptions *options) {
  Field *fields = ARENA_ARRAY(graph->arena, Field, graph->next_id);
  LayerSummary *layers = ARENA_ARRAY(graph->arena, LayerSummary, graph->nodes.count);
  int count = 0;
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    if (node->phase != PHASE_FORWARD) continue;
    Field field = node->op == OP_pack_input ? field_of_image(graph)
                                            : field_after(node, fields, &graph->input->dim[2]);
    for (int k = 0; k < node->out_count; k++) fields[node->out[k]->id] = field;
    if (is_layer(node)) layers[count++] = summarize_layer(graph, node, &field, options);
  }
  return (LayerSummaryList){layers, count};
}
