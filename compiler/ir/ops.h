/* The ops and their properties; the table is ops.def. */
#ifndef CNNC_OPS_H
#define CNNC_OPS_H

#include <stdbool.h>

typedef enum OpKind {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) OP_##id,
#include "ir/ops.def"
#undef OP
  OP_COUNT
} OpKind;

/* What the kernels of an op can do besides the op itself, so that a pass may ask them to. */
typedef enum OpCapability {
  CAN_WORK_IN_PLACE = 1 << 0,      /* y may overwrite input 0: y[i] depends on x[i] alone */
  CAN_FUSE_RELU = 1 << 1,          /* the epilogue applies an activation */
  CAN_APPLY_RELU_MASK = 1 << 2,    /* the epilogue zeroes y where the last input, an activation,
                                      is 0 */
  CAN_ADD_RESIDUAL = 1 << 3,       /* channel-blocked: the epilogue adds another value */
  CAN_WRITE_PART = 1 << 4,         /* channel-blocked: output 0 may be channels of a larger value */
  CAN_READ_PART_0 = 1 << 5,        /* the same of input 0 */
  CAN_READ_PART_1 = 1 << 6,        /* the same of input 1 */
  CAN_READ_CHANNELS_LAST = 1 << 7, /* input 0 may be LAYOUT_CHANNELS_LAST */
  IS_LOSS = 1 << 8,                /* outputs: loss, gradient of the logits */
  HAS_PARAMETERS = 1 << 9          /* a layer with a weight */
} OpCapability;

bool op_can(OpKind op, OpCapability capability);

const char *op_name(OpKind op);
const char *op_attributes(OpKind op); /* as in ops.def */
int op_outputs(OpKind op);
bool op_is_loss(OpKind op);
bool op_has_attribute(OpKind op, const char *name);

#endif
