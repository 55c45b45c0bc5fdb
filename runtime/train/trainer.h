/* Training: the updates of all epochs, and what is saved after each. The command `train` sets it
   up. */
#ifndef CNN_TRAINER_H
#define CNN_TRAINER_H

#include "core/session.h"
#include "data/classes.h"
#include "data/dataset.h"
#include "report/progress.h"
#include "train/best.h"
#include "train/evaluate.h"
#include "train/freeze.h"
#include "train/resume.h"
#include "train/run.h"
#include "train/step_log.h"
#include "train/tensorboard.h"

typedef struct cnn_trainer {
  const cnn_model *model;
  cnn_recipe recipe; /* the model's, with the overrides of the command line */
  uint64_t seed;
  int64_t steps;         /* stop after so many; 0: no limit */
  int batch;             /* images an update */
  const char *frozen;    /* layers of --freeze; "" for none; here only to be saved in the state */
  char *frozen_of_state; /* the same, read from the state; or NULL */
  int limit;             /* training images, 0 for all; here only to be saved in the state */
  int overfit;           /* the same: batches that are trained and validated; 0: all images */
  double split;          /* share of the images that is held back for validation; 0: a part of the
                            data set is there for it */
  bool no_shuffle;
  cnn_best_by best_by;
  int patience;        /* epochs without a better one, after which the training ends; 0: no limit */
  double deadline;     /* of cnn_seconds; 0: none */
  int save_epochs;     /* save after so many; 0: by time alone */
  double save_seconds; /* save at least so often; 0: after epochs alone */

  cnn_freeze freeze;
  cnn_session session;
  cnn_dataset training, validation;
  cnn_dataset test; /* looked at once, at the end; without images where the data set has none */
  cnn_class_names classes; /* to be saved: names of folders of images, or classes.txt */
  uint32_t data;           /* checksum of images and names */
  cnn_run run;
  cnn_metrics *rows;  /* [epochs] */
  double *history;    /* [cnn_resume_history_bytes] */
  uint32_t *order;    /* [training.count] */
  void *sum;          /* of the gradients of a batch in parts, [gradient_reals]; or NULL */
  void *average;      /* of the weights, [parameter_reals]; or NULL */
  uint8_t *augmented; /* [model->batch] images; or NULL */
  cnn_step_log log;
  cnn_error log_error; /* why the log is not complete */
  cnn_tensorboard board;
  cnn_error board_error; /* the same of its events */
  cnn_progress progress;

  /* Progress of the training. */
  int epochs_done; /* whole ones */
  int row_count;   /* rows; one more where `steps` ended the last epoch early */
  cnn_tally tally; /* of the epoch at hand */
  cnn_plateau plateau;
  cnn_best best;
  double saved; /* when, by cnn_seconds */
} cnn_trainer;

/* Trains from the present progress to the end, or until something stops it (stop.h). */
bool cnn_trainer_run(cnn_trainer *trainer, cnn_error *error);

/* Whether no epoch is left, or the patience has ended. */
bool cnn_trainer_is_complete(const cnn_trainer *trainer);

/* Loads best.safetensors, and evaluates it on the test images. */
bool cnn_trainer_test(cnn_trainer *trainer, cnn_evaluation *result, cnn_error *error);

/* One update with `count` images of an epoch, from `first` on in its order, at the rates of the
   session's state. Returns the sum of their losses before it. */
double cnn_trainer_update(cnn_trainer *trainer, int epoch, int64_t first, int count);

/* A log that cannot be written does not end the training: it is reported once, and dropped. The
   same of events for TensorBoard. */
void cnn_trainer_check_log(cnn_trainer *trainer, bool written);
void cnn_trainer_check_board(cnn_trainer *trainer, bool written);

#endif
