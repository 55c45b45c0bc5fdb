/* How large the terms are of which a step makes sums that may cancel: rounding is in proportion to
   them, not to what is left. The gradient of a bias in front of a batch norm, say, is 0, and so is
   the mean that the second of two batch norms finds. */
#include "generic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static float *numbers(size_t count) {
  float *sums = calloc(count, sizeof *sums);
  if (sums) return sums;
  perror("cnn-generic");
  exit(EXIT_FAILED);
}

/* |x| of the images in hand; with |mean of its channel| added where there is a mean. */
static float *absolute(const Net *net, const Tensor *x, const float *values, const float *mean) {
  const size_t plane = (size_t)x->dim[2] * x->dim[3], count = net->n * x->image;
  float *sums = numbers(count);
  for (size_t i = 0; i < count; i++)
    sums[i] = fabsf(values[i]) + (mean ? fabsf(mean[i / plane % (size_t)x->dim[1]]) : 0);
  return sums;
}

static void exchange(float **a, float **b) {
  float *kept = *a;
  *a = *b, *b = kept;
}

/* The op's own backward pass on absolute values makes the sums of the absolute terms. A batch norm
   subtracts the mean from x: its magnitude is |x| + |mean|, and the mean is 0. */
static void of_gradients(Net *net, Node *node) {
  Tensor *x = node->in[0], *y = node->out[0];
  Tensor *mean = node->op->forward == batch_norm_forward ? node->out[1] : NULL;
  float *values = absolute(net, x, x->data, mean ? mean->data : NULL), *no_gradient = NULL;
  float *gradient = absolute(net, y, y->gradient, NULL);
  float *no_mean = mean ? numbers(mean->count) : NULL;
  for (int swap = 0; swap < 2; swap++) { /* in, and out again */
    exchange(&x->data, &values), exchange(&x->gradient, &no_gradient);
    exchange(&y->gradient, &gradient);
    if (mean) exchange(&mean->data, &no_mean);
    for (int i = 1; i < node->in_count; i++) {
      Tensor *parameter = node->in[i];
      if (!parameter->gradient) continue;
      if (!parameter->magnitude) parameter->magnitude = numbers(parameter->count);
      exchange(&parameter->gradient, &parameter->magnitude);
    }
    if (swap == 0) node->op->backward(net, node);
  }
  free(values), free(gradient), free(no_mean);
}

/* Those of the statistics that a batch norm computes of the batch: mean |x| and mean x^2, which the
   square of the mean cancels to the variance; and of the parts of it in the running ones. */
static void of_statistics(const Net *net, const Node *node) {
  const Tensor *x = node->in[0];
  Tensor *mean = node->out[1], *inverse = node->out[2];
  Tensor *running_mean = node->in[3], *running_var = node->in[4];
  const float momentum = (float)node->attributes.momentum;
  const size_t plane = (size_t)x->dim[2] * x->dim[3];
  Tensor *const all[] = {mean, inverse, running_mean, running_var};
  for (int k = 0; k < 4; k++) all[k]->magnitude = numbers(all[k]->count);
  for (int c = 0; c < x->dim[1]; c++) {
    double sum = 0, squares = 0;
    for (int i = 0; i < net->n; i++)
      for (size_t p = 0; p < plane; p++) {
        const double v = x->data[i * x->image + c * plane + p];
        sum += fabs(v), squares += v * v;
      }
    const float absolute = (float)(sum / ((double)plane * net->n));
    const float square = (float)(squares / ((double)plane * net->n)), scale = inverse->data[c];
    mean->magnitude[c] = absolute;
    inverse->magnitude[c] = scale * (1 + square * scale * scale);
    running_mean->magnitude[c] = momentum * absolute;
    running_var->magnitude[c] = 1 - momentum + momentum * square;
  }
}

void magnitudes(Net *net) {
  for (int i = 0; i < net->node_count; i++) {
    Node *node = &net->nodes[i];
    const bool norm = node->op->forward == batch_norm_forward;
    if (norm) of_statistics(net, node);
    if (node->out[0]->gradient &&
        (norm || node->op->forward == conv2d_forward || node->op->forward == linear_forward))
      of_gradients(net, node);
  }
}
