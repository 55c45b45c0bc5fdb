#include "jpeg_folder.h"

#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

enum { CLASSES_MAX = 256 }; /* a label is a byte */

/* Names in a folder, sorted by their bytes, hidden ones left out. */
typedef struct names {
  struct dirent **at;
  int count;
} names;

static int is_shown(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}
static int is_folder(const struct dirent *entry) {
  bool may_be = entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
  return may_be && is_shown(entry);
}
static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static bool list(names *to, const char *path, int (*takes)(const struct dirent *),
                 cnn_error *error) {
  to->at = NULL;
  to->count = scandir(path, &to->at, takes, by_bytes);
  if (to->count >= 0) return true;
  to->count = 0;
  return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
}

static void release(names *from) {
  for (int i = 0; i < from->count; i++) free(from->at[i]);
  free(from->at);
  *from = (names){0};
}

/* An image: which of its class it is, and the files of that class. */
typedef struct image {
  int number, class;
} image;

static int by_number(const void *a, const void *b) {
  const image *one = a, *other = b;
  if (one->number != other->number) return one->number < other->number ? -1 : 1;
  return one->class - other->class;
}

typedef struct loader {
  const cnn_model *model;
  char part[PATH_MAX]; /* FOLDER/train or FOLDER/test */
  names classes;       /* of train */
  names files[CLASSES_MAX];
  image *images;
  int count;
} loader;

static bool is_jpeg(const char *name) {
  const char *end = strrchr(name, '.');
  return end && (strcasecmp(end, ".jpg") == 0 || strcasecmp(end, ".jpeg") == 0);
}

static bool list_classes(loader *l, const char *folder, cnn_error *error) {
  char train[PATH_MAX];
  snprintf(train, sizeof train, "%s/train", folder);
  if (!list(&l->classes, train, is_folder, error)) return false;
  int most = l->model->classes < CLASSES_MAX ? l->model->classes : CLASSES_MAX;
  if (l->classes.count >= 1 && l->classes.count <= most) return true;
  return cnn_fail(
      error, CNN_EXIT_DATA,
      "%s: has %d folders, one a class, but %s has %d classes (at most %d can be read); "
      "compile the model for these classes or give it another data set",
      train, l->classes.count, l->model->name, l->model->classes, CLASSES_MAX);
}

/* A folder of the test part without its fellow in the training part would be a class that nobody
   has numbered. */
static bool check_part(const loader *l, cnn_error *error) {
  names found;
  bool good = list(&found, l->part, is_folder, error);
  for (int i = 0; good && i < found.count; i++) {
    bool known = false;
    for (int k = 0; k < l->classes.count && !known; k++)
      known = strcmp(found.at[i]->d_name, l->classes.at[k]->d_name) == 0;
    if (!known)
      good = cnn_fail(error, CNN_EXIT_DATA,
                      "%s/%s: no class of the training images has this name; the folders of train "
                      "are the classes",
                      l->part, found.at[i]->d_name);
  }
  release(&found);
  return good;
}

static bool list_images(loader *l, cnn_error *error) {
  char path[PATH_MAX + 300];
  for (int k = 0; k < l->classes.count; k++) {
    snprintf(path, sizeof path, "%s/%s", l->part, l->classes.at[k]->d_name);
    if (!list(&l->files[k], path, is_shown, error)) return false;
    if (l->files[k].count == 0)
      return cnn_fail(error, CNN_EXIT_DATA, "%s: no images; put *.jpg there", path);
    for (int i = 0; i < l->files[k].count; i++)
      if (!is_jpeg(l->files[k].at[i]->d_name))
        return cnn_fail(error, CNN_EXIT_DATA,
                        "%s/%s: not a .jpg; a class's folder holds JPEG images alone", path,
                        l->files[k].at[i]->d_name);
    l->count += l->files[k].count;
  }
  l->images = malloc((size_t)l->count * sizeof *l->images);
  if (!l->images) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for a list of images");
  int n = 0;
  for (int k = 0; k < l->classes.count; k++)
    for (int i = 0; i < l->files[k].count; i++) l->images[n++] = (image){i, k};
  qsort(l->images, (size_t)l->count, sizeof *l->images, by_number);
  return true;
}

/* --- one file --------------------------------------------------------------------------------- */

typedef struct decoder {
  struct jpeg_error_mgr errors; /* first: libjpeg knows only this part */
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
  struct jpeg_decompress_struct jpeg;
} decoder;

static void on_error(j_common_ptr jpeg) {
  decoder *d = (decoder *)jpeg->err;
  d->errors.format_message(jpeg, d->message);
  longjmp(d->back, 1);
}
/* What libjpeg calls a warning is damaged data that it would guess at. */
static void on_message(j_common_ptr jpeg, int level) {
  if (level < 0) on_error(jpeg);
}

