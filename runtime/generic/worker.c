/* The worker of the race (protocol: docs/benchmarks.md): it waits in a read of its input for a
   line. */
#include "blas.h"
#include "core/process.h"
#include "generic.h"

#include <stdio.h>
#include <string.h>

/* Pixels as a normalised data set would have them, and every label in turn. */
static void synthetic(Net *net, int32_t *labels) {
  for (size_t i = 0; i < net->images->count; i++)
    net->images->data[i] = (float)(4 * random_unit(7, i) - 2);
  for (int i = 0; i < net->batch; i++) labels[i] = i % net->output->dim[1];
}

static void step(Net *net, bool train, int count, const int32_t *labels) {
  net_forward(net, count, train ? labels : NULL);
  if (!train) return;
  net_backward(net);
  net_update(net);
}

int worker_run(Net *net) {
  int32_t labels[net->batch];
  synthetic(net, labels);
  printf("ready {\"engine\":\"generic\",\"mode\":\"im2col\",\"version\":\"%s\",\"threads\":%d}\n",
         blas_name(), net->threads);
  fflush(stdout);
  char line[256], work[16];
  while (fgets(line, sizeof line, stdin)) {
    int count, steps;
    if (strcmp(line, "quit\n") == 0) break;
    const bool read = sscanf(line, "run %15s %d %d", work, &count, &steps) == 3;
    const bool train = read && strcmp(work, "train") == 0;
    if (!read || (!train && strcmp(work, "infer") != 0) || count < 1 || steps < 1) {
      printf("error wants 'run train|infer COUNT STEPS' or 'quit'\n");
    } else if (count > net->batch) {
      printf("error %d images, but the graph is for %d; give --batch %d\n", count, net->batch,
             count);
    } else {
      const double start = cnn_seconds();
      for (int i = 0; i < steps; i++) step(net, train, count, labels);
      printf("ok %.9g %ld\n", (cnn_seconds() - start) / steps, cnn_peak_kb());
    }
    fflush(stdout);
  }
  return EXIT_DONE;
}
