/* Of a generated program (PROGRAM, its C file): steps in the memory of training, where values share
   their places, make the same bytes with every number of threads. */
#define main program_main
#include PROGRAM
#undef main

#include "commands/benchmark.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 2, THREADS_MOST = 3 };

static void require(bool good, int threads, const char *what) {
  if (good) return;
  fprintf(stderr, "%s with %d threads: %s\n", model.name, threads, what);
  exit(1);
}

/* Training, then inference with the running statistics of it. */
static void run(cnn_benchmark *bench, int threads) {
  cnn_error error = {0};
  require(cnn_benchmark_open(bench, &model, threads, &error), threads, error.message);
  require(bench->session.state.threads == threads, threads, "there are not so many");
  for (int i = 0; i < STEPS; i++) cnn_benchmark_step(bench, true, model.batch - 1);
  cnn_benchmark_step(bench, false, model.batch - 1);
}

static bool are_zero(const real *numbers, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (numbers[i] != 0) return false;
  return true;
}

static void compare(const cnn_session *one, const cnn_session *many) {
  const size_t weights = model.parameter_reals * sizeof(real);
  const size_t images = (size_t)model.batch - 1;
  const int threads = many->state.threads;
  require(!memcmp(one->state.loss, many->state.loss, images * sizeof(real)), threads,
          "other losses");
  require(!memcmp(one->state.gradients, many->state.gradients, weights), threads,
          "other gradients");
  require(!memcmp(one->state.parameters, many->state.parameters, weights), threads,
          "other weights");
  require(!memcmp(one->logits, many->logits, images * (size_t)model.classes * sizeof(float)),
          threads, "other logits");
}

int main(void) {
  cnn_benchmark one, many;
  run(&one, 1);
  require(!are_zero(one.session.state.gradients, model.gradient_reals), 1, "all gradients are 0");
  for (int threads = 2; threads <= THREADS_MOST; threads++) {
    run(&many, threads);
    compare(&one.session, &many.session);
    cnn_session_close(&many.session);
  }
  cnn_session_close(&one.session);
  return 0;
}
