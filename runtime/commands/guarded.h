/* Memory with guard pages for the values of a program made with --keep-values: a kernel that reads
   or writes behind a tensor is killed. */
#ifndef CNN_GUARDED_H
#define CNN_GUARDED_H

#include "core/cnn.h"
#include "core/error.h"

/* The values that training or inference keeps. */
typedef struct cnn_kept {
  const cnn_value *values;
  int count;
  size_t reals; /* activations that hold them */
} cnn_kept;

cnn_kept cnn_kept_training(const cnn_model *model);
cnn_kept cnn_kept_inference(const cnn_model *model);

/* Memory for activations in which the model->guard_bytes behind every value are inaccessible.
   NULL after a mistake. */
void *cnn_guarded_activations(const cnn_model *model, const cnn_kept *kept, cnn_error *error);
void cnn_guarded_release(const cnn_model *model, const cnn_kept *kept, void *activations);

#endif
