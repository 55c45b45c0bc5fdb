/* Powers with exponents that square roots do not give. */
#ifndef CNN_POWER_H
#define CNN_POWER_H

#include "vec.h"

#include <math.h>

/* a^e, a lane at a time. */
static inline vec vpower(vec a, real e) {
  _Alignas(64) real lanes[LANES];
  vstore(lanes, a);
  for (int l = 0; l < LANES; l++) lanes[l] = (real)pow(lanes[l], e);
  return vload(lanes);
}

#endif
