/* Pooling, with PyTorch's meaning of padding, ceil_mode and count_include_pad: padding never wins a
   maximum; it counts in a mean's divisor only with count_include_pad, and then only as far as the
   padded input reaches (a window of ceil_mode may reach beyond). Adaptive pooling is a mean over
   windows that divide the image: window oh of P over H rows is floor(oh H / P) to
   ceil((oh + 1) H / P). */
#include "generic.h"

static PoolWindow adaptive_window(const int output[2], int height, int width, int oh, int ow) {
  PoolWindow w = {.top = oh * height / output[0], .left = ow * width / output[1]};
  w.bottom = ((oh + 1) * height + output[0] - 1) / output[0];
  w.right = ((ow + 1) * width + output[1] - 1) / output[1];
  w.padded = (w.bottom - w.top) * (w.right - w.left);
  return w;
}

PoolWindow pool_window(const Node *node, int oh, int ow) {
  const Attributes *a = &node->attributes;
  const int height = node->in[0]->dim[2], width = node->in[0]->dim[3];
  if (a->output[0] > 0) return adaptive_window(a->output, height, width, oh, ow);
  PoolWindow w = {.top = oh * a->stride[0] - a->padding[0],
                  .left = ow * a->stride[1] - a->padding[1]};
  w.bottom = w.top + a->kernel[0];
  w.right = w.left + a->kernel[1];
  if (w.bottom > height + a->padding[0]) w.bottom = height + a->padding[0];
  if (w.right > width + a->padding[1]) w.right = width + a->padding[1];
  w.padded = (w.bottom - w.top) * (w.right - w.left);
  if (w.top < 0) w.top = 0;
  if (w.left < 0) w.left = 0;
  if (w.bottom > height) w.bottom = height;
  if (w.right > width) w.right = width;
  return w;
}

/* The argmax: the maximum's index in its plane, one for each output. */
size_t max_pool2d_workspace(const Node *node) {
  return node->out[0]->count;
}

void max_pool2d_forward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0];
  const int planes = net->n * x->dim[1], width = x->dim[3];
  const size_t in = (size_t)x->dim[2] * width, out = (size_t)y->dim[2] * y->dim[3];
  int32_t *argmax = (int32_t *)node->workspace;
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int plane = 0; plane < planes; plane++) {
    const float *from = x->data + plane * in;
    size_t at = plane * out;
    for (int oh = 0; oh < y->dim[2]; oh++)
      for (int ow = 0; ow < y->dim[3]; ow++, at++) {
        const PoolWindow w = pool_window(node, oh, ow);
        int best = w.top * width + w.left;
        for (int h = w.top; h < w.bottom; h++)
          for (int v = w.left; v < w.right; v++)
            if (from[h * width + v] > from[best]) best = h * width + v;
        y->data[at] = from[best];
        argmax[at] = best;
      }
  }
}

void max_pool2d_backward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0];
  const int planes = net->n * x->dim[1];
  const size_t in = (size_t)x->dim[2] * x->dim[3], out = (size_t)y->dim[2] * y->dim[3];
  const int32_t *argmax = (const int32_t *)node->workspace;
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int plane = 0; plane < planes; plane++)
    for (size_t at = plane * out; at < (plane + 1) * out; at++)
      x->gradient[plane * in + argmax[at]] += y->gradient[at];
}

static int divisor(const Node *node, const PoolWindow *w) {
  return node->attributes.count_include_pad ? w->padded
                                            : (w->bottom - w->top) * (w->right - w->left);
}

void avg_pool2d_forward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0];
  const int planes = net->n * x->dim[1], width = x->dim[3];
  const size_t in = (size_t)x->dim[2] * width, out = (size_t)y->dim[2] * y->dim[3];
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int plane = 0; plane < planes; plane++) {
    const float *from = x->data + plane * in;
    float *to = y->data + plane * out;
    for (int oh = 0; oh < y->dim[2]; oh++)
      for (int ow = 0; ow < y->dim[3]; ow++) {
        const PoolWindow w = pool_window(node, oh, ow);
        float sum = 0;
        for (int h = w.top; h < w.bottom; h++)
          for (int v = w.left; v < w.right; v++) sum += from[h * width + v];
        *to++ = sum / (float)divisor(node, &w);
      }
  }
}

void avg_pool2d_backward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0];
  const int planes = net->n * x->dim[1], width = x->dim[3];
  const size_t in = (size_t)x->dim[2] * width, out = (size_t)y->dim[2] * y->dim[3];
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int plane = 0; plane < planes; plane++) {
    const float *from = y->gradient + plane * out;
    float *to = x->gradient + plane * in;
    for (int oh = 0; oh < y->dim[2]; oh++)
      for (int ow = 0; ow < y->dim[3]; ow++) {
        const PoolWindow w = pool_window(node, oh, ow);
        const float share = *from++ / (float)divisor(node, &w);
        for (int h = w.top; h < w.bottom; h++)
          for (int v = w.left; v < w.right; v++) to[h * width + v] += share;
      }
  }
}
