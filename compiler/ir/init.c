#include "ir/init.h"

#include <math.h>

const char *init_name(InitKind kind) {
  static const char *const NAMES[] = {
      [INIT_ZEROS] = "zeros",
      [INIT_CONSTANT] = "constant",
      [INIT_XAVIER_UNIFORM] = "xavier_uniform",
      [INIT_XAVIER_NORMAL] = "xavier_normal",
      [INIT_HE_UNIFORM] = "he_uniform",
      [INIT_HE_NORMAL] = "he_normal",
      [INIT_UNIFORM] = "uniform",
      [INIT_NORMAL] = "normal",
      [INIT_TRUNCATED_NORMAL] = "truncated_normal",
      [INIT_HE_UNIFORM_OUT] = "he_uniform_out",
      [INIT_HE_NORMAL_OUT] = "he_normal_out",
  };
  return NAMES[kind];
}

int64_t init_fan_in(const Value *parameter) {
  return (int64_t)parameter->dim[1] * parameter->dim[2] * parameter->dim[3];
}

int64_t init_fan_out(const Value *parameter) {
  return (int64_t)parameter->dim[0] * parameter->dim[2] * parameter->dim[3];
}

Init init_resolve(const Value *parameter) {
  const double in = (double)init_fan_in(parameter), out = (double)init_fan_out(parameter);
  const Init init = parameter->init;
  switch (init.kind) {
  case INIT_XAVIER_UNIFORM:
    return (Init){INIT_UNIFORM, init.scale * sqrt(6 / (in + out))};
  case INIT_XAVIER_NORMAL:
    return (Init){INIT_NORMAL, init.scale * sqrt(2 / (in + out))};
  case INIT_HE_UNIFORM:
    return (Init){INIT_UNIFORM, init.scale * sqrt(3 / in)};
  case INIT_HE_NORMAL:
    return (Init){INIT_NORMAL, init.scale * sqrt(1 / in)};
  case INIT_HE_UNIFORM_OUT:
    return (Init){INIT_UNIFORM, init.scale * sqrt(3 / out)};
  case INIT_HE_NORMAL_OUT:
    return (Init){INIT_NORMAL, init.scale * sqrt(1 / out)};
  default:
    return init;
  }
}
