/* The start of training. */
#ifndef CNN_INITIALIZE_H
#define CNN_INITIALIZE_H

#include "core/cnn.h"

/* Fills the parameter block by the rules of the model. What a parameter gets depends on the seed
   and its name alone. */
void cnn_init_parameters(const cnn_model *model, uint64_t seed, void *parameters);

#endif
