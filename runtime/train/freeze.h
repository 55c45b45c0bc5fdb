/* Layers that a training leaves as they are, chosen when it starts: `train --freeze`. Their
   parameters and optimiser state do not change; their gradients are computed all the same, so that
   a model which is compiled with --freeze needs less time and memory. Running statistics of batch
   norms move on, unless the model has them frozen. */
#ifndef CNN_FREEZE_H
#define CNN_FREEZE_H

#include "core/cnn.h"
#include "core/error.h"
#include "core/storage.h"

typedef struct cnn_freeze {
  const cnn_model *compiled;
  cnn_model model; /* the same, where frozen parameters are not trainable */
  void *kept;      /* [gradient_reals]: values of frozen parameters; NULL: nothing is frozen */
} cnn_freeze;

/* layers: names of layers or scopes, "conv1,layer1", or "all-but:fc". An error names a layer that
   the model does not have, or the error is that nothing is left to train. After true,
   cnn_freeze_close. */
bool cnn_freeze_open(cnn_freeze *freeze, const cnn_model *model, const char *layers,
                     cnn_error *error);
void cnn_freeze_close(cnn_freeze *freeze);

/* Requests memory, before cnn_storage_commit. */
void cnn_freeze_plan(cnn_freeze *freeze, cnn_storage *storage);

/* Keeps the values that frozen parameters have now. */
void cnn_freeze_keep(const cnn_freeze *freeze, const cnn_state *state);

/* Around an update: frozen gradients become 0; then frozen parameters have their values again, and
   their optimiser state is 0. */
void cnn_freeze_before(const cnn_freeze *freeze, const cnn_state *state);
void cnn_freeze_after(const cnn_freeze *freeze, const cnn_state *state);

#endif