static bool check_size(const decoder *d, const cnn_model *model, const char *path,
                       cnn_error *error) {
  const int *input = model->input;
  if ((int)d->jpeg.output_height == input[1] && (int)d->jpeg.output_width == input[2]) return true;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: an image of %ux%u (height, width), but %s takes %dx%d; compile the model "
                  "for this input or scale the images",
                  path, d->jpeg.output_height, d->jpeg.output_width, model->name, input[1],
                  input[2]);
}

/* Rows as libjpeg gives them, channels side by side, into planes. row: [width * channels]. */
static void read_rows(decoder *d, const int *input, uint8_t *row, uint8_t *to) {
  size_t channels = (size_t)input[0], width = (size_t)input[2], area = width * (size_t)input[1];
  for (size_t y = 0; y < (size_t)input[1]; y++) {
    JSAMPROW rows[] = {row};
    jpeg_read_scanlines(&d->jpeg, rows, 1);
    for (size_t c = 0; c < channels; c++)
      for (size_t x = 0; x < width; x++) to[c * area + y * width + x] = row[x * channels + c];
  }
}

static bool decode(const cnn_model *model, const char *path, uint8_t *row, uint8_t *to,
                   cnn_error *error) {
  FILE *file = fopen(path, "rb");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  decoder d;
  d.jpeg.err = jpeg_std_error(&d.errors);
  d.errors.error_exit = on_error;
  d.errors.emit_message = on_message;
  bool good;
  jpeg_create_decompress(&d.jpeg);
  if (setjmp(d.back)) {
    good = cnn_fail(error, CNN_EXIT_DATA, "%s: not a good JPEG image: %s; fetch it again", path,
                    d.message);
  } else {
    jpeg_stdio_src(&d.jpeg, file);
    jpeg_read_header(&d.jpeg, TRUE);
    d.jpeg.out_color_space = model->input[0] == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&d.jpeg);
    good = check_size(&d, model, path, error);
    if (good) read_rows(&d, model->input, row, to);
    if (good) jpeg_finish_decompress(&d.jpeg);
  }
  jpeg_destroy_decompress(&d.jpeg);
  fclose(file);
  return good;
}

/* --- all -------------------------------------------------------------------------------------- */

static bool decode_all(const loader *l, cnn_dataset *dataset, cnn_error *error) {
  size_t row_bytes = (size_t)l->model->input[0] * (size_t)l->model->input[2];
  uint8_t *row = malloc(row_bytes);
  if (!row) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for a row of an image");
  bool good = true, shown = isatty(STDERR_FILENO);
  double drawn = cnn_seconds();
  char path[PATH_MAX + 600];
  for (int i = 0; good && i < dataset->count; i++) {
    image it = l->images[i];
    snprintf(path, sizeof path, "%s/%s/%s", l->part, l->classes.at[it.class]->d_name,
             l->files[it.class].at[it.number]->d_name);
    dataset->labels[i] = (uint8_t)it.class;
    good = decode(l->model, path, row, dataset->images + (size_t)i * dataset->image_bytes, error);
    if (!shown || cnn_seconds() - drawn < 0.1) continue;
    drawn = cnn_seconds();
    fprintf(stderr, "\r%s: %d of %d images read", l->part, i + 1, dataset->count);
  }
  if (shown) fprintf(stderr, "\r\033[K");
  free(row);
  return good;
}

bool cnn_jpeg_folder_is_in(const char *folder, bool training) {
  char path[PATH_MAX];
  struct stat status;
  snprintf(path, sizeof path, "%s/%s", folder, training ? "train" : "test");
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool cnn_jpeg_folder_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                          bool training, int limit, cnn_error *error) {
  loader l = {.model = model};
  if (model->input[0] != 1 && model->input[0] != 3)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: JPEG images have 1 or 3 channels, but %s takes %d; compile the model for "
                    "this input or give it another data set",
                    folder, model->name, model->input[0]);
  int length = snprintf(l.part, sizeof l.part, "%s/%s", folder, training ? "train" : "test");
  if (length >= (int)sizeof l.part)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", folder);
  bool good = list_classes(&l, folder, error) && check_part(&l, error) && list_images(&l, error);
  if (good) {
    dataset->count = limit > 0 && limit < l.count ? limit : l.count;
    dataset->image_bytes =
        (size_t)model->input[0] * (size_t)model->input[1] * (size_t)model->input[2];
    cnn_storage_want(&dataset->storage, &dataset->images, (size_t)dataset->count,
                     dataset->image_bytes);
    cnn_storage_want(&dataset->storage, &dataset->labels, (size_t)dataset->count, 1);
    good = cnn_storage_commit(&dataset->storage, error) && decode_all(&l, dataset, error);
  }
  free(l.images);
  for (int k = 0; k < l.classes.count && k < CLASSES_MAX; k++) release(&l.files[k]);
  release(&l.classes);
  return good;
}
