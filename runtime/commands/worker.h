/* `bench --worker`: this program as a runner in a race. A line protocol: it prints
   `ready {JSON}`, then answers every line `run train|infer COUNT STEPS` of standard input with
   `ok SECONDS_PER_STEP PEAK_RSS_KB` or `error TEXT`, until `quit` or the end of the input. */
#ifndef CNN_WORKER_H
#define CNN_WORKER_H

#include "commands/benchmark.h"

bool cnn_worker(cnn_benchmark *bench, cnn_error *error);

#endif
