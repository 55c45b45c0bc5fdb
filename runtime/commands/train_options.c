#include "commands/train_options.h"

#include "commands/arguments.h"
#include "train/best.h"
#include "train/run.h"

#include <stdio.h>
#include <string.h>

const cnn_option cnn_start_options[] = {
    {"batch", 'b', "N",
     "Images an update. A number above the program's batch is computed in parts, and batch norm "
     "normalises each part by itself (default: the model's)",
     CNN_INTEGER, offsetof(cnn_train_options, batch), 1, INT32_MAX, NULL},
    {"seed", 's', "N", "Of the first weights, the shuffles and dropout (default: 1)", CNN_LONG,
     offsetof(cnn_train_options, shared.seed), 0, INT64_MAX, NULL},
    {"limit", 'l', "N", "Only the first N training images", CNN_INTEGER,
     offsetof(cnn_train_options, limit), 1, INT32_MAX, NULL},
    {"split", 0, "SHARE",
     "Hold back this share of the images of each class for validation (0.1: a tenth), chosen by "
     "the "
     "seed, where the data set has no part for it",
     CNN_NUMBER, offsetof(cnn_train_options, split), 0, 1, NULL},
    {"skip-bad", 0, NULL, "Leave out images that cannot be read", CNN_FLAG,
     offsetof(cnn_train_options, skip_bad), 0, 0, NULL},
    {"init", 0, "FILE", "Start from the weights of a checkpoint", CNN_TEXT,
     offsetof(cnn_train_options, init), 0, 0, NULL},
    {"reinit", 0, "LAYERS",
     "With --init: initialise these layers, such as the last one for other classes (fc; names with "
     "commas between)",
     CNN_TEXT, offsetof(cnn_train_options, reinit), 0, 0, NULL},
    {"freeze", 0, "LAYERS",
     "Layers that stay as they are: conv1,layer1, or all-but:fc. A model compiled with --freeze "
     "needs less time and memory",
     CNN_TEXT, offsetof(cnn_train_options, freeze), 0, 0, NULL},
    {"fresh", 0, "LAYERS", NULL, CNN_RENAMED, 0, 0, 0, (const char *const[]){"reinit", NULL}},
    {0}};

static const char *const OF_RUN[] = {"", NULL};

static const cnn_option OPTIONS[] = {
    {"epochs", 'e', "N", "Epochs: passes over the training images (default: the model's)",
     CNN_INTEGER, offsetof(cnn_train_options, recipe.epochs), 1, 1000000, NULL},
    {"lr", 'r', "X", "Learning rate at the start (default: the model's)", CNN_NUMBER,
     offsetof(cnn_train_options, recipe.lr), 0, 1000000, NULL},
    {"no-shuffle", 0, NULL, "Visit images in the order of the file", CNN_FLAG,
     offsetof(cnn_train_options, no_shuffle), 0, 0, NULL},
    {"out", 'o', "RUN",
     "Folder for last.safetensors, best.safetensors, metrics.csv and curves.svg (default: "
     "runs/<model>)",
     CNN_TEXT, offsetof(cnn_train_options, out), 0, 0, NULL},
    {"resume", 0, NULL,
     "Continue the run in RUN, with its settings: the results are those of an uninterrupted run. "
     "With --epochs a complete run goes on, too",
     CNN_FLAG, offsetof(cnn_train_options, resume), 0, 0, NULL},
    {"overwrite", 0, NULL, "Replace the run in RUN by a new one", CNN_FLAG,
     offsetof(cnn_train_options, overwrite), 0, 0, NULL},
    {"best", 0, "WHAT",
     "Which epoch is kept as best.safetensors: the one of the highest test accuracy, or of the "
     "lowest test loss; with averaged weights, theirs (accuracy or loss; default: accuracy)",
     CNN_WORD, offsetof(cnn_train_options, best_by), 0, 0, cnn_best_words},
    {"patience", 0, "N", "Stop after N epochs that are no better than the best", CNN_INTEGER,
     offsetof(cnn_train_options, patience), 1, 1000000, NULL},
    {"time-limit", 0, "T", "Stop and save after this time: 90s, 30m, 8h, 2d", CNN_SECONDS,
     offsetof(cnn_train_options, time_limit), 0, 0, NULL},
    {"save-every", 0, "N|T",
     "Save after every N epochs, or within epochs, too, whenever a time has passed: 30m (default: "
     "after every epoch)",
     CNN_TEXT, offsetof(cnn_train_options, save_every), 0, 0, NULL},
    {"overfit-batch", 0, "N",
     "Find mistakes: train on the first N batches alone, without augmentation and shuffling, and "
     "test on them. The loss of a sound model comes close to 0. RUN is then by default "
     "runs/<model>-overfit",
     CNN_INTEGER, offsetof(cnn_train_options, overfit), 1, 1000000, NULL},
    {"steps", 0, "N",
     "Stop after N updates, evaluate and save; the learning-rate schedule is that of all epochs",
     CNN_LONG, offsetof(cnn_train_options, steps), 1, INT64_MAX, NULL},
    {"log-steps", 0, "FILE",
     "CSV with step, loss and learning rate of every update; if writing fails later, the training "
     "continues without it, and the exit code is 1",
     CNN_TEXT, offsetof(cnn_train_options, log), 0, 0, NULL},
    {"tensorboard", 0, "FOLDER",
     "Write events for TensorBoard, into RUN or FOLDER: the metrics of every epoch, loss and "
     "learning rate within epochs",
     CNN_TEXT_OR_NONE, offsetof(cnn_train_options, board), 0, 0, OF_RUN},
    {"tensorboard-every", 0, "N", "Those of every Nth update (default: 50)", CNN_INTEGER,
     offsetof(cnn_train_options, board_every), 1, 1000000, NULL},
    {0}};

