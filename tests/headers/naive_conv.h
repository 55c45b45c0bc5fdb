/* Convolutions by naive loops, forward and both gradients, and their shapes. */
#ifndef NAIVE_CONV_H
#define NAIVE_CONV_H

#include "buffers.h"

#include "conv_window.h"

typedef struct Shape {
  int n, ic, ih, iw, oc, kernel, stride, padding, groups;
} Shape;

static inline int out_size(int in, const Shape *s) {
  return (in + 2 * s->padding - s->kernel) / s->stride + 1;
}

/* What messages name. */
static inline void name_shape(const Shape *s, int threads) {
  snprintf(tested, sizeof tested,
           "%dx%dx%dx%d to %d, %dx%d, stride %d, padding %d, %d groups, %d threads", s->n, s->ic,
           s->ih, s->iw, s->oc, s->kernel, s->kernel, s->stride, s->padding, s->groups, threads);
}

/* Small integers, and what the naive loops make of them. */
typedef struct Data {
  Shape s;
  int oh, ow;
  double *x, *w, *y, *dx, *dw; /* y: also dy; results of the naive loops: out, dx, dw */
  double *out;
} Data;

/* Numbers of the weights [oc, ic / groups, kernel, kernel]. */
static inline size_t weights_count(const Shape *s) {
  return (size_t)s->oc * (s->ic / s->groups) * s->kernel * s->kernel;
}

static inline conv_window window_of(const Shape *s) {
  conv_window window = square_window(s->kernel, s->stride, s->padding);
  window.groups = s->groups;
  return window;
}

static inline Data naive(Shape s) {
  Data d = {.s = s, .oh = out_size(s.ih, &s), .ow = out_size(s.iw, &s)};
  const size_t x_size = (size_t)s.n * s.ic * s.ih * s.iw, y_size = (size_t)s.n * s.oc * d.oh * d.ow;
  const size_t w_size = weights_count(&s);
  const int group_ic = s.ic / s.groups, group_oc = s.oc / s.groups;
  d.x = doubles(x_size, 1), d.w = doubles(w_size, 1), d.y = doubles(y_size, 1);
  d.dx = doubles(x_size, 0), d.dw = doubles(w_size, 0), d.out = doubles(y_size, 0);
  for (size_t i = 0; i < y_size; i++) {
    const int n = (int)(i / (s.oc * d.oh * d.ow)), oc = (int)(i / (d.oh * d.ow) % s.oc);
    for (int k = 0; k < group_ic * s.kernel * s.kernel; k++) {
      const int ic = oc / group_oc * group_ic + k / (s.kernel * s.kernel);
      const int ih = (int)(i / d.ow % d.oh) * s.stride - s.padding + k / s.kernel % s.kernel;
      const int iw = (int)(i % d.ow) * s.stride - s.padding + k % s.kernel;
      if (ih < 0 || ih >= s.ih || iw < 0 || iw >= s.iw) continue;
      const size_t at = (((size_t)n * s.ic + ic) * s.ih + ih) * s.iw + iw;
      const size_t weight = (size_t)oc * group_ic * s.kernel * s.kernel + k;
      d.out[i] += d.w[weight] * d.x[at];
      d.dx[at] += d.w[weight] * d.y[i];
      d.dw[weight] += d.y[i] * d.x[at];
    }
  }
  return d;
}

#endif
