#include "commands/worker.h"

#include "core/process.h"
#include "train/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The next field of the line as a positive number; 0 if it is none. */
static long next_number(char **fields) {
  char *end, *field = strsep(fields, " ");
  long value = field ? strtol(field, &end, 10) : 0;
  return field && *field && *end == '\0' && value > 0 ? value : 0;
}

static void answer(cnn_benchmark *bench, char *line) {
  char *next = line, *verb = strsep(&next, " "), *work = strsep(&next, " ");
  long count = next_number(&next), steps = next_number(&next);
  bool train = work && strcmp(work, "train") == 0, infer = work && strcmp(work, "infer") == 0;
  int most = bench->session.model->batch;
  if (strcmp(verb, "run") != 0 || !(train || infer) || count == 0 || steps == 0 || next) {
    printf("error not a line of the form: run train|infer COUNT STEPS\n");
    return;
  }
  if (count > most) {
    printf("error COUNT is at most %d in this program; compile with --batch %ld\n", most, count);
    return;
  }
  double start = cnn_seconds();
  for (long i = 0; i < steps; i++) cnn_benchmark_step(bench, train, (int)count);
  printf("ok %.9g %ld\n", (cnn_seconds() - start) / (double)steps, cnn_peak_kb());
}

bool cnn_worker(cnn_benchmark *bench, cnn_error *error) {
  char line[256];
  print_ready(bench);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "quit") == 0) break;
    answer(bench, line);
    fflush(stdout);
  }
  if (ferror(stdin)) return cnn_fail(error, CNN_EXIT_FAILED, "cannot read standard input");
  return true;
}
