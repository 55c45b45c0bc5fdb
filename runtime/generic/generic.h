/* cnn-generic: a network interpreted at run time, NCHW, convolution as im2col and a matrix product.
   It reads the graph that `cnnc export` writes and derives the backward pass itself, so that it
   shares nothing with the generated kernels: a baseline to race, and an oracle to compare with. */
#ifndef GENERIC_H
#define GENERIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of the house. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_MODEL = 3, EXIT_DATA = 4 };

typedef enum TensorKind {
  TENSOR_INPUT,
  TENSOR_ACTIVATION,
  TENSOR_PARAMETER,
  TENSOR_LOSS,
  TENSOR_GRADIENT
} TensorKind;

typedef struct Tensor Tensor;

/* A value of the graph, row-major; activations have the batch as their first dimension. */
struct Tensor {
  char *name;
  TensorKind kind;
  int rank, dim[4]; /* unused dimensions are 1 */
  size_t count;     /* elements at the full batch */
  size_t image;     /* elements of one image: count / dim[0] */
  Tensor *view_of;  /* shares data and gradient */
  bool needs_gradient;
  float *data, *gradient; /* gradient: NULL where nobody needs it */
  float *moment[2];       /* of parameters: momentum; or Adam's m and v */
  char *init;             /* initialiser of a parameter, by its name in the model language */
  double scale;
};

typedef struct Attributes {
  int kernel[2], stride[2], padding[2], dilation[2]; /* height, width */
  int groups;
  bool bias, ceil_mode, count_include_pad;
  double p, label_smoothing;
} Attributes;

typedef struct Node Node;
typedef struct Net Net;

/* One op: forward writes the outputs, backward adds to the gradients of the inputs that need one.
   workspace: floats that the node keeps from forward to backward. */
typedef struct Op {
  const char *name;
  int inputs, outputs; /* at least */
  void (*forward)(Net *net, Node *node);
  void (*backward)(Net *net, Node *node);
  size_t (*workspace)(const Node *node);
} Op;

struct Node {
  const Op *op;
  char *name;
  int index;
  Tensor **in, **out;
  int in_count, out_count;
  Attributes attributes;
  float *workspace;
};

typedef struct Recipe {
  bool adam, nesterov;
  double lr, momentum, weight_decay, beta1, beta2, eps;
} Recipe;

struct Net {
  char *name;
  int batch, classes, input[3];
  Tensor *tensors;
  int tensor_count;
  Node *nodes;
  int node_count;
  Tensor *images, *output, *loss;
  Recipe recipe;

  /* Of the call in hand. */
  int n;                 /* images, 1 to batch */
  const int32_t *labels; /* n */
  bool training;         /* dropout draws */
  uint64_t step;         /* updates so far */

  /* Memory, all of it made by net_allocate. */
  int threads;
  float *memory;    /* tensors, then gradients, then workspaces */
  float *gradients; /* the part of it that a step clears first */
  size_t gradient_count;
  float *columns; /* im2col: threads blocks of columns_count */
  size_t columns_count;
  float *partial; /* weight gradients of one convolution: threads blocks of partial_count */
  size_t partial_count;
};

/* graph_json.c: reads an exported graph; on a mistake prints one message to stderr and returns
   NULL. batch 0: as the graph says. The tensors have no memory yet. */
Net *net_load(const char *path, int batch);
void net_free(Net *net);
Tensor *net_find(const Net *net, const char *name);
const Op *op_find(const char *name); /* interpret.c */

/* interpret.c. net_allocate returns false when memory is short. The images' tensor holds the
   normalised input; labels may be NULL for a forward pass, which then computes no loss. */
bool net_allocate(Net *net, int threads);
void net_forward(Net *net, int n, const int32_t *labels, bool training);
void net_backward(Net *net); /* after net_forward with labels: gradients of the mean loss */
void net_update(Net *net);   /* parameters.c: one step of the recipe's optimiser */

/* parameters.c: parameters from their initialisers; the same for a seed. */
void net_initialize(Net *net, uint64_t seed);

/* A number in [0, 1) from a counter (SplitMix64, Steele et al. 2014). */
double random_unit(uint64_t seed, uint64_t counter);

/* trace.c and worker.c: the two modes; they return the exit code. */
int trace_step(Net *net, const char *in_path, const char *out_path);
int worker_run(Net *net);

/* ops_*.c */
void conv2d_forward(Net *net, Node *node);
void conv2d_backward(Net *net, Node *node);
size_t conv2d_columns(const Node *node); /* floats of one image's im2col matrix, of one group */
void linear_forward(Net *net, Node *node);
void linear_backward(Net *net, Node *node);
void max_pool2d_forward(Net *net, Node *node);
void max_pool2d_backward(Net *net, Node *node);
size_t max_pool2d_workspace(const Node *node);
void avg_pool2d_forward(Net *net, Node *node);
void avg_pool2d_backward(Net *net, Node *node);
void relu_forward(Net *net, Node *node);
void relu_backward(Net *net, Node *node);
void tanh_forward(Net *net, Node *node);
void tanh_backward(Net *net, Node *node);
void sigmoid_forward(Net *net, Node *node);
void sigmoid_backward(Net *net, Node *node);
void dropout_forward(Net *net, Node *node);
void dropout_backward(Net *net, Node *node);
void add_forward(Net *net, Node *node);
void add_backward(Net *net, Node *node);
void softmax_cross_entropy_forward(Net *net, Node *node);
void softmax_cross_entropy_backward(Net *net, Node *node);
void squared_error_forward(Net *net, Node *node);
void squared_error_backward(Net *net, Node *node);

#endif
