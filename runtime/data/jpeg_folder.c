#include "data/jpeg_folder.h"

#include "data/classes.h"
#include "core/clock.h"
#include "commands/commands.h"
#include "data/files.h"
#include "data/resize.h"

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
static bool may_be_file(const struct dirent *entry) {
  return entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
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

/* An image: which folder it lies in, and which of its files it is. */
typedef struct image {
  int number, folder;
} image;

static int by_number(const void *a, const void *b) {
  const image *one = a, *other = b;
  if (one->number != other->number) return one->number < other->number ? -1 : 1;
  return one->folder - other->folder;
}

typedef struct loader {
  const cnn_model *model;
  char part[PATH_MAX];       /* FOLDER/train or FOLDER/test; or a folder that holds the images */
  char *classes;             /* names, one a line */
  names folders;             /* of the part; none: the part itself holds the images */
  int class_of[CLASSES_MAX]; /* of each folder */
  names files[CLASSES_MAX];  /* of each folder */
  image *images;
  int count;
} loader;

static bool is_jpeg(const char *name) {
  const char *end = strrchr(name, '.');
  return end && (strcasecmp(end, ".jpg") == 0 || strcasecmp(end, ".jpeg") == 0);
}

/* The names of folders as a text, one a line; NULL after a mistake. */
static char *join(const names *folders, const char *path, cnn_error *error) {
  size_t size = 1;
  for (int i = 0; i < folders->count; i++) {
    if (strchr(folders->at[i]->d_name, '\n')) {
      cnn_fail(error, CNN_EXIT_DATA, "%s/%s: the name of a class in two lines; rename it", path,
               folders->at[i]->d_name);
      return NULL;
    }
    size += strlen(folders->at[i]->d_name) + 1;
  }
  char *text = malloc(size), *end = text;
  if (!text) cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  for (int i = 0; text && i < folders->count; i++)
    end += sprintf(end, i ? "\n%s" : "%s", folders->at[i]->d_name);
  return text;
}

/* The classes are the folders of train. */
static bool list_classes(loader *l, const char *folder, cnn_error *error) {
  char train[PATH_MAX];
  struct stat status;
  names found;
  snprintf(train, sizeof train, "%s/train", folder);
  if (stat(train, &status) != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: %s; its folders number the classes, for the checkpoint does not name them",
                    train, strerror(errno));
  if (!list(&found, train, is_folder, error)) return false;
  int most = l->model->classes < CLASSES_MAX ? l->model->classes : CLASSES_MAX;
  if (found.count < 1 || found.count > most)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: has %d folders, one a class, but %s has %d classes (at most %d can be read); "
             "compile the model for these classes or give it another data set",
             train, found.count, l->model->name, l->model->classes, CLASSES_MAX);
  else
    l->classes = join(&found, train, error);
  release(&found);
  return l->classes != NULL;
}

