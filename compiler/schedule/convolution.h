/* Convolutions of the graph in the terms of templates/common/geometry.h, which the generated
   program contains as well. */
#ifndef CNNC_CONVOLUTION_H
#define CNNC_CONVOLUTION_H

#include "common/geometry.h"
#include "ir/graph.h"

/* The rows of a conv2d, conv2d_prepacked or conv2d_backward_data. */
conv_axis axis_w_of(const Node *conv);

/* The weights of a channel-blocked convolution, or the gradient of the weights. */
weights_shape weights_shape_of(const Node *node, int oc_vectors, int lanes);

/* Whether a tap misses pixels of tiles of ow_unroll pixels at one end only, and at most
   CLIPPED_MAX of them. */
bool conv_clips_few(const Node *conv, int ow_unroll);

#endif
