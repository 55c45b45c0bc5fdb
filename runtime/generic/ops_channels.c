/* Channels behind each other; what the inputs leave of the output is zero (pad_channels). */
#include "generic.h"

#include <string.h>

void concat_forward(Net *net, Node *node) {
  const Tensor *y = node->out[0];
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int i = 0; i < net->n; i++) {
    float *to = y->data + i * y->image, *end = to + y->image;
    for (int k = 0; k < node->in_count; k++) {
      const Tensor *x = node->in[k];
      memcpy(to, x->data + i * x->image, x->image * sizeof *to);
      to += x->image;
    }
    memset(to, 0, (size_t)(end - to) * sizeof *to);
  }
}

void concat_backward(Net *net, Node *node) {
  const Tensor *y = node->out[0];
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int i = 0; i < net->n; i++) {
    const float *dy = y->gradient + i * y->image;
    for (int k = 0; k < node->in_count; k++) {
      const Tensor *x = node->in[k];
      float *dx = x->gradient ? x->gradient + i * x->image : NULL;
      for (size_t j = 0; dx && j < x->image; j++) dx[j] += dy[j];
      dy += x->image;
    }
  }
}
