/* Twins of the ops that sum: convolution, linear, pooling. Forward and backward of an op run over
   the same terms; only what is summed into what differs. */
#include "twins.h"

#include <math.h>

static void accumulate(Expected *out, size_t i, double term) {
  out->value[i] += term;
  out->magnitude[i] += fabs(term);
}

static size_t place(const int dim[4], int n, int c, int h, int w) {
  return (((size_t)n * dim[1] + c) * dim[2] + h) * dim[3] + w;
}

/* --- terms ------------------------------------------------------------------------------------ */

/* One product of a convolution or a matrix: y[y] += x[x] * weight[w]. `a` and `b` are the two
   factors that the pass reads. */
typedef void Term(Expected *out, const double *a, const double *b, size_t x, size_t w, size_t y);

static void term_forward(Expected *out, const double *a, const double *b, size_t x, size_t w,
                         size_t y) {
  accumulate(out, y, a[x] * b[w]);
}

static void term_data(Expected *out, const double *a, const double *b, size_t x, size_t w,
                      size_t y) {
  accumulate(out, x, a[y] * b[w]);
}

static void term_weights(Expected *out, const double *a, const double *b, size_t x, size_t w,
                         size_t y) {
  accumulate(out, w, a[x] * b[y]);
}

/* a, b: the two factors. */
static void taps_of_pixel(const Step *step, const Tensor *x, const Tensor *weight, const Tensor *y,
                          const double *const factors[2], Term *term, Expected *out,
                          const int at[4]) {
  const Attributes *a = &step->attributes;
  const int n = at[0], o = at[1], group = o / (y->dim[1] / a->groups);
  for (int c = 0; c < weight->dim[1]; c++)
    for (int i = 0; i < weight->dim[2]; i++)
      for (int j = 0; j < weight->dim[3]; j++) {
        int h = at[2] * a->stride[0] - a->padding[0] + i * a->dilation[0];
        int w = at[3] * a->stride[1] - a->padding[1] + j * a->dilation[1];
        if (h < 0 || h >= x->dim[2] || w < 0 || w >= x->dim[3]) continue;
        term(out, factors[0], factors[1], place(x->dim, n, group * weight->dim[1] + c, h, w),
             place(weight->dim, o, c, i, j), place(y->dim, n, o, at[2], at[3]));
      }
}

static void conv_terms_of(const Step *step, const Tensor *x, const Tensor *weight, const Tensor *y,
                          const double *const factors[2], Term *term, Expected *out) {
  int at[4];
  for (at[0] = 0; at[0] < y->dim[0]; at[0]++)
    for (at[1] = 0; at[1] < y->dim[1]; at[1]++)
      for (at[2] = 0; at[2] < y->dim[2]; at[2]++)
        for (at[3] = 0; at[3] < y->dim[3]; at[3]++)
          taps_of_pixel(step, x, weight, y, factors, term, out, at);
}

static void conv_terms(const Step *step, const Tensor *x, const Tensor *weight, const Tensor *y,
                       Term *term, Expected *out) {
  const double *const factors[] = {step->in[0]->data, step->in[1]->data};
  conv_terms_of(step, x, weight, y, factors, term, out);
}

static void linear_terms(const Step *step, const Tensor *x, const Tensor *weight, const Tensor *y,
                         Term *term, Expected *out) {
  const int features = weight->dim[1];
  for (int n = 0; n < y->dim[0]; n++)
    for (int o = 0; o < y->dim[1]; o++)
      for (int i = 0; i < features; i++)
        term(out, step->in[0]->data, step->in[1]->data, place(x->dim, n, i, 0, 0),
             place(weight->dim, o, i, 0, 0), place(y->dim, n, o, 0, 0));
}