/* The folders of the part, each of which must be a class. */
static bool list_folders(loader *l, cnn_error *error) {
  cnn_class_names classes;
  if (!list(&l->folders, l->part, is_folder, error)) return false;
  if (l->folders.count == 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no folders in it; put one a class there", l->part);
  if (!cnn_class_names_split(&classes, l->model, l->classes, "the checkpoint", error)) return false;
  bool good = true;
  for (int i = 0; good && i < l->folders.count; i++) {
    int k = 0;
    while (k < classes.count && strcmp(l->folders.at[i]->d_name, classes.names[k]) != 0) k++;
    good = k < classes.count && k < CLASSES_MAX;
    if (good)
      l->class_of[i] = k;
    else
      cnn_fail(error, CNN_EXIT_DATA,
               "%s/%s: no class of the training images has this name; those are %s to %s", l->part,
               l->folders.at[i]->d_name, classes.names[0], classes.names[classes.count - 1]);
  }
  cnn_class_names_release(&classes);
  return good;
}

static bool list_files(names *files, const char *path, cnn_error *error) {
  if (!list(files, path, is_shown, error)) return false;
  if (files->count == 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no images; put *.jpg there", path);
  for (int i = 0; i < files->count; i++)
    if (!is_jpeg(files->at[i]->d_name) || !may_be_file(files->at[i]))
      return cnn_fail(
          error, CNN_EXIT_DATA, "%s/%s: not a %s; a folder of images holds JPEG files alone", path,
          files->at[i]->d_name, is_jpeg(files->at[i]->d_name) ? "regular file" : ".jpg");
  return true;
}

/* Where files of folder `k` lie, seen from the part. */
static const char *name_of_folder(const loader *l, int k) {
  return l->folders.count > 0 ? l->folders.at[k]->d_name : ".";
}

static bool list_images(loader *l, cnn_error *error) {
  char path[PATH_MAX + 300];
  int folders = l->folders.count > 0 ? l->folders.count : 1;
  for (int k = 0; k < folders; k++) {
    snprintf(path, sizeof path, "%s/%s", l->part, name_of_folder(l, k));
    if (!list_files(&l->files[k], l->folders.count > 0 ? path : l->part, error)) return false;
    l->count += l->files[k].count;
  }
  l->images = malloc((size_t)l->count * sizeof *l->images);
  if (!l->images) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for a list of images");
  int n = 0;
  for (int k = 0; k < folders; k++)
    for (int i = 0; i < l->files[k].count; i++) l->images[n++] = (image){i, k};
  qsort(l->images, (size_t)l->count, sizeof *l->images, by_number);
  return true;
}

/* "CLASS/NAME.jpg", or "NAME.jpg" where there are no folders. Its length, as snprintf has it. */
static size_t name_image(const loader *l, int i, char *text, size_t size) {
  image it = l->images[i];
  const char *name = l->files[it.folder].at[it.number]->d_name;
  int length = l->folders.count > 0
                   ? snprintf(text, size, "%s/%s", l->folders.at[it.folder]->d_name, name)
                   : snprintf(text, size, "%s", name);
  return (size_t)length;
}

/* --- one file --------------------------------------------------------------------------------- */

typedef struct decoder {
  struct jpeg_error_mgr errors; /* first: libjpeg knows only this part */
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
  struct jpeg_decompress_struct jpeg;
  uint8_t *row; /* of the picture: [width][channels] */
  cnn_resize resize;
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

static bool check_picture(const decoder *d, const cnn_model *model, const char *path,
                          cnn_error *error) {
  const int *input = model->input;
  const int height = (int)d->jpeg.image_height, width = (int)d->jpeg.image_width;
  if (d->jpeg.jpeg_color_space == JCS_CMYK || d->jpeg.jpeg_color_space == JCS_YCCK)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: an image in CMYK; convert it to RGB", path);
  if (model->recipe->resize > 0 || (height == input[1] && width == input[2])) return true;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: an image of %dx%d (height, width), but %s takes %dx%d; give the model's "
                  "recipe resize = %d, by which images are scaled and cut, or another input",
                  path, height, width, model->name, input[1], input[2],
                  input[1] > input[2] ? input[1] : input[2]);
}

/* Rows as libjpeg gives them, channels side by side, into planes. */
static void read_rows(decoder *d, const int *input, uint8_t *to) {
  size_t channels = (size_t)input[0], width = (size_t)input[2], area = width * (size_t)input[1];
  for (size_t y = 0; y < (size_t)input[1]; y++) {
    jpeg_read_scanlines(&d->jpeg, (JSAMPROW[]){d->row}, 1);
    for (size_t c = 0; c < channels; c++)
      for (size_t x = 0; x < width; x++) to[c * area + y * width + x] = d->row[x * channels + c];
  }
}

static void read_scaled(decoder *d, uint8_t *to) {
  while (d->jpeg.output_scanline < d->jpeg.output_height) {
    jpeg_read_scanlines(&d->jpeg, (JSAMPROW[]){d->row}, 1);
    cnn_resize_row(&d->resize, d->row);
  }
  cnn_resize_take(&d->resize, to);
}

/* All that libjpeg may jump out of. */
static bool read_file(decoder *d, FILE *file, const cnn_model *model, const char *path, uint8_t *to,
                      cnn_error *error) {
  const int *input = model->input;
  if (setjmp(d->back))
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: not a good JPEG image: %s; fetch it again, or convert it", path,
                    d->message);
  jpeg_stdio_src(&d->jpeg, file);
  jpeg_read_header(&d->jpeg, TRUE);
  if (!check_picture(d, model, path, error)) return false;
  d->jpeg.out_color_space = input[0] == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&d->jpeg);
  d->row = malloc((size_t)d->jpeg.output_width * (size_t)input[0]);
  const bool scaled = model->recipe->resize > 0;
  if (!d->row ||
      (scaled && !cnn_resize_open(&d->resize, (int)d->jpeg.output_height, (int)d->jpeg.output_width,
                                  input[0], model->recipe->resize, input[1], input[2])))
    return cnn_fail(error, CNN_EXIT_FAILED, "%s: no memory for an image of %ux%u pixels", path,
                    d->jpeg.output_height, d->jpeg.output_width);
  if (scaled)
    read_scaled(d, to);
  else
    read_rows(d, input, to);
  jpeg_finish_decompress(&d->jpeg);
  return true;
}

