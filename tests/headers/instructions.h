/* Whether this processor has the instructions that a test of headers is compiled for. */
#ifndef INSTRUCTIONS_H
#define INSTRUCTIONS_H

static inline int has_instructions(void) {
#if defined(__AVX512F__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#elif defined(__AVX2__)
  return __builtin_cpu_supports("avx2");
#else
  return 1;
#endif
}

#endif