static void add_bias(const Step *step, Expected *out) {
  if (step->in_count < 3) return;
  const Tensor *y = step->out[0];
  const size_t plane = (size_t)y->dim[2] * y->dim[3];
  for (size_t i = 0; i < tensor_count(y); i++)
    accumulate(out, i, step->in[2]->data[i / plane % (size_t)y->dim[1]]);
}

/* --- convolution and linear ------------------------------------------------------------------ */

void twin_conv2d(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  conv_terms(step, step->in[0], step->in[1], step->out[0], term_forward, out);
  add_bias(step, out);
}

/* How filters lie is the compiler's affair: what is made of them is compared. */
void twin_prepack_conv2d(const Step *step, const Batch *batch, Expected *out) {
  (void)step, (void)batch, (void)out;
}

/* y = (conv2d(x) + bias - mean) / sqrt(variance + eps) * weight + bias of the norm. */
void twin_conv2d_prepacked(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const Step *maker = step->maker;
  const Tensor *y = step->out[0], *const *norm = maker->in + maker->in_count - 4;
  const double *const factors[] = {step->in[0]->data, maker->in[0]->data};
  const size_t plane = (size_t)y->dim[2] * y->dim[3];
  conv_terms_of(step, step->in[0], maker->in[0], y, factors, term_forward, out);
  for (size_t i = 0; i < tensor_count(y); i++) {
    const size_t c = i / plane % (size_t)y->dim[1];
    if (maker->attributes.bias) accumulate(out, i, maker->in[1]->data[c]);
    if (maker->attributes.batch_norm) {
      const double factor = norm[0]->data[c] / sqrt(norm[3]->data[c] + maker->attributes.eps);
      accumulate(out, i, -norm[2]->data[c]);
      out->value[i] *= factor;
      out->magnitude[i] *= fabs(factor);
      accumulate(out, i, norm[1]->data[c]);
    }
  }
}

void twin_conv2d_backward_data(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  conv_terms(step, step->out[0], step->in[1], step->in[0], term_data, out);
}

void twin_conv2d_backward_weights(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  conv_terms(step, step->in[0], step->out[0], step->in[1], term_weights, out);
}

void twin_linear(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  linear_terms(step, step->in[0], step->in[1], step->out[0], term_forward, out);
  add_bias(step, out);
}

void twin_linear_backward_data(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  linear_terms(step, step->out[0], step->in[1], step->in[0], term_data, out);
}

void twin_linear_backward_weights(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  linear_terms(step, step->in[0], step->out[0], step->in[1], term_weights, out);
}

void twin_bias_gradient(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  const Tensor *dy = step->in[0];
  const size_t plane = (size_t)dy->dim[2] * dy->dim[3];
  for (size_t i = 0; i < tensor_count(dy); i++)
    accumulate(out, i / plane % (size_t)dy->dim[1], dy->data[i]);
}

/* --- pooling -------------------------------------------------------------------------------------
   PyTorch's: padding never wins a maximum, and counts in the divisor of a mean with
   count_include_pad, but only as far as the padded input reaches: the last window of ceil_mode may
   reach beyond. */

typedef struct Window {
  int top, bottom, left, right; /* inside the input */
  int padded;                   /* positions inside the padded input */
} Window;

static int least(int a, int b) {
  return a < b ? a : b;
}

static Window window_at(const Attributes *a, const Tensor *x, int p, int q) {
  int top = p * a->stride[0] - a->padding[0], left = q * a->stride[1] - a->padding[1];
  int bottom = least(top + a->kernel[0], x->dim[2] + a->padding[0]);
  int right = least(left + a->kernel[1], x->dim[3] + a->padding[1]);
  return (Window){top < 0 ? 0 : top, least(bottom, x->dim[2]), left < 0 ? 0 : left,
                  least(right, x->dim[3]), (bottom - top) * (right - left)};
}

/* What an output i = [n,c,p,q] and its window have to do with each other. */
typedef void Visit(const Step *step, const Tensor *x, size_t i, int n, int c, Window w,
                   Expected *out);

