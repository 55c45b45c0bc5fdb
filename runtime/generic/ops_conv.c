/* Convolution as im2col and a matrix product, image by image (Chellapilla, Puri, Simard 2006; the
   order of loops is Caffe's). Threads share the images; with fewer images than threads, they share
   each product instead. */
#include "blas.h"
#include "generic.h"

#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num(void) {
  return 0;
}
#endif

/* One convolution's sizes, for one group. */
typedef struct Conv {
  int channels, height, width; /* input */
  int maps, out_height, out_width;
  int groups, taps, depth, pixels; /* depth = channels * taps: rows of the im2col matrix */
  const Attributes *a;
} Conv;

static Conv conv_of(const Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0];
  const Attributes *a = &node->attributes;
  Conv c = {.channels = x->dim[1] / a->groups,
            .height = x->dim[2],
            .width = x->dim[3],
            .maps = y->dim[1] / a->groups,
            .out_height = y->dim[2],
            .out_width = y->dim[3],
            .groups = a->groups,
            .taps = a->kernel[0] * a->kernel[1],
            .a = a};
  c.depth = c.channels * c.taps;
  c.pixels = c.out_height * c.out_width;
  return c;
}

size_t conv2d_columns(const Node *node) {
  const Conv c = conv_of(node);
  return (size_t)c.depth * c.pixels;
}

/* The first and the end of the output positions whose tap at `offset` (kernel position times
   dilation, minus padding) falls inside an input of `size`. */
static void clip(int offset, int stride, int size, int outputs, int *first, int *end) {
  *first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  *end = size - offset <= 0 ? 0 : (size - offset - 1) / stride + 1;
  if (*end > outputs) *end = outputs;
  if (*first > *end) *first = *end;
}

/* columns [depth][P][Q] from x [channels][H][W]; `row` is one row of depth. */
static void im2col_row(const Conv *c, const float *x, float *columns, int row) {
  const int tap = row % c->taps, kernel_width = c->a->kernel[1];
  const int down = tap / kernel_width * c->a->dilation[0] - c->a->padding[0];
  const int right = tap % kernel_width * c->a->dilation[1] - c->a->padding[1];
  const int stride = c->a->stride[1];
  const float *plane = x + (size_t)(row / c->taps) * c->height * c->width;
  float *to = columns + (size_t)row * c->pixels;
  int top, bottom, first, end;
  clip(down, c->a->stride[0], c->height, c->out_height, &top, &bottom);
  clip(right, stride, c->width, c->out_width, &first, &end);
  for (int p = 0; p < c->out_height; p++, to += c->out_width) {
    if (p < top || p >= bottom) {
      memset(to, 0, c->out_width * sizeof *to);
      continue;
    }
    const float *from = plane + (size_t)(p * c->a->stride[0] + down) * c->width + right;
    for (int q = 0; q < first; q++) to[q] = 0;
    if (stride == 1)
      memcpy(to + first, from + first, (end - first) * sizeof *to);
    else
      for (int q = first; q < end; q++) to[q] = from[q * stride];
    for (int q = end; q < c->out_width; q++) to[q] = 0;
  }
}

/* Adds the columns of one channel back to where they came from. */
static void col2im_channel(const Conv *c, const float *columns, float *dx, int channel) {
  float *plane = dx + (size_t)channel * c->height * c->width;
  const int stride = c->a->stride[1];
  for (int tap = 0; tap < c->taps; tap++) {
    const int down = tap / c->a->kernel[1] * c->a->dilation[0] - c->a->padding[0];
    const int right = tap % c->a->kernel[1] * c->a->dilation[1] - c->a->padding[1];
    const float *from = columns + ((size_t)channel * c->taps + tap) * c->pixels;
    int top, bottom, first, end;
    clip(down, c->a->stride[0], c->height, c->out_height, &top, &bottom);
    clip(right, stride, c->width, c->out_width, &first, &end);
    for (int p = top; p < bottom; p++) {
      float *to = plane + (size_t)(p * c->a->stride[0] + down) * c->width + right;
      for (int q = first; q < end; q++) to[q * stride] += from[p * c->out_width + q];
    }
  }
}

