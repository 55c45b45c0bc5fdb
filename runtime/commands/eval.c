/* `eval`: loss and accuracy of a checkpoint on the test images, all in all and class by class. */
#include "commands/arguments.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/eval_files.h"
#include "core/process.h"
#include "data/classes.h"
#include "data/load.h"
#include "data/split.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct options {
  cnn_shared_options shared;
  int batch, limit, top;
  double split;
  bool skip_bad;
  cnn_eval_files files;
} options;

#define FILE_OPTION(name, letter, argument, text, field)                                           \
  { name, letter, argument, text, CNN_TEXT, offsetof(options, files.field), 0, 0, NULL }
static const cnn_option OPTIONS[] = {
    {"batch", 'b', "N", "Images a step (default: the program's batch)", CNN_IMAGES,
     offsetof(options, batch), 0, 0, NULL},
    {"limit", 'l', "N", "Only the first N images", CNN_INTEGER, offsetof(options, limit), 1,
     INT32_MAX, NULL},
    {"top", 'k', "K",
     "Also the part of the images whose class is among the K likeliest (default: 5)", CNN_INTEGER,
     offsetof(options, top), 1, INT32_MAX, NULL},
    {"split", 0, "SHARE",
     "The images that a training with this --split, and --seed, held back, where the data set has "
     "no "
     "test images",
     CNN_NUMBER, offsetof(options, split), 0, 1, NULL},
    {"seed", 's', "N", "Of the training with --split (default: 1)", CNN_LONG,
     offsetof(options, shared.seed), 0, INT64_MAX, NULL},
    {"skip-bad", 0, NULL, "Leave out images that cannot be read", CNN_FLAG,
     offsetof(options, skip_bad), 0, 0, NULL},
    FILE_OPTION("json", 0, "FILE", "All figures as JSON; - is standard output, for them alone",
                json),
    FILE_OPTION("csv", 0, "FILE", "Precision, recall and F1 of every class as CSV; - likewise",
                csv),
    FILE_OPTION("confusion", 0, "FILE",
                "The confusion matrix, as a table or as a picture: FILE.csv or FILE.svg",
                confusion),
    FILE_OPTION("calibration", 0, "FILE", "Accuracy by confidence, as a picture: FILE.svg",
                calibration),
    FILE_OPTION("logits", 0, "FILE",
                "Logits [images,classes] and labels [images], as FILE.safetensors", logits),
    {0}};
#undef FILE_OPTION

static void check(void *what, const struct argp_state *state) {
  const options *o = what;
  cnn_check_split(state, o->split);
  cnn_eval_files_check(&o->files, state);
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tTf",
    .operands = CNN_FOLDER,
    .check = check,
    .doc = "Loss, accuracy and confusion on the test images of the data set in DIR: "
           "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or with .gz; CIFAR-10's "
           "test_batch.bin; or images as test/CLASS/NAME (or val, valid, validation; or "
           "CLASS/NAME), JPEG, PNG "
           "or WebP."
           "\vNames of classes come from classes.txt in DIR, one a line, or from the checkpoint, "
           "which contains the names of the folders of its training images.",
};

/* --- counting --------------------------------------------------------------------------------- */

typedef struct counts {
  cnn_classification of;
  float *logits; /* [images][classes] of all images; or NULL */
  int32_t *labels;
  int64_t images;
  double shown; /* when, in seconds; INFINITY: standard error is no terminal */
} counts;

static void show(counts *c) {
  static const double INTERVAL = 0.1;
  if (!(cnn_seconds() - c->shown > INTERVAL)) return;
  c->shown = cnn_seconds();
  fprintf(stderr, "\r%lld of %lld images", (long long)c->of.images, (long long)c->images);
}

static void end_show(const counts *c) {
  if (isfinite(c->shown)) fprintf(stderr, "\r\033[K");
}

static void count_image(void *context, const float *logits, int label, int predicted) {
  counts *c = context;
  const size_t classes = (size_t)c->of.classes, i = (size_t)c->of.images;
  if (c->logits) {
    memcpy(c->logits + i * classes, logits, classes * sizeof *logits);
    c->labels[i] = label;
  }
  cnn_classification_add(&c->of, logits, label, predicted);
  show(c);
}

static void close_counts(counts *c) {
  cnn_classification_close(&c->of);
  free(c->logits);
  free(c->labels);
}

