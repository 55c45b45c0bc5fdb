#include "train/rate.h"

#include <math.h>

/* From `from` to `to` along half a cosine; at: 0 to 1. */
static double cosine(double from, double to, double at) {
  return to + (from - to) * (1 + cos(M_PI * at)) / 2;
}

/* From `first` at step 0 over `top` at rise * steps - 1 to `last` at the last of the steps. */
static double one_cycle(double rise, double step, double steps, double first, double top,
                        double last) {
  double turn = rise * steps - 1;
  if (turn > 0 && step <= turn) return cosine(first, top, step / turn);
  double at = (step - turn) / (steps - 1 - turn);
  return cosine(top, last, at < 1 ? at : 1);
}

static double multi_step(const cnn_recipe *recipe, uint64_t epoch) {
  int reached = 0;
  while (reached < recipe->milestone_count && epoch >= (uint64_t)recipe->milestones[reached])
    reached++;
  return recipe->lr * pow(recipe->gamma, reached);
}

static uint64_t warmup_steps(const cnn_recipe *recipe, uint64_t steps_per_epoch) {
  return (uint64_t)llround(recipe->warmup_epochs * (double)steps_per_epoch);
}

/* Those of the schedule, after the warm-up; at least 1. */
static double scheduled_steps(const cnn_recipe *recipe, uint64_t steps_per_epoch) {
  uint64_t all = (uint64_t)recipe->epochs * steps_per_epoch;
  uint64_t warmup = warmup_steps(recipe, steps_per_epoch);
  return all > warmup ? (double)(all - warmup) : 1;
}

double cnn_rate(const cnn_recipe *recipe, uint64_t step, uint64_t steps_per_epoch) {
  double lr = recipe->lr;
  uint64_t warmup = warmup_steps(recipe, steps_per_epoch);
  if (step < warmup)
    return lr * (recipe->warmup_start + (1 - recipe->warmup_start) * (double)step / (double)warmup);
  step -= warmup;
  double steps = scheduled_steps(recipe, steps_per_epoch), progress = (double)step / steps;
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
    return one_cycle(recipe->rise, (double)step, steps, lr / recipe->divisor, lr,
                     lr / recipe->divisor / recipe->final_divisor);
  case CNN_LR_CONSTANT:
  case CNN_LR_PLATEAU:
    break;
  }
  return lr;
}

double cnn_momentum(const cnn_recipe *recipe, double usual, uint64_t step,
                    uint64_t steps_per_epoch) {
  double low = recipe->momentum_low, high = recipe->momentum_high;
  if (recipe->schedule != CNN_LR_ONE_CYCLE || high == 0) return usual;
  uint64_t warmup = warmup_steps(recipe, steps_per_epoch);
  if (step < warmup) return high;
  double steps = scheduled_steps(recipe, steps_per_epoch);
  return one_cycle(recipe->rise, (double)(step - warmup), steps, high, low, high);
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
