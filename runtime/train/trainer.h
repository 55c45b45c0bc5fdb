/* Training: the updates of all epochs, and what is saved after each. The command `train` sets it
   up. */
#ifndef CNN_TRAINER_H
#define CNN_TRAINER_H

#include "core/session.h"
#include "data/classes.h"
#include "data/dataset.h"
#include "report/progress.h"
#include "train/freeze.h"
#include "train/resume.h"
#include "train/run.h"
#include "train/step_log.h"

typedef struct cnn_trainer {
  const cnn_model *model;
  cnn_recipe recipe; /* the model's, with the overrides of the command line */
  uint64_t seed;
  int64_t steps;         /* stop after so many; 0: no limit */
  int batch;             /* images an update */
  const char *frozen;    /* layers of --freeze; "" for none; here only to be saved in the state */
  char *frozen_of_state; /* the same, read from the state; or NULL */
  int limit;             /* training images, 0 for all; here only to be saved in the state */
  bool no_shuffle;

  cnn_freeze freeze;
  cnn_session session;
  cnn_dataset training, test;
  cnn_class_names classes; /* to be saved: names of folders of images, or classes.txt */
  uint32_t data;           /* checksum of the two */
  cnn_run run;
  cnn_metrics *rows;  /* [epochs] */
  double *history;    /* [cnn_resume_history_bytes] */
  uint32_t *order;    /* [training.count] */
  void *sum;          /* of the gradients of a batch in parts, [gradient_reals]; or NULL */
  void *average;      /* of the weights, [parameter_reals]; or NULL */
  uint8_t *augmented; /* [model->batch] images; or NULL */
  cnn_step_log log;
  cnn_error log_error; /* why the log is not complete */
  cnn_progress progress;

  /* Progress of the training. */
  int epochs_done; /* whole ones */
  int row_count;   /* rows; one more where `steps` ended the last epoch early */
  cnn_tally tally; /* of the epoch at hand */
  cnn_plateau plateau;
} cnn_trainer;

/* Progress of the training, to be saved as its state. */
cnn_resume cnn_trainer_standing(const cnn_trainer *trainer);
cnn_resume_blocks cnn_trainer_blocks(const cnn_trainer *trainer);

/* From now on SIGINT and SIGTERM end the training after the current step. A second one ends the
   program. */
void cnn_trainer_catch_signals(void);
/* The signal that arrived, or 0. */
int cnn_trainer_signal(void);

/* Trains from the present progress to the end, or to a signal. */
bool cnn_trainer_run(cnn_trainer *trainer, cnn_error *error);

#endif
