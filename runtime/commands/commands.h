/* The commands of a program, and what their command lines share. */
#ifndef CNN_COMMANDS_H
#define CNN_COMMANDS_H

#include "core/cnn.h"
#include "core/error.h"
#include "core/session.h"

#include <argp.h>
#include <limits.h>
#include <stdint.h>

/* argv[0] is "lenet5 train". Returns true, or false with the mistake and its exit code. */
typedef bool cnn_command(const cnn_model *model, int argc, char **argv, cnn_error *error);
cnn_command cnn_train, cnn_eval, cnn_predict, cnn_filters, cnn_summary, cnn_gradcheck, cnn_gradflow,
    cnn_bench, cnn_profile_run, cnn_trace;

/* --- arguments: a bad one is a usage error, exit 2 ------------------------------------------- */

int64_t cnn_argument_integer(struct argp_state *state, const char *option, const char *text,
                             int64_t least, int64_t most);
double cnn_argument_number(struct argp_state *state, const char *option, const char *text,
                           double least, double most);

/* Images a step: 1 to the model's batch. */
int cnn_argument_batch(struct argp_state *state, const char *option, const char *text,
                       const cnn_model *model);

/* --work: false for train, true for infer. */
bool cnn_argument_infer(struct argp_state *state, const char *text);

/* --- what several commands take: children of their parsers ------------------------------------ */

typedef struct cnn_arguments {
  const cnn_model *model;
  const char *folder;  /* of a data set; NULL without one */
  const char *weights; /* a checkpoint; NULL: those that training starts with */
  int threads;         /* 0: one on every processor */
  int count;           /* images a step */
  uint64_t seed;
  bool flip;              /* look at mirror images, too */
  char trained[PATH_MAX]; /* where a training has left its weights */
} cnn_arguments;

/* Nothing given yet. */
cnn_arguments cnn_arguments_of(const cnn_model *model);

/* A command lists what it takes as the children of its argp, and at ARGP_KEY_INIT returns
   cnn_arguments_begin, so that all of them write to `given`. */
error_t cnn_arguments_begin(struct argp_state *state, const struct argp_child *children,
                            cnn_arguments *given);

extern const struct argp cnn_take_threads; /* --threads */
extern const struct argp cnn_take_count;   /* --count */
extern const struct argp cnn_take_seed;    /* --seed */
extern const struct argp cnn_take_weights; /* --weights */
extern const struct argp cnn_take_trained; /* --weights, by default `trained` */
extern const struct argp cnn_take_flip;    /* --flip */
extern const struct argp cnn_take_folder, cnn_take_folder_or_none, cnn_take_nothing;

#endif
