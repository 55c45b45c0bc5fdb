/* schedule: an algorithm and the fields of its schedule for every node, as plain data.
   Requires  a fused graph.
   Establishes  node->schedule of every node that becomes code, node->variant, and the workspace.
   May break  nothing. */
#include "ir/queries.h"
#include "passes/passes.h"
#include "schedule/arithmetic.h"
#include "schedule/rules.h"
#include "schedule/schedule.h"

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
  switch (s->kind) {
  case SCHEDULE_CONV_BATCH_BLOCKED:
    return conv_batch_blocked_packed_size(node, s);
  case SCHEDULE_WEIGHTS_BATCH_BLOCKED:
    return weights_batch_blocked_partial_size(node, s);
  case SCHEDULE_CONV_CHANNEL_BLOCKED:
    return node->op == OP_conv2d_prepacked ? 0 : conv_channel_blocked_packed_size(node, s, lanes);
  case SCHEDULE_CONV_WINOGRAD:
    return (node->op == OP_conv2d_prepacked ? 0
                                            : conv_channel_blocked_packed_size(node, s, lanes)) +
           winograd_workspace_size(node, s, options, batch);
  case SCHEDULE_WEIGHTS_CHANNEL_BLOCKED:
    return weights_channel_blocked_partial_size(node, s, lanes);
  case SCHEDULE_WEIGHTS_WINOGRAD:
    return weights_channel_blocked_partial_size(node, s, lanes) +
           winograd_workspace_size(node, s, options, batch);
  default:
    return 0;
  }
}

static int dimension(int64_t size) {
  return size < INT32_MAX ? (int)size : INT32_MAX; /* too large for a program */
}

/* All nodes share one workspace. */
static void set_workspace(Node *node, Graph *graph, const CompileOptions *options) {
  const int size = dimension(workspace_size(node, graph, options));
  if (!size) return;
  if (!graph->workspace) {
    graph->workspace = graph_value(graph, VALUE_WORKSPACE, "workspace", 1, &size);
    graph->workspace->producer = node;
  }
  graph->workspace->dim[0] = max(graph->workspace->dim[0], size);
  node->workspace = graph->workspace;
}

/* The prepacked weights have the size that the tiles of their convolution require. */
static void set_prepacked(Node *conv, const CompileOptions *options) {
  Node *prepack = conv->in[1]->producer;
  const Schedule *s = &conv->schedule;
  const int lanes = target_lanes(options->target);
  prepack->schedule = (Schedule){.algorithm = s->algorithm,
                                 .kind = SCHEDULE_PREPACK,
                                 .prepack = {.oc_vectors = schedule_oc_vectors(s)}};
  int64_t size = conv_channel_blocked_packed_size(conv, s, lanes);
  if (s->kind == SCHEDULE_CONV_WINOGRAD) size += winograd_packed_size(conv, s, lanes);
  prepack->out[0]->dim[0] = dimension(size);
}

/* Partial sums of a conv2d_backward_data:
   [image][rows of a work item][vector of channels][two][lanes]. */
static void set_partial_sums(Node *conv, const CompileOptions *options) {
  const Value *dx = conv->out[0];
  const int lanes = target_lanes(options->target);
  conv->out[1]->dim[0] = dx->dim[0] * divide_up(dx->dim[2], conv_partial_sum_rows(conv)) *
                         divide_up(dx->dim[1], lanes) * 2 * lanes;
}

/* --- the pass --------------------------------------------------------------------------------- */

static void schedule_node(Node *node, Graph *graph, const CompileOptions *options) {
  Decision model = {.node = node, .graph = graph, .options = options};
  Decision wanted = model;
  const ScheduleOp *op = schedule_op(graph, node);
  decide(&model);
  node->schedule = model.s;
  node->variant = "";
  wanted.override = op ? schedule_file_find(options->schedule, op, node->name) : NULL;
  if (wanted.override && decide(&wanted)) {
    node->schedule = wanted.s;
    node->variant = schedule_suffix(graph->arena, &wanted.s, &model.s);
  }
  set_workspace(node, graph, options);
  if (node->out_count > 1 && node->out[1]->kind == VALUE_WORKSPACE) set_partial_sums(node, options);
  if (node->op == OP_conv2d_prepacked) set_prepacked(node, options);
}

void pass_schedule(Graph *graph, const CompileOptions *options) {
  if (options->schedule) schedule_file_check(options->schedule, graph);
  for (int i = 0; i < graph->nodes.count; i++) schedule_node(graph->nodes.at[i], graph, options);
}
