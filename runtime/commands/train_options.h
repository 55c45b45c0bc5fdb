/* The command line of `train`. */
#ifndef CNN_TRAIN_OPTIONS_H
#define CNN_TRAIN_OPTIONS_H

#include "commands/command_line.h"

typedef struct cnn_train_options {
  cnn_shared_options shared;
  cnn_recipe recipe; /* the model's, with the overrides of the command line */
  const char *out, *init, *log;
  const char *board; /* folder for events; "": the run's; NULL: none */
  int board_every;
  const char *freeze;  /* layers that stay as they are; "" for none */
  const char *reinit;  /* layers that do not start from `init`; "" for none */
  const char *setting; /* the last option given, without dashes, that --resume rejects; or NULL */
  int64_t steps;       /* 0: no limit */
  int batch, limit;
  double split; /* share of the images for validation; 0: none */
  bool no_shuffle, resume, overwrite, skip_bad;
  bool epochs_given;
  int best_by, patience; /* best.h */
  int overfit;           /* batches; 0: all images */
  double time_limit;     /* seconds; 0: none */
  const char *save_every;
  int save_epochs;     /* of save_every; 0: by time alone */
  double save_seconds; /* the same; 0: after epochs alone */
  char default_out[PATH_MAX];
} cnn_train_options;

/* Options of how a training starts: batch, seed, limit, init, reinit, freeze. For commands whose
   options begin with a cnn_train_options. */
extern const cnn_option cnn_start_options[];
void cnn_train_check_start(const cnn_train_options *options, const struct argp_state *state);

/* The values of options that are not given; `out` is NULL. */
cnn_train_options cnn_train_defaults(const cnn_model *model);

/* Ends the program after a usage error. */
void cnn_train_options_parse(cnn_train_options *options, const cnn_model *model, int argc,
                             char **argv);

#endif
