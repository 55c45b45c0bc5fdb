/* The graph: values that know their shape, nodes that make them, and the order in which nodes run.
   The language of models builds the forward half; passes rewrite it and append the backward half.
   Everything lives in one arena. */
#ifndef CNNC_GRAPH_H
#define CNNC_GRAPH_H

#include "driver/arena.h"
#include "driver/diag.h"
#include "ir/ops.h"
#include "ir/recipe.h"
#include "ir/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum Activation { ACTIVATION_NONE, ACTIVATION_RELU } Activation;

/* Attributes of all ops in one record; ops.def specifies which of them an op uses. Pairs are
   {height, width}. ATTRIBUTES(X) lists X(field, type), type one of INT PAIR BOOL REAL
   ACTIVATION. */
#define ATTRIBUTES(X)                                                                              \
  X(channels, INT)                                                                                 \
  X(features, INT)                                                                                 \
  X(kernel, PAIR)                                                                                  \
  X(stride, PAIR)                                                                                  \
  X(padding, PAIR)                                                                                 \
  X(dilation, PAIR)                                                                                \
  X(groups, INT)                                                                                   \
  X(bias, BOOL)                                                                                    \
  X(ceil_mode, BOOL)                                                                               \
  X(count_include_pad, BOOL)                                                                       \
  X(p, REAL)                                                                                       \
  X(label_smoothing, REAL)                                                                         \
  X(slope, REAL)                                                                                   \
  X(momentum, REAL)                                                                                \
  X(eps, REAL)                                                                                     \
  X(frozen_statistics, BOOL)                                                                       \
  X(size, INT)                                                                                     \
  X(alpha, REAL)                                                                                   \
  X(beta, REAL)                                                                                    \
  X(k, REAL)                                                                                       \
  X(output, PAIR)                                                                                  \
  X(first, INT)                                                                                    \
  X(loss_weight, REAL)                                                                             \
  X(auxiliary, BOOL)                                                                               \
  X(lr_scale, REAL)                                                                                \
  X(decay_scale, REAL)                                                                             \
  X(activation, ACTIVATION)                                                                        \
  X(relu_mask, BOOL)                                                                               \
  X(argmax, BOOL)                                                                                  \
  X(dy_relu_mask, BOOL)                                                                            \
  X(batch_norm, BOOL)                                                                              \
  X(residual, BOOL)                                                                                \
  X(partial_sums, BOOL)

typedef struct Attributes {
  int channels, features;
  int kernel[2], stride[2], padding[2], dilation[2];
  int groups;
  bool bias, ceil_mode, count_include_pad;
  double p;               /* dropout: probability of a zero */
  double label_smoothing; /* of the loss, 0 to 1 */
  double slope;           /* leaky_relu: of the negative side */
  double momentum, eps;   /* batch_norm: weight of the new statistics; added to the variance */
  bool frozen_statistics; /* batch_norm: training, too, normalises by the running statistics, which
                             stay as they are */
  int size;               /* local_response_norm: channels that a sum sees */
  double alpha, beta, k;  /* local_response_norm: y = x / (k + alpha * mean(x^2))^beta */
  int output[2];          /* adaptive pooling: rows and columns made */
  int first;              /* slice: its first channel */
  double loss_weight;     /* of the loss in the sum of all losses */
  bool auxiliary;         /* a second loss: added to that of the logits */
  double lr_scale, decay_scale; /* update: factors of the recipe's rate and weight decay */
  Activation activation;        /* fused into the epilogue: y = activation(y) */
  bool relu_mask;    /* fused: the last input is the activation y; dx is 0 where y is 0. max_pool2d:
                   x is an activation, and argmax is 0 for a maximum of 0 */
  bool dy_relu_mask; /* fused: input 5 is the activation y, or the bias of the batch_norm that made
                it; dy counts as 0 where y is 0 */
  bool batch_norm;   /* folded: the last inputs are those of a batch_norm behind the convolution */
  bool residual;     /* folded: an input (node_residual) is added to y, before the activation */
  bool argmax;       /* max_pool2d has a second output: where in its window each maximum is */
  bool partial_sums; /* folded: conv2d_backward_data has a second output, partial sums of dx by work
                item, which is the last input of the batch_norm_backward behind it */
} Attributes;

typedef enum InitKind {
  INIT_ZEROS,
  INIT_CONSTANT,       /* scale: the value */
  INIT_XAVIER_UNIFORM, /* scale: gain */
  INIT_XAVIER_NORMAL,
  INIT_HE_UNIFORM,
  INIT_HE_NORMAL,
  INIT_UNIFORM,          /* scale: bound; U(-bound, bound) */
  INIT_NORMAL,           /* scale: standard deviation, mean 0 */
  INIT_TRUNCATED_NORMAL, /* the same, within -2 to 2 */
  INIT_HE_UNIFORM_OUT,   /* scale: gain; by the fan out */
  INIT_HE_NORMAL_OUT
} InitKind;

typedef struct Init {
  InitKind kind;
  double scale;
} Init;

typedef enum ValueKind {
  VALUE_INPUT, /* the images as the loader gives them: bytes [N,C,H,W] */
  VALUE_ACTIVATION,
  VALUE_GRADIENT, /* of an activation: the upstream gradient, d<name> */
  VALUE_PARAMETER,
  VALUE_PARAMETER_GRADIENT,
  VALUE_LOSS,      /* one number an image */
  VALUE_WORKSPACE, /* of a node while it runs, one for all; sums, from a node to another */
  VALUE_PREPACKED, /* made of parameters before inference, and kept as long as it runs */
  VALUE_BUFFER     /* running statistics: kept with the parameters, not trained */
} ValueKind;

