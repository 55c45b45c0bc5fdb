/* What compilers are asked for. */
#ifndef CNN_ATTRIBUTES_H
#define CNN_ATTRIBUTES_H

#include "vec.h"

#define PRAGMA(text) _Pragma(#text)

/* For functions around one hot loop: inlined, the loops around it would take its registers. And for
   kernels: inlined, they would all be one function, over which compilers take minutes. */
#define NOINLINE __attribute__((noinline))

/* For functions whose constant arguments select code. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Prefetches memory that is read, or written, soon; any address is allowed. */
static inline void prefetch(const real *at) {
  __builtin_prefetch(at);
}

static inline void prefetch_to_write(const real *at) {
  __builtin_prefetch(at, 1);
}

#endif
