/* What the generated program tells the runtime of itself: the const cnn_model at its end. */
#ifndef CNNC_DESCRIPTOR_H
#define CNNC_DESCRIPTOR_H

#include "emit/layers.h"
#include "schedule/cost.h"

#include <stdio.h>

/* A call of a kernel, for the profile: as many as the step has, in their order. */
typedef struct ProfiledCall {
  const char *layer;
  NodeCost cost;
} ProfiledCall;

typedef LIST_OF(const ProfiledCall *) ProfiledCallList;

typedef struct Descriptor {
  Graph *training, *inference;
  const CompileOptions *options;
  const char *command; /* options->command as it may stand in a C string */
  LayerSummaryList layers;
  ProfiledCallList training_calls, inference_calls;
} Descriptor;

/* The tables, and the fields of the cnn_model that refer to them. Values have their identifiers. */
void write_descriptor(const Descriptor *descriptor, FILE *tables, FILE *fields);

#endif
