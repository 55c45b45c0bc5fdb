#include "schedule/schedule_ops.h"

#include "ir/queries.h"

#include <stddef.h>

#define BATCH_BLOCKED .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_CONV_BATCH_BLOCKED}

#define CHANNEL_BLOCKED                                                                            \
  .channel_blocked = true, .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_CONV_CHANNEL_BLOCKED,           \
                                     [ALGORITHM_WINOGRAD] = SCHEDULE_CONV_WINOGRAD}

#define DIRECT_ALONE(kind) .kinds = {[ALGORITHM_DIRECT] = (kind)}

static const ScheduleOp OPS[] = {
    {OP_conv2d, NULL, NULL, BATCH_BLOCKED},
    {OP_conv2d_backward_data, NULL, NULL, BATCH_BLOCKED},
    {OP_conv2d_backward_weights, NULL, NULL,
     .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_WEIGHTS_BATCH_BLOCKED,
               [ALGORITHM_TAPS] = SCHEDULE_WEIGHTS_BATCH_BLOCKED}},
    {OP_linear, NULL, NULL, DIRECT_ALONE(SCHEDULE_LINEAR_BATCH_BLOCKED)},
    {OP_linear_backward_data, NULL, NULL, DIRECT_ALONE(SCHEDULE_LINEAR_BACKWARD_DATA)},
    {OP_linear_backward_weights, NULL, NULL, DIRECT_ALONE(SCHEDULE_LINEAR_WEIGHTS)},
    {OP_conv2d_prepacked, NULL, "conv2d_prepared", .inference = true, CHANNEL_BLOCKED},
    {OP_conv2d, "conv2d_channel_blocked", "conv2d_channels", CHANNEL_BLOCKED},
    {OP_conv2d_backward_data, "conv2d_backward_data_channel_blocked",
     "conv2d_backward_data_channels", CHANNEL_BLOCKED},
    {OP_conv2d_backward_weights, "conv2d_backward_weights_channel_blocked",
     "conv2d_backward_weights_channels", .channel_blocked = true,
     .kinds = {[ALGORITHM_DIRECT] = SCHEDULE_WEIGHTS_CHANNEL_BLOCKED,
               [ALGORITHM_TAPS] = SCHEDULE_WEIGHTS_CHANNEL_BLOCKED,
               [ALGORITHM_WINOGRAD] = SCHEDULE_WEIGHTS_WINOGRAD}},
    {OP_linear, "linear_padded_rows", "linear_rows", .channel_blocked = true, .inference = true,
     DIRECT_ALONE(SCHEDULE_LINEAR_PADDED_ROWS)},
};
enum { OPS_COUNT = sizeof OPS / sizeof *OPS };

const ScheduleOp *schedule_op(const Graph *graph, const Node *node) {
  for (int i = 0; i < OPS_COUNT; i++)
    if (OPS[i].op == node->op && OPS[i].channel_blocked == node_is_channel_blocked(graph, node))
      return &OPS[i];
  return NULL;
}

const char *schedule_op_name(const ScheduleOp *op) {
  return op->name ? op->name : op_name(op->op);
}

const ScheduleOp *schedule_op_at(int i) {
  return i < OPS_COUNT ? &OPS[i] : NULL;
}

const ScheduleField *schedule_op_field(const ScheduleOp *op, const char *name) {
  for (int i = 0; i < SCHEDULE_ALGORITHMS; i++) {
    const ScheduleField *field = schedule_find_field(op->kinds[i], ALGORITHM_NONE, name);
    if (field) return field;
  }
  return NULL;
}

int schedule_op_old_count(const ScheduleOp *op, ScheduleGroup group) {
  int most = 0, count;
  for (int i = 0; i < SCHEDULE_ALGORITHMS; i++) {
    const ScheduleField *fields = schedule_fields(op->kinds[i], &count);
    for (int k = 0; k < count; k++)
      if (fields[k].group == group && fields[k].old >= most) most = fields[k].old + 1;
  }
  return most;
}
