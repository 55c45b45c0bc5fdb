/* Activations and their gradients: their layouts, and memory for those that a program made with
   --keep-values keeps, in which a kernel that leaves its tensors is caught. */
#ifndef CNN_VALUES_H
#define CNN_VALUES_H

#include "cnn.h"
#include "error.h"

/* How many values are still there after a step: all in a program made with --keep-values, none in
   others. */
int cnn_values_kept(const cnn_model *model);

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

/* Memory for activations in which the model->guard_bytes behind every value cannot be touched.
   NULL after a mistake. */
void *cnn_guarded_activations(const cnn_model *model, cnn_error *error);
void cnn_guarded_release(const cnn_model *model, void *activations);

#endif
