/* Where the numbers of an activation or a gradient are in memory, by its layout (cnn_layout). */
#ifndef CNN_LAYOUT_H
#define CNN_LAYOUT_H

#include "core/cnn.h"

/* Elements for a full batch, without padding of the layout. */
size_t cnn_value_elements(const cnn_value *value);

/* Reals of the value in memory, padding of the layout included. */
size_t cnn_value_reals(const cnn_model *model, const cnn_value *value);

/* Copies the first `count` images of a value row-major to `plain`. */
void cnn_value_plain(const cnn_model *model, const cnn_value *value, const void *activations,
                     int count, void *plain);

/* Root of the mean of the squares of the first `count` images. */
double cnn_value_rms(const cnn_model *model, const cnn_value *value, const void *activations,
                     int count);

#endif
