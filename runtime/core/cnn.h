/* The public header of the runtime, and the only one that a generated program includes. A program
   describes its network in one const cnn_model; the runtime knows a network only through it.

   Dimensions: N images of a batch, C channels, H rows, W columns, F features of a vector, L lanes:
   the reals of one vector register. A real is a float, or a double in a program made with
   --real double. */
#ifndef CNN_H
#define CNN_H

#include <stddef.h>
#include <stdint.h>

#include "cnn_recipe.def"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when cnn_model or the functions in it change meaning. */
#define CNN_ABI 13

/* Instruction sets: cnn_targets.def. */
#define CNN_TARGET(ID, ...) CNN_##ID,
typedef enum cnn_target {
#include "cnn_targets.def"
} cnn_target;
#undef CNN_TARGET

/* Instructions that the C compiler may use where this is compiled: a bit for each of
   cnn_instructions.def. CNN_IS_ONE(m) is 1 if the macro m is defined as 1, else 0: then the name
   with the prefix is no macro, and 0 is the second argument. */
#define CNN_PREFIXED_1 0,
#define CNN_SECOND(first, second, ...) second
#define CNN_CHOOSE(prefixed) CNN_SECOND(prefixed 1, 0, 0)
#define CNN_PREFIX(value) CNN_CHOOSE(CNN_PREFIXED_##value)
#define CNN_IS_ONE(value) CNN_PREFIX(value)
#define CNN_INSTRUCTION(ID, ...) CNN_HAS_##ID,
enum {
#include "cnn_instructions.def"
  CNN_INSTRUCTION_COUNT
};
#undef CNN_INSTRUCTION
#define CNN_INSTRUCTION(ID, macro, ...) | (uint64_t)CNN_IS_ONE(macro) << CNN_HAS_##ID
static const uint64_t CNN_INSTRUCTIONS = 0
#include "cnn_instructions.def"
    ;
#undef CNN_INSTRUCTION

/* How a parameter is initialised: 0; scale; U(-scale, scale); N(0, scale^2); the same, truncated to
   -2 to 2, for a scale of at most 2. Xavier and He initialisers are one of these: the compiler
   computes the bound or the deviation from their fans. */
typedef enum cnn_init {
  CNN_ZEROS,
  CNN_CONSTANT,
  CNN_UNIFORM,
  CNN_NORMAL,
  CNN_TRUNCATED_NORMAL
} cnn_init;

/* One parameter or buffer, in PyTorch's shape [OC,IC,KH,KW], [OC,IC] or [OC], row-major in the
   parameter block. */
typedef struct cnn_parameter {
  const char *name; /* conv1.weight */
  int rank, shape[4];
  size_t offset; /* in reals from the start of the parameter block */
  cnn_init init;
  double scale;
  int trainable; /* 0: frozen, or a running statistic, which only inference reads */
} cnn_parameter;

/* The layout of a value in memory. ceil(x, L): x rounded up to a multiple of L. */
typedef enum cnn_layout {
  CNN_PLAIN,           /* nchw: [N][C][H][W], or [N][F] */
  CNN_BATCH_BLOCKED,   /* Nhcw16n (L = 16; Nhcw8n with L = 8): [N/L][H][C][W][L], or [N/L][F][L] */
  CNN_PADDED_ROWS,     /* [N][ceil(C*H*W, L)] */
  CNN_CHANNEL_BLOCKED, /* nhCw16c: [N][H][ceil(C, L)/L][W][L], or [N][ceil(F, L)/L][L] */
  CNN_CHANNELS_LAST    /* nhwc: [N][H][W][C] */
} cnn_layout;

/* Where an activation or a gradient is in memory, and when: after call number `call` of a kernel in
   `gradients` (from 0) until another value reuses the memory. */
typedef struct cnn_location {
  cnn_layout layout;
  size_t offset;    /* in reals from the start of the activations */
  int call;         /* -1: the value is not stored separately */
  int row_channels; /* channels of a row in memory if the value is a part of a concat; else 0 */
} cnn_location;

/* One layer of the forward graph, for summaries. Counts are for one image. */
typedef struct cnn_layer {
  const char *name, *kind; /* kind: conv2d+relu; frozen_batch_norm has frozen statistics */
  int shape[3];            /* output [C,H,W]; [F,1,1] for a vector */
  int64_t parameters, macs;
  int receptive_field[2];    /* input pixels that one output depends on: height, width */
  int64_t activation_bytes;  /* of the output */
  int64_t linear_parameters; /* of a linear layer from the same input to the same output; 0 if
                                the layer has no weights */
  cnn_location activation, gradient; /* the output, behind a fused activation, and its gradient, in
                                        front of the activation if that value is stored */
} cnn_layer;

