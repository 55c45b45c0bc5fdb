/* views: channels of a concat lie in it from the beginning.
   Requires  layouts and a schedule.
   Establishes  part_of and part_first of what a concat puts together, and of what its gradient is
   sliced into, where all kernels that write or read it can do so in rows that are longer than its
   own; the concat or slice has no code then. May break  nothing.

   A row of an image has all its channels behind each other, so a part is rows of pixels at a fixed
   distance. It begins with a vector of channels. Only channel-blocked kernels know such
   rows. */
#include "ir/queries.h"
#include "passes/passes.h"

static bool may_join(const Graph *graph, const Node *concat, int lanes);
static bool may_divide(const Graph *graph, const Node *slice, int lanes);

static bool can_write_part(const Graph *graph, const Node *node, int lanes) {
  if (node->op == OP_concat) return may_join(graph, node, lanes);
  return op_can(node->op, CAN_WRITE_PART) && !node->attributes.residual; /* has other rows */
}

/* Whether the node reads its input k in rows that are longer than its own. */
static bool can_read_part(const Graph *graph, const Node *node, int k, int lanes) {
  if (node->op == OP_slice) return may_divide(graph, node, lanes);
  return (k == 0 && op_can(node->op, CAN_READ_PART_0)) ||
         (k == 1 && op_can(node->op, CAN_READ_PART_1));
}

static bool may_join(const Graph *graph, const Node *concat, int lanes) {
  for (int k = 0, first = 0; k < concat->in_count; first += concat->in[k]->dim[1], k++) {
    const Value *x = concat->in[k];
    if (first % lanes || graph_only_reader(graph, x) != concat) return false;
    if (!can_write_part(graph, x->producer, lanes)) return false;
  }
  return true;
}

static bool may_divide(const Graph *graph, const Node *slice, int lanes) {
  if (slice->attributes.first % lanes) return false;
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    for (int k = 0; k < node->in_count; k++)
      if (node->in[k] == slice->out[0] && !can_read_part(graph, node, k, lanes)) return false;
  }
  return true;
}

/* The whole may itself be a part. */
static void make_part(Value *part, Value *whole, int first) {
  part->part_of = whole->part_of ? whole->part_of : whole;
  part->part_first = whole->part_first + first;
}

static void join(const Graph *graph, Node *concat, int lanes) {
  if (!may_join(graph, concat, lanes)) return;
  for (int k = 0, first = 0; k < concat->in_count; first += concat->in[k]->dim[1], k++)
    make_part(concat->in[k], concat->out[0], first);
  concat->schedule.algorithm = ALGORITHM_NONE;
}

static void divide(const Graph *graph, Node *slice, int lanes) {
  if (!may_divide(graph, slice, lanes)) return;
  make_part(slice->out[0], slice->in[0], slice->attributes.first);
  slice->schedule.algorithm = ALGORITHM_NONE;
}

/* Wholes before their parts. */
void pass_views(Graph *graph, const CompileOptions *options) {
  const int lanes = target_lanes(options->target);
  if (graph->image_layout != LAYOUT_CHANNEL_BLOCKED) return;
  for (int i = graph->nodes.count - 1; i >= 0; i--)
    if (graph->nodes.at[i]->op == OP_concat) join(graph, graph->nodes.at[i], lanes);
  for (int i = 0; i < graph->nodes.count; i++)
    if (graph->nodes.at[i]->op == OP_slice) divide(graph, graph->nodes.at[i], lanes);
}
