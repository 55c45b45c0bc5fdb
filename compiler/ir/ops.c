#include "ir/ops.h"

#include <string.h>

static const struct {
  const char *name, *attributes;
  int outputs;
  int capabilities;
} OPS[OP_COUNT] = {
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities)                          \
  {#id, attributes, outputs, capabilities},
#include "ir/ops.def"
#undef OP
};

const char *op_name(OpKind op) {
  return OPS[op].name;
}
const char *op_attributes(OpKind op) {
  return OPS[op].attributes;
}

int op_outputs(OpKind op) {
  return OPS[op].outputs;
}

bool op_is_loss(OpKind op) {
  return op_can(op, IS_LOSS);
}

bool op_can(OpKind op, OpCapability capability) {
  return OPS[op].capabilities & (int)capability;
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
