/* How parameters and running statistics start. */
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
  for (int i = 0; i < net->node_count; i++) {
    const Node *node = &net->nodes[i];
    if (node->op->forward != batch_norm_forward) continue;
    for (size_t c = 0; c < node->in[3]->count; c++) {
      node->in[3]->data[c] = 0; /* mean */
      node->in[4]->data[c] = 1; /* variance */
    }
  }
}
