#include "commands/predict_sources.h"

#include "data/classes.h"
#include "data/files.h"
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

static int width_of(const cnn_listing *files, int64_t count) {
  int width = 0;
  for (int64_t i = 0; i < count; i++) {
    const int length = (int)strlen(files->at[i]->d_name);
    if (length > width && length <= WIDTH_MOST) width = length;
  }
  return width;
}

static bool predict_file_of_folder(cnn_predictor *p, const char *folder, const struct dirent *entry,
                                   cnn_error *error) {
  char path[PATH_MAX + 300];
  snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
  return cnn_predict_batch_file(&p->batch, path, is_text(p) ? entry->d_name : path, error);
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
  p->batch.out.width = width_of(&files, wanted);
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
    return cnn_predict_batch_file(&p->batch, name, name, error);
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

static bool predict_images(cnn_predictor *p, const cnn_dataset *images, const char *source,
                           cnn_error *error) {
  const int64_t wanted = limit(p, images->count);
  bool good = true;
  for (int64_t i = 0; good && i < wanted; i++) {
    char name[PATH_MAX + 32];
    if (images->files)
      snprintf(name, sizeof name, "%s", images->files[i]);
    else if (is_text(p))
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

/* folder: `source`, if it is the folder of a data set; or NULL. */
static bool predict_loaded(cnn_predictor *p, const char *source, const char *folder,
                           cnn_error *error) {
  cnn_dataset images;
  cnn_class_names names;
  cnn_error why = {0};
  if (!(folder ? cnn_dataset_load_test(&images, p->model, folder, p->classes, 0, &why)
               : cnn_dataset_load_images(&images, p->model, source, &why)))
    return fail_row(p, source, &why, error);
  bool good =
      cnn_class_names_load(&names, p->model, folder, p->classes_file,
                           images.classes ? images.classes : p->classes, p->batch.weights, error);
  if (good) {
    const char *const *others = p->batch.out.names;
    p->batch.out.names = names.names;
    print_source(p, source);
    good = predict_images(p, &images, source, error);
    p->batch.out.names = others;
    cnn_class_names_release(&names);
  }
  cnn_dataset_release(&images);
  return good;
}

/* --- all -------------------------------------------------------------------------------------- */

const char *cnn_predict_data_set(const char *source) {
  return cnn_is_folder(source) && cnn_dataset_is_known(source) ? source : NULL;
}

bool cnn_predict_source(cnn_predictor *p, const char *source, cnn_error *error) {
  cnn_error why = {0};
  if (!cnn_is_folder(source) && cnn_image_is_file(source))
    return cnn_predict_batch_file(&p->batch, source, source, error);
  if (!cnn_predict_batch_print(&p->batch, error)) return false;
  if (strcmp(source, "-") == 0) return predict_names(p, error);
  if (cnn_predict_data_set(source)) return predict_loaded(p, source, source, error);
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
