/* The protocol of a runner in a race (docs/benchmarks.md), for `bench --worker` and cnn-generic.
   After its own line `ready {JSON}`, a runner answers every line `run train|infer COUNT STEPS` of
   standard input with `ok SECONDS_PER_STEP PEAK_RSS_KB` or `error TEXT`, until `quit` or the end of
   the input. */
#ifndef CNN_WORKER_H
#define CNN_WORKER_H

#include "core/error.h"

#include <stdbool.h>

typedef struct cnn_worker {
  void (*step)(void *context, bool train, int count); /* an update, or inference, of count images */
  void *context;
  int batch;          /* the most images of a step */
  const char *remedy; /* of more images: "compile with", in front of --batch COUNT */
} cnn_worker;

/* Answers until the end. False if standard input cannot be read: CNN_EXIT_FAILED. */
bool cnn_worker_serve(const cnn_worker *worker, cnn_error *error);

#endif
