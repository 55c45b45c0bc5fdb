#include "commands/train_options.h"

#include "train/run.h"

#include <string.h>

static const cnn_option OPTIONS[] = {
    {"epochs", 'e', "N", "Epochs: passes over the training images (default: the model's)",
     CNN_INTEGER, offsetof(cnn_train_options, recipe.epochs), 1, 1000000, NULL},
    {"batch", 'b', "N",
     "Images an update. A number above the program's batch is computed in parts, and batch norm "
     "normalises each part by itself (default: the model's)",
     CNN_INTEGER, offsetof(cnn_train_options, batch), 1, INT32_MAX, NULL},
    {"lr", 'r', "X", "Learning rate at the start (default: the model's)", CNN_NUMBER,
     offsetof(cnn_train_options, recipe.lr), 0, 1000000, NULL},
    {"seed", 's', "N", "Of the first weights, the shuffles and dropout (default: 1)", CNN_LONG,
     offsetof(cnn_train_options, shared.seed), 0, INT64_MAX, NULL},
    {"limit", 'l', "N", "Only the first N training images", CNN_INTEGER,
     offsetof(cnn_train_options, limit), 1, INT32_MAX, NULL},
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
    {"no-shuffle", 0, NULL, "Visit images in the order of the file", CNN_FLAG,
     offsetof(cnn_train_options, no_shuffle), 0, 0, NULL},
    {"out", 'o', "RUN",
     "Folder for last.safetensors, metrics.csv and curves.svg (default: runs/<model>)", CNN_TEXT,
     offsetof(cnn_train_options, out), 0, 0, NULL},
    {"resume", 0, NULL,
     "Continue the interrupted run in RUN, with its settings: the results are those of an "
     "uninterrupted run",
     CNN_FLAG, offsetof(cnn_train_options, resume), 0, 0, NULL},
    {"steps", 0, "N",
     "Stop after N updates, evaluate and save; the learning-rate schedule is that of all epochs",
     CNN_LONG, offsetof(cnn_train_options, steps), 1, INT64_MAX, NULL},
    {"log-steps", 0, "FILE",
     "CSV with step, loss and learning rate of every update; if writing fails later, the training "
     "continues without it, and the exit code is 1",
     CNN_TEXT, offsetof(cnn_train_options, log), 0, 0, NULL},
    {0}};

/* Settings that --resume reads from the run instead. */
static bool is_setting(const cnn_option *option) {
  static const char *const SETTINGS[] = {"epochs", "batch",  "lr",         "seed",  "limit",
                                         "init",   "reinit", "no-shuffle", "freeze"};
  for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS; i++)
    if (strcmp(option->name, SETTINGS[i]) == 0) return true;
  return false;
}

static void note_setting(void *options, const cnn_option *option) {
  cnn_train_options *o = options;
  if (is_setting(option)) o->setting = option->name;
}

static void check(void *options, const struct argp_state *state) {
  const cnn_train_options *o = options;
  const cnn_recipe *recipe = &o->recipe;
  if (!*o->out) argp_error(state, "--out: the name of a folder is missing");
  if (o->resume && o->setting)
    argp_error(state, "--resume uses the settings of the run; leave out --%s", o->setting);
  if (*o->reinit && !o->init)
    argp_error(state, "--reinit %s: without --init FILE all layers are initialised", o->reinit);
  if (recipe->epochs != o->shared.model->recipe->epochs && recipe->warmup_epochs >= recipe->epochs)
    argp_error(state,
               "--epochs %d: the schedule's warm-up lasts %g epochs; train longer, run only the "
               "start with --steps N, or shorten the warm-up of the model",
               recipe->epochs, recipe->warmup_epochs);
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "t",
    .operands = CNN_FOLDER,
    .given = note_setting,
    .check = check,
    .doc =
        "Train on the data set in DIR: train-images-idx3-ubyte and train-labels-idx1-ubyte, and "
        "the same with t10k for the test images, plain or with .gz; or CIFAR-10's data_batch_1.bin "
        "to _5.bin and test_batch.bin; or images as train/CLASS/NAME and "
        "test/CLASS/NAME, JPEG, PNG or WebP."
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
                                 .freeze = "",
                                 .reinit = ""};
  options->out = cnn_default_run(model, options->default_out);
  cnn_command_line_parse(&LINE, argc, argv, options);
}
