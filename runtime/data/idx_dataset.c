#include "data/decoder.h"
#include "data/files.h"
#include "data/idx.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Sets path to FOLDER/NAME or FOLDER/NAME.gz, whichever exists. */
static bool find_file(char path[PATH_MAX], const char *folder, const char *name) {
  for (int packed = 0; packed < 2; packed++) {
    int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, packed ? ".gz" : "");
    if (length < PATH_MAX && access(path, F_OK) == 0) return true;
  }
  return false;
}

/* The same under either spelling: train-images-idx3-ubyte, train-images.idx3-ubyte. */
static bool find_spelling(char path[PATH_MAX], const char *folder, char *name) {
  if (find_file(path, folder, name)) return true;
  char *dash = strstr(name, "-idx");
  *dash = '.';
  const bool found = find_file(path, folder, name);
  *dash = '-';
  return found;
}

static const char *part_name(bool training) {
  return training ? "train" : "t10k";
}

/* The images have 3 dimensions if they are grey, 4 with channels. */
static bool find_images(char path[PATH_MAX], const char *folder, bool training, int first_rank) {
  char name[64];
  for (int i = 0; i < 2; i++) {
    int rank = i == 0 ? first_rank : 7 - first_rank; /* 3 or 4 */
    snprintf(name, sizeof name, "%s-images-idx%d-ubyte", part_name(training), rank);
    if (find_spelling(path, folder, name)) return true;
  }
  return false;
}

static bool find_labels(char path[PATH_MAX], const char *folder, bool training, cnn_error *error) {
  char name[64];
  snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part_name(training));
  return find_spelling(path, folder, name) ||
         cnn_fail(error, CNN_EXIT_DATA, "%s: no %s or %s.gz in it; the images need labels", folder,
                  name, name);
}

static bool is_dataset(const char *folder, cnn_role role) {
  char path[PATH_MAX];
  return role != CNN_PART_LAST && find_images(path, folder, role == CNN_PART_TRAINING, 3);
}

static bool check_images(const cnn_idx *idx, const cnn_model *model, cnn_error *error) {
  const int *input = model->input;
  uint32_t channels = idx->rank == 4 ? idx->shape[1] : 1;
  uint32_t height = idx->rank >= 3 ? idx->shape[idx->rank - 2] : 0;
  uint32_t width = idx->rank >= 3 ? idx->shape[idx->rank - 1] : 0;
  if (idx->rank < 3)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: byte 3: %d dimensions; images have 3 (grey) or 4 (with channels)",
                    idx->path, idx->rank);
  if (channels != (uint32_t)input[0] || height != (uint32_t)input[1] || width != (uint32_t)input[2])
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: byte 4: images of %ux%ux%u (channels, height, width), but %s requires "
                    "%dx%dx%d; compile the model for this input or give it another data set",
                    idx->path, channels, height, width, model->name, input[0], input[1], input[2]);
  if (idx->shape[0] == 0) return cnn_fail(error, CNN_EXIT_DATA, "%s: byte 4: no images", idx->path);
  if (idx->shape[0] > INT32_MAX)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: byte 4: %u images are more than fit", idx->path,
                    idx->shape[0]);
  return true;
}

static bool check_labels(const cnn_idx *idx, const cnn_idx *images, cnn_error *error) {
  if (idx->rank != 1)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: byte 3: %d dimensions; labels have 1", idx->path,
                    idx->rank);
  if (idx->shape[0] != images->shape[0])
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: byte 4: %u labels, but %s has %u images; do both belong together?",
                    idx->path, idx->shape[0], images->path, images->shape[0]);
  return true;
}

static bool check_classes(const cnn_dataset *dataset, const cnn_idx *labels, const cnn_model *model,
                          cnn_error *error) {
  enum { HEADER = 8 };
  for (int i = 0; i < dataset->count; i++)
    if (dataset->labels[i] >= model->classes)
      return cnn_fail(error, CNN_EXIT_DATA,
                      "%s: byte %d: label %d, but %s has classes 0 to %d; give the model more "
                      "classes",
                      labels->path, HEADER + i, dataset->labels[i], model->name,
                      model->classes - 1);
  return true;
}

/* Labels that were read as bytes become numbers, in place. */
static void widen(int32_t *labels, int count) {
  const uint8_t *bytes = (const uint8_t *)labels;
  for (int i = count - 1; i >= 0; i--) labels[i] = bytes[i];
}

/* Reads the elements of both files; labels may be NULL. */
static bool read_elements(cnn_dataset *dataset, const cnn_model *model, cnn_idx *images,
                          cnn_idx *labels, int limit, cnn_error *error) {
  int all = (int)images->shape[0];
  bool whole = limit <= 0 || limit >= all;
  cnn_dataset_want_images(dataset, model, whole ? all : limit);
  size_t count = (size_t)dataset->count;
  if (labels) cnn_storage_want(&dataset->storage, &dataset->labels, count, sizeof *dataset->labels);
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  if (!cnn_idx_read(images, dataset->images, count * dataset->image_bytes, error)) return false;
  if (whole && !cnn_idx_expect_end(images, error)) return false;
  if (!labels) return true;
  if (!cnn_idx_read(labels, dataset->labels, count, error)) return false;
  widen(dataset->labels, dataset->count);
  if (whole && !cnn_idx_expect_end(labels, error)) return false;
  return check_classes(dataset, labels, model, error);
}

static bool load(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  const cnn_model *model = part->model;
  char path[PATH_MAX];
  cnn_idx images = {0}, labels = {0};
  find_images(path, part->folder, part->role == CNN_PART_TRAINING, model->input[0] == 1 ? 3 : 4);
  bool good = cnn_idx_open(&images, path, error) && check_images(&images, model, error) &&
              find_labels(path, part->folder, part->role == CNN_PART_TRAINING, error) &&
              cnn_idx_open(&labels, path, error) && check_labels(&labels, &images, error) &&
              read_elements(dataset, model, &images, &labels, part->limit, error);
  cnn_idx_close(&images);
  cnn_idx_close(&labels);
  return good;
}

/* Any file: an IDX file has no name of its own, and its header is checked when it is opened. */
static bool is_images(const char *path) {
  return !cnn_is_folder(path);
}

static bool load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                        cnn_error *error) {
  cnn_idx images = {0};
  bool good = cnn_idx_open(&images, path, error) && check_images(&images, model, error) &&
              read_elements(dataset, model, &images, NULL, 0, error);
  cnn_idx_close(&images);
  return good;
}

const cnn_decoder cnn_idx_decoder = {
    .contents = "the IDX files of MNIST (train-images-idx3-ubyte and the like, plain or with .gz)",
    .is_dataset = is_dataset,
    .load = load,
    .is_images = is_images,
    .load_images = load_images,
};
