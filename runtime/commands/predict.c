#include "commands/command_line.h"
#include "commands/commands.h"
#include "data/classes.h"
#include "data/files.h"
#include "data/load.h"
#include "data/sampler.h"
#include "train/checkpoint.h"
#include "train/run.h"
#include "train/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
  cnn_shared_options shared;
  const char *classes;
  int top;
  int64_t count; /* of each source; 0: all */
} options;

enum { TOP_MAX = 16, SHOWN = 10 };

static const cnn_option OPTIONS[] = {
    {"count", 'n', "N", "The first N images of each (default: 10; 0 for all)", CNN_LONG,
     offsetof(options, count), 0, INT32_MAX, NULL},
    {"top", 'k', "K", "The K likeliest classes of each image (default: 3)", CNN_INTEGER,
     offsetof(options, top), 1, TOP_MAX, NULL},
    {"classes", 'c', "FILE",
     "Names of classes, one a line (default: classes.txt in DIR, or the checkpoint's)", CNN_TEXT,
     offsetof(options, classes), 0, 0, NULL},
    {0}};

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "tTf",
    .operands = CNN_SOURCES,
    .operands_text = "DIR|IMAGES...",
    .doc =
        "Classes of images: of the test images of the data set in the folder DIR; of image files, "
        "or of all in a folder of them; or of those in IDX files, plain or with .gz."
        "\vImages must be as large as the model's input, but image files where its recipe scales "
        "them. Classes have their names from FILE, from "
        "classes.txt in DIR, or from the checkpoint, which has them from the folders that it "
        "learned from; those without a name are numbers.",
};

/* Prints the probability of a class, or the logit if the loss does not make logits
   probabilities. */
static void print_score(const cnn_model *model, const float *logits, int class) {
  if (model->loss != CNN_SOFTMAX_CROSS_ENTROPY) {
    printf(" %8.4f", logits[class]);
    return;
  }
  double sum = 0;
  for (int k = 0; k < model->classes; k++) sum += exp((double)logits[k] - logits[class]);
  printf(" %6.2f %%", 100 / sum);
}

/* A class by its name, or its number where it has none. */
static void print_class(int class, int columns, const char *const *names) {
  if (*names[class])
    printf("%s", names[class]);
  else
    printf("%*d", columns, class);
}

static void print_image(const cnn_model *model, const float *logits, int label, const options *o,
                        const char *const *names) {
  int best[TOP_MAX], top = o->top < model->classes ? o->top : model->classes;
  for (int rank = 0; rank < top; rank++) {
    best[rank] = -1;
    for (int k = 0; k < model->classes; k++) {
      bool taken = false;
      for (int r = 0; r < rank; r++) taken |= best[r] == k;
      if (!taken && (best[rank] < 0 || logits[k] > logits[best[rank]])) best[rank] = k;
    }
  }
  for (int rank = 0; rank < top; rank++) {
    printf("  ");
    print_class(best[rank], 3, names);
    print_score(model, logits, best[rank]);
  }
  if (label >= 0) {
    printf("  %s (is ", best[0] == label ? "right" : "wrong");
    print_class(label, 1, names);
    printf(")");
  }
  printf("\n");
}

/* Columns that the names of the first `count` files need. */
static int width_of_files(const cnn_dataset *images, int64_t count) {
  enum { MOST = 48 };
  int width = 0;
  for (int64_t i = 0; images->files && i < count; i++) {
    int length = (int)strlen(images->files[i]);
    if (length > width && length <= MOST) width = length;
  }
  return width;
}

static bool are_finite(const float *logits, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (!isfinite(logits[k])) return false;
  return true;
}

static bool predict_images(cnn_session *session, const cnn_dataset *images, const options *o,
                           const char *const *names, cnn_error *error) {
  const cnn_model *model = session->model;
  int64_t wanted = o->count && o->count < images->count ? o->count : images->count;
  int width = width_of_files(images, wanted);
  for (int64_t done = 0; done < wanted; done += session->batch.count) {
    int count = cnn_sampler_batch_count(wanted, model->batch, done / model->batch);
    cnn_dataset_fill(images, session, NULL, done, count);
    cnn_session_infer(session);
    if (!are_finite(session->logits, (size_t)count * (size_t)model->classes))
      return cnn_fail(
          error, CNN_EXIT_DATA,
          "%s: with these weights logits are not finite numbers; use those of a training "
          "that did not diverge",
          o->shared.weights);
    for (int i = 0; i < count; i++) {
      if (images->files)
        printf("%-*s", width, images->files[done + i]);
      else
        printf("%6lld", (long long)done + i);
      print_image(model, session->logits + (size_t)i * model->classes,
                  images->labels ? session->labels[i] : -1, o, names);
    }
  }
  if (wanted < images->count)
    printf("the first %lld of %d images; --count 0 shows all\n", (long long)wanted, images->count);
  return true;
}

/* The source, if it is the folder of a data set. */
static const char *data_set(const char *source) {
  return cnn_is_folder(source) && !cnn_dataset_is_images(source) ? source : NULL;
}

/* classes: their names in the checkpoint, or NULL. */
static bool predict_source(cnn_session *session, const char *source, const char *classes,
                           const options *o, cnn_error *error) {
  cnn_dataset images;
  cnn_class_names names;
  const char *folder = data_set(source);
  if (!(folder ? cnn_dataset_load_test(&images, session->model, folder, classes, 0, error)
               : cnn_dataset_load_images(&images, session->model, source, error)))
    return false;
  bool good =
      cnn_class_names_load(&names, session->model, folder, o->classes,
                           images.classes ? images.classes : classes, o->shared.weights, error);
  if (good) {
    bool says_itself = images.files && !cnn_is_folder(source);
    if (o->shared.source_count > 1 && !says_itself) printf("%s:\n", source);
    good = predict_images(session, &images, o, names.names, error);
    cnn_class_names_release(&names);
  }
  cnn_dataset_release(&images);
  return good;
}

bool cnn_predict(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  options o = {.shared = cnn_shared_defaults(model), .top = 3, .count = SHOWN};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_session session;
  char *classes;
  if (!cnn_checkpoint_classes(o.shared.weights, model, &classes, error)) return false;
  cnn_session_plan(&session, model, CNN_TO_INFER, o.shared.threads);
  if (o.shared.flip) cnn_session_plan_mirror(&session);
  bool good = cnn_session_open(&session, error) &&
              cnn_weights_load(&session, o.shared.weights, data_set(o.shared.sources[0]), error);
  if (good) model->prepack(&session.state);
  for (int i = 0; good && i < o.shared.source_count; i++)
    good = predict_source(&session, o.shared.sources[i], classes, &o, error);
  cnn_session_close(&session);
  free(classes);
  return good;
}
