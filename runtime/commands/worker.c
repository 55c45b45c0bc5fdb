#include "commands/worker.h"

#include "core/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next field of the line as a positive number; 0 if it is none. */
static long next_number(char **fields) {
  char *end, *field = strsep(fields, " ");
  long value = field ? strtol(field, &end, 10) : 0;
  return field && *field && *end == '\0' && value > 0 ? value : 0;
}

static void answer(const cnn_worker *worker, char *line) {
  char *next = line, *verb = strsep(&next, " "), *work = strsep(&next, " ");
  long count = next_number(&next), steps = next_number(&next);
  bool train = work && strcmp(work, "train") == 0, infer = work && strcmp(work, "infer") == 0;
  if (strcmp(verb, "run") != 0 || !(train || infer) || count == 0 || steps == 0 || next) {
    printf("error not a line of the form: run train|infer COUNT STEPS\n");
    return;
  }
  if (count > worker->batch) {
    printf("error COUNT is at most %d; %s --batch %ld\n", worker->batch, worker->remedy, count);
    return;
  }
  double start = cnn_seconds();
  for (long i = 0; i < steps; i++) worker->step(worker->context, train, (int)count);
  printf("ok %.9g %ld\n", (cnn_seconds() - start) / (double)steps, cnn_peak_kb());
}

bool cnn_worker_serve(const cnn_worker *worker, cnn_error *error) {
  char line[256];
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "quit") == 0) break;
    answer(worker, line);
    fflush(stdout);
  }
  if (ferror(stdin)) return cnn_fail(error, CNN_EXIT_FAILED, "cannot read standard input");
  return true;
}
