/* What a compilation depends on besides the model. */
#ifndef CNNC_COMPILE_OPTIONS_H
#define CNNC_COMPILE_OPTIONS_H

#include "driver/target.h"

#include <stdbool.h>

struct ScheduleFile; /* schedule/overrides.h */

typedef struct CompileOptions {
  const Target *target;
  bool real_is_double; /* the scalar target only */
  bool keep_values;    /* every value in guarded memory of its own, listed in the descriptor */
  bool no_winograd;    /* no algorithm that rounds otherwise than plain sums */
  const char *command; /* what made the output, for its header: no absolute paths */
  const struct ScheduleFile *schedule; /* decisions that are not the cost model's; or NULL */
} CompileOptions;

/* Bytes of a number in the program. */
static inline int real_bytes(const CompileOptions *options) {
  return options->real_is_double ? 8 : 4;
}

#endif
