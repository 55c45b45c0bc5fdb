/* Learning-rate schedules, by the formulas of torch.optim.lr_scheduler. */
#ifndef CNN_RATE_H
#define CNN_RATE_H

#include "core/cnn.h"

/* The rate of update `step` (from 0) of a training of recipe->epochs * steps_per_epoch updates.

   The first W = round(warmup_epochs * steps_per_epoch) updates are the warm-up (LinearLR):
   lr * (warmup_start + (1 - warmup_start) * step / W). What follows is the schedule, as in
   SequentialLR: its step t and its epoch e, t / steps_per_epoch rounded down, count from the end of
   the warm-up, and T updates are left for it.

     constant     lr
     step         lr * gamma^(e / step_epochs), the quotient rounded down
     multi-step   lr * gamma^(milestones that e has reached)
     exponential  lr * gamma^e
     polynomial   lr * (1 - t / T)^power
     cosine       final + (lr - final) * (1 + cos(pi * t / T)) / 2; Loshchilov and Hutter, "SGDR"
                  (2017), without restarts
     one-cycle    along half a cosine from lr / divisor at t = 0 to lr at t = rise * T - 1, then to
                  lr / divisor / final_divisor at t = T - 1; OneCycleLR
     plateau      lr, which cnn_plateau_rate lowers after an epoch */
double cnn_rate(const cnn_recipe *recipe, uint64_t step, uint64_t steps_per_epoch);

/* The momentum of an update, beta1 of Adam, where the optimiser's is `usual`. With bounds for it a
   one-cycle schedule moves it from momentum_high (which it also has in the warm-up) down to
   momentum_low and back while the rate rises and falls; cycle_momentum of OneCycleLR. */
double cnn_momentum(const cnn_recipe *recipe, double usual, uint64_t step,
                    uint64_t steps_per_epoch);

/* What ReduceLROnPlateau (mode min, threshold_mode rel) remembers; starts zeroed. */
typedef struct cnn_plateau {
  int epochs; /* seen */
  double best;
  int bad, cooling; /* epochs without a better loss; epochs left in which none counts as bad */
} cnn_plateau;

/* The rate after an epoch with this loss, when it was `rate`: rate * gamma, but at least final_lr,
   after more than `patience` epochs whose loss was not less than best * (1 - threshold). */
double cnn_plateau_rate(cnn_plateau *plateau, const cnn_recipe *recipe, double rate, double loss);

#endif
