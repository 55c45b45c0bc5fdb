#include "worker.h"

#include "commands.h"
#include "print.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const char *mode_name(cnn_target target) {
  return target == CNN_AVX512 ? "avx512" : target == CNN_AVX2 ? "avx2" : "scalar";
}

static void say_ready(const cnn_benchmark *bench) {
  const cnn_model *model = bench->session.model;
  char buffer[1024];
  cnn_text text = {.data = buffer, .size = sizeof buffer};
  cnn_text_add_json(&text, model->name);
  printf("ready {\"engine\": \"cnnc\", \"mode\": \"%s\", \"threads\": %d, \"version\": \"%s\", "
         "\"net\": %s, \"batch\": %d}\n",
         mode_name(model->target), bench->session.state.threads, CNN_VERSION, buffer, model->batch);
}

static long peak_kb(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

static void answer(cnn_benchmark *bench, const char *line) {
  char work[8];
  int count, steps, end = 0;
  int most = bench->session.model->batch;
  if (sscanf(line, "run %7s %d %d %n", work, &count, &steps, &end) != 3 || line[end] ||
      (strcmp(work, "train") != 0 && strcmp(work, "infer") != 0)) {
    printf("error not a line of the form: run train|infer COUNT STEPS\n");
    return;
  }
  if (count < 1 || count > most || steps < 1) {
    printf("error COUNT must be from 1 to %d (compile with a larger --batch), STEPS at least 1\n",
           most);
    return;
  }
  double start = cnn_seconds();
  for (int i = 0; i < steps; i++) cnn_benchmark_step(bench, strcmp(work, "train") == 0, count);
  printf("ok %.9g %ld\n", (cnn_seconds() - start) / steps, peak_kb());
}

bool cnn_worker(cnn_benchmark *bench, cnn_error *error) {
  char line[256];
  say_ready(bench);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) && strcmp(line, "quit\n") != 0) {
    answer(bench, line);
    fflush(stdout);
  }
  if (ferror(stdin)) return cnn_fail(error, CNN_EXIT_FAILED, "cannot read standard input");
  return true;
}
