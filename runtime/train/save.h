/* What a training saves. */
#ifndef CNN_SAVE_H
#define CNN_SAVE_H

#include "train/trainer.h"

/* The arrays of state.safetensors, to be saved or loaded. */
cnn_resume_blocks cnn_save_blocks(const cnn_trainer *trainer);

/* state.safetensors alone, as a training begins: from now on --resume finds this run, and none that
   the folder held before. */
bool cnn_save_state(cnn_trainer *trainer, cnn_error *error);

/* All files of the run but best.safetensors. Weights that are not finite are not saved. */
bool cnn_save_run(cnn_trainer *trainer, cnn_error *error);

/* best.safetensors: the weights as they are, or their average if the recipe has one. */
bool cnn_save_best(cnn_trainer *trainer, cnn_error *error);

/* Whether a save is due: within an epoch, or after one. */
bool cnn_save_is_due(const cnn_trainer *trainer, bool epoch_ended);

#endif
