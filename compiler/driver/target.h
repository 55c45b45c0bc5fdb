/* Instruction sets that the compiler generates code for: compiler/targets.def. */
#ifndef CNNC_TARGET_H
#define CNNC_TARGET_H

#include <stdbool.h>

/* Sides of a register tile, in accumulators. 0 x 0: none is chosen yet. */
typedef struct RegisterTile {
  int rows, columns;
} RegisterTile;

typedef struct Target {
  const char *name;           /* of --target: "avx512" */
  int lanes;                  /* floats of a vector */
  int registers;              /* vector registers */
  int fma_ports, fma_latency; /* FMAs that start in a cycle; cycles until one is done */
  int spare_registers;        /* that the register tile of a convolution leaves */
  RegisterTile conv_tile;     /* usual, of batch-blocked convolutions: output channels x pixels */
  RegisterTile linear_tile;   /* largest, on padded rows: output features x images */
  int linear_few;             /* the same for at most two images: output features */
  const char *header;         /* of templates/simd */
  const char *flags;          /* that the C compiler needs for its instructions */
  int number;                 /* of cnn_target in the runtime's cnn.h */
  const char *enumerator;     /* CNN_AVX512 */
} Target;

#define CNN_TARGET(ID, ...) extern const Target target_##ID;
#include "../../runtime/core/cnn_targets.def"
#undef CNN_TARGET

/* Target number i, from the least capable on; NULL: there are no more. */
const Target *target_at(int i);

/* NULL: there is none of that name. */
const Target *target_find(const char *name);

/* The best that this machine runs. */
const Target *target_native(void);

/* Textbook kernels: plain loops in [N,C,H,W], without vectors, schedules, threads and fused ops. */
static inline bool target_is_reference(const Target *target) {
  return target == &target_REFERENCE;
}

static inline const char *target_name(const Target *target) {
  return target->name;
}
static inline int target_lanes(const Target *target) {
  return target->lanes;
}
static inline int target_registers(const Target *target) {
  return target->registers;
}

#endif
