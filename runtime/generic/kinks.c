/* The derivatives of relu, leaky relu and max pooling jump: at 0, and where two pixels of a window
   are equal. So near to such a point that rounding decides on the side, two right programs may have
   different gradients. */
#include "generic.h"

#include <math.h>

static double root_mean_square(const Net *net, const Tensor *x) {
  const size_t count = net->n * x->image;
  double squares = 0;
  for (size_t i = 0; i < count; i++) squares += (double)x->data[i] * x->data[i];
  return sqrt(squares / (double)count);
}

/* Numbers that are exactly 0 are so in every program: zeros of a padding or of a relu before. */
static double nearest_to_zero(const Net *net, const Tensor *x) {
  double nearest = INFINITY;
  for (size_t i = 0; i < net->n * x->image; i++)
    if (x->data[i] != 0) nearest = fmin(nearest, fabsf(x->data[i]));
  return nearest;
}

/* The least distance of a maximum to another number of its window, but for its equals: those are
   equal in every program: all use the first. */
static double nearest_rival(const Net *net, const Node *node) {
  const Tensor *x = node->in[0], *y = node->out[0];
  const size_t in = (size_t)x->dim[2] * x->dim[3], out = (size_t)y->dim[2] * y->dim[3];
  double nearest = INFINITY;
  for (size_t at = 0; at < net->n * y->image; at++) {
    const float *plane = x->data + at / out * in;
    const PoolWindow w =
        pool_window(node, (int)(at % out) / y->dim[3], (int)(at % out) % y->dim[3]);
    for (int h = w.top; h < w.bottom; h++)
      for (int v = w.left; v < w.right; v++) {
        const double distance = (double)y->data[at] - plane[h * x->dim[3] + v];
        if (distance > 0) nearest = fmin(nearest, distance);
      }
  }
  return nearest;
}

double kink_distance(const Net *net) {
  double least = INFINITY;
  for (int i = 0; i < net->node_count; i++) {
    const Node *node = &net->nodes[i];
    const Tensor *x = node->in[0];
    double nearest = INFINITY;
    if (node->op->forward == relu_forward || node->op->forward == leaky_relu_forward)
      nearest = nearest_to_zero(net, x);
    else if (node->op->forward == max_pool2d_forward)
      nearest = nearest_rival(net, node);
    if (nearest < INFINITY) least = fmin(least, nearest / root_mean_square(net, x));
  }
  return least;
}
