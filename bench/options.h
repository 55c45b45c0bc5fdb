/* The command line of `cnnc bench`. */
#ifndef CNNC_BENCH_OPTIONS_H
#define CNNC_BENCH_OPTIONS_H

#include "engines.h"

#include <stdbool.h>

enum { LIST_MAX = 16, MODELS_MAX = 64, DEFINITIONS_MAX = 32 };

typedef struct RaceOptions {
  Arena *arena;
  const char *models[MODELS_MAX];
  int model_count;
  const char *passed_on[2 * DEFINITIONS_MAX]; /* -D NAME=VALUE, --target NAME: options of cnnc */
  int passed_on_count;
  int batches[LIST_MAX], batch_count; /* 0: the model's */
  int threads[LIST_MAX], thread_count;
  const char *works[2];
  int work_count, rounds, retries;
  double seconds;
  const char *csv, *svg; /* or NULL */
  bool resume, accept_noise;
  bool races[ENGINE_COUNT];
} RaceOptions;

/* Exits with 2 on a mistake and with 0 on --help. */
RaceOptions race_options_read(Arena *arena, int argc, char **argv);

#endif
