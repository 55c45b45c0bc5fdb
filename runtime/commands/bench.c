#include "commands/arguments.h"
#include "commands/benchmark.h"
#include "commands/commands.h"
#include "commands/shared_options.h"
#include "commands/worker.h"
#include "core/clock.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct options {
  cnn_shared_options shared;
  double seconds;
  bool infer, json, worker;
} options;

enum { KEY_WORK = 256, KEY_SECONDS, KEY_JSON, KEY_WORKER };

static const struct argp_option OPTIONS[] = {
    {"work", KEY_WORK, "train|infer", 0, "What a step is (default: train)", 0},
    {"seconds", KEY_SECONDS, "S", 0, "How long (default: 2)", 0},
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {"worker", KEY_WORKER, NULL, 0,
     "Answer lines `run train|infer COUNT STEPS` on standard input, for `cnnc bench`", 0},
    {0}};

static const struct argp_child SHARED[] = {{&cnn_shared_threads, 0, NULL, 0},
                                           {&cnn_shared_count, 0, NULL, 0},
                                           {&cnn_shared_nothing, 0, NULL, 0},
                                           {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  options *o = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    return cnn_shared_begin(state, SHARED, &o->shared);
  case KEY_WORK:
    o->infer = cnn_shared_is_infer(state, text);
    return 0;
  case KEY_SECONDS:
    o->seconds = cnn_argument_number(state, "--seconds", text, 0, 3600);
    return 0;
  case KEY_JSON:
    o->json = true;
    return 0;
  case KEY_WORKER:
    o->worker = true;
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static const struct argp PARSER = {
    .options = OPTIONS,
    .parser = parse,
    .children = SHARED,
    .doc = "The median time of a step on random images.",
};

enum { SAMPLES_LEAST = 5, SAMPLES_MOST = 100000, WARM_UP = 3 };

static bool measure(cnn_benchmark *bench, const options *o, cnn_error *error) {
  double *samples = malloc(SAMPLES_MOST * sizeof *samples);
  if (!samples) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for the times");
  for (int i = 0; i < WARM_UP; i++) cnn_benchmark_step(bench, !o->infer, o->shared.count);
  int count = 0;
  double start = cnn_seconds(), now = start;
  while (count < SAMPLES_LEAST || (now - start < o->seconds && count < SAMPLES_MOST)) {
    cnn_benchmark_step(bench, !o->infer, o->shared.count);
    double then = now;
    now = cnn_seconds();
    samples[count++] = now - then;
  }
  cnn_sort_times(samples, count);
  double median = samples[count / 2], tenth = samples[count / 10];
  const char *format =
      o->json ? "{\"net\": \"%s\", \"work\": \"%s\", \"batch\": %d, \"threads\": %d, "
                "\"seconds_per_step\": %.9g, \"fastest_tenth\": %.9g, \"images_per_s\": %.6g, "
                "\"steps\": %d}\n"
              : "%s %s, %d images a step, %d threads: %.6f s a step (fastest tenth: %.6f s), "
                "%.0f images/s, %d steps\n";
  printf(format, o->shared.model->name, o->infer ? "infer" : "train", o->shared.count,
         bench->session.state.threads, median, tenth, o->shared.count / median, count);
  free(samples);
  return true;
}

bool cnn_bench(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .seconds = 2};
  argp_parse(&PARSER, argc, argv, 0, NULL, &o);
  cnn_benchmark bench;
  bool good = cnn_benchmark_open(&bench, model, o.shared.threads, error) &&
              (o.worker ? cnn_worker(&bench, error) : measure(&bench, &o, error));
  cnn_session_close(&bench.session);
  return good;
}
