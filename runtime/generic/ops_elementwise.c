/* Ops that treat every element alike. */
#include "generic.h"

#include <math.h>

#define EACH                                                                                       \
  _Pragma("omp parallel for num_threads(threads) schedule(static)") for (size_t i = 0; i < count;  \
                                                                         i++)

/* Everything in sight of a unary op: x, y, and how many elements the images in hand have. */
#define UNARY(net, node)                                                                           \
  const int threads = (net)->threads;                                                              \
  const float *restrict x = (node)->in[0]->data;                                                   \
  float *restrict y = (node)->out[0]->data;                                                        \
  const size_t count = (net)->n * (node)->in[0]->image

#define UNARY_BACKWARD(net, node)                                                                  \
  const int threads = (net)->threads;                                                              \
  const float *restrict dy = (node)->out[0]->gradient;                                             \
  float *restrict dx = (node)->in[0]->gradient;                                                    \
  const size_t count = (net)->n * (node)->in[0]->image;                                            \
  if (!dx) return

void relu_forward(Net *net, Node *node) {
  UNARY(net, node);
  EACH y[i] = x[i] > 0 ? x[i] : 0;
}

void relu_backward(Net *net, Node *node) {
  UNARY_BACKWARD(net, node);
  const float *restrict y = node->out[0]->data;
  EACH dx[i] += y[i] > 0 ? dy[i] : 0;
}

void leaky_relu_forward(Net *net, Node *node) {
  UNARY(net, node);
  const float slope = (float)node->attributes.slope;
  EACH y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void leaky_relu_backward(Net *net, Node *node) {
  UNARY_BACKWARD(net, node);
  const float *restrict y = node->out[0]->data, slope = (float)node->attributes.slope;
  EACH dx[i] += y[i] > 0 ? dy[i] : slope * dy[i];
}

/* tanhf in a form that compilers vectorise: they have a vector expf (libmvec), not all a tanhf.
   Near zero, where 1 - t would cancel, the series; its next term is below 1e-8 of x there. */
static inline float fast_tanh(float x) {
  const float t = expf(-2 * fabsf(x)), square = x * x;
  const float series =
      x * (1 - square * (1.0f / 3 - square * (2.0f / 15 - square * (17.0f / 315))));
  const float far = copysignf((1 - t) / (1 + t), x);
  return fabsf(x) < 0.125f ? series : far;
}

void tanh_forward(Net *net, Node *node) {
  UNARY(net, node);
  EACH y[i] = fast_tanh(x[i]);
}

void tanh_backward(Net *net, Node *node) {
  UNARY_BACKWARD(net, node);
  const float *restrict y = node->out[0]->data;
  EACH dx[i] += dy[i] * (1 - y[i] * y[i]);
}

void sigmoid_forward(Net *net, Node *node) {
  UNARY(net, node);
  EACH y[i] = 1 / (1 + expf(-x[i]));
}

void sigmoid_backward(Net *net, Node *node) {
  UNARY_BACKWARD(net, node);
  const float *restrict y = node->out[0]->data;
  EACH dx[i] += dy[i] * y[i] * (1 - y[i]);
}

/* Kept elements are scaled by 1/(1-p), so that inference needs no change. The mask is drawn again
   in the backward pass. */
static float keep(const Net *net, const Node *node, size_t i) {
  const double p = node->attributes.p;
  if (!net->training || net->without_dropout) return 1;
  const uint64_t seed = net->step * 1000003 + (uint64_t)node->index;
  return random_unit(seed, i) < p ? 0 : (float)(1 / (1 - p));
}

void dropout_forward(Net *net, Node *node) {
  UNARY(net, node);
  EACH y[i] = x[i] * keep(net, node, i);
}

void dropout_backward(Net *net, Node *node) {
  UNARY_BACKWARD(net, node);
  EACH dx[i] += dy[i] * keep(net, node, i);
}

void add_forward(Net *net, Node *node) {
  const int threads = net->threads;
  float *restrict y = node->out[0]->data;
  const size_t count = net->n * node->out[0]->image;
  EACH {
    float sum = node->in[0]->data[i];
    for (int j = 1; j < node->in_count; j++) sum += node->in[j]->data[i];
    y[i] = sum;
  }
}

void add_backward(Net *net, Node *node) {
  const int threads = net->threads;
  const float *dy = node->out[0]->gradient;
  const size_t count = net->n * node->out[0]->image;
  for (int j = 0; j < node->in_count; j++) {
    float *dx = node->in[j]->gradient;
    if (dx) EACH dx[i] += dy[i];
  }
}
