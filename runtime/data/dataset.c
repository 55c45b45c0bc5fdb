#include "data/dataset.h"

#include "data/cifar.h"
#include "data/files.h"
#include "data/idx.h"
#include "data/jpeg_folder.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file of the folder that exists, among NAME, NAME.gz for each of the names. */
static bool find_file(char *path, size_t size, const char *folder, const char *const *names,
                      cnn_error *error) {
  struct stat status;
  if (stat(folder, &status) != 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", folder, strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: not a folder; name the folder of the data set",
                    folder);
  for (int i = 0; names[i]; i++) {
    for (int packed = 0; packed < 2; packed++) {
      int length = snprintf(path, size, "%s/%s%s", folder, names[i], packed ? ".gz" : "");
      if (length < (int)size && access(path, F_OK) == 0) return true;
    }
  }
  return cnn_fail(
      error, CNN_EXIT_DATA,
      "%s: no %s or %s.gz in it, nor CIFAR-10's .bin files, nor folders train and test "
      "with a folder of JPEG images a class; Debian's package dataset-fashion-mnist puts its files "
      "into /usr/share/datasets/fashion-mnist",
      folder, names[0], names[0]);
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
                    "%s: byte 4: images of %ux%ux%u (channels, height, width), but %s takes "
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

/* Reads the elements of both files; labels may be NULL. */
static bool read_elements(cnn_dataset *dataset, const cnn_model *model, cnn_idx *images,
                          cnn_idx *labels, int limit, cnn_error *error) {
  int all = (int)images->shape[0];
  bool whole = limit <= 0 || limit >= all;
  dataset->count = whole ? all : limit;
  dataset->image_bytes = (size_t)model->input[0] * model->input[1] * model->input[2];
  size_t count = (size_t)dataset->count;
  cnn_storage_want(&dataset->storage, &dataset->images, count, dataset->image_bytes);
  if (labels) cnn_storage_want(&dataset->storage, &dataset->labels, count, 1);
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  if (!cnn_idx_read(images, dataset->images, count * dataset->image_bytes, error)) return false;
  if (whole && !cnn_idx_expect_end(images, error)) return false;
  if (!labels) return true;
  if (!cnn_idx_read(labels, dataset->labels, count, error)) return false;
  if (whole && !cnn_idx_expect_end(labels, error)) return false;
  return check_classes(dataset, labels, model, error);
}

static bool load_idx(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                     const char *part, int limit, cnn_error *error) {
  char grey[64], colour[64], names[64], path[4096];
  snprintf(grey, sizeof grey, "%s-images-idx3-ubyte", part);
  snprintf(colour, sizeof colour, "%s-images-idx4-ubyte", part);
  snprintf(names, sizeof names, "%s-labels-idx1-ubyte", part);
  cnn_idx images = {0}, labels = {0};
  bool good = find_file(path, sizeof path, folder,
                        model->input[0] == 1 ? (const char *[]){grey, colour, NULL}
                                             : (const char *[]){colour, grey, NULL},
                        error) &&
              cnn_idx_open(&images, path, error) && check_images(&images, model, error) &&
              find_file(path, sizeof path, folder, (const char *[]){names, NULL}, error) &&
              cnn_idx_open(&labels, path, error) && check_labels(&labels, &images, error) &&
              read_elements(dataset, model, &images, &labels, limit, error);
  cnn_idx_close(&images);
  cnn_idx_close(&labels);
  return good;
}

static bool load_part(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                      const char *part, const char *classes, int limit, cnn_error *error) {
  bool training = strcmp(part, "train") == 0, good;
  *dataset = (cnn_dataset){0};
  if (cnn_cifar_is_in(folder, training))
    good = cnn_cifar_load(dataset, model, folder, training, limit, error);
  else if (cnn_jpeg_folder_is_in(folder, training))
    good = cnn_jpeg_folder_load(dataset, model, folder, training, classes, limit, error);
  else
    good = load_idx(dataset, model, folder, part, limit, error);
  if (!good) cnn_dataset_release(dataset);
  return good;
}

bool cnn_dataset_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                      const char *part, int limit, cnn_error *error) {
  return load_part(dataset, model, folder, part, NULL, limit, error);
}

bool cnn_dataset_load_test(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                           const char *classes, int limit, cnn_error *error) {
  return load_part(dataset, model, folder, "t10k", classes, limit, error);
}

static bool load_idx_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                            cnn_error *error) {
  cnn_idx images = {0};
  bool good = cnn_idx_open(&images, path, error) && check_images(&images, model, error) &&
              read_elements(dataset, model, &images, NULL, 0, error);
  cnn_idx_close(&images);
  return good;
}

bool cnn_dataset_load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                             cnn_error *error) {
  *dataset = (cnn_dataset){0};
  bool good = cnn_is_folder(path) || cnn_jpeg_is(path)
                  ? cnn_jpeg_load(dataset, model, path, error)
                  : load_idx_images(dataset, model, path, error);
  if (!good) cnn_dataset_release(dataset);
  return good;
}

bool cnn_dataset_is_images(const char *folder) {
  cnn_error ignored = {0};
  char path[4096];
  const char *const idx[] = {"t10k-images-idx3-ubyte", "t10k-images-idx4-ubyte", NULL};
  return cnn_jpeg_is_in(folder) && !cnn_cifar_is_in(folder, false) &&
         !cnn_jpeg_folder_is_in(folder, false) &&
         !find_file(path, sizeof path, folder, idx, &ignored);
}

void cnn_dataset_release(cnn_dataset *dataset) {
  cnn_storage_release(&dataset->storage);
  *dataset = (cnn_dataset){0};
}

cnn_normalization cnn_normalization_given(int channels, const double *mean,
                                          const double *deviation) {
  cnn_normalization normalization = {.channels = channels};
  for (int c = 0; c < channels; c++) {
    normalization.mean[c] = mean[c];
    normalization.deviation[c] = deviation[c];
    normalization.scale[c] = (float)(1 / (255 * deviation[c]));
    normalization.shift[c] = (float)(-mean[c] / deviation[c]);
  }
  return normalization;
}

cnn_normalization cnn_normalization_uniform(int channels) {
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  for (int c = 0; c < channels; c++) {
    mean[c] = 0.5;
    deviation[c] = sqrt((256 * 256 - 1) / 12.0) / 255;
  }
  return cnn_normalization_given(channels, mean, deviation);
}

cnn_normalization cnn_normalization_measured(const cnn_model *model, const cnn_dataset *dataset) {
  double mean[CNN_CHANNELS_MAX], deviation[CNN_CHANNELS_MAX];
  size_t area = (size_t)model->input[1] * model->input[2];
  for (int c = 0; c < model->input[0]; c++) {
    uint64_t histogram[256] = {0};
    for (int i = 0; i < dataset->count; i++) {
      const uint8_t *plane = dataset->images + (size_t)i * dataset->image_bytes + (size_t)c * area;
      for (size_t p = 0; p < area; p++) histogram[plane[p]]++;
    }
    double count = (double)dataset->count * (double)area, sum = 0, squares = 0;
    for (int value = 0; value < 256; value++) sum += (double)histogram[value] * value;
    mean[c] = sum / count;
    for (int value = 0; value < 256; value++)
      squares += (double)histogram[value] * (value - mean[c]) * (value - mean[c]);
    mean[c] /= 255;
    deviation[c] = squares > 0 ? sqrt(squares / count) / 255 : 1;
  }
  return cnn_normalization_given(model->input[0], mean, deviation);
}
