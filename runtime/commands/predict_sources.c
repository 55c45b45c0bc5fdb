#include "commands/predict_sources.h"

#include "data/classes.h"
#include "data/files.h"
#include "data/image_files.h"
#include "data/listing.h"
#include "data/load.h"
#include "data/name_reader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN = 10, WIDTH_MOST = 48 };

static bool is_text(const cnn_predictor *p) {
  return p->batch.out.form == CNN_PREDICTION_TEXT;
}

/* How many of `count` images are wanted. */
static int64_t limit(const cnn_predictor *p, int64_t count) {
  const int64_t wanted = p->count >= 0 ? p->count : is_text(p) ? SHOWN : 0;
  return wanted > 0 && wanted < count ? wanted : count;
}

static void print_limit(const cnn_predictor *p, int64_t wanted, int64_t count) {
  if (is_text(p) && wanted < count)
    printf("the first %lld of %lld images; --count 0 shows all\n", (long long)wanted,
           (long long)count);
}

/* What stands before the images of one source of several. */
static void print_source(const cnn_predictor *p, const char *source) {
  if (is_text(p) && p->is_one_of_several) printf("%s:\n", source);
}

static bool fail_row(cnn_predictor *p, const char *name, const cnn_error *why, cnn_error *error) {
  return cnn_predict_batch_failed(&p->batch, name, why, error) &&
         cnn_predict_batch_print(&p->batch, error);
}

/* --- folders of image files, and files -------------------------------------------------------- */

/* Of the column of names, unless a name is very long. */
static void widen(int *width, int length) {
  if (length > *width && length <= WIDTH_MOST) *width = length;
}

static bool predict_file_of_folder(cnn_predictor *p, const char *folder, const struct dirent *entry,
                                   cnn_error *error) {
  char path[PATH_MAX + 300];
  snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
  return cnn_predict_batch_file(&p->batch, path, -1, is_text(p) ? entry->d_name : path, error);
}

static bool predict_folder(cnn_predictor *p, const char *folder, cnn_error *error) {
  cnn_listing files;
  cnn_error why = {0};
  if (strlen(folder) >= PATH_MAX) {
    cnn_fail(&why, CNN_EXIT_DATA, "%s: the name is too long", folder);
    return fail_row(p, folder, &why, error);
  }
  if (!cnn_listing_read(&files, folder, cnn_listing_any, &why))
    return fail_row(p, folder, &why, error);
  const int64_t wanted = limit(p, files.count);
  bool good = true;
  print_source(p, folder);
  for (int64_t i = 0; i < wanted; i++) widen(&p->batch.out.width, (int)strlen(files.at[i]->d_name));
  for (int64_t i = 0; good && i < wanted; i++)
    good = predict_file_of_folder(p, folder, files.at[i], error);
  good = good && cnn_predict_batch_print(&p->batch, error);
  p->batch.out.width = 0;
  if (good) print_limit(p, wanted, files.count);
  cnn_listing_release(&files);
  return good;
}

/* --- names on standard input ------------------------------------------------------------------ */

static bool add_name(cnn_predictor *p, cnn_name_read found, const char *name, cnn_error *error) {
  cnn_error why = {0};
  if (found == CNN_NAME_TOO_LONG)
    cnn_fail(&why, CNN_EXIT_DATA, "%.64s...: the name is too long", name);
  else if (!*name)
    cnn_fail(&why, CNN_EXIT_DATA, "an empty name; give the name of an image file");
  else
    return cnn_predict_batch_file(&p->batch, name, -1, name, error);
  return cnn_predict_batch_failed(&p->batch, name, &why, error);
}

/* Names that have arrived fill a batch; before it waits for more, it is printed. */
static bool predict_names(cnn_predictor *p, cnn_error *error) {
  static cnn_name_reader reader;
  const int64_t most = p->count > 0 ? p->count : INT64_MAX;
  cnn_name_reader_open(&reader, STDIN_FILENO, p->zero ? '\0' : '\n');
  for (int64_t i = 0; i < most;) {
    const char *name;
    const cnn_name_read found = cnn_name_reader_next(&reader, p->batch.count == 0, &name, error);
    if (found == CNN_NAME_FAILED) return false;
    if (found == CNN_NAME_END) break;
    if (found == CNN_NAME_LATER) {
      if (!cnn_predict_batch_print(&p->batch, error)) return false;
      continue;
    }
    if (!add_name(p, found, name, error)) return false;
    i++;
  }
  return cnn_predict_batch_print(&p->batch, error);
}

/* --- data sets and files of many images ------------------------------------------------------- */

