/* Normalisations. Threads share the channels of a batch norm and the images of a local response
   norm. */
#include "generic.h"

#include <math.h>

/* --- batch norm: Ioffe and Szegedy 2015, as torch.nn.BatchNorm2d ------------------------------ */

static size_t plane_of(const Tensor *x) {
  return (size_t)x->dim[2] * x->dim[3];
}

/* Where channel c of image i begins. */
static size_t channel_at(const Tensor *x, int i, int c) {
  return i * x->image + (size_t)c * plane_of(x);
}

/* y = (x - mean) * inverse * weight + bias. */
static void normalize(const Net *net, const Node *node, int c, double mean, double inverse) {
  const Tensor *x = node->in[0];
  const float center = (float)mean, scale = (float)(inverse * node->in[1]->data[c]);
  const float bias = node->in[2]->data[c];
  const size_t plane = plane_of(x);
  for (int i = 0; i < net->n; i++) {
    const float *restrict from = x->data + channel_at(x, i, c);
    float *restrict to = node->out[0]->data + channel_at(x, i, c);
    for (size_t p = 0; p < plane; p++) to[p] = (from[p] - center) * scale + bias;
  }
}

/* The statistics of the batch become mean, inverse = 1 / sqrt(variance + eps), and a part of the
   running ones, the variance there as that of a sample: divided by one pixel less. */
static void take_statistics(const Net *net, const Node *node, int c) {
  const Tensor *x = node->in[0];
  const Attributes *a = &node->attributes;
  const size_t plane = plane_of(x);
  const double count = (double)plane * net->n;
  double sum = 0, squares = 0;
  for (int i = 0; i < net->n; i++) {
    const float *from = x->data + channel_at(x, i, c);
    for (size_t p = 0; p < plane; p++) sum += from[p];
  }
  const double mean = sum / count;
  for (int i = 0; i < net->n; i++) {
    const float *from = x->data + channel_at(x, i, c);
    for (size_t p = 0; p < plane; p++) squares += (from[p] - mean) * (from[p] - mean);
  }
  node->out[1]->data[c] = (float)mean;
  node->out[2]->data[c] = (float)(1 / sqrt(squares / count + a->eps));
  float *running_mean = &node->in[3]->data[c], *running_var = &node->in[4]->data[c];
  const double sample = squares / (count > 1 ? count - 1 : 1);
  *running_mean = (float)((1 - a->momentum) * *running_mean + a->momentum * mean);
  *running_var = (float)((1 - a->momentum) * *running_var + a->momentum * sample);
}

void batch_norm_forward(Net *net, Node *node) {
  const int channels = node->in[0]->dim[1];
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int c = 0; c < channels; c++) {
    if (net->training && !node->attributes.frozen_statistics) {
      take_statistics(net, node, c);
      normalize(net, node, c, node->out[1]->data[c], node->out[2]->data[c]);
    } else {
      const double variance = node->in[4]->data[c];
      node->out[1]->data[c] = node->in[3]->data[c];
      node->out[2]->data[c] = (float)(1 / sqrt(variance + node->attributes.eps));
      normalize(net, node, c, node->out[1]->data[c], node->out[2]->data[c]);
    }
  }
}

/* With z = (x - mean) * inverse: dbias = sum dy, dweight = sum dy z,
   dx = weight * inverse * (dy - dbias / count - z * dweight / count), or weight * inverse * dy
   where the statistics are frozen. */
