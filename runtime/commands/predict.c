/* `predict`: the likeliest classes of images. */
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/predict_sources.h"
#include "data/classes.h"
#include "data/files.h"
#include "train/checkpoint.h"
#include "train/weights.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
  cnn_shared_options shared;
  const char *classes, *json, *csv;
  int top;
  int64_t count; /* of each source; 0: all; -1: not given */
  bool zero;
} options;

static const char *const STDOUT[] = {"-", NULL};

static const cnn_option OPTIONS[] = {
    {"count", 'n', "N",
     "The first N images of each; 0 for all (default: 10; all with --json, --csv and -)", CNN_LONG,
     offsetof(options, count), 0, INT32_MAX, NULL},
    {"top", 'k', "K", "The K likeliest classes of each image (default: 3)", CNN_INTEGER,
     offsetof(options, top), 1, CNN_PREDICTION_TOP, NULL},
    {"classes", 'c', "FILE",
     "Names of classes, one a line (default: classes.txt in DIR, or the checkpoint's)", CNN_TEXT,
     offsetof(options, classes), 0, 0, NULL},
    {"json", 0, "FILE", "A line of JSON for each image, in FILE or on standard output",
     CNN_TEXT_OR_NONE, offsetof(options, json), 0, 0, STDOUT},
    {"csv", 0, "FILE", "The same as CSV", CNN_TEXT_OR_NONE, offsetof(options, csv), 0, 0, STDOUT},
    {"null", '0', NULL, "Names on standard input end with a zero byte, not with the line", CNN_FLAG,
     offsetof(options, zero), 0, 0, NULL},
    {0}};

static void check(void *what, const struct argp_state *state) {
  const options *o = what;
  if (o->json && o->csv) argp_error(state, "one of --json and --csv is enough; leave one out");
}

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tTf",
    .operands = CNN_SOURCES,
    .operands_text = "DIR|IMAGES|-...",
    .check = check,
    .doc =
        "Classes of images: of the test images of the data set in the folder DIR; of image files, "
        "or of all in a folder of them; of those in IDX files, plain or with .gz; or, for -, of "
        "image files whose names arrive on standard input, one a line, each as soon as it arrives."
        "\vImages must be as large as the model's input, but image files where its recipe scales "
        "them. Of images that cannot be read, the reason is printed; the others are predicted, and "
        "the exit code is 4. Classes have their names from FILE, from classes.txt in DIR, or from "
        "the checkpoint, which has them from the folders that it learned from; those without a "
        "name are numbers.",
};

static bool predict_sources(cnn_predictor *p, const options *o, cnn_error *error) {
  cnn_prediction_begin(&p->batch.out);
  for (int i = 0; i < o->shared.source_count; i++)
    if (!cnn_predict_source(p, o->shared.sources[i], error)) return false;
  if (!cnn_predict_batch_print(&p->batch, error)) return false;
  if (p->batch.wrong == 0) return true;
  if (p->batch.all > 1)
    return cnn_fail(error, CNN_EXIT_DATA, "%lld of %lld images could not be predicted",
                    (long long)p->batch.wrong, (long long)p->batch.all);
  error->code = CNN_EXIT_DATA; /* the reason is printed already */
  return false;
}

/* The file for the rows, which grows as they are ready. */
static bool open_out(cnn_predictor *p, const options *o, cnn_error *error) {
  const char *path = o->json ? o->json : o->csv ? o->csv : "-";
  p->batch.out_path = strcmp(path, "-") == 0 ? "standard output" : path;
  for (int i = 0; i < o->shared.source_count; i++)
    if (!cnn_file_spares(path, o->shared.sources[i], error)) return false;
  if (!cnn_file_spares(path, o->shared.weights, error)) return false;
  p->batch.out.out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
  return p->batch.out.out ||
         cnn_fail(error, CNN_EXIT_FAILED, "%s: cannot write: %s", path, strerror(errno));
}

static bool close_out(const cnn_predictor *p, cnn_error *error) {
  if (p->batch.out.out == stdout || fclose(p->batch.out.out) == 0) return true;
  return cnn_fail(error, CNN_EXIT_FAILED, "%s: cannot write: %s", p->batch.out_path,
                  strerror(errno));
}

/* With weights and names of classes. */
static bool run(cnn_predictor *p, const options *o, cnn_error *error) {
  cnn_class_names names;
  if (!cnn_class_names_load(&names, p->model, NULL, o->classes, p->classes, o->shared.weights,
                            error))
    return false;
  p->batch.out.names = names.names;
  bool good = open_out(p, o, error);
  if (good) {
    p->model->prepack(&p->batch.session->state);
    good = predict_sources(p, o, error);
    good = close_out(p, error) && good;
  }
  cnn_class_names_release(&names);
  return good;
}

bool cnn_predict(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .top = 3, .count = -1};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  char *classes;
  if (!cnn_checkpoint_classes(o.shared.weights, model, &classes, error)) return false;
  cnn_session session;
  cnn_predictor p = {.model = model,
                     .classes_file = o.classes,
                     .classes = classes,
                     .count = o.count,
                     .zero = o.zero,
                     .is_one_of_several = o.shared.source_count > 1,
                     .batch = {.weights = o.shared.weights,
                               .out = {.model = model,
                                       .form = o.json  ? CNN_PREDICTION_JSON
                                               : o.csv ? CNN_PREDICTION_CSV
                                                       : CNN_PREDICTION_TEXT,
                                       .top = o.top < model->classes ? o.top : model->classes}}};
  cnn_session_plan(&session, model, CNN_TO_INFER, o.shared.threads);
  if (o.shared.flip) cnn_session_plan_mirror(&session);
  cnn_predict_batch_plan(&p.batch, &session);
  bool good = cnn_session_open(&session, error) &&
              cnn_weights_load(&session, o.shared.weights,
                               cnn_predict_data_set(o.shared.sources[0]), error) &&
              run(&p, &o, error);
  cnn_predict_batch_close(&p.batch);
  cnn_session_close(&session);
  free(classes);
  return good;
}