static bool open_counts(counts *c, const cnn_model *model, const options *o, int64_t images,
                        cnn_error *error) {
  const bool is_softmax = model->loss == CNN_SOFTMAX_CROSS_ENTROPY;
  *c = (counts){.images = images, .shown = isatty(STDERR_FILENO) ? cnn_seconds() : INFINITY};
  if (!cnn_classification_open(&c->of, model->classes, o->top, is_softmax, images, error))
    return false;
  if (!o->files.logits) return true;
  c->logits = calloc((size_t)images + 1, (size_t)model->classes * sizeof *c->logits);
  c->labels = calloc((size_t)images + 1, sizeof *c->labels);
  if (c->logits && c->labels) return true;
  close_counts(c);
  return cnn_fail(error, CNN_EXIT_FAILED, "no memory for the logits of %lld images of %d classes",
                  (long long)images, model->classes);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool report(const cnn_classification_report *r, const counts *c, const options *o,
                   cnn_error *error) {
  if (!cnn_eval_files_use_stdout(&o->files)) cnn_classification_print(r, stdout);
  return cnn_eval_files_write(&o->files, r, c->logits, c->labels, error);
}

/* classes: their names in the checkpoint, or NULL. */
static bool evaluate_loaded(cnn_session *session, const cnn_dataset *test, const options *o,
                            const char *classes, cnn_error *error) {
  const cnn_model *model = session->model;
  cnn_class_names names;
  counts c;
  if (!cnn_class_names_load(&names, model, o->shared.folder, NULL,
                            test->classes ? test->classes : classes, o->shared.weights, error))
    return false;
  bool good = open_counts(&c, model, o, test->count, error);
  if (good) {
    const cnn_observer observer = {count_image, &c};
    const cnn_evaluation result = cnn_evaluate(session, test, o->batch, &observer, NULL);
    end_show(&c);
    cnn_classification_finish(&c.of);
    const cnn_classification_report r = {.of = &c.of,
                                         .names = names.names,
                                         .program = model->name,
                                         .weights = o->shared.weights,
                                         .data = o->shared.folder,
                                         .loss = result.loss};
    good = isfinite(result.loss)
               ? report(&r, &c, o, error)
               : cnn_fail(error, CNN_EXIT_DATA,
                          "%s: with these weights the loss is not a finite number; use those of a "
                          "training that did not diverge",
                          o->shared.weights);
    close_counts(&c);
  }
  cnn_class_names_release(&names);
  return good;
}

static bool check_calibration(const cnn_model *model, const options *o, cnn_error *error) {
  return !o->files.calibration || model->loss == CNN_SOFTMAX_CROSS_ENTROPY ||
         cnn_fail(error, CNN_EXIT_USAGE,
                  "--calibration %s: the loss of this model makes no probabilities of logits; "
                  "leave the option out",
                  o->files.calibration);
}

/* The test images; or those that a training with the same --split and --seed did not see. */
static bool load(cnn_dataset *test, const cnn_model *model, const options *o, const char *classes,
                 cnn_error *error) {
  const char *folder = o->shared.folder;
  cnn_part part = {.model = model,
                   .folder = folder,
                   .role = CNN_PART_TEST,
                   .classes = classes,
                   .limit = o->limit,
                   .skip_bad = o->skip_bad};
  if (o->split == 0) return cnn_dataset_load_part(test, &part, error);
  if (cnn_dataset_has(folder, CNN_PART_VALIDATION))
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "--split %g: %s has images for validation; leave the option out", o->split,
                    folder);
  cnn_dataset all;
  part.role = CNN_PART_TRAINING;
  bool good = cnn_dataset_load_part(&all, &part, error) &&
              cnn_dataset_split(&all, test, model, o->split, (uint64_t)o->shared.seed, error);
  cnn_dataset_release(&all);
  return good;
}

bool cnn_eval(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .batch = model->batch, .top = CNN_TOP};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_dataset test = {0};
  cnn_session session;
  char *classes;
  if (!check_calibration(model, &o, error) ||
      !cnn_eval_files_spare(&o.files, o.shared.weights, error) ||
      !cnn_checkpoint_classes(o.shared.weights, model, &classes, error))
    return false;
  bool good = load(&test, model, &o, classes, error);
  cnn_session_plan(&session, model, CNN_TO_INFER, o.shared.threads);
  if (o.shared.flip) cnn_session_plan_mirror(&session);
  good = good && cnn_session_open(&session, error) &&
         cnn_weights_load(&session, o.shared.weights, o.shared.folder, error) &&
         evaluate_loaded(&session, &test, &o, classes, error);
  cnn_session_close(&session);
  free(classes);
  cnn_dataset_release(&test);
  return good;
}
