#include "options.h"

#include "blas.h"
#include "commands/arguments.h"
#include "generic.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_TRACE = 256, KEY_OUT, KEY_BATCH, KEY_THREADS, KEY_SEED, NUMBER_MAX = 1 << 30 };

static const struct argp_option OPTIONS[] = {
    {"trace", KEY_TRACE, "FILE", 0, "The file that `PROGRAM trace` wrote", 0},
    {"out", KEY_OUT, "FILE", 0, "Where to write the results", 0},
    {"batch", KEY_BATCH, "N", 0, "Images a step (default: the graph's)", 0},
    {"threads", KEY_THREADS, "N", 0, "Threads (default: 1)", 0},
    {"seed", KEY_SEED, "N", 0, "Of a worker's parameters (default: 1)", 0},
    {0}};

static int parse_number(const struct argp_state *state, const char *option, const char *text) {
  return (int)cnn_argument_integer(state, option, text, 1, NUMBER_MAX);
}

static void parse_argument(Options *options, char *text, const struct argp_state *state) {
  static const char *const MODES[] = {"step", "infer", "worker", NULL};
  if (state->arg_num == 0)
    options->graph = text;
  else if (state->arg_num == 1)
    options->mode = (Mode)cnn_argument_word(state, "mode", text, MODES);
  else
    argp_error(state, "unexpected argument: %s", text);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  Options *options = state->input;
  switch (key) {
  case KEY_TRACE:
    options->trace = text;
    return 0;
  case KEY_OUT:
    options->out = text;
    return 0;
  case KEY_BATCH:
    options->batch = parse_number(state, "--batch", text);
    return 0;
  case KEY_THREADS:
    options->threads = parse_number(state, "--threads", text);
    return 0;
  case KEY_SEED:
    options->seed = parse_number(state, "--seed", text);
    return 0;
  case ARGP_KEY_ARG:
    parse_argument(options, text, state);
    return 0;
  case ARGP_KEY_END:
    if (state->arg_num < 2) argp_error(state, "give GRAPH.json and step, infer or worker");
    if (options->mode != MODE_WORKER && (!options->trace || !options->out))
      argp_error(state, "step and infer need --trace FILE and --out FILE");
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static void print_version(FILE *out, struct argp_state *state) {
  (void)state;
  fprintf(out, "cnn-generic " CNNC_VERSION ", %s\n", blas_name());
}

Options options_parse(int argc, char **argv) {
  static const struct argp PARSER = {
      .options = OPTIONS,
      .parser = parse,
      .args_doc = "GRAPH.json step|infer|worker",
      .doc = "Interprets a network that `cnnc export` wrote, without compiling it.\v"
             "step: one forward and backward pass; reads parameters, images, labels, scale and "
             "shift, writes the loss, every value, running statistics and every trained "
             "parameter's gradient.\n"
             "infer: inference; reads the same and running statistics, writes every value.\n"
             "worker: reads 'run train|infer COUNT STEPS' and 'quit' from standard input, for "
             "`cnnc bench`."};
  Options options = {.threads = 1, .seed = 1};
  argp_err_exit_status = EXIT_USAGE;
  argp_program_version_hook = print_version;
  argp_parse(&PARSER, argc, argv, 0, NULL, &options);
  return options;
}
