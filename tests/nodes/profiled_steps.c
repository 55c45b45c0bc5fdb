/* Of a generated program (PROGRAM, its C file): steps that are profiled compute the same bytes as
   others, and end as many nodes as the descriptor lists, one after the other. */
#define main program_main
#include PROGRAM
#undef main

#include "commands/benchmark.h"
#include "core/process.h"
#include "commands/profile.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 3, NODES_MOST = 256, THREADS_MOST = 3 };

static void require(bool good, const char *what) {
  if (good) return;
  fprintf(stderr, "%s: %s\n", model.name, what);
  exit(1);
}

static void open_bench(cnn_benchmark *bench, int threads) {
  cnn_error error = {0};
  require(cnn_benchmark_open(bench, &model, threads, &error), error.message);
}

static void profiled_step(cnn_benchmark *bench, bool train, int nodes) {
  double ends[NODES_MOST], before = cnn_seconds();
  cnn_profile profile = {.ends = ends, .room = NODES_MOST};
  bench->session.state.observer = &profile;
  bench->session.state.observe = cnn_profile_observe;
  cnn_benchmark_step(bench, train, model.batch - 1);
  require(profile.count == nodes, "the descriptor lists other nodes than run");
  require(before <= ends[0], "ended before the step");
  for (int i = 1; i < nodes; i++) require(ends[i - 1] <= ends[i], "ended before the node before");
  require(ends[nodes - 1] <= cnn_seconds(), "ended after the step");
}

static void compare(const cnn_benchmark *a, const cnn_benchmark *b) {
  const size_t weights = model.parameter_reals * sizeof(real);
  const size_t logits = (size_t)(model.batch - 1) * (size_t)model.classes * sizeof(float);
  require(!memcmp(a->session.state.parameters, b->session.state.parameters, weights),
          "a profiled step trains other weights");
  require(!memcmp(a->session.logits, b->session.logits, logits), "other logits");
}

int main(void) {
  require(model.training_node_count <= NODES_MOST, "more nodes than this test takes");
  for (int threads = 1; threads <= THREADS_MOST; threads++) {
    cnn_benchmark plain, profiled;
    open_bench(&plain, threads);
    open_bench(&profiled, threads);
    for (int i = 0; i < STEPS; i++) {
      cnn_benchmark_step(&plain, true, model.batch - 1);
      profiled_step(&profiled, true, model.training_node_count);
    }
    cnn_benchmark_step(&plain, false, model.batch - 1);
    profiled_step(&profiled, false, model.inference_node_count);
    compare(&plain, &profiled);
    cnn_session_close(&plain.session);
    cnn_session_close(&profiled.session);
  }
  return 0;
}
