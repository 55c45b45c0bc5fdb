/* Vectors of one double: plain C for any processor. */
#ifndef CNN_VEC_DOUBLE_H
#define CNN_VEC_DOUBLE_H

#include <math.h>
#include <stdint.h>

typedef double real;

static inline real real_sqrt(real a) { return sqrt(a); }

static inline real real_exp(real a) { return exp(a); }

static inline real real_tanh(real a) { return tanh(a); }

#include "vec_one.h"

#endif
