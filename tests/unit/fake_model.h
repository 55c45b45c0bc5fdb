/* A model for tests of the runtime: softmax regression on 1x28x28 images in plain C, for any
   precision, with values in batch-blocked and padded-rows layouts. */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "core/cnn.h"

enum { FAKE_PIXELS = 28 * 28, FAKE_CLASSES = 10, FAKE_BATCH = 30 };

extern const cnn_model fake_model;        /* float */
extern const cnn_model fake_model_double; /* double */

#endif
