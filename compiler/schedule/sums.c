/* Kernels that sum over all pixels of a channel: how their work is cut, and what room the partial
   results need. */
#include "ir/queries.h"
#include "common/integers.h"
#include "schedule/rules.h"
#include "common/work_items.h"

/* Vectors of partial results of a work item; 0: the op is none of these. */
static int partial_vectors(const Node *node) {
  switch (node->op) {
  case OP_batch_norm:
    return node->attributes.frozen_statistics ? 0 : MOMENT_VECTORS;
  case OP_batch_norm_backward:
    return node->attributes.partial_sums ? 0 : NORM_SUM_VECTORS;
  case OP_bias_gradient:
    return BIAS_SUM_VECTORS;
  default:
    return 0;
  }
}

int sums_work_items(const Node *node, const Graph *graph, int lanes) {
  const Value *x = node->in[0];
  const bool channels = node_is_channel_blocked(graph, node);
  const bool image = x->rank == 4;
  const int planes = channels ? divide_up(x->dim[1], lanes) : x->dim[1];
  const int blocks = channels ? x->dim[0] : divide_up(x->dim[0], lanes);
  const int64_t rows = (int64_t)blocks * (image ? x->dim[2] : 1);
  const int most = rows < INT32_MAX ? (int)rows : INT32_MAX;
  return planes * reduction_parts(planes, most, image ? x->dim[3] : 1);
}

int64_t sums_workspace_size(const Node *node, const Graph *graph, int lanes) {
  const int vectors = partial_vectors(node);
  return vectors ? (int64_t)sums_work_items(node, graph, lanes) * vectors * lanes : 0;
}
