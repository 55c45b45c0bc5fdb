/* Whether this processor has the instructions that a test of headers is compiled for. */
#ifndef INSTRUCTIONS_H
#define INSTRUCTIONS_H

#include <stdio.h>

/* Prints the reason where it does not: the test is skipped. */
static inline int has_instructions(void) {
#if defined(__AVX512F__)
  const char *name = "avx512";
  const int has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#elif defined(__AVX2__)
  const char *name = "avx2";
  const int has = __builtin_cpu_supports("avx2");
#else
  const char *name = "scalar";
  const int has = 1;
#endif
  if (!has) printf("skipped: this processor has no %s\n", name);
  return has;
}

#endif
