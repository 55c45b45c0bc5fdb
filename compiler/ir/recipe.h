/* The training recipe of a model. */
#ifndef CNNC_RECIPE_H
#define CNNC_RECIPE_H

#include <stdbool.h>

/* Optimisers and schedules of the learning rate, X(id, name): nn.sgd is OPTIMIZER_SGD and, in the
   runtime, CNN_SGD; nn.step_lr is LR_STEP and CNN_LR_STEP. */
#define OPTIMIZERS(X) X(SGD, "sgd") X(ADAM, "adam") X(ADAMW, "adamw") X(RMSPROP, "rmsprop")
#define LR_SCHEDULES(X)                                                                            \
  X(CONSTANT, "constant")                                                                          \
  X(STEP, "step")                                                                                  \
  X(MULTI_STEP, "multi_step")                                                                      \
  X(EXPONENTIAL, "exponential")                                                                    \
  X(POLYNOMIAL, "polynomial")                                                                      \
  X(COSINE, "cosine")                                                                              \
  X(ONE_CYCLE, "one_cycle")                                                                        \
  X(PLATEAU, "plateau")

#define KIND(id, name) OPTIMIZER_##id,
typedef enum OptimizerKind { OPTIMIZERS(KIND) } OptimizerKind;
#undef KIND
#define KIND(id, name) LR_##id,
typedef enum LrScheduleKind { LR_SCHEDULES(KIND) } LrScheduleKind;
#undef KIND

enum { INPUT_CHANNELS_MAX = 16, MILESTONES_MAX = 16 };

/* The default training recipe of a model; cnn_recipe in the runtime's cnn.h tells the fields. */
typedef struct Recipe {
  int batch, epochs;
  OptimizerKind optimizer;
  double lr, momentum, weight_decay, beta1, beta2, eps; /* RMSprop's alpha is beta2 */
  bool nesterov, centered;
  LrScheduleKind schedule;
  double warmup_epochs, warmup_start;
  int step_epochs;
  int milestones[MILESTONES_MAX], milestone_count;
  double gamma, final_lr, power;
  double rise, divisor, final_divisor, momentum_low, momentum_high;
  int patience, cooldown;
  double threshold;
  int accumulate;
  double clip_norm, clip_value, ema;
  int crop;
  bool flip;
  int cutout;
  int resize;
  bool normalize_from_dataset; /* mean and deviation of the training set; else those below */
  double mean[INPUT_CHANNELS_MAX], deviation[INPUT_CHANNELS_MAX]; /* of pixels scaled to 0..1 */
} Recipe;

#endif
