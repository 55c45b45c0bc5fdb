/* Vectors of one float: plain C for any processor. */
#ifndef CNN_VEC_SCALAR_H
#define CNN_VEC_SCALAR_H

#include <math.h>
#include <stdint.h>

typedef float real;

static inline real real_sqrt(real a) { return sqrtf(a); }

static inline real real_exp(real a) { return expf(a); }

static inline real real_tanh(real a) { return tanhf(a); }

#include "vec_one.h"

#endif
