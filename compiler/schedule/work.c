#include "schedule/work.h"

#include "ir/queries.h"
#include "schedule/convolution.h"
#include "schedule/cost.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

#include <inttypes.h>

/* What the counts depend on besides the node. */
typedef struct Shape {
  const Node *node;
  const Graph *graph;
  const CompileOptions *options;
  int batch, lanes;
  bool channel_blocked;
} Shape;

/* --- items by kind of kernel ------------------------------------------------------------------ */

/* Images, or vectors of images where these are batch-blocked. */
static int64_t image_groups(const Shape *w) {
  return w->channel_blocked ? w->batch : divide_up(w->batch, w->lanes);
}

/* Channels, or vectors of channels. */
static int64_t planes(const Shape *w, const Value *value) {
  return w->channel_blocked ? divide_up(value->dim[1], w->lanes) : value->dim[1];
}

static int64_t conv_batch_blocked_items(const Shape *w) {
  const ConvBatchBlocked *s = &w->node->schedule.conv_batch_blocked;
  const int groups = w->node->attributes.groups;
  const Value *y = w->node->out[0];
  const int tiles = divide_up(y->dim[1] / groups, s->oc_unroll);
  return image_groups(w) * y->dim[2] * groups * divide_up(tiles, s->oc_block);
}

static int64_t weights_batch_blocked_items(const Shape *w) {
  const WeightsBatchBlocked *s = &w->node->schedule.weights_batch_blocked;
  const Attributes *a = &w->node->attributes;
  const int ic = w->node->in[0]->dim[1] / a->groups, oc = w->node->in[1]->dim[1] / a->groups;
  return (int64_t)s->split_k * a->groups * divide_up(oc, s->oc_block) * divide_up(ic, s->ic_block) *
         (a->kernel[0] / s->kh_block);
}

static int64_t conv_channel_blocked_items(const Shape *w) {
  const ConvChannelBlocked *s = &w->node->schedule.conv_channel_blocked;
  const weights_shape shape = weights_shape_of(w->node, s->oc_vectors, w->lanes);
  return (int64_t)w->batch * oc_tiles(shape) * divide_up(w->node->out[0]->dim[2], s->oh_block);
}

static int64_t weights_channel_blocked_items(const Shape *w) {
  const WeightsChannelBlocked *s = &w->node->schedule.weights_channel_blocked;
  const weights_shape shape = weights_shape_of(w->node, s->oc_vectors, w->lanes);
  return (int64_t)s->split_k * divide_up(oc_tiles(shape), s->oc_block) *
         divide_up(divide_up(shape.ic, w->lanes), s->ic_block);
}

static int64_t linear_batch_blocked_items(const Shape *w) {
  return divide_up(w->node->out[0]->dim[1], w->node->schedule.linear_batch_blocked.oc_unroll);
}

/* A register tile where one pass makes all, else a block of features. */
static int64_t linear_backward_data_items(const Shape *w) {
  const LinearBackwardData *s = &w->node->schedule.linear_backward_data;
  const int ic = w->node->out[0]->dim[1], oc = w->node->in[0]->dim[1];
  const bool blocks = s->ic_block < ic || s->oc_block < oc;
  return divide_up(ic, blocks ? s->ic_block : s->ic_unroll);
}

static int64_t linear_weights_items(const Shape *w) {
  const LinearWeights *s = &w->node->schedule.linear_weights;
  return (int64_t)divide_up(w->node->in[1]->dim[1], s->oc_unroll) *
         divide_up(divide_up(w->node->out[0]->dim[1], w->lanes), s->ic_vectors);
}

static int64_t linear_padded_rows_items(const Shape *w) {
  const Schedule *s = &w->node->schedule;
  return (int64_t)divide_up(w->node->out[0]->dim[1], s->linear_padded_rows.oc_block) *
         divide_up(w->batch, linear_block_images(s, w->batch));
}

/* Vectors of a value, in its own layout. */
static int64_t vectors_of(const Shape *w, const Value *value) {
  const int64_t pixels = value->rank == 4 ? (int64_t)value->dim[2] * value->dim[3] : 1;
  const int channels = value->rank > 1 ? value->dim[1] : 1;
  if (value->layout == LAYOUT_PADDED_ROWS)
    return w->batch * (int64_t)divide_up((int)value_features(value), w->lanes);
  if (value->layout == LAYOUT_CHANNEL_BLOCKED)
    return w->batch * divide_up(channels, w->lanes) * pixels;
  return divide_up(w->batch, w->lanes) * channels * pixels;
}

/* Work items of backward pooling: rows of dy, or planes where windows share pixels. */
static int64_t pool_backward_items(const Shape *w, const Value *dy) {
  const Attributes *a = &w->node->attributes;
  bool overlap = false;
  for (int i = 0; i < 2; i++) overlap |= a->stride[i] < a->kernel[i] && dy->dim[2 + i] > 1;
  return image_groups(w) * planes(w, dy) * (overlap ? 1 : dy->dim[2]);
}

/* Copies between images and vectors of features: rows of the images, in batch-blocked groups where
   features are batch-blocked; or vectors of channels. */
