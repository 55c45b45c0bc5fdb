/* Lowering: a node becomes a call of a kernel. Kernels are templates with parameters, and calls
   have values and numbers as arguments: data, without names or C text. */
#ifndef CNNC_LOWER_H
#define CNNC_LOWER_H

#include "common/geometry.h"
#include "emit/template.h"
#include "ir/graph.h"
#include "ir/options.h"

enum { KERNEL_PARAMETERS_MAX = 40 };

/* One function of the output, or several that one template makes. A parameter may be a reference
   to another kernel's name: that one comes before it in the list. */
typedef struct Kernel {
  const char *template_name; /* conv2d.c.in */
  TemplateParam parameters[KERNEL_PARAMETERS_MAX];
  int parameter_count;
  const char *users; /* the layers that call it: "conv1, conv2" */
  const char *name;  /* set by kernel_names; NULL before */
} Kernel;

typedef LIST_OF(Kernel *) KernelList;

typedef struct Argument {
  enum {
    ARGUMENT_VALUE,         /* value: its address; NULL in textbook kernels alone */
    ARGUMENT_OPTIMIZER,     /* value, integer: the parameter's state in that block of optimiser
                               state, blocks of `count` reals */
    ARGUMENT_NORM_INPUT,    /* values: the struct norm_input of these addresses; count 4: no bias */
    ARGUMENT_INT,           /* integer */
    ARGUMENT_NUMBER,        /* number */
    ARGUMENT_IMAGE,         /* ints: channels, height, width */
    ARGUMENT_INTS,          /* ints: an array */
    ARGUMENT_WEIGHTS_SHAPE, /* weights; its lanes are those of the target */
    ARGUMENT_STATE,         /* arguments of the function that makes the call */
    ARGUMENT_BATCH,
    ARGUMENT_BATCH_COUNT,
    ARGUMENT_LOGITS
  } kind;
  union {
    const Value *value;
    Value *const *values;
    const int *ints;
    double number;
  };
  int64_t integer;
  int64_t count; /* of values or ints */
  weights_shape weights;
} Argument;

/* A call of a kernel by every thread of the team. */
typedef struct Call {
  const Node *node;     /* NULL: the call that hands over the logits */
  const Kernel *kernel; /* NULL: a view, which has no code */
  LIST_OF(Argument *) arguments;
  bool of_groups; /* the team's `groups` counts groups of LANES images, though images are
                     channel-blocked */
} Call;

typedef LIST_OF(Call *) CallList;

/* The calls of a planned graph, one a node in their order. Kernels join the list unless an equal
   one is there. */
CallList lower_graph(const Graph *graph, const CompileOptions *options, KernelList *kernels);

/* The call that hands the logits of inference to the caller. */
Call *lower_logits(const Graph *graph, const CompileOptions *options, KernelList *kernels);

/* The parameter, or NULL. */
const TemplateParam *kernel_parameter(const Kernel *kernel, const char *name);

#endif
