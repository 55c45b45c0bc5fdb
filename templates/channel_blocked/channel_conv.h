/* Channel-blocked convolutions, forward and backward data: what a kernel is. */
#ifndef CNN_CHANNEL_CONV_H
#define CNN_CHANNEL_CONV_H

#include "conv_window.h"
#include "prelude.h"
#include "vec.h"

typedef struct channel_conv channel_conv;

/* Is called with rows `top` to before `bottom` of image n, in a tile of channels, once they are
   written. */
typedef void epilogue_reduction(const channel_conv *c, const real *y, int n, int top, int bottom,
                                int oc_tile);

/* Of the batch_norm whose backward half needs partial sums: its input, parameters, and the
   statistics of the batch. */
typedef struct norm_input {
  const real *x;
  const real *weight;
  const real *mean;
  const real *inverse;
  const real *bias;
} norm_input;

/* A convolution of channel-blocked images. A register tile writes oc_vectors vectors of channels;
   it reads all blocks of LANES channels that hold a channel of its groups. */
struct channel_conv {
  conv_axis h;
  conv_axis w;
  int groups;
  int ic;            /* channels of an image that is read */
  int oc;            /* channels of an image that is written */
  int oc_vectors;    /* of a register tile */
  int ic_block;      /* blocks of channels that are summed in one pass over the rows */
  int oh_block;      /* rows of a work item */
  int oc_outer;      /* 1: work items with one tile of channels follow each other */
  int relu;          /* of what is written */
  int ic_row;        /* channels of a row in memory: of ic, or of the value they are part of */
  int oc_row;        /* the same of oc */
  ptrdiff_t x_pixel; /* reals of a pixel that is read */
  epilogue_reduction *reduce; /* or NULL */
  real *partial_sums;         /* that it writes */
  const norm_input *norm;     /* that it reads besides */
};

/* y[oc][o] = sum over the channels ic of oc's group and taps k of
   w[oc][ic][k] * x[ic][o * stride + k * dilation - padding]; o and k are pairs, (h, w). */
static inline channel_conv channel_conv_forward(image x, image y, conv_window k) {
  return (channel_conv){
      .h = axis_between(k.h, x.height, y.height, 0),
      .w = axis_between(k.w, x.width, y.width, 0),
      .groups = k.groups,
      .ic = x.channels,
      .oc = y.channels,
      .ic_row = x.channels,
      .oc_row = y.channels,
      .x_pixel = LANES,
  };
}

/* dx[ic][o * stride + k * dilation - padding] = sum over oc, k and the o that lead there of
   w[oc][ic][k] * dy[oc][o]: a convolution that reads dy and writes dx. x, y: as forward. */
static inline channel_conv channel_conv_backward_data(image x, image y, conv_window k) {
  channel_conv c = channel_conv_forward(y, x, k);
  c.h.backward = c.w.backward = 1;
  return c;
}

/* Its weights as they are packed. */
static inline weights_shape weights_of(const channel_conv *c) {
  return (weights_shape){LANES, c->ic, c->oc, c->groups, c->h.kernel, c->w.kernel, c->oc_vectors};
}

/* The partial sums of the work item whose rows begin at `top`, for a vector of channels. */
static inline real *partial_sums_of(const channel_conv *c, int n, int top, int vector) {
  const int row_blocks = divide_up(c->h.out, c->oh_block);
  const int item = n * row_blocks + top / c->oh_block;
  return c->partial_sums + partial_sums_at(LANES, item, divide_up(c->oc, LANES), vector);
}

/* Packed weights have backward data's kernel reversed, so taps rise in them, too. */
static inline tap_range packed_taps_of(const conv_axis *a, int o) {
  tap_range t = taps_of(a, o);
  if (!a->backward) return t;
  t.first = a->kernel - 1 - t.first;
  t.step = -t.step;
  return t;
}

#endif