static bool decode(const cnn_model *model, const char *path, uint8_t *to, cnn_error *error) {
  FILE *file = fopen(path, "rb");
  if (!file) return cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  decoder d;
  d.row = NULL;
  d.resize = (cnn_resize){0};
  d.jpeg.err = jpeg_std_error(&d.errors);
  d.errors.error_exit = on_error;
  d.errors.emit_message = on_message;
  jpeg_create_decompress(&d.jpeg);
  bool good = read_file(&d, file, model, path, to, error);
  jpeg_destroy_decompress(&d.jpeg);
  cnn_resize_close(&d.resize);
  free(d.row);
  fclose(file);
  return good;
}

/* --- all -------------------------------------------------------------------------------------- */

static bool decode_all(const loader *l, cnn_dataset *dataset, cnn_error *error) {
  bool good = true, shown = isatty(STDERR_FILENO);
  double drawn = cnn_seconds();
  char name[600], path[PATH_MAX + 600];
  for (int i = 0; good && i < dataset->count; i++) {
    name_image(l, i, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", l->part, name);
    if (dataset->labels) dataset->labels[i] = (uint8_t)l->class_of[l->images[i].folder];
    good = decode(l->model, path, dataset->images + (size_t)i * dataset->image_bytes, error);
    if (!shown || cnn_seconds() - drawn < 0.1) continue;
    drawn = cnn_seconds();
    fprintf(stderr, "\r%s: %d of %d images read", l->part, i + 1, dataset->count);
  }
  if (shown) fprintf(stderr, "\r\033[K");
  return good;
}

static void want_images(cnn_dataset *dataset, const cnn_model *model, int count) {
  dataset->count = count;
  dataset->image_bytes = cnn_image_bytes(model);
  cnn_storage_want(&dataset->storage, &dataset->images, (size_t)count, dataset->image_bytes);
}

/* Room for the names of all files; they are set once there is memory. */
static void want_names(cnn_dataset *dataset, const loader *l, char **text) {
  size_t bytes = 0;
  for (int i = 0; i < dataset->count; i++) bytes += name_image(l, i, NULL, 0) + 1;
  cnn_storage_want(&dataset->storage, &dataset->files, (size_t)dataset->count,
                   sizeof *dataset->files);
  cnn_storage_want(&dataset->storage, text, bytes, 1);
}

static void set_names(cnn_dataset *dataset, const loader *l, char *text) {
  enum { LONGEST = 600 };
  for (int i = 0; i < dataset->count; i++) {
    dataset->files[i] = text;
    text += name_image(l, i, text, LONGEST) + 1;
  }
}

static bool read_listed(loader *l, cnn_dataset *dataset, bool named, int limit, cnn_error *error) {
  char *text = NULL;
  want_images(dataset, l->model, limit > 0 && limit < l->count ? limit : l->count);
  if (l->classes) {
    cnn_storage_want(&dataset->storage, &dataset->labels, (size_t)dataset->count, 1);
    cnn_storage_want(&dataset->storage, &dataset->classes, strlen(l->classes) + 1, 1);
  }
  if (named) want_names(dataset, l, &text);
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  if (l->classes) memcpy(dataset->classes, l->classes, strlen(l->classes) + 1);
  if (named) set_names(dataset, l, text);
  return decode_all(l, dataset, error);
}

static void close_loader(loader *l) {
  free(l->images);
  free(l->classes);
  for (int k = 0; k < CLASSES_MAX; k++) release(&l->files[k]);
  release(&l->folders);
}

static bool check_channels(const cnn_model *model, const char *path, cnn_error *error) {
  if (model->input[0] == 1 || model->input[0] == 3) return true;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: JPEG images have 1 or 3 channels, but %s takes %d; compile the model for "
                  "this input or give it another data set",
                  path, model->name, model->input[0]);
}

