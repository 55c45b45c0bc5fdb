#include "data/decoder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS, FILES = 5 };

static void name_file(char path[PATH_MAX], const char *folder, bool training, int number) {
  if (training)
    snprintf(path, PATH_MAX, "%s/data_batch_%d.bin", folder, number);
  else
    snprintf(path, PATH_MAX, "%s/test_batch.bin", folder);
}

static bool is_dataset(const char *folder, cnn_role role) {
  char path[PATH_MAX];
  name_file(path, folder, role == CNN_PART_TRAINING, 1);
  return role != CNN_PART_LAST && access(path, F_OK) == 0;
}

/* Records of a file, from its size; 0 after a mistake. */
static int64_t count_records(const char *path, cnn_error *error) {
  struct stat status;
  if (stat(path, &status) != 0) {
    cnn_fail(error, CNN_EXIT_DATA, "%s: %s; the training part is data_batch_1.bin to _%d.bin", path,
             strerror(errno), FILES);
    return 0;
  }
  int64_t size = status.st_size;
  if (size > 0 && size % RECORD == 0) return size / RECORD;
  cnn_fail(error, CNN_EXIT_DATA,
           "%s: byte %lld: the file ends within a record; CIFAR-10 has records of %d bytes; fetch "
           "it again",
           path, (long long)size, RECORD);
  return 0;
}

/* Reads `count` records into the data set, from image `first` on. */
static bool read_records(cnn_dataset *dataset, const cnn_model *model, const char *path, int first,
                         int count, cnn_error *error) {
  FILE *file = fopen(path, "rb");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  bool good = true;
  for (int i = 0; good && i < count; i++) {
    uint8_t label;
    uint8_t *image = dataset->images + (size_t)(first + i) * PIXELS;
    if (fread(&label, 1, 1, file) != 1 || fread(image, PIXELS, 1, file) != 1)
      good = cnn_fail(error, CNN_EXIT_DATA, "%s: byte %lld: cannot be read: %s", path,
                      (long long)i * RECORD, ferror(file) ? strerror(errno) : "the file ends");
    else if (label >= model->classes)
      good = cnn_fail(error, CNN_EXIT_DATA,
                      "%s: byte %lld: label %d, but %s has classes 0 to %d; give the model more "
                      "classes",
                      path, (long long)i * RECORD, label, model->name, model->classes - 1);
    else
      dataset->labels[first + i] = label;
  }
  fclose(file);
  return good;
}

/* Counts the records of all files of the part; false after a mistake. */
static bool count_images(const cnn_part *part, int files, int64_t counts[FILES], int64_t *all,
                         cnn_error *error) {
  char path[PATH_MAX];
  *all = 0;
  for (int i = 0; i < files; i++) {
    name_file(path, part->folder, part->role == CNN_PART_TRAINING, i + 1);
    counts[i] = count_records(path, error);
    if (counts[i] == 0) return false;
    *all += counts[i];
  }
  if (part->limit > 0 && part->limit < *all) *all = part->limit;
  return *all <= INT32_MAX || cnn_fail(error, CNN_EXIT_DATA, "%s: %lld images are more than fit",
                                       part->folder, (long long)*all);
}

static bool load(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  const cnn_model *model = part->model;
  const int *input = model->input;
  int files = part->role == CNN_PART_TRAINING ? FILES : 1;
  int64_t counts[FILES], all;
  char path[PATH_MAX];
  if (input[0] != 3 || input[1] != 32 || input[2] != 32)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: CIFAR-10 has images of 3x32x32 (channels, height, width), but %s requires "
                    "%dx%dx%d; compile the model for this input or give it another data set",
                    part->folder, model->name, input[0], input[1], input[2]);
  if (!count_images(part, files, counts, &all, error)) return false;
  cnn_dataset_want_images(dataset, model, (int)all);
  cnn_storage_want(&dataset->storage, &dataset->labels, (size_t)all, sizeof *dataset->labels);
  bool good = cnn_storage_commit(&dataset->storage, error);
  int done = 0;
  for (int i = 0; good && i < files && done < all; i++) {
    int count = all - done < counts[i] ? (int)all - done : (int)counts[i];
    name_file(path, part->folder, part->role == CNN_PART_TRAINING, i + 1);
    good = read_records(dataset, model, path, done, count, error);
    done += count;
  }
  return good;
}

const cnn_decoder cnn_cifar_decoder = {
    .contents = "CIFAR-10's .bin files",
    .is_dataset = is_dataset,
    .load = load,
};
