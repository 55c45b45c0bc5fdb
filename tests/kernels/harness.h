/* Kernels against naive twins. A test program lists cases: a template, its parameters, the tensors
   of its arguments and a twin, a plain loop in double. The harness renders all cases into one C
   file, compiles it without warnings, and runs each kernel for several batches and numbers of
   threads in buffers that end at an unmapped page. Results must equal the twin's (exactly, on small
   integers) and be the same bits for any number of threads.

   Usage of a test program: test_NAME TARGET COMPILER, with target scalar, double, avx2 or avx512.
   It exits with 77, and prints why, where the machine lacks the compiler or the instructions. */
#ifndef KERNEL_HARNESS_H
#define KERNEL_HARNESS_H

#include <stdbool.h>

#include "core/cnn.h"
#include "emit/template.h"

enum { TENSORS_MAX = 12, PARAMS_MAX = 40 };

typedef struct Target {
  const char *name, *wrappers, *real, *flags;
  int lanes, real_bytes;
} Target;

typedef enum Fill {
  FILL_GARBAGE,   /* an output */
  FILL_WORKSPACE, /* the same, but whatever the kernel leaves there is right */
  FILL_INTEGERS,  /* -4 to 4 */
  FILL_RELU,      /* 0 to 4, half of them 0 */
  FILL_REALS,     /* both signs, 2^-20 to 2^6 */
  FILL_LOGITS,    /* -8 to 8 */
  FILL_PREPARED   /* by the case's prepare */
} Fill;

/* Dimensions are those of one image for CNN_BATCH_BLOCKED and CNN_CHANNEL_BLOCKED [C,H,W] and
   CNN_PADDED_ROWS [F], of all for CNN_PLAIN; unused ones are 0. Channels beyond the last are 0. */
typedef struct Tensor {
  const char *name;
  cnn_layout layout;
  int dim[4];
  Fill fill;
  bool output;    /* compared with the twin's */
  bool gradient;  /* 0 for images that do not exist: in inputs, and required of outputs */
  bool floats;    /* float even where real is double */
  bool per_image; /* CNN_PLAIN: dim is that of one image, without images beyond the batch */
} Tensor;

/* What a twin sees: every tensor as doubles in plain order, [N,C,H,W], for images 0..count-1. It
   writes what the outputs must be. A tensor named "loss" is state->loss. */
typedef struct Context {
  int count;
  cnn_state state;
  cnn_batch batch;
  double *v[TENSORS_MAX];
  int32_t *predicted; /* expected; read back where the case has `predicts` */
} Context;

/* A template with its parameters. */
typedef struct Rendering {
  const char *template_name;
  TemplateParam params[PARAMS_MAX];
  int param_count;
} Rendering;

typedef struct Case Case;
struct Case {
  Rendering kernel;
  Rendering
      body; /* if any: a function that the kernel calls, by the name in its parameter `body` */
  const char *arguments; /* C text behind the team: "a[0], a[1]"; knows state, batch, a */
  Tensor tensors[TENSORS_MAX];
  int tensor_count;
  void (*prepare)(const Case *c, Context *x); /* fills tensors that depend on others, or NULL */
  void (*twin)(const Case *c, Context *x);
  int classes, image_bytes; /* of the batch */
  bool channel_blocked;     /* the team has as many groups as images */
  int group_multiple;       /* 0, or: there is memory for a multiple of so many vectors of images */
  bool predicts;
  double tolerance; /* relative; 0: equal */
  double floor;     /* the tolerance of smaller values is that of this one */
};

typedef struct Suite {
  const Target *target;
  Arena *arena;
  LIST_OF(Case *) cases;
} Suite;

Case *suite_add(Suite *suite, const char *template_name, const char *arguments,
                void (*twin)(const Case *c, Context *x));
void case_int(Case *c, const char *name, int value);
void case_bool(Case *c, const char *name, bool value);
void case_string(Case *c, const char *name, const char *value);
void case_body_int(Case *c, const char *name, int value);
void case_body_string(Case *c, const char *name, const char *value);
Tensor *case_tensor(Case *c, const char *name, cnn_layout layout, Fill fill, int d0, int d1,
                    int d2);

/* A parameter that the case set; bool as 0 or 1. */
int case_get(const Case *c, const char *name);
const char *case_text(const Case *c, const char *name);

/* main of a test program; `add` lists the cases for the target. */
int suite_main(int argc, char **argv, void (*add)(Suite *suite));

#endif