void cnn_train_check_start(const cnn_train_options *o, const struct argp_state *state) {
  cnn_check_split(state, o->split);
  if (*o->reinit && !o->init)
    argp_error(state, "--reinit %s: without --init FILE all layers are initialised", o->reinit);
}

/* Settings that --resume reads from the run instead. */
static bool is_setting(const cnn_option *option) {
  static const char *const SETTINGS[] = {"batch",         "lr",     "seed",       "limit",
                                         "init",          "reinit", "no-shuffle", "best",
                                         "overfit-batch", "freeze", "split"};
  for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS; i++)
    if (strcmp(option->name, SETTINGS[i]) == 0) return true;
  return false;
}

static void note_setting(void *options, const cnn_option *option) {
  cnn_train_options *o = options;
  if (is_setting(option)) o->setting = option->name;
  if (strcmp(option->name, "epochs") == 0) o->epochs_given = true;
}

/* "5": epochs; "30m": a time. */
static void parse_save_every(cnn_train_options *o, const struct argp_state *state) {
  const char *text = o->save_every;
  o->save_epochs = 1;
  if (!text) return;
  const bool epochs = text[strspn(text, "0123456789")] == '\0';
  if (epochs)
    o->save_epochs = (int)cnn_argument_integer(state, "--save-every", text, 1, 1000000);
  else
    o->save_seconds = cnn_argument_seconds(state, "--save-every", text), o->save_epochs = 0;
}

static void set_overfit(cnn_train_options *o, const struct argp_state *state) {
  if (o->overfit == 0) return;
  if (o->limit > 0)
    argp_error(state, "--overfit-batch sets the number of images; leave out --limit");
  if (o->split > 0)
    argp_error(state,
               "--overfit-batch validates with the images that it trains; leave out --split");
  if (o->out == o->default_out)
    snprintf(o->default_out + strlen(o->default_out),
             sizeof o->default_out - strlen(o->default_out), "-overfit");
}

static void check(void *options, const struct argp_state *state) {
  cnn_train_options *o = options;
  parse_save_every(o, state);
  set_overfit(o, state);
  if (!*o->out) argp_error(state, "--out: the name of a folder is missing");
  if (o->resume && o->setting)
    argp_error(state, "--resume uses the settings of the run; leave out --%s", o->setting);
  cnn_train_check_start(o, state);
  if (o->board_every > 0 && !o->board)
    argp_error(state, "--tensorboard-every %d: give --tensorboard, too", o->board_every);
  if (o->board_every == 0) o->board_every = 50;
  if (o->resume && o->overwrite)
    argp_error(state, "--overwrite begins a new run; leave out --resume, or --overwrite");
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .more = cnn_start_options,
    .shared = "t",
    .operands = CNN_FOLDER,
    .given = note_setting,
    .check = check,
    .doc =
        "Train on the data set in DIR: train-images-idx3-ubyte and train-labels-idx1-ubyte, and "
        "the same with t10k for the test images, plain or with .gz; or CIFAR-10's data_batch_1.bin "
        "to _5.bin and test_batch.bin; or images, JPEG, PNG or WebP, as train/CLASS/NAME and "
        "val/CLASS/NAME (valid, validation, test), or as CLASS/NAME with --split."
        "\vRUN may be new. If it holds a run of the same model, give --resume or --overwrite; a "
        "folder with a run of another model is rejected. Ctrl-C ends the training after the "
        "current step, saves, and exits with 130; SIGTERM does the same with 143, SIGHUP with 129. "
        "--resume continues from there, or from what was saved last if the program was killed.",
};

static int default_batch(const cnn_model *model) {
  int64_t batch = (int64_t)model->batch * model->recipe->accumulate;
  return batch < INT32_MAX ? (int)batch : INT32_MAX;
}

cnn_train_options cnn_train_defaults(const cnn_model *model) {
  return (cnn_train_options){.shared = cnn_shared_defaults(model),
                             .recipe = *model->recipe,
                             .batch = default_batch(model),
                             .freeze = "",
                             .reinit = ""};
}

void cnn_train_options_parse(cnn_train_options *options, const cnn_model *model, int argc,
                             char **argv) {
  *options = cnn_train_defaults(model);
  options->out = cnn_default_run(model, options->default_out);
  cnn_command_line_parse(&LINE, argc, argv, options);
}
