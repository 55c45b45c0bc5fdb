/* Batch-blocked convolutions: what a kernel is. */
#ifndef CNN_BATCH_CONV_H
#define CNN_BATCH_CONV_H

#include "conv_window.h"
#include "prelude.h"
#include "vec.h"

/* A convolution of batch-blocked images, with weights [oc, ic / groups, kh, kw] or packed ones. */
typedef struct batch_conv {
  conv_axis h;
  conv_axis w;
  int groups;
  int ic; /* channels of a group that are read */
  int oc; /* channels of a group that are written */
  /* Distances in the weights: of groups, channels, taps, and tiles of output channels (0: as many
     channels as a tile has). */
  ptrdiff_t w_group;
  ptrdiff_t w_ic;
  ptrdiff_t w_oc;
  ptrdiff_t w_kh;
  ptrdiff_t w_kw;
  ptrdiff_t w_tile;
  int relu;
  int oc_unroll; /* forward and backward data: output channels of a register tile */
  /* Cache blocks. Forward and backward data: oc_block tiles of channels, ow_block pixels of a row.
     Backward weights: channels and rows. */
  int oh_block;
  int ow_block;
  int oc_block;
  int ic_block;
  int kh_block;
  int split_k; /* backward weights: parts of the rows of all images, with sums of their own */
} batch_conv;

/* y[oc][o] = sum over the channels ic of oc's group and taps k of
   w[oc][ic][k] * x[ic][o * stride + k * dilation - padding]; o and k are pairs, (h, w). */
static inline batch_conv batch_conv_forward(image x, image y, conv_window k) {
  const int ic = x.channels / k.groups;
  const int oc = y.channels / k.groups;
  const int taps = k.h.kernel * k.w.kernel;
  return (batch_conv){
      .h = axis_between(k.h, x.height, y.height, 0),
      .w = axis_between(k.w, x.width, y.width, 0),
      .groups = k.groups,
      .ic = ic,
      .oc = oc,
      .w_group = (ptrdiff_t)oc * ic * taps,
      .w_ic = taps,
      .w_oc = (ptrdiff_t)ic * taps,
      .w_kh = k.w.kernel,
      .w_kw = 1,
      .split_k = 1,
  };
}

/* dx[ic][o * stride + k * dilation - padding] = sum over oc, k and the o that lead there of
   w[oc][ic][k] * dy[oc][o]: a convolution that reads dy and writes dx. x, y: as forward. */
static inline batch_conv batch_conv_backward_data(image x, image y, conv_window k) {
  const batch_conv forward = batch_conv_forward(x, y, k);
  batch_conv c = forward;
  c.h = axis_between(k.h, y.height, x.height, 1);
  c.w = axis_between(k.w, y.width, x.width, 1);
  c.ic = forward.oc;
  c.oc = forward.ic;
  c.w_ic = forward.w_oc;
  c.w_oc = forward.w_ic;
  return c;
}

/* Distances of rows of all channels, in reals. */
static inline ptrdiff_t batch_row_in(const batch_conv *c) {
  return (ptrdiff_t)c->groups * c->ic * c->w.in * LANES;
}

static inline ptrdiff_t batch_row_out(const batch_conv *c) {
  return (ptrdiff_t)c->groups * c->oc * c->w.out * LANES;
}

#endif
