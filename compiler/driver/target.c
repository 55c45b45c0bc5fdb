#include "driver/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
#define CNN_TARGET(ID, ...) NUMBER_##ID,
#include "../../runtime/core/cnn_targets.def"
#undef CNN_TARGET
  TARGETS
};

#define CNN_TARGET(ID, text, ...) static const char NAME_##ID[] = text;
#include "../../runtime/core/cnn_targets.def"
#undef CNN_TARGET

#define TILE(rows, columns)                                                                        \
  { rows, columns }
#define TARGET(ID, lanes, registers, ports, latency, spare, conv, linear, few, header, flags)      \
  const Target target_##ID = {NAME_##ID, lanes, registers, ports, latency,     spare,     conv,    \
                              linear,    few,   header,    flags, NUMBER_##ID, "CNN_" #ID};
#include "targets.def" /* compiler/targets.def */
#undef TARGET
#undef TILE

const Target *target_at(int i) {
  static const Target *const ALL[TARGETS] = {
#define CNN_TARGET(ID, ...) [NUMBER_##ID] = &target_##ID,
#include "../../runtime/core/cnn_targets.def"
#undef CNN_TARGET
  };
  return i >= 0 && i < TARGETS ? ALL[i] : NULL;
}

const Target *target_find(const char *name) {
  for (int i = 0; i < TARGETS; i++)
    if (!strcmp(target_at(i)->name, name)) return target_at(i);
  return NULL;
}

const Target *target_native(void) {
  __builtin_cpu_init();
#define CNN_CPU(feature) __builtin_cpu_supports(feature)
#define CNN_TARGET(ID, name, title, instructions, runs) [NUMBER_##ID] = runs,
  const bool runs[TARGETS] = {
#include "../../runtime/core/cnn_targets.def"
  };
#undef CNN_TARGET
#undef CNN_CPU
  int best = TARGETS - 1;
  while (best > 0 && !runs[best]) best--;
  return target_at(best);
}
