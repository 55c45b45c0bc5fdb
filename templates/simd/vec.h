/* The vector wrappers of the instruction set that a header is compiled for by itself. In a program,
   the header of its target stands here. */
#ifndef CNN_VEC_H
#define CNN_VEC_H

#include <math.h>
#include <stdint.h>

#if defined(__AVX512F__)
#include "vec_avx512.h"
#elif defined(__AVX2__)
#include "vec_avx2.h"
#elif defined(CNN_REAL_IS_DOUBLE)
#include "vec_double.h"
#else
#include "vec_scalar.h"
#endif

#endif
