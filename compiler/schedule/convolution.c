#include "schedule/convolution.h"

#include "common/geometry.h"
#include "schedule/schedule.h"

conv_axis axis_w_of(const Node *conv) {
  const Attributes *a = &conv->attributes;
  return (conv_axis){.in = conv->in[0]->dim[3],
                     .out = conv->out[0]->dim[3],
                     .kernel = a->kernel[1],
                     .stride = a->stride[1],
                     .padding = a->padding[1],
                     .dilation = a->dilation[1],
                     .backward = conv->op == OP_conv2d_backward_data};
}

weights_shape weights_shape_of(const Node *node, int oc_vectors, int lanes) {
  const Attributes *a = &node->attributes;
  const bool gradient = node->op == OP_conv2d_backward_weights;
  return (weights_shape){.lanes = lanes,
                         .ic = node->in[0]->dim[1],
                         .oc = gradient ? node->in[1]->dim[1] : node->out[0]->dim[1],
                         .groups = a->groups,
                         .kh = a->kernel[0],
                         .kw = a->kernel[1],
                         .oc_vectors = oc_vectors};
}

int conv_columns(const Node *conv) {
  const conv_axis w = axis_w_of(conv);
  return phase_outputs(&w, 0);
}

bool conv_clips_few(const Node *conv, int ow_unroll) {
  const conv_axis w = axis_w_of(conv);
  const tile_clipping clipping = clipping_of_tiles(&w, ow_unroll);
  return clipping.most <= CLIPPED_MAX && !clipping.both_ends;
}

int conv_clipped_pixels(const Node *conv) {
  const conv_axis w = axis_w_of(conv);
  return clipping_of_tiles(&w, conv->schedule.conv_channel_blocked.ow_unroll).most;
}