/* The two locations of a layer whose output and gradient have the same layout, and memory of their
   own. */
#define CNN_LOCATIONS(layout, offset, call, gradient_offset, gradient_call)                        \
  {CNN_##layout, offset, call, 0}, {                                                               \
    CNN_##layout, gradient_offset, gradient_call, 0                                                \
  }

/* The four parameters of a batch_norm in a table of parameters; bn: the prefix of their names in
   C. */
#define CNN_NORM_PARAMETERS(name, bn, channels, weight, trainable)                                 \
  {name ".weight", 1, {channels, 1, 1, 1}, bn##_weight, CNN_CONSTANT, weight, trainable},          \
      {name ".bias", 1, {channels, 1, 1, 1}, bn##_bias, CNN_ZEROS, 0, trainable},                  \
      {name ".running_mean", 1, {channels, 1, 1, 1}, bn##_running_mean, CNN_CONSTANT, 0, 0}, {     \
    name ".running_var", 1, {channels, 1, 1, 1}, bn##_running_var, CNN_CONSTANT, 1, 0              \
  }

#define CNN_ID(id, name) CNN_##id,
typedef enum cnn_optimizer { CNN_OPTIMIZERS(CNN_ID) } cnn_optimizer;
#undef CNN_ID
#define CNN_ID(id, name) CNN_LR_##id,
typedef enum cnn_lr_schedule { CNN_LR_SCHEDULES(CNN_ID) } cnn_lr_schedule; /* train/rate.h */
#undef CNN_ID

/* The training recipe of the model file; the command line overrides parts of it. Its fields, and
   what they mean, are in cnn_recipe.def. */
#define CNN_FIELD_BATCH(name)
#define CNN_FIELD_INT(name) int name;
#define CNN_FIELD_BOOL(name) int name;
#define CNN_FIELD_REAL(name) double name;
#define CNN_FIELD_OPTIMIZER(name) cnn_optimizer name;
#define CNN_FIELD_LR_SCHEDULE(name) cnn_lr_schedule name;
#define CNN_FIELD_MILESTONES(name) int name##s[CNN_MILESTONES_MAX], name##_count;
#define CNN_FIELD_BOUNDS(name) double name##_low, name##_high;
#define CNN_FIELD_CHANNELS(name) const double *name;
#define CNN_FIELD(type, name) CNN_FIELD_##type(name)
typedef struct cnn_recipe {
  CNN_RECIPE_FIELDS(CNN_FIELD)
} cnn_recipe;
#undef CNN_FIELD

/* Of one image, with z the logits: -sum_k target_k log softmax(z)_k, where the target is 1 - s at
   the label plus s / classes everywhere (s: label_smoothing); sum_k (z_k - [k is the label])^2 /
   2. */
typedef enum cnn_loss { CNN_SOFTMAX_CROSS_ENTROPY, CNN_SQUARED_ERROR } cnn_loss;

/* A batch: `count` images of [C,H,W] bytes, 1 <= count <= model->batch. The input of
   the network for pixel p of channel c is p * scale[c] + shift[c]. */
typedef struct cnn_batch {
  int count;
  const uint8_t *const *images;
  const int32_t *labels; /* 0 <= label < classes; NULL for infer */
  const float *scale, *shift;
} cnn_batch;

/* All memory of a run, allocated by the runtime once at the start; blocks are aligned to 64 bytes
   and zeroed. */
typedef struct cnn_state {
  void *parameters;  /* parameter_reals */
  void *gradients;   /* gradient_reals, the same offsets */
  void *optimizer;   /* optimizer_blocks times gradient_reals: momentum; Adam's m, then v; RMSprop's
                        squares, then its momentum if any, then the means if it is centred */
  void *activations; /* the larger of training_reals and inference_reals. A run that only infers has
                        inference_reals, and NULL for gradients and optimizer */
  int threads;       /* threads to use, at least 1 */
  uint64_t seed;     /* of dropout's counter-based generator */
  uint64_t step;     /* counts updates from 0: dropout's counter, Adam's bias correction */
  double lr, momentum, weight_decay, beta1, beta2, eps;

  /* Called by the first thread after each call of a kernel, while all other threads wait; the
     values of that moment can be read. NULL: no observer. */
  void (*observe)(void *observer);
  void *observer;

  /* Results of the last call, for images 0..count-1. */
  void *loss;         /* [batch] reals, not yet divided by count. Set by gradients and train_step */
  int32_t *predicted; /* [batch]: the largest logit's class. Set by all three */
} cnn_state;

/* The work of one kernel call by the definition of its op, whatever the kernel avoids or repeats. A
   call that computes gradients of both data and weights counts as BACKWARD_DATA. */
typedef enum cnn_pass { CNN_FORWARD, CNN_BACKWARD_DATA, CNN_BACKWARD_WEIGHTS, CNN_UPDATE } cnn_pass;
typedef struct cnn_cost {
  const char *op;
  cnn_pass pass;
  int64_t flops;       /* of one image: two a multiply-add of convolutions and linear layers */
  int64_t image_bytes; /* of one image: every number read or written, counted once */
  int64_t bytes;       /* the same of parameters, gradients, optimiser: once a step */
} cnn_cost;

/* A call of a kernel in a step. */
typedef struct cnn_node {
  int name; /* index of its layer in `layers`; from layer_count on, layer_count + index in
               node_names */
  int cost; /* index in `costs`; nodes of equal cost share an entry */
} cnn_node;

/* A value that has memory of its own in a program made with --keep-values, for tests. */
typedef struct cnn_value {
  const char *name;
  int rank, shape[4];
  cnn_layout layout;
  size_t offset;    /* in reals from the start of activations */
  int row_channels; /* as in cnn_location */
  int scratch; /* workspace of kernels: not a result, and different for other numbers of threads */
} cnn_value;

typedef struct cnn_model {
  int abi;             /* CNN_ABI */
  const char *name;    /* lenet5 */
  const char *run;     /* the same, with options that differ from their defaults: resnet-depth=20 */
  const char *command; /* that made the file */
  cnn_target target;
  const uint64_t *instructions; /* CNN_INSTRUCTIONS where the program was compiled; NULL: none */
  int real_bytes;               /* 4, or 8 with --real double */
  int lanes;                    /* L */
  int threads_max; /* 1 if the program was compiled without OpenMP, else a large number */
  int batch;       /* images of a call at most */
  int input[3];    /* [C,H,W] */
  int classes;
  cnn_loss loss;
  const cnn_recipe *recipe;
  const cnn_parameter *parameters;
  int parameter_count;
  const cnn_layer *layers;
  int layer_count;
  size_t parameter_reals; /* the block, alignment included */
  size_t gradient_reals;  /* what has a gradient comes first in the block, up to here */
  int optimizer_blocks;   /* 0 to 3 */
  size_t training_reals, inference_reals; /* peak of activations and gradients of activations */
  const cnn_value *values;                /* of training; NULL without --keep-values */
  int value_count;
  const cnn_value *inference_values; /* the same of inference */
  int inference_value_count;
  size_t guard_bytes; /* with --keep-values: every value ends at a multiple of this, and as many
                         bytes behind it are unused; 0 otherwise */

  const cnn_cost *costs;
  const char *const *node_names;                    /* of nodes that belong to no layer */
  const cnn_node *training_nodes, *inference_nodes; /* train_step's and infer's, in their order */
  int training_node_count, inference_node_count;

  /* Forward, loss, backward: fills gradients (means over the batch), loss, predicted. */
  void (*gradients)(const cnn_state *state, const cnn_batch *batch);
  /* The optimiser's update of the parameters from the gradients; state->step counts it. */
  void (*update)(const cnn_state *state);
  /* Both. */
  void (*train_step)(const cnn_state *state, const cnn_batch *batch);
  /* Writes the prepacked weights that infer reads into the activations. Call it before the first
     infer, and again after parameters, or activations by another call, have changed. */
  void (*prepack)(const cnn_state *state);
  /* Calls `work` once in every thread of a team such as those that compute, with its number and how
     many there are. NULL: there is one thread. */
  void (*in_team)(const cnn_state *state, void (*work)(void *context, int thread, int threads),
                  void *context);
  /* Forward only, without dropout. logits: [count][classes], row-major. */
  void (*infer)(const cnn_state *state, const cnn_batch *batch, float *logits);
} cnn_model;

/* The trainer's command line (main.c lists its commands): a generated program's main is `return
   cnn_main(&model, argc, argv);`. Returns the exit code: 0 done, 1 failed, 2 usage, 4 data,
   129 hung up, 130 interrupted, 143 terminated. */
int cnn_main(const cnn_model *model, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
