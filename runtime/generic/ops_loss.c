/* Losses: one number an image forward; backward the gradient of their mean over the images. Those
   of auxiliary heads come behind that of the logits and are added to it. */
#include "generic.h"

#include <math.h>

/* The target's probability of class k: 1 - s + s/K for the label, s/K for the others
   (Szegedy et al. 2016, label smoothing). */
static float target(const Node *node, int k, int classes, int label) {
  const double s = node->attributes.label_smoothing;
  return (float)(s / classes + (k == label ? 1 - s : 0));
}

static void add_loss(Net *net, const Node *node, int i, float loss) {
  const float sum = node->attributes.auxiliary ? net->loss->data[i] : 0;
  net->loss->data[i] = sum + (float)node->attributes.loss_weight * loss;
}

/* Of one image's loss in the loss of the step. */
static float share_of_image(const Net *net, const Node *node) {
  return (float)(node->attributes.loss_weight / net->n);
}

/* log of the sum of exp, without overflow. */
static float log_sum_exp(const float *logits, int classes) {
  float largest = logits[0], sum = 0;
  for (int k = 1; k < classes; k++) largest = logits[k] > largest ? logits[k] : largest;
  for (int k = 0; k < classes; k++) sum += expf(logits[k] - largest);
  return largest + logf(sum);
}

void softmax_cross_entropy_forward(Net *net, Node *node) {
  const Tensor *x = node->in[0];
  const int classes = x->dim[1];
  for (int i = 0; i < net->n; i++) {
    const float *logits = x->data + (size_t)i * classes;
    const float norm = log_sum_exp(logits, classes);
    float loss = 0;
    for (int k = 0; k < classes; k++)
      loss += target(node, k, classes, net->labels[i]) * (norm - logits[k]);
    add_loss(net, node, i, loss);
  }
}

void softmax_cross_entropy_backward(Net *net, Node *node) {
  const Tensor *x = node->in[0];
  const int classes = x->dim[1];
  const float share = share_of_image(net, node);
  if (!x->gradient) return;
  for (int i = 0; i < net->n; i++) {
    const float *logits = x->data + (size_t)i * classes;
    float *dx = x->gradient + (size_t)i * classes;
    const float norm = log_sum_exp(logits, classes);
    for (int k = 0; k < classes; k++)
      dx[k] += (expf(logits[k] - norm) - target(node, k, classes, net->labels[i])) * share;
  }
}

void squared_error_forward(Net *net, Node *node) {
  const Tensor *x = node->in[0];
  const int classes = x->dim[1];
  for (int i = 0; i < net->n; i++) {
    float loss = 0;
    for (int k = 0; k < classes; k++) {
      const float error = x->data[(size_t)i * classes + k] - (float)(k == net->labels[i]);
      loss += 0.5f * error * error;
    }
    add_loss(net, node, i, loss);
  }
}

void squared_error_backward(Net *net, Node *node) {
  const Tensor *x = node->in[0];
  const int classes = x->dim[1];
  const float share = share_of_image(net, node);
  if (!x->gradient) return;
  for (int i = 0; i < net->n; i++)
    for (int k = 0; k < classes; k++) {
      const size_t at = (size_t)i * classes + k;
      x->gradient[at] += (x->data[at] - (float)(k == net->labels[i])) * share;
    }
}
