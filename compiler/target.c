#include "passes.h"

static const struct {
  const char *name;
  int lanes, registers;
} TARGETS[] = {
    [TARGET_SCALAR] = {"scalar", 1, 16},
    [TARGET_AVX2] = {"avx2", 8, 16},
    [TARGET_AVX512] = {"avx512", 16, 32},
};

const char *target_name(Target target) {
  return TARGETS[target].name;
}
int target_lanes(Target target) {
  return TARGETS[target].lanes;
}
int target_registers(Target target) {
  return TARGETS[target].registers;
}
int real_bytes(const CompileOptions *options) {
  return options->real_is_double ? 8 : 4;
}
