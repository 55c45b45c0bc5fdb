/* One step of the optimiser, by the formulas of torch.optim. Weight decay is added to the gradient,
   but for AdamW. */
#include "generic.h"

#include <math.h>

/* Of one parameter: the recipe's settings with the parameter's own factors. */
typedef struct Settings {
  const Recipe *recipe;
  float lr, decay;
  double t; /* steps, this one counted */
  int threads;
} Settings;

int optimizer_moments(const Recipe *recipe) {
  const int momentum = recipe->momentum != 0;
  switch (recipe->optimizer) {
  case SGD:
    return momentum;
  case ADAM:
  case ADAMW:
    return 2;
  case RMSPROP:
    return 1 + momentum + recipe->centered;
  }
  return 0;
}

/* v = momentum v + g; w -= lr v; Nesterov: w -= lr (g + momentum v). */
static void sgd(const Settings *s, Tensor *tensor) {
  const float momentum = (float)s->recipe->momentum, lr = s->lr, decay = s->decay;
  const bool nesterov = s->recipe->nesterov;
  float *restrict w = tensor->data, *restrict v = tensor->moment[0];
  const float *restrict gradient = tensor->gradient;
#pragma omp parallel for num_threads(s->threads) schedule(static)
  for (size_t i = 0; i < tensor->count; i++) {
    float g = gradient[i] + decay * w[i];
    if (v) {
      v[i] = momentum * v[i] + g;
      g = nesterov ? g + momentum * v[i] : v[i];
    }
    w[i] -= lr * g;
  }
}

/* Kingma and Ba 2015, algorithm 1. AdamW (Loshchilov and Hutter 2019) shrinks w by lr decay instead
   of adding decay w to the gradient. */
static void adam(const Settings *s, Tensor *tensor) {
  const Recipe *recipe = s->recipe;
  const bool decoupled = recipe->optimizer == ADAMW;
  const float beta1 = (float)recipe->beta1, beta2 = (float)recipe->beta2;
  const float shrink = decoupled ? 1 - s->lr * s->decay : 1, decay = decoupled ? 0 : s->decay;
  const float rate = (float)(s->lr / (1 - pow(recipe->beta1, s->t)));
  const float correction = (float)(1 / sqrt(1 - pow(recipe->beta2, s->t)));
  const float eps = (float)recipe->eps;
  float *restrict w = tensor->data, *restrict m = tensor->moment[0],
                  *restrict v = tensor->moment[1];
  const float *restrict gradient = tensor->gradient;
#pragma omp parallel for num_threads(s->threads) schedule(static)
  for (size_t i = 0; i < tensor->count; i++) {
    const float g = gradient[i] + decay * w[i];
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    w[i] = shrink * w[i] - rate * m[i] / (sqrtf(v[i]) * correction + eps);
  }
}

/* Tieleman and Hinton 2012: g / (sqrt(square) + eps), square a moving mean of g^2; centred: of its
   deviation. The moments are the square, then the velocity if there is momentum, then the mean. */
static void rmsprop(const Settings *s, Tensor *tensor) {
  const Recipe *recipe = s->recipe;
  const float momentum = (float)recipe->momentum, alpha = (float)recipe->beta2;
  const float lr = s->lr, decay = s->decay, eps = (float)recipe->eps;
  float *restrict w = tensor->data, *restrict square = tensor->moment[0];
  float *restrict velocity = momentum != 0 ? tensor->moment[1] : NULL;
  float *restrict mean = recipe->centered ? tensor->moment[momentum != 0 ? 2 : 1] : NULL;
  const float *restrict gradient = tensor->gradient;
#pragma omp parallel for num_threads(s->threads) schedule(static)
  for (size_t i = 0; i < tensor->count; i++) {
    const float g = gradient[i] + decay * w[i];
    square[i] = alpha * square[i] + (1 - alpha) * g * g;
    float variance = square[i];
    if (mean) {
      mean[i] = alpha * mean[i] + (1 - alpha) * g;
      variance = fmaxf(variance - mean[i] * mean[i], 0); /* rounding may leave less than nothing */
    }
    float step = g / (sqrtf(variance) + eps);
    if (velocity) step = velocity[i] = momentum * velocity[i] + step;
    w[i] -= lr * step;
  }
}

void net_update(Net *net) {
  static void (*const updates[])(const Settings *, Tensor *) = {
      [SGD] = sgd, [ADAM] = adam, [ADAMW] = adam, [RMSPROP] = rmsprop};
  const Recipe *recipe = &net->recipe;
  net->step++;
  for (int i = 0; i < net->tensor_count; i++) {
    Tensor *tensor = &net->tensors[i];
    if (tensor->kind != TENSOR_PARAMETER || !tensor->trainable) continue;
    const Settings settings = {.recipe = recipe,
                               .lr = (float)(recipe->lr * tensor->lr_scale),
                               .decay = (float)(recipe->weight_decay * tensor->decay_scale),
                               .t = (double)net->step,
                               .threads = net->threads};
    updates[recipe->optimizer](&settings, tensor);
  }
}
