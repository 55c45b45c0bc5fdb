#include "fake_model.h"

#include "core/real.h"

#include <math.h>

enum { LANES = 4, ROUNDED_BATCH = 32, ROUNDED_CLASSES = 12, GUARD = 4096 };

/* Offsets of weight [10,784] and bias [10]. */
enum { WEIGHT = 0, BIAS = FAKE_CLASSES * FAKE_PIXELS, PARAMETERS = BIAS + 16 };

/* Values end at a page border with a page behind, whatever the size of a real: sizes and guards are
   multiples of 1024 reals here. */
enum {
  PAGE = GUARD / 4,
  X_REALS = ROUNDED_BATCH * FAKE_PIXELS, /* 24.5 pages of floats */
  LOGITS_REALS = ROUNDED_BATCH * ROUNDED_CLASSES,
  X = 25 * PAGE - X_REALS,
  LOGITS = 27 * PAGE - LOGITS_REALS,
  DLOGITS = 29 * PAGE - LOGITS_REALS,
  ACTIVATIONS = 29 * PAGE,
};

/* The calls of a step. */
enum { FORWARD, BACKWARD };

static size_t x_at(int n, int f) {
  return X + (size_t)((n / LANES * FAKE_PIXELS + f) * LANES + n % LANES);
}
static size_t logit_at(int n, int k) {
  return LOGITS + (size_t)(n * ROUNDED_CLASSES + k);
}

/* After each call of a step, as generated programs do it. */
static void next(const cnn_state *state) {
  if (state->observe) state->observe(state->observer);
}

static void forward(const cnn_model *m, const cnn_state *state, const cnn_batch *batch) {
  for (int n = 0; n < batch->count; n++) {
    for (int f = 0; f < FAKE_PIXELS; f++)
      cnn_real_set(m, state->activations, x_at(n, f),
                   batch->images[n][f] * batch->scale[0] + batch->shift[0]);
    int best = 0;
    for (int k = 0; k < FAKE_CLASSES; k++) {
      double sum = cnn_real_get(m, state->parameters, BIAS + (size_t)k);
      for (int f = 0; f < FAKE_PIXELS; f++)
        sum += cnn_real_get(m, state->parameters, WEIGHT + (size_t)(k * FAKE_PIXELS + f)) *
               cnn_real_get(m, state->activations, x_at(n, f));
      cnn_real_set(m, state->activations, logit_at(n, k), sum);
      if (sum > cnn_real_get(m, state->activations, logit_at(n, best))) best = k;
    }
    state->predicted[n] = best;
  }
  next(state);
}

static void infer(const cnn_model *m, const cnn_state *state, const cnn_batch *batch,
                  float *logits) {
  forward(m, state, batch);
  for (int n = 0; n < batch->count; n++)
    for (int k = 0; k < FAKE_CLASSES; k++)
      logits[n * FAKE_CLASSES + k] = (float)cnn_real_get(m, state->activations, logit_at(n, k));
}

static void gradients(const cnn_model *m, const cnn_state *state, const cnn_batch *batch) {
  forward(m, state, batch);
  for (size_t i = 0; i < PARAMETERS; i++) cnn_real_set(m, state->gradients, i, 0);
  for (int n = 0; n < batch->count; n++) {
    double sum = 0, error[FAKE_CLASSES];
    for (int k = 0; k < FAKE_CLASSES; k++)
      sum += error[k] = exp(cnn_real_get(m, state->activations, logit_at(n, k)));
    cnn_real_set(m, state->loss, (size_t)n, log(sum / error[batch->labels[n]]));
    for (int k = 0; k < FAKE_CLASSES; k++) {
      double d = (error[k] / sum - (k == batch->labels[n])) / batch->count;
      cnn_real_set(m, state->activations, DLOGITS + logit_at(n, k) - LOGITS, d);
      size_t bias = BIAS + (size_t)k;
      cnn_real_set(m, state->gradients, bias, cnn_real_get(m, state->gradients, bias) + d);
      for (int f = 0; f < FAKE_PIXELS; f++) {
        size_t weight = WEIGHT + (size_t)(k * FAKE_PIXELS + f);
        cnn_real_set(m, state->gradients, weight,
                     cnn_real_get(m, state->gradients, weight) +
                         d * cnn_real_get(m, state->activations, x_at(n, f)));
      }
    }
  }
  next(state);
}

static void update(const cnn_model *m, const cnn_state *state) {
  for (size_t i = 0; i < PARAMETERS; i++)
    cnn_real_set(m, state->parameters, i,
                 cnn_real_get(m, state->parameters, i) -
                     state->lr * cnn_real_get(m, state->gradients, i));
  next(state);
}

static void train_step(const cnn_model *m, const cnn_state *state, const cnn_batch *batch) {
  gradients(m, state, batch);
  update(m, state);
}