bool cnn_jpeg_folder_is_in(const char *folder, bool training) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, training ? "train" : "test");
  return cnn_is_folder(path);
}

bool cnn_jpeg_folder_load(cnn_dataset *dataset, const cnn_model *model, const char *folder,
                          bool training, const char *classes, int limit, cnn_error *error) {
  loader l = {.model = model};
  int length = snprintf(l.part, sizeof l.part, "%s/%s", folder, training ? "train" : "test");
  if (length >= (int)sizeof l.part)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", folder);
  bool good = check_channels(model, folder, error);
  if (good && classes) {
    l.classes = strdup(classes);
    good = l.classes || cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  }
  good = good && (l.classes || list_classes(&l, folder, error)) && list_folders(&l, error) &&
         list_images(&l, error) && read_listed(&l, dataset, !training, limit, error);
  close_loader(&l);
  return good;
}

/* --- images without labels -------------------------------------------------------------------- */

bool cnn_jpeg_is(const char *path) {
  unsigned char start[2] = {0};
  FILE *file = is_jpeg(path) ? NULL : fopen(path, "rb");
  bool is = is_jpeg(path) ||
            (file && fread(start, 1, 2, file) == 2 && start[0] == 0xff && start[1] == 0xd8);
  if (file) fclose(file);
  return is;
}

static int is_jpeg_entry(const struct dirent *entry) {
  return is_shown(entry) && is_jpeg(entry->d_name);
}

bool cnn_jpeg_is_in(const char *folder) {
  cnn_error ignored = {0};
  names found;
  bool is = list(&found, folder, is_jpeg_entry, &ignored) && found.count > 0;
  release(&found);
  return is;
}

static bool load_file(cnn_dataset *dataset, const cnn_model *model, const char *path,
                      cnn_error *error) {
  char *name;
  want_images(dataset, model, 1);
  cnn_storage_want(&dataset->storage, &dataset->files, 1, sizeof *dataset->files);
  cnn_storage_want(&dataset->storage, &name, strlen(path) + 1, 1);
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  dataset->files[0] = memcpy(name, path, strlen(path) + 1);
  return decode(model, path, dataset->images, error);
}

bool cnn_jpeg_load(cnn_dataset *dataset, const cnn_model *model, const char *path,
                   cnn_error *error) {
  loader l = {.model = model};
  if (!check_channels(model, path, error)) return false;
  if (!cnn_is_folder(path)) return load_file(dataset, model, path, error);
  bool good = snprintf(l.part, sizeof l.part, "%s", path) < PATH_MAX ||
              cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", path);
  good = good && list_images(&l, error) && read_listed(&l, dataset, true, 0, error);
  close_loader(&l);
  return good;
}