static int64_t flatten_items(const Shape *w, const Value *x, const Value *y) {
  const Value *image = x->rank == 4 ? x : y, *features = x->rank == 4 ? y : x;
  if (image->layout != LAYOUT_CHANNEL_BLOCKED)
    return divide_up(w->batch, w->lanes) * (int64_t)image->dim[2];
  const int blocks = divide_up(image->dim[1], w->lanes);
  if (features->layout != LAYOUT_BATCH_BLOCKED) return (int64_t)w->batch * blocks;
  return divide_up(w->batch, w->lanes) * (int64_t)image->dim[2] * blocks;
}

static int64_t pack_input_items(const Shape *w, const Value *y) {
  enum { STRIP = 64 }; /* pixels of a row, batch-blocked */
  const int64_t rows = image_groups(w) * y->dim[2];
  return w->channel_blocked ? rows : rows * y->dim[1] * divide_up(y->dim[3], STRIP);
}

/* Kernels without FLOPs worth counting: rows, planes or vectors. */
static int64_t other_items(const Shape *w) {
  const Node *node = w->node;
  const Value *x = node->in_count ? node->in[0] : NULL, *y = node->out_count ? node->out[0] : x;
  switch (node->op) {
  case OP_batch_norm:
  case OP_batch_norm_backward:
  case OP_bias_gradient:
    return sums_work_items(node, w->graph, w->lanes);
  case OP_batch_norm_inference:
  case OP_max_pool2d:
  case OP_avg_pool2d:
    return image_groups(w) * y->dim[2] * planes(w, y);
  case OP_local_response_norm:
  case OP_local_response_norm_backward:
    return image_groups(w) * y->dim[2] * (w->channel_blocked ? 1 : planes(w, y));
  case OP_max_pool2d_backward:
  case OP_avg_pool2d_backward:
    return pool_backward_items(w, x);
  case OP_pack_input:
    return pack_input_items(w, y);
  case OP_flatten:
  case OP_reshape:
    return flatten_items(w, x, y);
  case OP_concat:
  case OP_slice:
  case OP_pad_channels:
  case OP_adaptive_avg_pool2d:
  case OP_adaptive_avg_pool2d_backward:
    return image_groups(w) * y->dim[2];
  case OP_softmax_cross_entropy:
  case OP_squared_error:
    return divide_up(w->batch, w->lanes);
  case OP_update:
    return node_updated_reals(node) / w->lanes;
  case OP_to_rows: /* squares of lanes x lanes */
    return divide_up(w->batch, w->lanes) * divide_up((int)value_features(y), w->lanes);
  default: /* dropout, activations and sums: vectors */
    return vectors_of(w, y);
  }
}

/* --- how long the busiest thread works -------------------------------------------------------- */

/* Of equally large items. */
static double longest_of(int64_t items, int threads) {
  return items ? (double)((items + threads - 1) / threads) / (double)items : 1;
}

/* Winograd convolutions transform input tiles, multiply in the transform domain, and transform
   back. Parts of a kernel's work, by the cost of one tile in vector instructions. */
typedef struct WinogradShares {
  double input, products, output;
} WinogradShares;

static WinogradShares winograd_shares(weights_shape s) {
  const double INPUT_COST = 300, OUTPUT_COST = 260;
  const double ic = divide_up(s.ic, s.lanes), oc = divide_up(s.oc, s.lanes);
  const double input = ic * INPUT_COST, output = oc * OUTPUT_COST;
  const double products = (double)WINOGRAD_ELEMENTS * s.ic * oc;
  const double all = input + products + output;
  return (WinogradShares){input / all, products / all, output / all};
}

static NodeWork conv_winograd_work(const Shape *w, int threads) {
  const Schedule *s = &w->node->schedule;
  const Value *y = w->node->out[0];
  const weights_shape shape = weights_shape_of(w->node, s->conv_winograd.oc_vectors, w->lanes);
  const winograd_tiles tiles =
      winograd_tiles_of(shape.kh, w->batch, y->dim[2], y->dim[3], s->conv_winograd.tile_unroll);
  const int batches = winograd_tile_batches(&tiles);
  const int capacity = winograd_capacity(w->node, s, w->options, w->batch);
  if (!winograd_shares_batches(batches, capacity, threads))
    return (NodeWork){batches, longest_of(batches, min_int(threads, capacity))};
  const WinogradShares shares = winograd_shares(shape);
  const int ic = divide_up(shape.ic, w->lanes), oc = divide_up(shape.oc, w->lanes);
  NodeWork work = {0};
  for (int first = 0; first < batches; first += capacity) {
    const int count = min_int(capacity, batches - first);
    const int64_t products = (int64_t)WINOGRAD_ELEMENTS * oc_tiles(shape) *
                             divide_up(count, s->conv_winograd.tile_block);
    work.items += products;
    work.longest += (shares.input * longest_of((int64_t)count * ic, threads) +
                     shares.products * longest_of(products, threads) +
                     shares.output * longest_of((int64_t)count * oc, threads)) *
                    count / batches;
  }
  return work;
}

