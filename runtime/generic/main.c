/* cnn-generic: reads a graph and runs a step, inference or a worker of the race. */
#include "blas.h"
#include "generic.h"
#include "options.h"

#include <stdio.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* Denormal numbers are slow and mean nothing here; the other engines flush them too. */
static void flush_denormals(void) {
#if defined(__SSE__)
#pragma omp parallel
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
}

static int run(Net *net, const Options *options, int threads) {
  if (!net_allocate(net, threads)) {
    fprintf(stderr, "cnn-generic: not enough memory for %d images; give a smaller --batch\n",
            net->batch);
    return EXIT_FAILED;
  }
  net_initialize(net, (uint64_t)options->seed);
  switch (options->mode) {
  case MODE_STEP:
    return trace_step(net, options->trace, options->out);
  case MODE_INFER:
    return trace_infer(net, options->trace, options->out);
  case MODE_WORKER:
    break;
  }
  return worker_run(net);
}

int main(int argc, char **argv) {
  const Options options = options_parse(argc, argv);
  int threads = options.threads;
#ifndef _OPENMP
  if (threads > 1) fprintf(stderr, "cnn-generic: built without OpenMP; runs on one thread\n");
  threads = 1;
#endif
  blas_start();
  flush_denormals();
  Net *net = net_load(options.graph, options.batch);
  if (!net) return EXIT_MODEL;
  const int code = run(net, &options, threads);
  net_free(net);
  return code;
}
