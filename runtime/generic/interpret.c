/* The interpreter: the table of ops, memory, and the order of a step. */
#include "generic.h"

#include <stdlib.h>
#include <string.h>

static void identity_forward(Net *net, Node *node) {
  (void)net, (void)node;
}

/* Names as in compiler/ir/ops.def, inputs without a bias; the second output of a loss may be
   missing in a graph. A mean over windows is one op whether it is adaptive or not, and channels of
   zeros are a concat of one. */
static const Op ops[] = {
    {"pack_input", 1, 1, identity_forward, identity_forward, NULL},
    {"conv2d", 2, 1, conv2d_forward, conv2d_backward, NULL},
    {"linear", 2, 1, linear_forward, linear_backward, NULL},
    {"max_pool2d", 1, 1, max_pool2d_forward, max_pool2d_backward, max_pool2d_workspace},
    {"avg_pool2d", 1, 1, avg_pool2d_forward, avg_pool2d_backward, NULL},
    {"adaptive_avg_pool2d", 1, 1, avg_pool2d_forward, avg_pool2d_backward, NULL},
    {"batch_norm", 5, 3, batch_norm_forward, batch_norm_backward, NULL},
    {"local_response_norm", 1, 2, local_response_norm_forward, local_response_norm_backward, NULL},
    {"relu", 1, 1, relu_forward, relu_backward, NULL},
    {"leaky_relu", 1, 1, leaky_relu_forward, leaky_relu_backward, NULL},
    {"tanh", 1, 1, tanh_forward, tanh_backward, NULL},
    {"sigmoid", 1, 1, sigmoid_forward, sigmoid_backward, NULL},
    {"dropout", 1, 1, dropout_forward, dropout_backward, NULL},
    {"add", 2, 1, add_forward, add_backward, NULL},
    {"concat", 1, 1, concat_forward, concat_backward, NULL},
    {"pad_channels", 1, 1, concat_forward, concat_backward, NULL},
    {"flatten", 1, 1, identity_forward, identity_forward, NULL},
    {"reshape", 1, 1, identity_forward, identity_forward, NULL},
    {"softmax_cross_entropy", 1, 1, softmax_cross_entropy_forward, softmax_cross_entropy_backward,
     NULL},
    {"squared_error", 1, 1, squared_error_forward, squared_error_backward, NULL},
};

const Op *op_find(const char *name) {
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (strcmp(ops[i].name, name) == 0) return &ops[i];
  return NULL;
}

/* 64 floats: four cache lines, so that no two threads write to one. */
static size_t round_up(size_t count) {
  return (count + 63) / 64 * 64;
}

/* A tensor needs a gradient if a trainable parameter stands somewhere before it. */
static void mark_gradients(Net *net) {
  for (int i = 0; i < net->tensor_count; i++) {
    Tensor *tensor = &net->tensors[i];
    tensor->needs_gradient = tensor->kind == TENSOR_PARAMETER && tensor->trainable;
  }
  for (int i = 0; i < net->node_count; i++) {
    const Node *node = &net->nodes[i];
    Tensor *out = node->out[0];
    for (int j = 0; j < node->in_count; j++)
      if (node->in[j]->needs_gradient && out->kind == TENSOR_ACTIVATION) out->needs_gradient = true;
    if (node->op->forward == identity_forward) {
      Tensor *in = node->in[0];
      out->view_of = in->view_of ? in->view_of : in;
    }
  }
}

/* What inference runs: auxiliary heads do not feed the logits. */
static void mark_output(Net *net) {
  net->output->feeds_output = true;
  for (int i = net->node_count - 1; i >= 0; i--) {
    const Node *node = &net->nodes[i];
    for (int j = 0; j < node->in_count && node->out[0]->feeds_output; j++)
      node->in[j]->feeds_output = true;
  }
}

/* Hands out memory from `next`, or only counts when it is NULL; returns the floats used. */
static size_t assign_memory(Net *net, float *next, size_t *gradient_start, size_t *gradient_count) {
  size_t used = 0;
  const int moments = optimizer_moments(&net->recipe);
#define ASSIGN(pointer, size) ((pointer) = next ? next + used : NULL, used += round_up(size))
  for (int i = 0; i < net->tensor_count; i++) {
    Tensor *tensor = &net->tensors[i];
    if (!tensor->view_of) ASSIGN(tensor->data, tensor->count);
    for (int k = 0; k < moments && tensor->kind == TENSOR_PARAMETER && tensor->trainable; k++)
      ASSIGN(tensor->moment[k], tensor->count);
  }
  for (int i = 0; i < net->node_count; i++) {
    Node *node = &net->nodes[i];
    if (node->op->workspace) ASSIGN(node->workspace, node->op->workspace(node));
  }
  *gradient_start = used;
  for (int i = 0; i < net->tensor_count; i++) {
    Tensor *tensor = &net->tensors[i];
    if (tensor->needs_gradient && !tensor->view_of) ASSIGN(tensor->gradient, tensor->count);
  }
  *gradient_count = used - *gradient_start;
#undef ASSIGN
  return used;
}

/* The system gives pages when they are touched: inference never pays for gradients. */
static float *allocate(size_t count) {
  float *memory = NULL;
  if (posix_memalign((void **)&memory, 64, (count ? count : 1) * sizeof *memory) != 0) return NULL;
  return memory;
}

bool net_allocate(Net *net, int threads) {
  net->threads = threads;
  mark_gradients(net);
  mark_output(net);
  size_t gradient_start;
  const size_t count = assign_memory(net, NULL, &gradient_start, &net->gradient_count);
  net->memory = allocate(count);
  if (!net->memory) return false;
  assign_memory(net, net->memory, &gradient_start, &net->gradient_count);
  net->gradients = net->memory + gradient_start;
  for (int i = 0; i < net->tensor_count; i++) {
    Tensor *tensor = &net->tensors[i];
    for (int j = 0; j < MOMENTS; j++)
      if (tensor->moment[j]) memset(tensor->moment[j], 0, tensor->count * sizeof(float));
    if (!tensor->view_of) continue;
    tensor->data = tensor->view_of->data;
    tensor->gradient = tensor->view_of->gradient;
  }

  for (int i = 0; i < net->node_count; i++) {
    const Node *node = &net->nodes[i];
    if (node->op->forward != conv2d_forward) continue;
    const size_t columns = round_up(conv2d_columns(node)), weights = round_up(node->in[1]->count);
    if (columns > net->columns_count) net->columns_count = columns;
    if (weights > net->partial_count) net->partial_count = weights;
  }
  net->columns = allocate(net->columns_count * threads);
  net->partial = allocate(net->partial_count * threads);
  return net->columns && net->partial;
}

void net_forward(Net *net, int n, const int32_t *labels) {
  net->n = n;
  net->labels = labels;
  net->training = labels != NULL;
  for (int i = 0; i < net->node_count; i++) {
    Node *node = &net->nodes[i];
    if (net->training || node->out[0]->feeds_output) node->op->forward(net, node);
  }
}

void net_backward(Net *net) {
  memset(net->gradients, 0, net->gradient_count * sizeof *net->gradients);
  for (int i = net->node_count - 1; i >= 0; i--) {
    Node *node = &net->nodes[i];
    if (node->out[0]->gradient || node->out[0]->kind == TENSOR_LOSS) node->op->backward(net, node);
  }
}