/* Where image i's group g lies in a tensor. */
static float *part(const Tensor *tensor, float *base, int i, const Conv *c, int g) {
  return base + i * tensor->image + g * (tensor->image / c->groups);
}

/* y of image i, by `threads` threads, with one thread's block of columns. */
static void forward_image(const Node *node, const Conv *c, int i, float *columns, int threads) {
  const Tensor *x = node->in[0], *weight = node->in[1], *y = node->out[0];
  for (int g = 0; g < c->groups; g++) {
    const float *from = part(x, x->data, i, c, g);
    float *to = part(y, y->data, i, c, g);
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int row = 0; row < c->depth; row++) im2col_row(c, from, columns, row);
    float beta = 0;
    if (node->attributes.bias) {
      const float *bias = node->in[2]->data + g * c->maps;
      for (int o = 0; o < c->maps; o++)
        for (int p = 0; p < c->pixels; p++) to[(size_t)o * c->pixels + p] = bias[o];
      beta = 1;
    }
    const float *w = weight->data + (size_t)g * c->maps * c->depth;
    if (threads > 1)
      blas_gemm_parallel(threads, false, false, c->maps, c->pixels, c->depth, w, c->depth, columns,
                         c->pixels, beta, to, c->pixels);
    else
      blas_gemm(false, false, c->maps, c->pixels, c->depth, w, c->depth, columns, c->pixels, beta,
                to, c->pixels);
  }
}

void conv2d_forward(Net *net, Node *node) {
  const Conv c = conv_of(node);
  if (net->n < net->threads) {
    for (int i = 0; i < net->n; i++) forward_image(node, &c, i, net->columns, net->threads);
    return;
  }
#pragma omp parallel for num_threads(net->threads) schedule(static)
  for (int i = 0; i < net->n; i++)
    forward_image(node, &c, i, net->columns + omp_get_thread_num() * net->columns_count, 1);
}

/* Adds image i's share to dweight, and its dx, where they are wanted. */
static void backward_image(const Node *node, const Conv *c, int i, float *columns, float *dweight) {
  const Tensor *x = node->in[0], *weight = node->in[1], *y = node->out[0];
  for (int g = 0; g < c->groups; g++) {
    const size_t first = (size_t)g * c->maps * c->depth;
    const float *from = part(x, x->data, i, c, g), *dy = part(y, y->gradient, i, c, g);
    if (weight->gradient) {
      for (int row = 0; row < c->depth; row++) im2col_row(c, from, columns, row);
      blas_gemm(false, true, c->maps, c->depth, c->pixels, dy, c->pixels, columns, c->pixels, 1,
                dweight + first, c->depth);
    }
    if (!x->gradient) continue;
    float *dx = part(x, x->gradient, i, c, g);
    blas_gemm(true, false, c->depth, c->pixels, c->maps, weight->data + first, c->depth, dy,
              c->pixels, 0, columns, c->pixels);
    for (int channel = 0; channel < c->channels; channel++) col2im_channel(c, columns, dx, channel);
  }
}

static void backward_bias(const Node *node, const Conv *c, int n, int threads) {
  const Tensor *y = node->out[0];
  float *dbias = node->in[2]->gradient;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int o = 0; o < y->dim[1]; o++)
    for (int i = 0; i < n; i++) {
      const float *dy = y->gradient + i * y->image + (size_t)o * c->pixels;
      float sum = 0;
      for (int p = 0; p < c->pixels; p++) sum += dy[p];
      dbias[o] += sum;
    }
}

void conv2d_backward(Net *net, Node *node) {
  const Conv c = conv_of(node);
  Tensor *weight = node->in[1];
  const int threads = net->threads;
  memset(net->partial, 0, net->partial_count * threads * sizeof *net->partial);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int i = 0; i < net->n; i++) {
    const int t = omp_get_thread_num();
    backward_image(node, &c, i, net->columns + t * net->columns_count,
                   net->partial + t * net->partial_count);
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t i = 0; i < (weight->gradient ? weight->count : 0); i++)
    for (int t = 0; t < threads; t++)
      weight->gradient[i] += net->partial[t * net->partial_count + i];
  if (node->attributes.bias && node->in[2]->gradient) backward_bias(node, &c, net->n, threads);
}
