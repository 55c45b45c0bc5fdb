#include "rate.h"

#include <math.h>

/* From `from` to `to` along half a cosine; at: 0 to 1. */
static double cosine(double from, double to, double at) {
  return to + (from - to) * (1 + cos(M_PI * at)) / 2;
}

static double one_cycle(const cnn_recipe *recipe, double step, double steps) {
  double first = recipe->lr / recipe->divisor, top = recipe->rise * steps - 1;
  if (top > 0 && step <= top) return cosine(first, recipe->lr, step / top);
  double at = (step - top) / (steps - 1 - top);
  return cosine(recipe->lr, first / recipe->final_divisor, at < 1 ? at : 1);
}

static double multi_step(const cnn_recipe *recipe, uint64_t epoch) {
  int reached = 0;
  while (reached < recipe->milestone_count && epoch >= (uint64_t)recipe->milestones[reached])
    reached++;
  return recipe->lr * pow(recipe->gamma, reached);
}

double cnn_rate(const cnn_recipe *recipe, uint64_t step, uint64_t steps_per_epoch) {
  double lr = recipe->lr;
  uint64_t all = (uint64_t)recipe->epochs * steps_per_epoch;
  uint64_t warmup = (uint64_t)llround(recipe->warmup_epochs * (double)steps_per_epoch);
  if (step < warmup)
    return lr * (recipe->warmup_start + (1 - recipe->warmup_start) * (double)step / (double)warmup);
  step -= warmup;
  double steps = all > warmup ? (double)(all - warmup) : 1, progress = (double)step / steps;
  uint64_t epoch = step / steps_per_epoch;
  switch (recipe->schedule) {
  case CNN_LR_STEP:
    return lr * pow(recipe->gamma, (double)(epoch / (uint64_t)recipe->step_epochs));
  case CNN_LR_MULTI_STEP:
    return multi_step(recipe, epoch);
  case CNN_LR_EXPONENTIAL:
    return lr * pow(recipe->gamma, (double)epoch);
  case CNN_LR_POLYNOMIAL:
    return progress < 1 ? lr * pow(1 - progress, recipe->power) : 0;
  case CNN_LR_COSINE:
    return cosine(lr, recipe->final_lr, progress);
  case CNN_LR_ONE_CYCLE:
    return one_cycle(recipe, (double)step, steps);
  case CNN_LR_CONSTANT:
  case CNN_LR_PLATEAU:
    break;
  }
  return lr;
}

double cnn_plateau_rate(cnn_plateau *plateau, const cnn_recipe *recipe, double rate, double loss) {
  if (plateau->epochs++ == 0 || loss < plateau->best * (1 - recipe->threshold)) {
    plateau->best = loss;
    plateau->bad = 0;
  } else {
    plateau->bad++;
  }
  if (plateau->cooling > 0) {
    plateau->cooling--;
    plateau->bad = 0;
  }
  if (plateau->bad <= recipe->patience) return rate;
  plateau->cooling = recipe->cooldown;
  plateau->bad = 0;
  double lowered = rate * recipe->gamma;
  if (lowered < recipe->final_lr) lowered = recipe->final_lr;
  return rate - lowered > 1e-8 ? lowered : rate; /* PyTorch's eps */
}
