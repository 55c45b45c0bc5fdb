/* The ops that a schedule file may name. */
#ifndef CNNC_SCHEDULE_OPS_H
#define CNNC_SCHEDULE_OPS_H

#include "ir/graph.h"

enum { SCHEDULE_ALGORITHMS = ALGORITHM_WINOGRAD + 1 };

/* An op whose schedule is decided, in one of the layouts that its values may have. */
typedef struct ScheduleOp {
  OpKind op;
  const char *name, *old_name; /* in a file, if not the op's; before release 0.2, or NULL */
  bool channel_blocked, inference;
  ScheduleKind kinds[SCHEDULE_ALGORITHMS]; /* SCHEDULE_NONE: there is no such algorithm */
} ScheduleOp;

/* NULL: the node's kernel leaves no choice. */
const ScheduleOp *schedule_op(const Graph *graph, const Node *node);

/* NULL behind the last. */
const ScheduleOp *schedule_op_at(int i);

/* The op's name in a file: conv2d_channel_blocked. */
const char *schedule_op_name(const ScheduleOp *op);

/* NULL: no algorithm of the op has such a field. */
const ScheduleField *schedule_op_field(const ScheduleOp *op, const char *name);

/* Positions that a group had in old files; 0: it had no word. */
int schedule_op_old_count(const ScheduleOp *op, ScheduleGroup group);

#endif
