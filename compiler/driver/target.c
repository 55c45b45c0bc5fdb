#include "driver/target.h"

static const struct {
  const char *name;
  int lanes, registers;
  const char *flags;
} TARGETS[] = {
    [TARGET_SCALAR] = {"scalar", 1, 16, ""},
    [TARGET_AVX2] = {"avx2", 8, 16, "-mavx2 -mfma"},
    [TARGET_AVX512] = {"avx512", 16, 32, "-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma"},
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
const char *target_flags(Target target) {
  return TARGETS[target].flags;
}

Target target_native(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return TARGET_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return TARGET_AVX2;
  return TARGET_SCALAR;
}
