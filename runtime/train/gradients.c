#include "train/gradients.h"

#include "core/real.h"

#include <math.h>
#include <string.h>

/* The loops, once for each type of real. */
#define DEFINE(REAL)                                                                               \
  static void add_##REAL(REAL *restrict sum, const REAL *restrict x, size_t count, REAL weight,    \
                         int first) {                                                              \
    if (first)                                                                                     \
      for (size_t i = 0; i < count; i++) sum[i] = weight * x[i];                                   \
    else                                                                                           \
      for (size_t i = 0; i < count; i++) sum[i] += weight * x[i];                                  \
  }                                                                                                \
  static double squares_##REAL(const REAL *x, size_t count) {                                      \
    double sum = 0;                                                                                \
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];                         \
    return sum;                                                                                    \
  }                                                                                                \
  static void scale_##REAL(REAL *x, size_t count, REAL factor) {                                   \
    for (size_t i = 0; i < count; i++) x[i] *= factor;                                             \
  }                                                                                                \
  static void limit_##REAL(REAL *x, size_t count, REAL most) {                                     \
    for (size_t i = 0; i < count; i++) x[i] = x[i] > most ? most : x[i] < -most ? -most : x[i];    \
  }                                                                                                \
  static void average_##REAL(REAL *restrict average, const REAL *restrict x, size_t count,         \
                             REAL decay) {                                                         \
    for (size_t i = 0; i < count; i++) average[i] += (1 - decay) * (x[i] - average[i]);            \
  }                                                                                                \
  static int finite_##REAL(const REAL *x, size_t count) {                                          \
    for (size_t i = 0; i < count; i++)                                                             \
      if (!isfinite(x[i])) return 0;                                                               \
    return 1;                                                                                      \
  }
DEFINE(float)
DEFINE(double)

void cnn_gradients_add(const cnn_model *model, void *sum, const void *gradients, double weight,
                       int first) {
  size_t count = model->gradient_reals;
  if (model->real_bytes == 8)
    add_double(sum, gradients, count, weight, first);
  else
    add_float(sum, gradients, count, (float)weight, first);
}

/* The L2 norm of the gradients of what is trained: those of frozen parameters may be there, too. */
static double norm_of(const cnn_model *model, const void *gradients) {
  double sum = 0;
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *parameter = &model->parameters[i];
    const size_t count = cnn_parameter_count(parameter);
    if (!parameter->trainable) continue;
    sum += model->real_bytes == 8
               ? squares_double((const double *)gradients + parameter->offset, count)
               : squares_float((const float *)gradients + parameter->offset, count);
  }
  return sqrt(sum);
}

double cnn_gradients_clip(const cnn_model *model, void *gradients, const cnn_recipe *recipe) {
  size_t count = model->gradient_reals;
  int wide = model->real_bytes == 8;
  double norm = 0;
  if (recipe->clip_norm > 0) {
    norm = norm_of(model, gradients);
    double factor = recipe->clip_norm / (norm + 1e-6);
    if (factor < 1 && wide)
      scale_double(gradients, count, factor);
    else if (factor < 1)
      scale_float(gradients, count, (float)factor);
  }
  if (recipe->clip_value > 0 && wide)
    limit_double(gradients, count, recipe->clip_value);
  else if (recipe->clip_value > 0)
    limit_float(gradients, count, (float)recipe->clip_value);
  return norm;
}

void cnn_gradients_step(const cnn_model *model, const cnn_recipe *recipe, cnn_state *state,
                        const cnn_batch *batch) {
  if (recipe->clip_norm == 0 && recipe->clip_value == 0) {
    model->train_step(state, batch);
    return;
  }
  model->gradients(state, batch);
  cnn_gradients_clip(model, state->gradients, recipe);
  model->update(state);
}

void cnn_average_update(const cnn_model *model, void *average, const void *parameters, double decay,
                        uint64_t t) {
  const double warm = (1 + (double)t) / (10 + (double)t), d = warm < decay ? warm : decay;
  if (model->real_bytes == 8)
    average_double(average, parameters, model->parameter_reals, d);
  else
    average_float(average, parameters, model->parameter_reals, (float)d);
}

int cnn_parameters_are_finite(const cnn_model *model, const void *parameters) {
  return model->real_bytes == 8 ? finite_double(parameters, model->parameter_reals)
                                : finite_float(parameters, model->parameter_reals);
}
