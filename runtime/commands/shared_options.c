#include "commands/shared_options.h"

#include "commands/arguments.h"
#include "train/run.h"

#include <string.h>

int cnn_shared_batch(struct argp_state *state, const char *option, const char *text,
                     const cnn_model *model) {
  int64_t count = cnn_argument_integer(state, option, text, 1, INT32_MAX);
  if (count > model->batch)
    argp_error(state,
               "%s %s: this program computes at most %d images a step; compile the model with "
               "--batch %s",
               option, text, model->batch, text);
  return (int)count;
}

bool cnn_shared_is_infer(struct argp_state *state, const char *text) {
  return cnn_argument_word(state, "--work", text, (const char *const[]){"train", "infer", NULL});
}

cnn_shared_options cnn_shared_defaults(const cnn_model *model) {
  return (cnn_shared_options){.model = model, .count = model->batch, .seed = 1};
}

error_t cnn_shared_begin(struct argp_state *state, const struct argp_child *children,
                         cnn_shared_options *shared) {
  for (int i = 0; children[i].argp; i++) state->child_inputs[i] = shared;
  return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  enum { THREADS_MAX = 1024 };
  cnn_shared_options *shared = state->input;
  switch (key) {
  case 't':
    shared->threads = (int)cnn_argument_integer(state, "--threads", text, 1, THREADS_MAX);
    return 0;
  case 'n':
    shared->count = cnn_shared_batch(state, "--count", text, shared->model);
    return 0;
  case 's':
    shared->seed = (uint64_t)cnn_argument_integer(state, "--seed", text, 0, INT64_MAX);
    return 0;
  case 'w':
    shared->weights = text;
    return 0;
  case 'f':
    shared->flip = true;
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static error_t parse_trained(int key, char *text, struct argp_state *state) {
  if (key != ARGP_KEY_INIT) return parse_option(key, text, state);
  cnn_shared_options *shared = state->input;
  shared->weights = cnn_default_weights(shared->model, shared->trained);
  return 0;
}

static error_t parse_folder_or_none(int key, char *text, struct argp_state *state) {
  cnn_shared_options *shared = state->input;
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  if (shared->folder) argp_error(state, "one data set is enough: %s", text);
  shared->folder = text;
  return 0;
}

static error_t parse_folder(int key, char *text, struct argp_state *state) {
  const cnn_shared_options *shared = state->input;
  if (key == ARGP_KEY_END && !shared->folder) argp_error(state, "name the folder of the data set");
  return parse_folder_or_none(key, text, state);
}

static error_t parse_nothing(int key, char *text, struct argp_state *state) {
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  argp_error(state, "unexpected argument: %s; give options alone", text);
  return 0;
}

#define SHARE(NAME, PARSER, ...)                                                                   \
  const struct argp cnn_shared_##NAME = {                                                          \
      .options = (const struct argp_option[]){{__VA_ARGS__}, {0}}, .parser = PARSER}
SHARE(threads, parse_option, "threads", 't', "N", 0, "Threads (default: one on every processor)",
      0);
SHARE(count, parse_option, "count", 'n', "N", 0, "Images (default: the program's batch)", 0);
SHARE(seed, parse_option, "seed", 's', "N", 0,
      "Of weights, images, labels and dropout (default: 1)", 0);
SHARE(weights, parse_option, "weights", 'w', "FILE", 0,
      "Weights of a checkpoint (default: initial weights, as training starts)", 0);
SHARE(trained, parse_trained, "weights", 'w', "FILE", 0,
      "Checkpoint (default: runs/<model>/last.safetensors)", 0);
SHARE(flip, parse_option, "flip", 'f', NULL, 0,
      "Logits are means over each image and its mirror image: higher accuracy, for twice the work",
      0);
const struct argp cnn_shared_folder = {.parser = parse_folder, .args_doc = "DIR"};
const struct argp cnn_shared_folder_or_none = {.parser = parse_folder_or_none, .args_doc = "[DIR]"};
const struct argp cnn_shared_nothing = {.parser = parse_nothing};
