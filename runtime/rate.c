#include "rate.h"

#include <math.h>

double cnn_rate(const cnn_recipe *recipe, uint64_t step, uint64_t steps_per_epoch) {
  switch (recipe->schedule) {
  case CNN_LR_STEP: {
    uint64_t epoch = step / steps_per_epoch;
    return recipe->lr * pow(recipe->gamma, (double)(epoch / (uint64_t)recipe->step_epochs));
  }
  case CNN_LR_COSINE: {
    double progress = (double)step / ((double)recipe->epochs * (double)steps_per_epoch);
    return recipe->final_lr + (recipe->lr - recipe->final_lr) * (1 + cos(M_PI * progress)) / 2;
  }
  case CNN_LR_CONSTANT:
    break;
  }
  return recipe->lr;
}
