/* Instruction sets that the compiler generates code for. */
#ifndef CNNC_TARGET_H
#define CNNC_TARGET_H

typedef enum Target { TARGET_SCALAR, TARGET_AVX2, TARGET_AVX512 } Target;

/* "scalar", "avx2", "avx512". */
const char *target_name(Target target);

/* Images a vector: 1, 8, 16. */
int target_lanes(Target target);

/* Vector registers: how many accumulators a tile may have depends on it. */
int target_registers(Target target);

/* What the C compiler needs to be told of its instructions. */
const char *target_flags(Target target);

/* The best that this machine runs. */
Target target_native(void);

#endif
