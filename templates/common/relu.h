/* relu of one number. */
#ifndef CNN_RELU_H
#define CNN_RELU_H

#include "vec.h"

/* NaN stays NaN. */
static inline real relu_real(real a) {
  return a < 0 ? 0 : a;
}

#endif
