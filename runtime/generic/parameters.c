/* Parameters: how they start, and the optimiser's step. */
#include "generic.h"

#include <math.h>
#include <string.h>

double random_unit(uint64_t seed, uint64_t counter) {
  uint64_t z = seed * 0xD1B54A32D192ED03u + (counter + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* An exported graph knows zeros, constant, uniform, normal and truncated_normal. A normal one
   becomes the uniform one of the same deviation: this program races and compares, it never trains
   to the end. */
void net_initialize(Net *net, uint64_t seed) {
  for (int t = 0; t < net->tensor_count; t++) {
    Tensor *tensor = &net->tensors[t];
    if (tensor->kind != TENSOR_PARAMETER) continue;
    const bool normal = strstr(tensor->init, "normal") != NULL;
    const bool random = normal || strcmp(tensor->init, "uniform") == 0;
    const double bound = tensor->scale * (normal ? sqrt(3) : 1);
    const double constant = strcmp(tensor->init, "constant") == 0 ? tensor->scale : 0;
    for (size_t i = 0; i < tensor->count; i++)
      tensor->data[i] =
          (float)(random ? bound * (2 * random_unit(seed + (uint64_t)t, i) - 1) : constant);
  }
}

/* w -= lr * v, v = momentum * v + g; Nesterov: w -= lr * (g + momentum * v). Weight decay is added
   to the gradient. As torch.optim.SGD. */
static void sgd(const Recipe *recipe, Tensor *tensor, int threads) {
  const float lr = (float)recipe->lr, decay = (float)recipe->weight_decay;
  const float momentum = (float)recipe->momentum;
  float *restrict w = tensor->data, *restrict v = tensor->moment[0];
  const float *restrict gradient = tensor->gradient;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i < tensor->count; i++) {
    float g = gradient[i] + decay * w[i];
    if (v) {
      v[i] = momentum * v[i] + g;
      g = recipe->nesterov ? g + momentum * v[i] : v[i];
    }
    w[i] -= lr * g;
  }
}

/* Kingma and Ba 2015, algorithm 1, as torch.optim.Adam; t counts from 1. */
static void adam(const Recipe *recipe, Tensor *tensor, uint64_t t, int threads) {
  const float beta1 = (float)recipe->beta1, beta2 = (float)recipe->beta2;
  const float decay = (float)recipe->weight_decay, eps = (float)recipe->eps;
  const float rate = (float)(recipe->lr / (1 - pow(recipe->beta1, (double)t)));
  const float correction = (float)(1 / sqrt(1 - pow(recipe->beta2, (double)t)));
  float *restrict w = tensor->data, *restrict m = tensor->moment[0],
                  *restrict v = tensor->moment[1];
  const float *restrict gradient = tensor->gradient;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i < tensor->count; i++) {
    const float g = gradient[i] + decay * w[i];
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    w[i] -= rate * m[i] / (sqrtf(v[i]) * correction + eps);
  }
}

void net_update(Net *net) {
  net->step++;
  for (int i = 0; i < net->tensor_count; i++) {
    Tensor *tensor = &net->tensors[i];
    if (tensor->kind != TENSOR_PARAMETER) continue;
    if (net->recipe.adam)
      adam(&net->recipe, tensor, net->step, net->threads);
    else
      sgd(&net->recipe, tensor, net->threads);
  }
}
