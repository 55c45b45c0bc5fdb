/* The functions of a program's step: the calls of kernels, one node a line. */
#ifndef CNNC_STEP_TEXT_H
#define CNNC_STEP_TEXT_H

#include "emit/descriptor.h"
#include "emit/lower.h"

/* The calls of a graph, as they are written. */
typedef struct Calls {
  const Graph *graph;
  const CompileOptions *options;
  CallList calls;
  ProfiledCallList *profiled; /* those of a step, for the profile */
} Calls;

typedef struct CallTexts {
  const char *forward, *backward, *update, *prepacking, *inference;
} CallTexts;

/* The texts of both graphs, whose values have their identifiers. Values get the number of the call
   behind which they are there, and the lists for the profile their calls: those of a training step,
   those of inference. */
CallTexts call_texts(const Calls *train, const Calls *infer, const Call *logits);

#endif
