/* `eval`: loss and accuracy of a checkpoint on the test images, all in all and class by class. */
#include "commands/command_line.h"
#include "commands/commands.h"
#include "data/classes.h"
#include "data/load.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct options {
  cnn_shared_options shared;
  int batch, limit;
} options;

static const cnn_option OPTIONS[] = {{"batch", 'b', "N",
                                      "Images a step (default: the program's batch)", CNN_IMAGES,
                                      offsetof(options, batch), 0, 0, NULL},
                                     {"limit", 'l', "N", "Only the first N images", CNN_INTEGER,
                                      offsetof(options, limit), 1, INT32_MAX, NULL},
                                     {0}};

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tTf",
    .operands = CNN_FOLDER,
    .doc =
        "Loss and accuracy on the test images of the data set in DIR: t10k-images-idx3-ubyte and "
        "t10k-labels-idx1-ubyte, plain or with .gz; CIFAR-10's test_batch.bin; or images as "
        "test/CLASS/NAME, JPEG, PNG or WebP."
        "\vNames of classes come from classes.txt in DIR, one a line, or from the checkpoint, "
        "which "
        "contains the names of the folders of its training images.",
};

typedef struct class_count {
  int64_t images, right;
} class_count;

static void count_image(void *context, const float *logits, int label, int predicted) {
  class_count *counts = context;
  (void)logits;
  counts[label].images++;
  counts[label].right += predicted == label;
}

static void print_classes(const class_count *counts, int classes, const char *const *names) {
  printf("\n%-5s  %-16s  %8s  %8s  %9s\n", "class", "", "images", "right", "accuracy");
  for (int k = 0; k < classes; k++) {
    printf("%5d  %-16s  %8lld  %8lld  ", k, names[k], (long long)counts[k].images,
           (long long)counts[k].right);
    if (counts[k].images > 0)
      printf("%7.2f %%\n", 100.0 * (double)counts[k].right / (double)counts[k].images);
    else
      printf("%9s\n", "-");
  }
}

static bool evaluate_loaded(cnn_session *session, const cnn_dataset *test, const options *o,
                            const char *classes, class_count *counts, cnn_error *error) {
  cnn_class_names names;
  if (!cnn_class_names_load(&names, session->model, o->shared.folder, NULL,
                            test->classes ? test->classes : classes, o->shared.weights, error))
    return false;
  const cnn_observer observer = {count_image, counts};
  cnn_evaluation result = cnn_evaluate(session, test, o->batch, &observer, NULL);
  if (isfinite(result.loss)) {
    printf("%s: %lld test images, loss %.4f, accuracy %.2f %%\n", o->shared.weights,
           (long long)result.images, result.loss, 100 * result.accuracy);
    print_classes(counts, session->model->classes, names.names);
  } else {
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: with these weights the loss is not a finite number; use those of a training "
             "that did not diverge",
             o->shared.weights);
  }
  cnn_class_names_release(&names);
  return isfinite(result.loss);
}

bool cnn_eval(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .batch = model->batch};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_dataset test = {0};
  cnn_session session;
  char *classes;
  if (!cnn_checkpoint_classes(o.shared.weights, model, &classes, error)) return false;
  bool good = cnn_dataset_load_test(&test, model, o.shared.folder, classes, o.limit, error);
  class_count *counts;
  cnn_session_plan(&session, model, CNN_TO_INFER, o.shared.threads);
  if (o.shared.flip) cnn_session_plan_mirror(&session);
  cnn_storage_want(&session.storage, &counts, (size_t)model->classes, sizeof *counts);
  good = good && cnn_session_open(&session, error) &&
         cnn_weights_load(&session, o.shared.weights, o.shared.folder, error) &&
         evaluate_loaded(&session, &test, &o, classes, counts, error);
  cnn_session_close(&session);
  free(classes);
  cnn_dataset_release(&test);
  return good;
}
