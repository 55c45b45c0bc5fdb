#include "commands/commands.h"
#include "train/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* --- children of the commands' parsers ---------------------------------------------------------
 */

cnn_arguments cnn_arguments_of(const cnn_model *model) {
  return (cnn_arguments){.model = model, .count = model->batch, .seed = 1};
}

error_t cnn_arguments_begin(struct argp_state *state, const struct argp_child *children,
                            cnn_arguments *given) {
  for (int i = 0; children[i].argp; i++) state->child_inputs[i] = given;
  return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  enum { THREADS_MAX = 1024 };
  cnn_arguments *given = state->input;
  switch (key) {
  case 't':
    given->threads = (int)cnn_argument_integer(state, "--threads", text, 1, THREADS_MAX);
    return 0;
  case 'n':
    given->count = cnn_argument_batch(state, "--count", text, given->model);
    return 0;
  case 's':
    given->seed = (uint64_t)cnn_argument_integer(state, "--seed", text, 0, INT64_MAX);
    return 0;
  case 'w':
    given->weights = text;
    return 0;
  case 'f':
    given->flip = true;
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static error_t parse_trained(int key, char *text, struct argp_state *state) {
  if (key != ARGP_KEY_INIT) return parse_option(key, text, state);
  cnn_arguments *given = state->input;
  given->weights = cnn_default_weights(given->model, given->trained);
  return 0;
}

static error_t parse_folder_or_none(int key, char *text, struct argp_state *state) {
  cnn_arguments *given = state->input;
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  if (given->folder) argp_error(state, "one data set is enough: %s", text);
  given->folder = text;
  return 0;
}

static error_t parse_folder(int key, char *text, struct argp_state *state) {
  const cnn_arguments *given = state->input;
  if (key == ARGP_KEY_END && !given->folder) argp_error(state, "name the folder of the data set");
  return parse_folder_or_none(key, text, state);
}

static error_t parse_nothing(int key, char *text, struct argp_state *state) {
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  argp_error(state, "takes no arguments: %s", text);
  return 0;
}

#define TAKE(NAME, PARSER, ...)                                                                    \
  const struct argp cnn_take_##NAME = {                                                            \
      .options = (const struct argp_option[]){{__VA_ARGS__}, {0}}, .parser = PARSER}
TAKE(threads, parse_option, "threads", 't', "N", 0, "Threads (default: one on every processor)", 0);
TAKE(count, parse_option, "count", 'n', "N", 0, "Images (default: as many as the program takes)",
     0);
TAKE(seed, parse_option, "seed", 's', "N", 0, "Of weights, images, labels and dropout (default: 1)",
     0);
TAKE(weights, parse_option, "weights", 'w', "FILE", 0,
     "Weights of a checkpoint (default: random ones, as training starts)", 0);
TAKE(trained, parse_trained, "weights", 'w', "FILE", 0,
     "Checkpoint (default: runs/<model>/last.safetensors)", 0);
TAKE(flip, parse_option, "flip", 'f', NULL, 0,
     "Logits are means over each image and its mirror image: more often right, for twice the work",
     0);
const struct argp cnn_take_folder = {.parser = parse_folder, .args_doc = "DIR"};
const struct argp cnn_take_folder_or_none = {.parser = parse_folder_or_none, .args_doc = "[DIR]"};
const struct argp cnn_take_nothing = {.parser = parse_nothing};
