#include "commands/benchmark.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/worker.h"
#include "core/process.h"
#include "train/json.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct options {
  cnn_shared_options shared;
  double seconds;
  int infer; /* index in cnn_works */
  bool json, worker;
} options;

static const cnn_option OPTIONS[] = {
    {"work", 0, "train|infer", "What a step is (default: train)", CNN_WORD,
     offsetof(options, infer), 0, 0, cnn_works},
    {"seconds", 0, "S", "How long (default: 2)", CNN_NUMBER, offsetof(options, seconds), 0, 3600,
     NULL},
    {"json", 0, NULL, "Print JSON", CNN_FLAG, offsetof(options, json), 0, 0, NULL},
    {"worker", 0, NULL,
     "Answer lines `run train|infer COUNT STEPS` on standard input, for `cnnc bench`", CNN_FLAG,
     offsetof(options, worker), 0, 0, NULL},
    {0}};

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tn",
    .operands = CNN_NO_OPERANDS,
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

/* --- a runner of the race --------------------------------------------------------------------- */

static const char *mode_name(cnn_target target) {
  static const char *const NAMES[] = {
#define CNN_TARGET(ID, name, ...) name,
#include "cnn_targets.def"
#undef CNN_TARGET
  };
  return NAMES[target];
}

static void print_ready(const cnn_benchmark *bench) {
  const cnn_model *model = bench->session.model;
  char buffer[1024];
  cnn_text text = {.data = buffer, .size = sizeof buffer};
  cnn_text_add_json(&text, model->name);
  printf("ready {\"engine\": \"cnnc\", \"mode\": \"%s\", \"threads\": %d, \"version\": \"%s\", "
         "\"net\": %s, \"batch\": %d}\n",
         mode_name(model->target), bench->session.state.threads, CNN_VERSION, buffer, model->batch);
}

static void worker_step(void *bench, bool train, int count) {
  cnn_benchmark_step(bench, train, count);
}

static bool serve(cnn_benchmark *bench, cnn_error *error) {
  const cnn_worker worker = {.step = worker_step,
                             .context = bench,
                             .batch = bench->session.model->batch,
                             .remedy = "compile with"};
  print_ready(bench);
  return cnn_worker_serve(&worker, error);
}

bool cnn_bench(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .seconds = 2};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_benchmark bench;
  bool good = cnn_benchmark_open(&bench, model, o.shared.threads, error) &&
              (o.worker ? serve(&bench, error) : measure(&bench, &o, error));
  cnn_session_close(&bench.session);
  return good;
}