static const double MEAN[] = {0.3}, DEVIATION[] = {0.35};
static const cnn_recipe RECIPE = {.epochs = 2,
                                  .optimizer = CNN_SGD,
                                  .lr = 0.05,
                                  .schedule = CNN_LR_COSINE,
                                  .accumulate = 1,
                                  .normalize_from_dataset = 1,
                                  .mean = MEAN,
                                  .deviation = DEVIATION};
static const cnn_parameter PARAMETER_TABLE[] = {
    {"fc.weight", 2, {FAKE_CLASSES, FAKE_PIXELS}, WEIGHT, CNN_UNIFORM, 0.05, 1},
    {"fc.bias", 1, {FAKE_CLASSES}, BIAS, CNN_ZEROS, 0, 1},
};
static const cnn_layer LAYER_TABLE[] = {{.name = "fc",
                                         .kind = "linear",
                                         .shape = {FAKE_CLASSES, 1, 1},
                                         .parameters = 7850,
                                         .macs = 7840,
                                         .receptive_field = {28, 28},
                                         .activation_bytes = 40,
                                         .linear_parameters = 7850,
                                         .activation = {CNN_PADDED_ROWS, LOGITS, FORWARD, 0},
                                         .gradient = {CNN_PADDED_ROWS, DLOGITS, BACKWARD, 0}}};
static const cnn_cost COST_TABLE[] = {
    {"linear", CNN_FORWARD, 2 * 7840, FAKE_PIXELS + 40, 4 * PARAMETERS},
    {"linear_backward_weights", CNN_BACKWARD_WEIGHTS, 2 * 7840, 3176, 4 * PARAMETERS},
    {"update", CNN_UPDATE, 0, 0, 3 * 4 * PARAMETERS},
};
static const cnn_node NODE_TABLE[] = {{0, 0}, {0, 1}, {1, 2}};
static const char *const NODE_NAMES[] = {"update"};
static const cnn_value VALUE_TABLE[] = {
    {"x", 4, {FAKE_BATCH, 1, 28, 28}, CNN_BATCH_BLOCKED, X, 0, 0},
    {"logits", 2, {FAKE_BATCH, FAKE_CLASSES}, CNN_PADDED_ROWS, LOGITS, 0, 0},
    {"dlogits", 2, {FAKE_BATCH, FAKE_CLASSES}, CNN_PADDED_ROWS, DLOGITS, 0, 0},
};

#define FAKE(NAME, REAL, GUARD_BYTES)                                                              \
  static void NAME##_gradients(const cnn_state *s, const cnn_batch *b) {                           \
    gradients(&NAME, s, b);                                                                        \
  }                                                                                                \
  static void NAME##_update(const cnn_state *s) {                                                  \
    update(&NAME, s);                                                                              \
  }                                                                                                \
  static void NAME##_train_step(const cnn_state *s, const cnn_batch *b) {                          \
    train_step(&NAME, s, b);                                                                       \
  }                                                                                                \
  static void NAME##_prepack(const cnn_state *s) {                                                 \
    (void)s;                                                                                       \
  }                                                                                                \
  static void NAME##_infer(const cnn_state *s, const cnn_batch *b, float *logits) {                \
    infer(&NAME, s, b, logits);                                                                    \
  }                                                                                                \
  const cnn_model NAME = {                                                                         \
      .abi = CNN_ABI,                                                                              \
      .name = "fake",                                                                              \
      .run = "fake",                                                                               \
      .command = "by hand",                                                                        \
      .target = CNN_SCALAR,                                                                        \
      .real_bytes = REAL,                                                                          \
      .lanes = LANES,                                                                              \
      .threads_max = 1,                                                                            \
      .batch = FAKE_BATCH,                                                                         \
      .input = {1, 28, 28},                                                                        \
      .classes = FAKE_CLASSES,                                                                     \
      .loss = CNN_SOFTMAX_CROSS_ENTROPY,                                                           \
      .recipe = &RECIPE,                                                                           \
      .parameters = PARAMETER_TABLE,                                                               \
      .parameter_count = 2,                                                                        \
      .layers = LAYER_TABLE,                                                                       \
      .layer_count = 1,                                                                            \
      .parameter_reals = PARAMETERS,                                                               \
      .gradient_reals = PARAMETERS,                                                                \
      .training_reals = ACTIVATIONS,                                                               \
      .inference_reals = ACTIVATIONS,                                                              \
      .values = VALUE_TABLE,                                                                       \
      .value_count = 3,                                                                            \
      .guard_bytes = GUARD_BYTES,                                                                  \
      .costs = COST_TABLE,                                                                         \
      .node_names = NODE_NAMES,                                                                    \
      .training_nodes = NODE_TABLE,                                                                \
      .training_node_count = 3,                                                                    \
      .inference_nodes = NODE_TABLE,                                                               \
      .inference_node_count = 1,                                                                   \
      .gradients = NAME##_gradients,                                                               \
      .update = NAME##_update,                                                                     \
      .train_step = NAME##_train_step,                                                             \
      .prepack = NAME##_prepack,                                                                   \
      .infer = NAME##_infer,                                                                       \
  }

FAKE(fake_model, 4, GUARD);
FAKE(fake_model_double, 8, GUARD);
