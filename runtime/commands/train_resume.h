/* What `train` does with a folder that holds a run: it goes on with it, or leaves it alone. */
#ifndef CNN_TRAIN_RESUME_H
#define CNN_TRAIN_RESUME_H

#include "commands/train_options.h"
#include "train/trainer.h"

/* An error where the folder of a new run holds one already, which --overwrite would replace. */
bool cnn_train_spares_runs(const cnn_trainer *trainer, const cnn_train_options *options,
                           cnn_error *error);

/* For --resume: opens the state, and copies the run's settings into the trainer, before its memory
   is allocated. The caller closes `state` if this is true. */
bool cnn_train_open_state(cnn_trainer *trainer, const cnn_train_options *options,
                          cnn_safetensors *state, cnn_resume *from, cnn_error *error);

/* Then, with data set and memory: the trainer is where the run was saved. */
bool cnn_train_load_state(cnn_trainer *trainer, const cnn_train_options *options,
                          const cnn_safetensors *state, const cnn_resume *from, cnn_error *error);

/* Prints what is resumed: progress, settings, recipe. */
void cnn_train_print_resumed(const cnn_trainer *trainer);

enum { CNN_PROGRESS_TEXT = 80 };
/* "1 epoch and 594 of 1875 updates of the next", "2 epochs", "5 of 60 updates of the first
   epoch" */
const char *cnn_train_progress_text(const cnn_trainer *trainer, char text[CNN_PROGRESS_TEXT]);

#endif
