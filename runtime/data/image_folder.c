#include "core/process.h"
#include "data/decoder.h"
#include "data/files.h"
#include "data/image_files.h"
#include "data/image_reader.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- all -------------------------------------------------------------------------------------- */

static bool decode_all(const cnn_image_files *l, cnn_dataset *dataset, cnn_error *error) {
  bool good = true, shown = isatty(STDERR_FILENO);
  double drawn = cnn_seconds();
  char name[600], path[PATH_MAX + 600];
  cnn_image_reader reader;
  cnn_image_reader_open(&reader, l->model);
  for (int i = 0; good && i < dataset->count; i++) {
    cnn_image_files_name(l, i, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", l->part, name);
    if (dataset->labels) dataset->labels[i] = (uint8_t)cnn_image_files_label(l, i);
    good = cnn_image_reader_file(&reader, path, dataset->images + (size_t)i * dataset->image_bytes,
                                 error);
    if (!shown || cnn_seconds() - drawn < 0.1) continue;
    drawn = cnn_seconds();
    fprintf(stderr, "\r%s: %d of %d images read", l->part, i + 1, dataset->count);
  }
  if (shown) fprintf(stderr, "\r\033[K");
  cnn_image_reader_end(&reader);
  return good;
}

static bool read_listed(const cnn_image_files *l, cnn_dataset *dataset, int limit,
                        cnn_error *error) {
  cnn_dataset_want_images(dataset, l->model, limit > 0 && limit < l->count ? limit : l->count);
  if (l->classes) {
    cnn_storage_want(&dataset->storage, &dataset->labels, (size_t)dataset->count, 1);
    cnn_storage_want(&dataset->storage, &dataset->classes, strlen(l->classes) + 1, 1);
  }
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  if (l->classes) memcpy(dataset->classes, l->classes, strlen(l->classes) + 1);
  return decode_all(l, dataset, error);
}

/* --- data sets -------------------------------------------------------------------------------- */

static bool is_dataset(const char *folder, bool training) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, training ? "train" : "test");
  return cnn_is_folder(path);
}

static bool load(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  cnn_image_files files;
  const bool good = cnn_image_files_of_part(&files, part, error) &&
                    read_listed(&files, dataset, part->limit, error);
  cnn_image_files_close(&files);
  return good;
}

/* --- images without labels -------------------------------------------------------------------- */

static bool is_images(const char *path) {
  if (!cnn_is_folder(path)) return cnn_image_is_file(path);
  cnn_error ignored = {0};
  cnn_listing found;
  bool is = false;
  if (!cnn_listing_read(&found, path, cnn_listing_any, &ignored)) return false;
  for (int i = 0; !is && i < found.count; i++) {
    char file[PATH_MAX + 300];
    snprintf(file, sizeof file, "%s/%s", path, found.at[i]->d_name);
    is = cnn_listing_may_be_file(found.at[i]) && cnn_image_is_file(file);
  }
  cnn_listing_release(&found);
  return is;
}

static bool load_file(cnn_dataset *dataset, const cnn_model *model, const char *path,
                      cnn_error *error) {
  cnn_dataset_want_images(dataset, model, 1);
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  cnn_image_reader reader;
  cnn_image_reader_open(&reader, model);
  bool good = cnn_image_reader_file(&reader, path, dataset->images, error);
  cnn_image_reader_end(&reader);
  return good;
}

static bool load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                        cnn_error *error) {
  cnn_image_files files;
  if (!cnn_image_reader_fits(model, path, error)) return false;
  if (!cnn_is_folder(path)) return load_file(dataset, model, path, error);
  const bool good = cnn_image_files_of_folder(&files, model, path, error) &&
                    read_listed(&files, dataset, 0, error);
  cnn_image_files_close(&files);
  return good;
}

const cnn_decoder cnn_image_folder_decoder = {
    .contents = "folders train and test, each with a folder of images a class",
    .is_dataset = is_dataset,
    .load = load,
    .is_images = is_images,
    .load_images = load_images,
};
