/* Activations and their gradients: their layouts, and memory for those that a program made with
   --keep-values keeps, in which a kernel that leaves its tensors is caught. */
#ifndef CNN_VALUES_H
#define CNN_VALUES_H

#include "core/cnn.h"
#include "core/error.h"

/* Elements for a full batch, without padding of the layout. */
size_t cnn_value_elements(const cnn_value *value);

/* Reals that the value takes in memory, padding of the layout included. */
size_t cnn_value_reals(const cnn_model *model, const cnn_value *value);

/* Copies the first `count` images of a value row-major to `plain`. */
void cnn_value_plain(const cnn_model *model, const cnn_value *value, const void *activations,
                     int count, void *plain);

/* Root of the mean of the squares of the first `count` images. */
double cnn_value_rms(const cnn_model *model, const cnn_value *value, const void *activations,
                     int count);

/* What training or inference keeps. */
typedef struct cnn_kept {
  const cnn_value *values;
  int count;
  size_t reals; /* activations that hold them */
} cnn_kept;

cnn_kept cnn_kept_training(const cnn_model *model);
cnn_kept cnn_kept_inference(const cnn_model *model);

/* Memory for activations in which the model->guard_bytes behind every value cannot be touched.
   NULL after a mistake. */
void *cnn_guarded_activations(const cnn_model *model, const cnn_kept *kept, cnn_error *error);
void cnn_guarded_release(const cnn_model *model, const cnn_kept *kept, void *activations);

#endif
