/* y [N,O] = x [N,I] * weight [O,I]^T + bias [O]. */
#include "blas.h"
#include "generic.h"

#include <string.h>

void linear_forward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *weight = node->in[1], *y = node->out[0];
  const int outputs = weight->dim[0], inputs = weight->dim[1];
  if (node->attributes.bias)
    for (int i = 0; i < net->n; i++)
      memcpy(y->data + (size_t)i * outputs, node->in[2]->data, outputs * sizeof(float));
  blas_gemm_parallel(net->threads, false, true, net->n, outputs, inputs, x->data, inputs,
                     weight->data, inputs, node->attributes.bias ? 1 : 0, y->data, outputs);
}

void linear_backward(Net *net, Node *node) {
  const Tensor *x = node->in[0], *weight = node->in[1], *y = node->out[0];
  const int outputs = weight->dim[0], inputs = weight->dim[1];
  if (weight->gradient)
    blas_gemm_parallel(net->threads, true, false, outputs, inputs, net->n, y->gradient, outputs,
                       x->data, inputs, 1, weight->gradient, inputs);
  if (x->gradient)
    blas_gemm_parallel(net->threads, false, false, net->n, inputs, outputs, y->gradient, outputs,
                       weight->data, inputs, 1, x->gradient, inputs);
  float *dbias = node->attributes.bias ? node->in[2]->gradient : NULL;
  if (!dbias) return;
  for (int i = 0; i < net->n; i++)
    for (int o = 0; o < outputs; o++) dbias[o] += y->gradient[(size_t)i * outputs + o];
}