static void for_each_window(const Step *step, const Tensor *x, const Tensor *y, Visit *visit,
                            Expected *out) {
  for (int n = 0; n < y->dim[0]; n++)
    for (int c = 0; c < y->dim[1]; c++)
      for (int p = 0; p < y->dim[2]; p++)
        for (int q = 0; q < y->dim[3]; q++)
          visit(step, x, place(y->dim, n, c, p, q), n, c, window_at(&step->attributes, x, p, q),
                out);
}

/* The place in x of the first maximum of a window. */
static size_t first_maximum(const Tensor *x, int n, int c, Window w) {
  size_t best = place(x->dim, n, c, w.top, w.left);
  for (int h = w.top; h < w.bottom; h++)
    for (int v = w.left; v < w.right; v++) {
      size_t i = place(x->dim, n, c, h, v);
      if (x->data[i] > x->data[best]) best = i;
    }
  return best;
}

static void maximum(const Step *step, const Tensor *x, size_t i, int n, int c, Window w,
                    Expected *out) {
  (void)step;
  accumulate(out, i, x->data[first_maximum(x, n, c, w)]);
}

/* With a mask, x is a relu's output, and a 0 has neither place nor gradient. */
static bool has_place(const Attributes *a, double maximum) {
  return !a->relu_mask || maximum > 0;
}

static void number_of_maximum(const Step *step, const Tensor *x, size_t i, int n, int c, Window w,
                              Expected *out) {
  const Attributes *a = &step->attributes;
  const Tensor *y = step->out[0];
  const size_t best = first_maximum(x, n, c, w);
  const int p = (int)(i / (size_t)y->dim[3]) % y->dim[2], q = (int)(i % (size_t)y->dim[3]);
  const int h = (int)(best / (size_t)x->dim[3]) % x->dim[2], v = (int)(best % (size_t)x->dim[3]);
  const int row = h - (p * a->stride[0] - a->padding[0]);
  const int column = v - (q * a->stride[1] - a->padding[1]);
  if (has_place(a, x->data[best])) accumulate(out, i, 1 + row * a->kernel[1] + column);
}

static void to_maximum(const Step *step, const Tensor *x, size_t i, int n, int c, Window w,
                       Expected *out) {
  const size_t best = first_maximum(x, n, c, w);
  if (has_place(&step->forward->attributes, x->data[best]))
    accumulate(out, best, step->in[0]->data[i]);
}

static int divisor(const Step *step, Window w) {
  return step->attributes.count_include_pad ? w.padded : (w.bottom - w.top) * (w.right - w.left);
}

static void mean(const Step *step, const Tensor *x, size_t i, int n, int c, Window w,
                 Expected *out) {
  for (int h = w.top; h < w.bottom; h++)
    for (int v = w.left; v < w.right; v++)
      accumulate(out, i, x->data[place(x->dim, n, c, h, v)] / divisor(step, w));
}

static void to_all(const Step *step, const Tensor *x, size_t i, int n, int c, Window w,
                   Expected *out) {
  for (int h = w.top; h < w.bottom; h++)
    for (int v = w.left; v < w.right; v++)
      accumulate(out, place(x->dim, n, c, h, v), step->in[0]->data[i] / divisor(step, w));
}

void twin_max_pool2d(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  for_each_window(step, step->in[0], step->out[0], maximum, out);
  if (step->out_count > 1)
    for_each_window(step, step->in[0], step->out[1], number_of_maximum, &out[1]);
}

void twin_max_pool2d_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  for_each_window(step, step->forward->in[0], step->in[0], to_maximum, out);
}

void twin_avg_pool2d(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  for_each_window(step, step->in[0], step->out[0], mean, out);
}

void twin_avg_pool2d_backward(const Step *step, const Batch *batch, Expected *out) {
  (void)batch;
  for_each_window(step, step->out[0], step->in[0], to_all, out);
}