static bool predict_images(cnn_predictor *p, const void *what, const char *source,
                           cnn_error *error) {
  const cnn_dataset *images = what;
  const int64_t wanted = limit(p, images->count);
  bool good = true;
  for (int64_t i = 0; good && i < wanted; i++) {
    char name[PATH_MAX + 32];
    if (is_text(p))
      snprintf(name, sizeof name, "%6lld", (long long)i);
    else
      snprintf(name, sizeof name, "%s %lld", source, (long long)i);
    good = cnn_predict_batch_image(&p->batch, images->images + (size_t)i * images->image_bytes,
                                   images->labels ? images->labels[i] : -1, name, error);
  }
  good = good && cnn_predict_batch_print(&p->batch, error);
  if (good) print_limit(p, wanted, images->count);
  return good;
}

/* Runs `predict` while classes have the names that belong to a source. folder: `source`, if it is
   the folder of a data set; or NULL. text: names of its classes, or NULL. */
static bool with_names(cnn_predictor *p, const char *source, const char *folder, const char *text,
                       bool (*predict)(cnn_predictor *p, const void *images, const char *source,
                                       cnn_error *error),
                       const void *images, cnn_error *error) {
  cnn_class_names names;
  if (!cnn_class_names_load(&names, p->model, folder, p->classes_file, text ? text : p->classes,
                            p->batch.weights, error))
    return false;
  const char *const *others = p->batch.out.names;
  p->batch.out.names = names.names;
  print_source(p, source);
  const bool good = predict(p, images, source, error) && cnn_predict_batch_print(&p->batch, error);
  p->batch.out.names = others;
  cnn_class_names_release(&names);
  return good;
}

static bool predict_loaded(cnn_predictor *p, const char *source, const char *folder,
                           cnn_error *error) {
  cnn_dataset images;
  cnn_error why = {0};
  if (!(folder ? cnn_dataset_load_test(&images, p->model, folder, p->classes, 0, &why)
               : cnn_dataset_load_images(&images, p->model, source, &why)))
    return fail_row(p, source, &why, error);
  const bool good = with_names(p, source, folder, images.classes, predict_images, &images, error);
  cnn_dataset_release(&images);
  return good;
}

static bool predict_files(cnn_predictor *p, const void *what, const char *source,
                          cnn_error *error) {
  const cnn_image_files *files = what;
  const int64_t wanted = limit(p, files->count);
  char name[600], path[PATH_MAX + 600];
  bool good = true;
  (void)source;
  p->batch.out.width = 0;
  for (int i = 0; i < wanted; i++)
    widen(&p->batch.out.width, (int)cnn_image_files_name(files, i, NULL, 0));
  for (int i = 0; good && i < wanted; i++) {
    cnn_image_files_name(files, i, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", files->part, name);
    good = cnn_predict_batch_file(&p->batch, path, cnn_image_files_label(files, i),
                                  is_text(p) ? name : path, error);
  }
  good = good && cnn_predict_batch_print(&p->batch, error);
  p->batch.out.width = 0;
  if (good) print_limit(p, wanted, files->count);
  return good;
}

/* The test images of a data set of image files, which are read batch by batch. */
static bool predict_labelled(cnn_predictor *p, const char *folder, cnn_error *error) {
  cnn_image_files files;
  cnn_error why = {0};
  const cnn_part part = {
      .model = p->model, .folder = folder, .role = CNN_PART_TEST, .classes = p->classes};
  const bool good = cnn_image_files_of_part(&files, &part, &why)
                        ? with_names(p, folder, folder, files.classes, predict_files, &files, error)
                        : fail_row(p, folder, &why, error);
  cnn_image_files_close(&files);
  return good;
}

/* --- all -------------------------------------------------------------------------------------- */

const char *cnn_predict_data_set(const char *source) {
  return cnn_is_folder(source) && cnn_dataset_is_known(source) ? source : NULL;
}

bool cnn_predict_source(cnn_predictor *p, const char *source, cnn_error *error) {
  cnn_error why = {0};
  if (!cnn_is_folder(source) && cnn_image_is_file(source))
    return cnn_predict_batch_file(&p->batch, source, -1, source, error);
  if (!cnn_predict_batch_print(&p->batch, error)) return false;
  if (strcmp(source, "-") == 0) return predict_names(p, error);
  if (cnn_predict_data_set(source))
    return cnn_dataset_is_files(source) ? predict_labelled(p, source, error)
                                        : predict_loaded(p, source, source, error);
  if (cnn_is_folder(source)) {
    if (cnn_dataset_is_images(source)) return predict_folder(p, source, error);
    cnn_fail(&why, CNN_EXIT_DATA,
             "%s: neither images nor a data set in it; name a folder that holds JPEG, PNG or WebP "
             "files itself, or the folder of a data set",
             source);
    return fail_row(p, source, &why, error);
  }
  return predict_loaded(p, source, NULL, error);
}
