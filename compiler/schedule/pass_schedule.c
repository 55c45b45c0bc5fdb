/* schedule: an algorithm and the fields of its schedule for every node, as plain data.
   Requires  a fused graph.
   Establishes  node->schedule of every node that becomes code, and the workspace.
   May break  nothing. */
#include "ir/queries.h"
#include "schedule/convolution.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

#include <inttypes.h>

static bool decide(Decision *d) {
  d->s =
      (Schedule){.algorithm = node_is_view(d->graph, d->node) ? ALGORITHM_NONE : ALGORITHM_DIRECT};
  const bool channels = node_is_channel_blocked(d->graph, d->node);
  switch (d->node->op) {
  case OP_conv2d:
  case OP_conv2d_backward_data:
    return channels ? decide_conv_channel_blocked(d) : decide_conv_batch_blocked(d);
  case OP_conv2d_backward_weights:
    return channels ? decide_weights_channel_blocked(d) : decide_weights_batch_blocked(d);
  case OP_conv2d_prepacked:
    return decide_conv_channel_blocked(d);
  case OP_linear:
    return channels ? decide_linear_padded_rows(d) : decide_linear_batch_blocked(d);
  case OP_linear_backward_data:
    return decide_linear_backward_data(d);
  case OP_linear_backward_weights:
    return decide_linear_weights(d);
  default:
    return true;
  }
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Numbers that the node keeps while it runs. */
static int64_t workspace_size(const Node *node, const Graph *graph, const CompileOptions *options) {
  const Schedule *s = &node->schedule;
  const int lanes = target_lanes(options->target), batch = graph->recipe.batch;
  if (s->kind == SCHEDULE_CONV_BATCH_BLOCKED) return conv_batch_blocked_packed_size(node, s);
  if (s->kind == SCHEDULE_WEIGHTS_BATCH_BLOCKED) return weights_batch_blocked_partial_size(node, s);
  if (!schedule_is_channel_blocked_conv(s)) return sums_workspace_size(node, graph, lanes);
  const bool winograd = s->algorithm == ALGORITHM_WINOGRAD;
  const int capacity = winograd ? winograd_capacity(node, s, options, batch) : 0;
  const weights_shape w = weights_shape_of(node, schedule_oc_vectors(s), lanes);
  switch (s->kind) {
  case SCHEDULE_WEIGHTS_CHANNEL_BLOCKED:
    return backward_weights_workspace(w, s->weights_channel_blocked.split_k, 0, 0);
  case SCHEDULE_WEIGHTS_WINOGRAD:
    return backward_weights_workspace(w, s->weights_winograd.split_k, capacity,
                                      GRADIENT_TILE_BATCH);
  default: /* prepacked weights are not in the workspace */
    if (node->op == OP_conv2d_prepacked)
      return capacity ? capacity * winograd_batch_reals(w, s->conv_winograd.tile_unroll) : 0;
    return conv_workspace(w, capacity, winograd ? s->conv_winograd.tile_unroll : 0);
  }
}

/* A dimension of a value; kernels index it with an int. */
static int dimension(const Graph *graph, const Node *node, const char *what, int64_t size) {
  if (size <= INT32_MAX) return (int)size;
  diag_set(graph->diag, EXIT_MODEL, node->pos,
           "%s %s: its %s would have %" PRId64 " numbers, more than 2^31 - 1; a smaller batch, "
           "image or kernel, or fewer channels would fit",
           node->name, op_name(node->op), what, size);
  return INT32_MAX;
}

/* All nodes share one workspace: whole vectors, so that one that ends at a page begins aligned. */
static void set_workspace(Node *node, Graph *graph, const CompileOptions *options) {
  const int lanes = target_lanes(options->target);
  const int64_t vectors = (workspace_size(node, graph, options) + lanes - 1) / lanes;
  const int size = dimension(graph, node, "workspace", vectors * lanes);
  if (!size) return;
  if (!graph->workspace) {
    graph->workspace = graph_value(graph, VALUE_WORKSPACE, "workspace", 1, &size);
    graph->workspace->producer = node;
  }
  graph->workspace->dim[0] = max_int(graph->workspace->dim[0], size);
  node->workspace = graph->workspace;
}

/* The prepacked weights have the size that the tiles of their convolution require. */
static void set_prepacked(const Graph *graph, Node *conv, const CompileOptions *options) {
  Node *prepack = conv->in[1]->producer;
  const Schedule *s = &conv->schedule;
  const int oc_vectors = schedule_oc_vectors(s);
  const weights_shape w = weights_shape_of(conv, oc_vectors, target_lanes(options->target));
  prepack->schedule = (Schedule){
      .algorithm = s->algorithm, .kind = SCHEDULE_PREPACK, .prepack = {.oc_vectors = oc_vectors}};
  prepack->out[0]->dim[0] =
      dimension(graph, conv, "prepacked weights",
                prepacked_weights_reals(w, s->algorithm == ALGORITHM_WINOGRAD));
}

/* Partial sums of a conv2d_backward_data:
   [image][rows of a work item][vector of channels][two][lanes]. */
static void set_partial_sums(const Graph *graph, Node *conv, const CompileOptions *options) {
  const Value *dx = conv->out[0];
  conv->out[1]->dim[0] =
      dimension(graph, conv, "partial sums",
                partial_sums_reals(target_lanes(options->target), dx->dim[0], dx->dim[1],
                                   dx->dim[2], conv_partial_sum_rows(conv)));
}

/* --- the pass --------------------------------------------------------------------------------- */

static void schedule_node(Node *node, Graph *graph, const CompileOptions *options) {
  Decision model = {.node = node, .graph = graph, .options = options};
  Decision wanted = model;
  const ScheduleOp *op = schedule_op(graph, node);
  decide(&model);
  node->schedule = model.s;
  wanted.override = op ? schedule_file_find(options->schedule, op, node->name) : NULL;
  if (wanted.override && decide(&wanted)) node->schedule = wanted.s;
  set_workspace(node, graph, options);
  if (node->out_count > 1 && node->out[1]->kind == VALUE_WORKSPACE)
    set_partial_sums(graph, node, options);
  if (node->op == OP_conv2d_prepacked) set_prepacked(graph, node, options);
}

/* Textbook kernels have no schedule, and their values are row-major. */
static void leave_plain(Graph *graph) {
  graph->image_layout = graph->feature_layout = LAYOUT_PLAIN;
  for (int i = 0; i < graph->nodes.count; i++) {
    Node *node = graph->nodes.at[i];
    const bool view = node_is_view(graph, node);
    node->schedule = (Schedule){.algorithm = view ? ALGORITHM_NONE : ALGORITHM_DIRECT};
  }
}

void pass_schedule(Graph *graph, const CompileOptions *options) {
  if (target_is_reference(options->target)) {
    leave_plain(graph);
    return;
  }
  if (options->schedule) schedule_file_check(options->schedule, graph);
  for (int i = 0; i < graph->nodes.count; i++) schedule_node(graph->nodes.at[i], graph, options);
}
