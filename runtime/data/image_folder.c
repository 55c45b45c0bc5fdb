#include "core/process.h"
#include "core/text.h"
#include "data/decoder.h"
#include "data/files.h"
#include "data/image_files.h"
#include "data/image_parts.h"
#include "data/image_reader.h"
#include "data/listing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- all -------------------------------------------------------------------------------------- */

/* Images that cannot be read. */
typedef struct bad_images {
  int count;
  cnn_error first;
} bad_images;

enum { BAD_SHOWN = 20 };

static void show(const cnn_model *model, const cnn_error *why) {
  char *text = cnn_text_utf8(why->message);
  fprintf(stderr, "%s: %s\n", model->name, text ? text : "an image cannot be read");
  free(text);
}

/* One alone is the message of the error; several are listed on standard error. */
static void note_bad(bad_images *bad, const cnn_model *model, const cnn_error *why) {
  if (bad->count++ == 0) {
    bad->first = *why;
    return;
  }
  if (bad->count == 2) show(model, &bad->first);
  if (bad->count <= BAD_SHOWN) show(model, why);
}

/* All that is known of them, with the remedy. */
static bool judge_bad(const bad_images *bad, const cnn_image_files *l, const cnn_part *part,
                      int kept, cnn_error *error) {
  const int all = bad->count + kept;
  if (bad->count == 0) return true;
  if (part->skip_bad && kept > 0) {
    if (bad->count == 1) show(l->model, &bad->first);
    fprintf(stderr, "%s: %s: %d of %d images left out (--skip-bad)\n", l->model->name, l->part,
            bad->count, all);
    return true;
  }
  if (bad->count == 1)
    return cnn_fail(error, CNN_EXIT_DATA, "%s; --skip-bad leaves it out", bad->first.message);
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: %d of %d images cannot be read (%s above); mend or remove them, or leave "
                  "them out with --skip-bad",
                  l->part, bad->count, all, bad->count > BAD_SHOWN ? "the first are" : "see");
}

static void show_progress(const cnn_image_files *l, int done, int all, double *drawn) {
  if (cnn_seconds() - *drawn < 0.1) return;
  *drawn = cnn_seconds();
  fprintf(stderr, "\r%s: %d of %d images read", l->part, done, all);
}

/* Decodes all, and keeps those that can be read. */
static bool decode_all(const cnn_image_files *l, const cnn_part *part, cnn_dataset *dataset,
                       cnn_error *error) {
  const int all = dataset->count;
  bool good = true, shown = isatty(STDERR_FILENO);
  double drawn = cnn_seconds();
  bad_images bad = {0};
  int kept = 0;
  char path[2 * PATH_MAX];
  cnn_image_reader reader;
  cnn_image_reader_open(&reader, l->model);
  for (int i = 0; good && i < all; i++) {
    cnn_error why = {0};
    snprintf(path, sizeof path, "%s/%s", l->part, l->images[i].name);
    uint8_t *to = dataset->images + (size_t)kept * dataset->image_bytes;
    if (cnn_image_reader_file(&reader, path, to, &why)) {
      if (dataset->labels) dataset->labels[kept] = l->images[i].label;
      kept++;
    } else if (why.code != CNN_EXIT_DATA || reader.wrong_size) {
      *error = why; /* no fault of the one image */
      good = false;
    } else {
      if (shown) fprintf(stderr, "\r\033[K");
      note_bad(&bad, l->model, &why);
    }
    if (shown) show_progress(l, i + 1, all, &drawn);
  }
  if (shown) fprintf(stderr, "\r\033[K");
  cnn_image_reader_end(&reader);
  dataset->count = kept;
  return good && judge_bad(&bad, l, part, kept, error);
}

static bool read_listed(const cnn_image_files *l, const cnn_part *part, cnn_dataset *dataset,
                        cnn_error *error) {
  const int limit = part->limit;
  cnn_dataset_want_images(dataset, l->model, limit > 0 && limit < l->count ? limit : l->count);
  if (l->classes) {
    cnn_storage_want(&dataset->storage, &dataset->labels, (size_t)dataset->count,
                     sizeof *dataset->labels);
    cnn_storage_want(&dataset->storage, &dataset->classes, strlen(l->classes) + 1, 1);
  }
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  if (l->classes) memcpy(dataset->classes, l->classes, strlen(l->classes) + 1);
  return decode_all(l, part, dataset, error);
}

/* --- data sets -------------------------------------------------------------------------------- */

static bool is_dataset(const char *folder, cnn_role role) {
  char path[PATH_MAX];
  return cnn_image_part_find(folder, role, path);
}

static bool load(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  cnn_image_files files;
  const bool good =
      cnn_image_files_of_part(&files, part, error) && read_listed(&files, part, dataset, error);
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
  const cnn_part all = {.model = model};
  const bool good = cnn_image_files_of_folder(&files, model, path, error) &&
                    read_listed(&files, &all, dataset, error);
  cnn_image_files_close(&files);
  return good;
}

const cnn_decoder cnn_image_folder_decoder = {
    .contents = "a folder of images a class, in folders train and val, valid, validation or test, "
                "or without them",
    .is_dataset = is_dataset,
    .load = load,
    .is_images = is_images,
    .load_images = load_images,
};
