/* A trainer before its first update: data set, memory, first weights. */
#ifndef CNN_TRAIN_START_H
#define CNN_TRAIN_START_H

#include "commands/train_options.h"
#include "train/trainer.h"

/* A trainer with the settings of the command line. */
cnn_trainer cnn_train_trainer(const cnn_model *model, const cnn_train_options *options);

/* The model with the layers that this run, or the run to be resumed, leaves as they are. */
bool cnn_train_freeze(cnn_trainer *trainer, const cnn_train_options *options, cnn_error *error);

/* Loads the data set, and allocates all memory. */
bool cnn_train_load(cnn_trainer *trainer, const cnn_train_options *options, cnn_error *error);

/* Initial weights, or those of --init, which must be for the same classes. */
bool cnn_train_set_start(cnn_trainer *trainer, const cnn_train_options *options, cnn_error *error);

void cnn_train_release(cnn_trainer *trainer);

#endif