static NodeWork weights_winograd_work(const Shape *w, int threads) {
  const WeightsWinograd *s = &w->node->schedule.weights_winograd;
  const Value *dy = w->node->in[1];
  const weights_shape shape = weights_shape_of(w->node, s->oc_vectors, w->lanes);
  const winograd_tiles tiles =
      winograd_tiles_of(shape.kh, w->batch, dy->dim[2], dy->dim[3], GRADIENT_TILE_BATCH);
  const int batches = winograd_tile_batches(&tiles);
  const int64_t products = (int64_t)WINOGRAD_ELEMENTS * oc_tiles(shape);
  const int each = max_int(1, threads / s->split_k); /* threads of a part */
  const double part = (double)divide_up(batches, s->split_k) / batches;
  const double rounds = divide_up(s->split_k, min_int(threads, s->split_k));
  return (NodeWork){products * s->split_k, rounds * part * longest_of(products, each)};
}

/* By kind of schedule; Winograd convolutions have items of several sizes. */
static int64_t (*const ITEMS[SCHEDULE_KINDS])(const Shape *w) = {
    [SCHEDULE_CONV_BATCH_BLOCKED] = conv_batch_blocked_items,
    [SCHEDULE_WEIGHTS_BATCH_BLOCKED] = weights_batch_blocked_items,
    [SCHEDULE_CONV_CHANNEL_BLOCKED] = conv_channel_blocked_items,
    [SCHEDULE_WEIGHTS_CHANNEL_BLOCKED] = weights_channel_blocked_items,
    [SCHEDULE_LINEAR_BATCH_BLOCKED] = linear_batch_blocked_items,
    [SCHEDULE_LINEAR_BACKWARD_DATA] = linear_backward_data_items,
    [SCHEDULE_LINEAR_WEIGHTS] = linear_weights_items,
    [SCHEDULE_LINEAR_PADDED_ROWS] = linear_padded_rows_items,
};

NodeWork node_work(const Graph *graph, const Node *node, const CompileOptions *options,
                   int threads) {
  const Schedule *s = &node->schedule;
  const Shape w = {node,
                   graph,
                   options,
                   graph->recipe.batch,
                   target_lanes(options->target),
                   node_is_channel_blocked(graph, node)};
  if (s->kind == SCHEDULE_CONV_WINOGRAD) return conv_winograd_work(&w, threads);
  if (s->kind == SCHEDULE_WEIGHTS_WINOGRAD) return weights_winograd_work(&w, threads);
  int64_t items = 0;
  if (ITEMS[s->kind])
    items = ITEMS[s->kind](&w);
  else if (s->algorithm != ALGORITHM_NONE)
    items = other_items(&w);
  return (NodeWork){items, longest_of(items, threads)};
}

double work_balance(NodeWork work, int threads) {
  return 1 / (work.longest * threads);
}

/* --- the table -------------------------------------------------------------------------------- */

static const int THREADS[] = {2, 8, 16, 64};
enum { COLUMNS = sizeof THREADS / sizeof *THREADS };

/* Time by the count: FLOPs, and those of the busiest thread times threads. */
typedef struct WorkTotal {
  double useful, longest[COLUMNS];
} WorkTotal;

static void print_total(const char *what, const WorkTotal *total, FILE *out) {
  if (total->useful == 0) return;
  fprintf(out, "%-62s", what);
  for (int k = 0; k < COLUMNS; k++)
    fprintf(out, " %4.0f %%", 100 * total->useful / total->longest[k]);
  fprintf(out, "\n");
}

static WorkTotal print_graph(const char *title, const Graph *graph, const CompileOptions *options,
                             FILE *out) {
  WorkTotal total = {0};
  fprintf(out, "\n%-24s %-28s %8s", title, "op", "items");
  for (int k = 0; k < COLUMNS; k++) fprintf(out, " %3d thr", THREADS[k]);
  fprintf(out, "\n");
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    const NodeWork first = node_work(graph, node, options, THREADS[0]);
    if (first.items == 0 || node->phase == PHASE_PREPACK) continue;
    const double flops = (double)node_macs(node);
    fprintf(out, "%-24s %-28s %8" PRId64, node->name, op_name(node->op), first.items);
    for (int k = 0; k < COLUMNS; k++) {
      const double balance = work_balance(node_work(graph, node, options, THREADS[k]), THREADS[k]);
      fprintf(out, " %4.0f %%", 100 * balance);
      total.longest[k] += flops / balance;
    }
    total.useful += flops;
    fprintf(out, "\n");
  }
  return total;
}

void work_print(const Graph *training, const Graph *inference, const CompileOptions *options,
                FILE *out) {
  fprintf(out,
          "%s: work items for batch %d, target %s, and the best possible balance: useful work /\n"
          "(threads x busiest thread), items being equally large\n",
          training->name, training->recipe.batch, target_name(options->target));
  const WorkTotal step = print_graph("training", training, options, out);
  print_total("all, weighted by FLOPs", &step, out);
  const WorkTotal infer = print_graph("inference", inference, options, out);
  print_total("all, weighted by FLOPs", &infer, out);
}
