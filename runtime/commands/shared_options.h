/* Options and arguments that several commands share, each a child of the commands' argp parsers. */
#ifndef CNN_SHARED_OPTIONS_H
#define CNN_SHARED_OPTIONS_H

#include "core/cnn.h"

#include <argp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* Images a step: 1 to the model's batch. */
int cnn_shared_batch(struct argp_state *state, const char *option, const char *text,
                     const cnn_model *model);

/* Argument of --work: false for train, true for infer. */
bool cnn_shared_is_infer(struct argp_state *state, const char *text);

typedef struct cnn_shared_options {
  const cnn_model *model;
  const char *folder;  /* of a data set; NULL without one */
  const char *weights; /* a checkpoint; NULL: those that training starts with */
  int threads;         /* 0: one on every processor */
  int count;           /* images a step */
  uint64_t seed;
  bool flip;              /* infer mirror images, too */
  char trained[PATH_MAX]; /* default path of the weights that training writes */
} cnn_shared_options;

/* The values of options that are not given. */
cnn_shared_options cnn_shared_defaults(const cnn_model *model);

/* A command lists the options that it shares as children of its argp, and at ARGP_KEY_INIT returns
   cnn_shared_begin, so that all of them write to `shared`. */
error_t cnn_shared_begin(struct argp_state *state, const struct argp_child *children,
                         cnn_shared_options *shared);

extern const struct argp cnn_shared_threads; /* --threads */
extern const struct argp cnn_shared_count;   /* --count */
extern const struct argp cnn_shared_seed;    /* --seed */
extern const struct argp cnn_shared_weights; /* --weights */
extern const struct argp cnn_shared_trained; /* --weights, by default `trained` */
extern const struct argp cnn_shared_flip;    /* --flip */
extern const struct argp cnn_shared_folder, cnn_shared_folder_or_none, cnn_shared_nothing;

#endif
