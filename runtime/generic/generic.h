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
  TENSOR_BUFFER, /* running statistics: written in training, read in inference */
  TENSOR_LOSS,
  TENSOR_GRADIENT
} TensorKind;

typedef struct Tensor Tensor;

enum { MOMENTS = 3 };

/* A value of the graph, row-major. */
struct Tensor {
  char *name;
  TensorKind kind;
  int rank, dim[4]; /* unused dimensions are 1 */
  bool per_image;   /* the batch is the first dimension */
  size_t count;     /* elements at the full batch */
  size_t image;     /* elements of one image: count / dim[0] */
  Tensor *view_of;  /* shares data and gradient */
  bool needs_gradient, feeds_output;
  float *data, *gradient; /* gradient: NULL if it is not needed */
  float *magnitude;       /* sums of absolute terms, for the tensors that `magnitudes` computes */
  float *moment[MOMENTS]; /* of parameters: what the optimiser keeps (optimizers.c) */
  char *init;             /* initialiser of a parameter, by its name in the model language */
  double scale;           /* of the initialiser */
  bool trainable;         /* of parameters, as the next two */
  double lr_scale, decay_scale; /* factors of the recipe's rate and weight decay */
};

typedef struct Attributes {
  int kernel[2], stride[2], padding[2], dilation[2]; /* height, width */
  int groups;
  bool bias, ceil_mode, count_include_pad;
  int output[2]; /* adaptive pooling: output height and width; 0 in other ops */
  double p, slope;
  double momentum, eps; /* batch_norm */
  bool frozen_statistics;
  int size; /* local_response_norm, as the next three */
  double alpha, beta, k;
  double label_smoothing, loss_weight;
  bool auxiliary; /* a loss that is added to that of the logits */
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

typedef enum Optimizer { SGD, ADAM, ADAMW, RMSPROP } Optimizer;

typedef struct Recipe {
  Optimizer optimizer;
  bool nesterov, centered;
  double lr, momentum, weight_decay, beta1, beta2, eps; /* RMSprop's alpha is beta2 */
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
  bool without_dropout; /* in training, too: other programs have other random numbers */

  /* Of the call in hand. */
  int n;                 /* images, 1 to batch */
  const int32_t *labels; /* n */
  bool training;         /* batch_norm uses the statistics of the batch, dropout draws */
  uint64_t step;         /* updates so far */

  /* Memory, all of it allocated by net_allocate. */
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
   NULL. batch 0: the graph's. The tensors have no memory yet. */
Net *net_load(const char *path, int batch);
void net_free(Net *net);
Tensor *net_find(const Net *net, const char *name);
const Op *op_find(const char *name); /* interpret.c */

/* interpret.c. net_allocate returns false when memory is short. The images' tensor holds the
   normalised input. With labels the pass is one of training; without, of inference, up to the
   logits. */
bool net_allocate(Net *net, int threads);
void net_forward(Net *net, int n, const int32_t *labels);
void net_backward(Net *net); /* after net_forward with labels: gradients of the mean loss */

/* optimizers.c */
int optimizer_moments(const Recipe *recipe); /* how many a parameter has */
void net_update(Net *net);                   /* one step of the recipe's optimiser */

/* parameters.c: parameters from their initialisers, the same for a seed, and running statistics of
   a net that has seen nothing. */
void net_initialize(Net *net, uint64_t seed);

/* A number in [0, 1) from a counter (SplitMix64, Steele et al. 2014). */
double random_unit(uint64_t seed, uint64_t counter);

/* trace.c and worker.c: the modes; they return the exit code. */
int trace_step(Net *net, const char *in_path, const char *out_path);
int trace_infer(Net *net, const char *in_path, const char *out_path);
int worker_run(Net *net);

/* magnitudes.c: after net_backward, the sums of the absolute terms of which the gradients of
   parameters and the statistics of batch norms are sums. */
void magnitudes(Net *net);

/* kinks.c: how near the last forward pass came to where the derivative of a relu or of a maximum
   jumps, in parts of the root mean square of what enters that op. */
double kink_distance(const Net *net);

/* ops_*.c */
void conv2d_forward(Net *net, Node *node);
void conv2d_backward(Net *net, Node *node);
size_t conv2d_columns(const Node *node); /* floats of one image's im2col matrix, of one group */
void linear_forward(Net *net, Node *node);
void linear_backward(Net *net, Node *node);
typedef struct PoolWindow {
  int top, bottom, left, right; /* inside the input */
  int padded;                   /* positions inside the padded input */
} PoolWindow;
PoolWindow pool_window(const Node *node, int oh, int ow); /* of output pixel oh, ow */
void max_pool2d_forward(Net *net, Node *node);
void max_pool2d_backward(Net *net, Node *node);
size_t max_pool2d_workspace(const Node *node);
void avg_pool2d_forward(Net *net, Node *node);
void avg_pool2d_backward(Net *net, Node *node);
void batch_norm_forward(Net *net, Node *node);
void batch_norm_backward(Net *net, Node *node);
void local_response_norm_forward(Net *net, Node *node);
void local_response_norm_backward(Net *net, Node *node);
void concat_forward(Net *net, Node *node);
void concat_backward(Net *net, Node *node);
void relu_forward(Net *net, Node *node);
void relu_backward(Net *net, Node *node);
void leaky_relu_forward(Net *net, Node *node);
void leaky_relu_backward(Net *net, Node *node);
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
