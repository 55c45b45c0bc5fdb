/* The window of a convolution, in either layout. */
#ifndef CNN_CONV_WINDOW_H
#define CNN_CONV_WINDOW_H

#include "geometry.h"
#include "prelude.h"

/* Kernel, stride, padding and dilation of both axes; groups of channels. */
typedef struct conv_window {
  conv_axis h;
  conv_axis w;
  int groups;
} conv_window;

static inline conv_window square_window(int kernel, int stride, int padding) {
  const conv_axis both = {.kernel = kernel, .stride = stride, .padding = padding, .dilation = 1};
  return (conv_window){both, both, 1};
}

/* The axis of a kernel that reads `in` pixels and writes `out`. */
static inline conv_axis axis_between(conv_axis a, int in, int out, int backward) {
  a.in = in;
  a.out = out;
  a.backward = backward;
  return a;
}

#endif