typedef enum Layout {
  LAYOUT_UNSET,
  LAYOUT_PLAIN,         /* row-major, as in PyTorch: parameters and their gradients, images */
  LAYOUT_BATCH_BLOCKED, /* [N/L][H][C][W][L], [N/L][F][L]: the batch innermost, L images a vector */
  LAYOUT_PADDED_ROWS,   /* [N][C*H*W rounded up to L]: an image a row */
  LAYOUT_CHANNEL_BLOCKED, /* [N][H][C/L][W][L], [N][F/L][L]: channels innermost, L a vector */
  LAYOUT_CHANNELS_LAST    /* [N][H][W][C]: fewer channels than a vector has */
} Layout;

typedef struct Node Node;
typedef struct Value Value;

struct Value {
  int id;
  const char *name;       /* parameters: as in torchvision, conv1.weight; others unique */
  const char *identifier; /* the same as a C name; set by emit */
  ValueKind kind;
  int rank;                     /* 4 for [N,C,H,W], 2 for [N,F] and [O,I], 1 for [O] */
  int dim[4];                   /* unused ones are 1 */
  Node *producer;               /* NULL for the input and for parameters */
  Value *gradient;              /* dvalue; NULL before the gradient pass or where nobody needs it */
  Init init;                    /* parameters */
  bool trainable;               /* parameters */
  double lr_scale, decay_scale; /* parameters: factors of the recipe's rate and weight decay */
  SourcePos pos;

  /* Set by layout, views and memory. */
  Layout layout;
  Value *part_of;   /* or NULL: this value is some channels of that one, and lies in it */
  int part_first;   /* its first channel there */
  Value *view_of;   /* shares the memory of another value */
  int64_t offset;   /* in reals, from the start of the block that holds its kind */
  int64_t elements; /* reals that its memory takes, padding of the layout included */
  int first, last;  /* lifetime: positions of nodes */

  int call; /* set by emit: after which call of a training step it is there, from 0 */
};

typedef enum Phase { PHASE_PREPACK, PHASE_FORWARD, PHASE_BACKWARD, PHASE_UPDATE } Phase;

struct Node {
  OpKind op;
  const char *name; /* the layer: layer1.0.conv1 */
  SourcePos pos;
  Phase phase;
  Value **in, **out;
  int in_count, out_count;
  Value *workspace; /* or NULL; set by schedule */
  Attributes attributes;
  Node *forward;      /* of a backward node: the node it differentiates */
  const Node *summed; /* of a conv2d_backward_data with sums: the batch_norm_backward behind it.
                         For its sums, this node reads its inputs, too, which live until then */
  Schedule schedule;
};

typedef LIST_OF(Node *) NodeList;
typedef LIST_OF(Value *) ValueList;

typedef struct Graph {
  Arena *arena;
  Diag *diag;
  const char *name; /* lenet5: a C identifier */
  const char *run;  /* the same, with options of -D that differ from the defaults: net-depth=20 */
  const char *file; /* the model file, as the user named it */
  NodeList nodes;   /* in the order in which they run */
  ValueList values;
  Value *input, *output; /* images, logits [N,classes] */
  Value *loss;
  Value *workspace; /* or NULL; set by schedule */
  /* Of activations [N,C,H,W] and of [N,F]: LAYOUT_BATCH_BLOCKED or LAYOUT_CHANNEL_BLOCKED, or
     LAYOUT_PLAIN for the reference target. Vectors
     of features [N,F] are batch-blocked in training, whatever the layout of images. */
  Layout image_layout, feature_layout;
  int classes;
  int next_id; /* of values */
  Recipe recipe;
} Graph;

/* --- building ---------------------------------------------------------------------------- */

Graph *graph_new(Arena *arena, Diag *diag);

/* A value; the name is made unique with a number if it is taken. */
Value *graph_value(Graph *graph, ValueKind kind, const char *name, int rank, const int *dim);

/* A node at the end of the graph, without outputs; add those with graph_output. */
Node *graph_node(Graph *graph, OpKind op, const char *name, SourcePos pos, int in_count,
                 Value *const *in);
Value *graph_output(Graph *graph, Node *node, ValueKind kind, const char *name, int rank,
                    const int *dim);

/* How many outputs a complete node has: those of its op, and an optional one (argmax or partial
   sums) where an attribute asks for it. */
int node_output_count(const Node *node);

/* --- rewriting ------------------------------------------------------------------------------- */

/* Every reader of `from` reads `to` instead. */
void graph_replace(Graph *graph, Value *from, Value *to);

/* The node reads these values, too, behind its other inputs. */
void graph_append_inputs(Graph *graph, Node *node, int count, Value *const *values);

/* Moves a node, usually a new one at the end, to the place before another. */
void graph_move_before(Graph *graph, Node *node, const Node *before);

/* Removes the node from the order, and its outputs from the graph. */
void graph_remove(Graph *graph, Node *node);

/* `node` makes the result of `next`, its only reader, in its own epilogue. */
void graph_absorb(Graph *graph, Node *node, Node *next);

/* Takes out values that no node makes or reads. */
void graph_sweep_values(Graph *graph);

#endif
