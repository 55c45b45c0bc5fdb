#include "options.h"

#include "affinity.h"
#include "commands/arguments.h"

#include <stddef.h>
#include <string.h>

enum {
  KEY_BATCH = 256,
  KEY_WORK,
  KEY_THREADS,
  KEY_CSV,
  KEY_SVG,
  KEY_RESUME,
  KEY_SECONDS,
  KEY_ROUNDS,
  KEY_RETRIES,
  KEY_NOISE,
  KEY_ENGINES,
  KEY_TARGET
};

static const struct argp_option OPTIONS[] = {
    {"batch", KEY_BATCH, "N[,N..]", 0, "Images a step (default: the model's)", 0},
    {"work", KEY_WORK, "WORK", 0, "train (default), infer, or train,infer", 0},
    {"threads", KEY_THREADS, "N[,N..]", 0, "Threads (default: one on every processor)", 0},
    {"csv", KEY_CSV, "FILE", 0, "Write the figures to FILE, after every race", 0},
    {"svg", KEY_SVG, "FILE", 0, "Draw the figures", 0},
    {"resume", KEY_RESUME, NULL, 0, "Keep the races that the CSV file holds; run the others", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Length of a turn (default: 1)", 0},
    {"rounds", KEY_ROUNDS, "R", 0, "Turns of every engine (default: 7)", 0},
    {"retries", KEY_RETRIES, "N", 0, "Run a noisy race again so many times (default: 3)", 0},
    {"engines", KEY_ENGINES, "LIST", 0,
     "Only these, separated by commas: cnnc,pytorch (default: all)", 0},
    {"accept-noise", KEY_NOISE, NULL, 0, "Use the figures of noisy races, too", 0},
    {"target", KEY_TARGET, "NAME", 0,
#define CNN_TARGET(ID, name, ...) name ", "
#include "cnn_targets.def"
#undef CNN_TARGET
     "or native (default: native)", 0},
    {NULL, 'D', "NAME=VALUE", 0, "Set an option of the models", 0},
    {0}};

enum { MAX_THREADS = 1024, MAX_BATCH = 1 << 20 };

static void read_works(RaceOptions *options, char *text, const struct argp_state *state) {
  options->work_count = 0;
  for (char *next = NULL, *word = strtok_r(text, ",", &next); word;
       word = strtok_r(NULL, ",", &next)) {
    const bool known = strcmp(word, "train") == 0 || strcmp(word, "infer") == 0;
    if (!known || options->work_count == 2)
      argp_error(state, "--work: must be train, infer or train,infer");
    options->works[options->work_count++] = word;
  }
}

static void read_engines(RaceOptions *options, char *text, const struct argp_state *state) {
  memset(options->races, 0, sizeof options->races);
  for (char *next = NULL, *word = strtok_r(text, ",", &next); word;
       word = strtok_r(NULL, ",", &next)) {
    const int engine = engine_named(word);
    if (engine == ENGINE_COUNT)
      argp_error(state, "--engines %s: the engines are %s", word, engine_names(options->arena));
    options->races[engine] = true;
  }
}

static void pass_on(RaceOptions *options, const char *option, const char *value,
                    const struct argp_state *state) {
  if (options->passed_on_count == 2 * DEFINITIONS_MAX)
    argp_error(state, "at most %d of -D and --target", DEFINITIONS_MAX);
  options->passed_on[options->passed_on_count++] = option;
  options->passed_on[options->passed_on_count++] = value;
}

#define AT(field) offsetof(RaceOptions, field)

/* Options that set one field. */
static const struct {
  int key;
  enum { FLAG, TEXT, INTEGER } kind;
  size_t offset;
  const char *name; /* of INTEGER, with its bounds */
  int least, most;
} FIELDS[] = {
    {KEY_CSV, TEXT, AT(csv), NULL, 0, 0},
    {KEY_SVG, TEXT, AT(svg), NULL, 0, 0},
    {KEY_RESUME, FLAG, AT(resume), NULL, 0, 0},
    {KEY_NOISE, FLAG, AT(accept_noise), NULL, 0, 0},
    {KEY_ROUNDS, INTEGER, AT(rounds), "--rounds", 1, ROUNDS_MAX},
    {KEY_RETRIES, INTEGER, AT(retries), "--retries", 0, 100},
};

#undef AT

/* False: the option is not one of them. */
static bool set_field(RaceOptions *options, int key, const char *text,
                      const struct argp_state *state) {
  size_t i = 0;
  while (i < sizeof FIELDS / sizeof *FIELDS && FIELDS[i].key != key) i++;
  if (i == sizeof FIELDS / sizeof *FIELDS) return false;
  void *to = (char *)options + FIELDS[i].offset;
  switch (FIELDS[i].kind) {
  case FLAG:
    *(bool *)to = true;
    break;
  case TEXT:
    *(const char **)to = text;
    break;
  case INTEGER:
    *(int *)to =
        (int)cnn_argument_integer(state, FIELDS[i].name, text, FIELDS[i].least, FIELDS[i].most);
    break;
  }
  return true;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  RaceOptions *options = state->input;
  switch (key) {
  case KEY_BATCH:
    options->batch_count =
        cnn_argument_list(state, "--batch", text, 1, MAX_BATCH, options->batches, LIST_MAX);
    break;
  case KEY_THREADS:
    options->thread_count =
        cnn_argument_list(state, "--threads", text, 1, MAX_THREADS, options->threads, LIST_MAX);
    break;
  case KEY_WORK:
    read_works(options, text, state);
    break;
  case KEY_ENGINES:
    read_engines(options, text, state);
    break;
  case KEY_TARGET:
    pass_on(options, "--target", text, state);
    break;
  case 'D':
    pass_on(options, "-D", text, state);
    break;
  case KEY_SECONDS:
    options->seconds = cnn_argument_number(state, "--seconds", text, 0.001, 3600);
    break;
  case ARGP_KEY_ARG:
    if (options->model_count == MODELS_MAX) argp_error(state, "at most %d models", MODELS_MAX);
    options->models[options->model_count++] = text;
    break;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "which model? Name a file: cnnc bench MODEL.lua...");
    break;
  case ARGP_KEY_END:
    if (options->resume && !options->csv) argp_error(state, "--resume needs --csv FILE");
    break;
  default:
    return set_field(options, key, text, state) ? 0 : ARGP_ERR_UNKNOWN;
  }
  return 0;
}

RaceOptions race_options_read(Arena *arena, int argc, char **argv) {
  static const struct argp argp = {
      .options = OPTIONS,
      .parser = parse_option,
      .args_doc = "MODEL.lua...",
      .doc = "Races generated programs, the generic runtime, PyTorch and others. The engines "
             "run steps of training or inference in turns. See docs/benchmarks.md."};
  RaceOptions options = {
      .arena = arena, .seconds = 1, .rounds = 7, .retries = 3, .works = {"train"}, .work_count = 1};
  for (int i = 0; i < ENGINE_COUNT; i++) options.races[i] = true;
  argp_err_exit_status = 2;
  argp_parse(&argp, argc, argv, 0, NULL, &options);
  if (!options.batch_count) options.batch_count = 1; /* 0: the model's */
  if (!options.thread_count) options.threads[options.thread_count++] = processors();
  return options;
}