static void backward_channel(const Net *net, const Node *node, int c) {
  const Tensor *x = node->in[0], *weight = node->in[1], *bias = node->in[2], *y = node->out[0];
  const float mean = node->out[1]->data[c], inverse = node->out[2]->data[c];
  const size_t plane = plane_of(x);
  const double count = (double)plane * net->n;
  double dbias = 0, dweight = 0;
  for (int i = 0; i < net->n; i++) {
    const float *from = x->data + channel_at(x, i, c), *dy = y->gradient + channel_at(x, i, c);
    for (size_t p = 0; p < plane; p++) {
      dbias += dy[p];
      dweight += dy[p] * ((from[p] - mean) * inverse);
    }
  }
  if (bias->gradient) bias->gradient[c] += (float)dbias;
  if (weight->gradient) weight->gradient[c] += (float)dweight;
  if (!x->gradient) return;
  const float scale = weight->data[c] * inverse;
  const bool frozen = node->attributes.frozen_statistics;
  const float center = frozen ? 0 : (float)(dbias / count);
  const float tilt = frozen ? 0 : (float)(dweight / count) * inverse;
  for (int i = 0; i < net->n; i++) {
    const float *restrict from = x->data + channel_at(x, i, c);
    const float *restrict dy = y->gradient + channel_at(x, i, c);
    float *restrict dx = x->gradient + channel_at(x, i, c);
    for (size_t p = 0; p < plane; p++) dx[p] += scale * (dy[p] - center - (from[p] - mean) * tilt);
  }
}

void batch_norm_backward(Net *net, Node *node) {
  const int channels = node->in[0]->dim[1];
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int c = 0; c < channels; c++) backward_channel(net, node, c);
}

/* --- local response norm: Krizhevsky et al. 2012, as torch.nn.LocalResponseNorm ------------------
   y_c = x_c scale_c^-beta, scale_c = k + alpha / size * the sum of x_j^2 over the channels j that c
   sees: c - size / 2 to c + (size - 1) / 2. */

typedef struct Range {
  int begin, end;
} Range;

static Range between(int begin, int end, int channels) {
  return (Range){begin < 0 ? 0 : begin, end > channels ? channels : end};
}

void local_response_norm_forward(Net *net, Node *node) {
  const Tensor *x = node->in[0];
  const Attributes *a = &node->attributes;
  const int channels = x->dim[1];
  const size_t plane = plane_of(x);
  const float share = (float)(a->alpha / a->size), k = (float)a->k, beta = (float)a->beta;
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int n = 0; n < net->n * channels; n++) {
    const int c = n % channels;
    const Range seen = between(c - a->size / 2, c + (a->size - 1) / 2 + 1, channels);
    const float *restrict from = x->data + n * plane;
    float *restrict scale = node->out[1]->data + n * plane;
    float *restrict to = node->out[0]->data + n * plane;
    for (size_t p = 0; p < plane; p++) scale[p] = k;
    for (int j = seen.begin; j < seen.end; j++) {
      const float *restrict other = from + (ptrdiff_t)(j - c) * (ptrdiff_t)plane;
      for (size_t p = 0; p < plane; p++) scale[p] += share * other[p] * other[p];
    }
    for (size_t p = 0; p < plane; p++) to[p] = from[p] * powf(scale[p], -beta);
  }
}

/* dx_c = dy_c scale_c^-beta - 2 alpha beta / size * x_c * the sum of dy_j y_j / scale_j over the
   channels j that see c. */
void local_response_norm_backward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0], *scale = node->out[1];
  const Attributes *a = &node->attributes;
  const int channels = x->dim[1];
  const size_t plane = plane_of(x);
  const float factor = (float)(-2 * a->alpha * a->beta / a->size), beta = (float)a->beta;
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int n = 0; n < net->n * channels; n++) {
    const int c = n % channels;
    const Range seeing = between(c - (a->size - 1) / 2, c + a->size / 2 + 1, channels);
    float *restrict dx = x->gradient + n * plane;
    const float *restrict from = x->data + n * plane;
    for (int j = seeing.begin; j < seeing.end; j++) {
      const size_t other = (size_t)(n - c + j) * plane;
      const float *restrict dy = y->gradient + other, *restrict to = y->data + other;
      const float *restrict s = scale->data + other;
      for (size_t p = 0; p < plane; p++) dx[p] += factor * from[p] * dy[p] * to[p] / s[p];
    }
    const float *restrict dy = y->gradient + n * plane, *restrict s = scale->data + n * plane;
    for (size_t p = 0; p < plane; p++) dx[p] += dy[p] * powf(s[p], -beta);
  }
}
