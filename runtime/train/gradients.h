/* Operations on gradients between backward and update, and on parameters after it. Each runs over a
   whole parameter block in one fixed order. */
#ifndef CNN_GRADIENTS_H
#define CNN_GRADIENTS_H

#include "core/cnn.h"

/* sum += weight * the gradients of the last call; first: sum = weight * them. With the part of the
   images that a call has seen as its weight, the sum is the mean over all of them. */
void cnn_gradients_add(const cnn_model *model, void *sum, const void *gradients, double weight,
                       int first);

/* Clips as torch.nn.utils do: clip_grad_norm_ first (all are scaled by clip_norm / (norm + 1e-6) if
   that is less than 1, with the Euclidean norm of all gradients together), then clip_grad_value_.
   What the recipe leaves 0 is not done. Returns the norm before, 0 if it was not needed. */
double cnn_gradients_clip(const cnn_model *model, void *gradients, const cnn_recipe *recipe);

/* One update with at most model->batch images; gradients are clipped if the recipe specifies it. */
void cnn_gradients_step(const cnn_model *model, const cnn_recipe *recipe, cnn_state *state,
                        const cnn_batch *batch);

/* average += (1 - d) * (parameter - average) for all parameters and the running statistics of
   batch norm, as timm's ModelEmaV3: the average has statistics of its own. d = min(decay, (1 + t) /
   (10 + t)) after update t, from 0: the warm-up of tf.train.ExponentialMovingAverage with
   num_updates, so that the first weights are soon forgotten. */
void cnn_average_update(const cnn_model *model, void *average, const void *parameters, double decay,
                        uint64_t t);

/* Whether no number of a parameter block is infinite or NaN. */
int cnn_parameters_are_finite(const cnn_model *model, const void *parameters);

#endif
