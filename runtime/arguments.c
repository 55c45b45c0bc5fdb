#include "commands.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t cnn_argument_integer(struct argp_state *state, const char *option, const char *text,
                             int64_t least, int64_t most) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end || errno || value < least || value > most)
    argp_error(state, "%s %s: give a whole number from %lld to %lld", option, text,
               (long long)least, (long long)most);
  return value;
}

double cnn_argument_number(struct argp_state *state, const char *option, const char *text,
                           double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= least && value <= most))
    argp_error(state, "%s %s: give a number from %g to %g", option, text, least, most);
  return value;
}

int cnn_argument_batch(struct argp_state *state, const char *option, const char *text,
                       const cnn_model *model) {
  int64_t count = cnn_argument_integer(state, option, text, 1, INT32_MAX);
  if (count > model->batch)
    argp_error(state,
               "%s %s: this program takes at most %d images a step; compile the model with "
               "--batch %s",
               option, text, model->batch, text);
  return (int)count;
}

bool cnn_argument_infer(struct argp_state *state, const char *text) {
  bool infer = strcmp(text, "infer") == 0;
  if (!infer && strcmp(text, "train") != 0)
    argp_error(state, "--work %s: give train or infer", text);
  return infer;
}

double cnn_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
