/* The worker of the race (protocol: docs/benchmarks.md): it waits in a read of its input for a
   line. */
#include "blas.h"
#include "generic.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Peak of the resident memory, in kB; 0 if /proc does not show it. */
static long peak_kb(void) {
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  long kb = 0;
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %ld", &kb) == 1) break;
  if (status) fclose(status);
  return kb;
}

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
      const double start = now();
      for (int i = 0; i < steps; i++) step(net, train, count, labels);
      printf("ok %.9g %ld\n", (now() - start) / steps, peak_kb());
    }
    fflush(stdout);
  }
  return EXIT_DONE;
}
