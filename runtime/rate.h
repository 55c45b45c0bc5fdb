/* Learning-rate schedules. */
#ifndef CNN_RATE_H
#define CNN_RATE_H

#include "cnn.h"

/* The rate of update `step` (from 0) of a training of recipe->epochs * steps_per_epoch updates.
   Constant: lr. Step: lr * gamma^(epoch / step_epochs). Cosine: final + (lr - final) *
   (1 + cos(pi * step / steps)) / 2, from Loshchilov and Hutter, "SGDR" (2017), without restarts. */
double cnn_rate(const cnn_recipe *recipe, uint64_t step, uint64_t steps_per_epoch);

#endif
