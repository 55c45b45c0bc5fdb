/* The naive twin of every op in ops.def: plain loops in double, written from the definition of the
   op and sharing nothing with the templates. */
#ifndef TWINS_H
#define TWINS_H

#include "ir/dump.h"
#include "ir/queries.h"

/* A value of the graph with the numbers that a program traced: row-major, dim[0] images where it
   has images. */
typedef struct Tensor {
  const char *name;
  ValueKind kind;
  int dim[4]; /* unused ones are 1 */
  const double *data;
} Tensor;

size_t tensor_count(const Tensor *tensor);

/* What a twin expects an output to be. The magnitude is the sum of the absolute terms: rounding
   errors are proportional to it, and while it stays below 2^24 steps of the smallest term, float
   arithmetic makes none. */
typedef struct Expected {
  double *value, *magnitude; /* zero when the twin begins */
} Expected;

/* A node of the exported graph. */
typedef struct Step {
  OpKind op;
  const char *name;
  Phase phase;
  Attributes attributes;
  const Tensor **in, **out;
  int in_count, out_count;
  const struct Step *forward; /* dropout_backward, max_pool2d_backward: what it is of */
  const struct Step *maker;   /* conv2d_prepacked: the prepack_conv2d of its filters */
} Step;

/* The batch. */
typedef struct Batch {
  int count;
  const double *labels;        /* [count] */
  const double *scale, *shift; /* [C] */
} Batch;

typedef void Twin(const Step *step, const Batch *batch, Expected *out);

extern Twin *const TWINS[OP_COUNT];

/* Fused into a step's epilogue; every twin ends with it. */
void twin_epilogue(const Step *step, Expected *out);

/* One twin for each op: twin_conv2d... */
#define OP(id, outputs, attributes, shape, gradient, lower, capabilities) extern Twin twin_##id;
#include "ir/ops.def"
#undef OP

#endif
