#include "commands/train_options.h"

#include "commands/arguments.h"
#include "train/run.h"

#include <string.h>

enum { KEY_INIT = 256, KEY_REINIT, KEY_STEPS, KEY_NO_SHUFFLE, KEY_LOG, KEY_RESUME, KEY_FRESH };

static const struct argp_option OPTIONS[] = {
    {"epochs", 'e', "N", 0, "Epochs: passes over the training images (default: the model's)", 0},
    {"batch", 'b', "N", 0,
     "Images an update. A number above the program's batch is computed in parts, and batch norm "
     "normalises each part by itself (default: the model's)",
     0},
    {"lr", 'r', "X", 0, "Learning rate at the start (default: the model's)", 0},
    {"seed", 's', "N", 0, "Of the first weights, the shuffles and dropout (default: 1)", 0},
    {"out", 'o', "RUN", 0,
     "Folder for last.safetensors, metrics.csv and curves.svg (default: runs/<model>)", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "Continue the interrupted run in RUN, with its settings: the results are those of an "
     "uninterrupted run",
     0},
    {"init", KEY_INIT, "FILE", 0, "Start from the weights of a checkpoint", 0},
    {"reinit", KEY_REINIT, "LAYERS", 0,
     "With --init: initialise these layers, such as the last one for other classes (fc; names "
     "with commas between)",
     0},
    {"fresh", KEY_FRESH, "LAYERS", OPTION_HIDDEN, NULL, 0},
    {"limit", 'l', "N", 0, "Only the first N training images", 0},
    {"steps", KEY_STEPS, "N", 0,
     "Stop after N updates, evaluate and save; the learning-rate schedule is that of all epochs",
     0},
    {"no-shuffle", KEY_NO_SHUFFLE, NULL, 0, "Visit images in the order of the file", 0},
    {"log-steps", KEY_LOG, "FILE", 0,
     "CSV with step, loss and learning rate of every update; if writing fails later, the training "
     "continues without it, and the exit code is 1",
     0},
    {0}};

static const struct argp_child SHARED[] = {
    {&cnn_shared_threads, 0, NULL, 0}, {&cnn_shared_folder, 0, NULL, 0}, {0}};

static void parse_epochs(cnn_train_options *o, const char *text, const struct argp_state *state) {
  o->recipe.epochs = (int)cnn_argument_integer(state, "--epochs", text, 1, 1000000);
  if (o->recipe.warmup_epochs >= o->recipe.epochs)
    argp_error(state,
               "--epochs %s: the schedule's warm-up lasts %g epochs; train longer, run only the "
               "start with --steps N, or shorten the warm-up of the model",
               text, o->recipe.warmup_epochs);
}

/* Settings that --resume reads from the run instead. Returns the option's name; NULL: another key.
 */
static const char *parse_setting(cnn_train_options *o, int key, const char *text,
                                 const struct argp_state *state) {
  switch (key) {
  case 'e':
    parse_epochs(o, text, state);
    return "--epochs";
  case 'b':
    o->batch = (int)cnn_argument_integer(state, "--batch", text, 1, INT32_MAX);
    return "--batch";
  case 'r':
    o->recipe.lr = cnn_argument_number(state, "--lr", text, 0, 1e6);
    return "--lr";
  case 's':
    o->shared.seed = (uint64_t)cnn_argument_integer(state, "--seed", text, 0, INT64_MAX);
    return "--seed";
  case 'l':
    o->limit = (int)cnn_argument_integer(state, "--limit", text, 1, INT32_MAX);
    return "--limit";
  case KEY_INIT:
    o->init = text;
    return "--init";
  case KEY_FRESH:
    cnn_argument_renamed(state, "--fresh", "--reinit"); /* fall through */
  case KEY_REINIT:
    o->reinit = text;
    return "--reinit";
  case KEY_NO_SHUFFLE:
    o->no_shuffle = true;
    return "--no-shuffle";
  }
  return NULL;
}

static void check(const cnn_train_options *o, const struct argp_state *state) {
  if (o->resume && o->setting)
    argp_error(state, "--resume uses the settings of the run; leave out %s", o->setting);
  if (*o->reinit && !o->init)
    argp_error(state, "--reinit %s: without --init FILE all layers are initialised", o->reinit);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  cnn_train_options *o = state->input;
  const char *setting = parse_setting(o, key, text, state);
  if (setting) {
    o->setting = setting;
    return 0;
  }
  switch (key) {
  case ARGP_KEY_INIT:
    return cnn_shared_begin(state, SHARED, &o->shared);
  case 'o':
    if (!*text) argp_error(state, "--out: the name of a folder is missing");
    o->out = text;
    return 0;
  case KEY_STEPS:
    o->steps = cnn_argument_integer(state, "--steps", text, 1, INT64_MAX);
    return 0;
  case KEY_LOG:
    o->log = text;
    return 0;
  case KEY_RESUME:
    o->resume = true;
    return 0;
  case ARGP_KEY_END:
    check(o, state);
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static const struct argp PARSER = {
    .options = OPTIONS,
    .parser = parse,
    .children = SHARED,
    .doc =
        "Train on the data set in DIR: train-images-idx3-ubyte and train-labels-idx1-ubyte, and "
        "the same with t10k for the test images, plain or with .gz; or CIFAR-10's data_batch_1.bin "
        "to _5.bin and test_batch.bin; or JPEG images as train/CLASS/NAME.jpg and "
        "test/CLASS/NAME.jpg."
        "\vRUN may be new, or hold an earlier run of the same model, which is replaced; a folder "
        "with a run of another model is rejected. Ctrl-C ends the training after the current step, "
        "saves, and exits with 130; SIGTERM does the same with 143. --resume continues from there, "
        "or from the last epoch if the program was killed. An incomplete run has a "
        "state.safetensors for this.",
};

static int default_batch(const cnn_model *model) {
  int64_t batch = (int64_t)model->batch * model->recipe->accumulate;
  return batch < INT32_MAX ? (int)batch : INT32_MAX;
}

void cnn_train_options_parse(cnn_train_options *options, const cnn_model *model, int argc,
                             char **argv) {
  *options = (cnn_train_options){.shared = cnn_shared_defaults(model),
                                 .recipe = *model->recipe,
                                 .batch = default_batch(model),
                                 .reinit = ""};
  options->out = cnn_default_run(model, options->default_out);
  argp_parse(&PARSER, argc, argv, 0, NULL, options);
}
