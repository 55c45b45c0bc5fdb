#include "data/bytes.h"
#include "data/decoder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIXELS = 3 * 32 * 32, FILES = 5, NAMES_MAX = 1 << 16 };

/* A record is `labels` bytes, of which the last one counts, then the pixels. */
typedef struct kind {
  const char *name;
  int labels;
  const char *training[FILES + 1]; /* up to NULL */
  const char *test[2];
  const char *names; /* of the file with those of the classes, one a line */
} kind;

static const kind KINDS[] = {
    {"CIFAR-10",
     1,
     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
      "data_batch_5.bin", NULL},
     {"test_batch.bin", NULL},
     "batches.meta.txt"},
    {"CIFAR-100", 2, {"train.bin", NULL}, {"test.bin", NULL}, "fine_label_names.txt"},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *const *files_of(const kind *k, cnn_role role) {
  return role == CNN_PART_TRAINING ? k->training : k->test;
}

/* The kind whose first file is there; NULL: none. */
static const kind *find_kind(const char *folder, cnn_role role) {
  char path[PATH_MAX];
  for (int i = 0; i < KIND_COUNT; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, files_of(&KINDS[i], role)[0]);
    if (access(path, F_OK) == 0) return &KINDS[i];
  }
  return NULL;
}

static bool is_dataset(const char *folder, cnn_role role) {
  return role != CNN_PART_LAST && find_kind(folder, role);
}

static int record_bytes(const kind *k) {
  return k->labels + PIXELS;
}

/* Records of a file, from its size; 0 after a mistake. */
static int64_t count_records(const kind *k, const char *path, cnn_error *error) {
  struct stat status;
  if (stat(path, &status) != 0) {
    cnn_fail(error, CNN_EXIT_DATA, "%s: %s; it is a file of the training part of %s", path,
             strerror(errno), k->name);
    return 0;
  }
  int64_t size = status.st_size;
  if (size > 0 && size % record_bytes(k) == 0) return size / record_bytes(k);
  cnn_fail(
      error, CNN_EXIT_DATA,
      "%s: byte %lld: the file ends within a record; %s has records of %d bytes; fetch it again",
      path, (long long)size, k->name, record_bytes(k));
  return 0;
}

/* Reads `count` records into the data set, from image `first` on. */
static bool read_records(cnn_dataset *dataset, const kind *k, const cnn_model *model,
                         const char *path, int first, int count, cnn_error *error) {
  FILE *file = fopen(path, "rb");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  bool good = true;
  for (int i = 0; good && i < count; i++) {
    uint8_t labels[2];
    const long long at = (long long)i * record_bytes(k);
    uint8_t *image = dataset->images + (size_t)(first + i) * PIXELS;
    good = fread(labels, (size_t)k->labels, 1, file) == 1 && fread(image, PIXELS, 1, file) == 1;
    const int label = good ? labels[k->labels - 1] : 0;
    if (!good)
      cnn_fail(error, CNN_EXIT_DATA, "%s: byte %lld: cannot be read: %s", path, at,
               ferror(file) ? strerror(errno) : "the file ends");
    else if (label >= model->classes)
      good = cnn_fail(error, CNN_EXIT_DATA,
                      "%s: byte %lld: label %d, but %s has classes 0 to %d; give the model more "
                      "classes",
                      path, at, label, model->name, model->classes - 1);
    else
      dataset->labels[first + i] = label;
  }
  fclose(file);
  return good;
}

/* Counts the records of the files of the part; false after a mistake. */
static bool count_images(const cnn_part *part, const kind *k, int64_t counts[FILES], int64_t *all,
                         cnn_error *error) {
  char path[PATH_MAX];
  const char *const *files = files_of(k, part->role);
  *all = 0;
  for (int i = 0; files[i]; i++) {
    snprintf(path, sizeof path, "%s/%s", part->folder, files[i]);
    counts[i] = count_records(k, path, error);
    if (counts[i] == 0) return false;
    *all += counts[i];
  }
  if (part->limit > 0 && part->limit < *all) *all = part->limit;
  return *all <= INT32_MAX || cnn_fail(error, CNN_EXIT_DATA, "%s: %lld images are more than fit",
                                       part->folder, (long long)*all);
}

/* The names of the data set's classes, one a line, if its file names as many as the model has; else
   NULL. The caller releases `bytes`. */
static const char *class_names(const kind *k, const cnn_part *part, cnn_bytes *bytes) {
  char path[PATH_MAX];
  cnn_error ignored = {0};
  snprintf(path, sizeof path, "%s/%s", part->folder, k->names);
  if (access(path, F_OK) != 0 || !cnn_bytes_read(bytes, path, NAMES_MAX, &ignored)) return NULL;
  char *text = (char *)bytes->at;
  size_t size = bytes->size;
  while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) size--;
  if (size == 0 || size == bytes->size || memchr(text, '\0', size)) return NULL;
  text[size] = '\0';
  int lines = 1;
  for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
  return lines == part->model->classes ? text : NULL;
}

static bool read_files(cnn_dataset *dataset, const cnn_part *part, const kind *k,
                       const int64_t counts[FILES], cnn_error *error) {
  char path[PATH_MAX];
  const char *const *files = files_of(k, part->role);
  bool good = true;
  for (int i = 0, done = 0; good && files[i] && done < dataset->count; i++) {
    const int left = dataset->count - done, count = left < counts[i] ? left : (int)counts[i];
    snprintf(path, sizeof path, "%s/%s", part->folder, files[i]);
    good = read_records(dataset, k, part->model, path, done, count, error);
    done += count;
  }
  return good;
}

static bool load(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  const cnn_model *model = part->model;
  const int *input = model->input;
  const kind *k = find_kind(part->folder, part->role);
  int64_t counts[FILES], all;
  if (input[0] != 3 || input[1] != 32 || input[2] != 32)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: %s has images of 3x32x32 (channels, height, width), but %s requires "
                    "%dx%dx%d; compile the model for this input or give it another data set",
                    part->folder, k->name, model->name, input[0], input[1], input[2]);
  if (!count_images(part, k, counts, &all, error)) return false;
  cnn_bytes bytes = {0};
  const char *names = class_names(k, part, &bytes);
  cnn_dataset_want_images(dataset, model, (int)all);
  cnn_storage_want(&dataset->storage, &dataset->labels, (size_t)all, sizeof *dataset->labels);
  if (names) cnn_storage_want(&dataset->storage, &dataset->classes, strlen(names) + 1, 1);
  bool good = cnn_storage_commit(&dataset->storage, error);
  if (good && names) memcpy(dataset->classes, names, strlen(names) + 1);
  good = good && read_files(dataset, part, k, counts, error);
  cnn_bytes_release(&bytes);
  return good;
}

const cnn_decoder cnn_cifar_decoder = {
    .contents = "the .bin files of CIFAR-10 or CIFAR-100",
    .is_dataset = is_dataset,
    .load = load,
};
