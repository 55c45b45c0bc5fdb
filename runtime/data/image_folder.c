#include "core/process.h"
#include "core/text.h"
#include "data/classes.h"
#include "data/decoder.h"
#include "data/files.h"
#include "data/image_reader.h"
#include "data/listing.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLASSES_MAX = 256 }; /* a label is a byte */

/* An image: its folder, and its index among the files of the folder. */
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
  cnn_listing folders;       /* of the part; none: the part itself holds the images */
  int class_of[CLASSES_MAX]; /* of each folder */
  cnn_listing files[CLASSES_MAX]; /* of each folder */
  image *images;
  int count;
} loader;

/* The names of folders as a text, one a line; NULL after a mistake. */
static char *join(const cnn_listing *folders, const char *path, cnn_error *error) {
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
  cnn_listing found;
  snprintf(train, sizeof train, "%s/train", folder);
  if (stat(train, &status) != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: %s; its folders number the classes, for the checkpoint does not name them",
                    train, strerror(errno));
  if (!cnn_listing_read(&found, train, cnn_listing_folders, error)) return false;
  int most = l->model->classes < CLASSES_MAX ? l->model->classes : CLASSES_MAX;
  if (found.count < 1 || found.count > most)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: has %d folders, one a class, but %s has %d classes (at most %d can be read); "
             "compile the model for these classes or give it another data set",
             train, found.count, l->model->name, l->model->classes, CLASSES_MAX);
  else
    l->classes = join(&found, train, error);
  cnn_listing_release(&found);
  return l->classes != NULL;
}

/* The folders of the part, each of which must be a class. */
static bool list_folders(loader *l, cnn_error *error) {
  cnn_class_names classes;
  if (!cnn_listing_read(&l->folders, l->part, cnn_listing_folders, error)) return false;
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

static bool list_files(cnn_listing *files, const char *path, cnn_error *error) {
  if (!cnn_listing_read(files, path, cnn_listing_any, error)) return false;
  if (files->count == 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no images; put some there", path);
  for (int i = 0; i < files->count; i++)
    if (!cnn_listing_may_be_file(files->at[i]))
      return cnn_fail(error, CNN_EXIT_DATA,
                      "%s/%s: not a regular file; a folder of images holds image files alone", path,
                      files->at[i]->d_name);
  return true;
}

/* Path of folder `k`, relative to the part. */
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

/* --- all -------------------------------------------------------------------------------------- */

static bool decode_all(const loader *l, cnn_dataset *dataset, cnn_error *error) {
  bool good = true, shown = isatty(STDERR_FILENO);
  double drawn = cnn_seconds();
  char name[600], path[PATH_MAX + 600];
  cnn_image_reader reader;
  cnn_image_reader_open(&reader, l->model);
  for (int i = 0; good && i < dataset->count; i++) {
    name_image(l, i, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", l->part, name);
    if (dataset->labels) dataset->labels[i] = (uint8_t)l->class_of[l->images[i].folder];
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
  cnn_dataset_want_images(dataset, l->model, limit > 0 && limit < l->count ? limit : l->count);
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
  for (int k = 0; k < CLASSES_MAX; k++) cnn_listing_release(&l->files[k]);
  cnn_listing_release(&l->folders);
}

/* --- data sets -------------------------------------------------------------------------------- */

static bool is_dataset(const char *folder, bool training) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, training ? "train" : "test");
  return cnn_is_folder(path);
}

static bool load(cnn_dataset *dataset, const cnn_part *part, cnn_error *error) {
  const char *folder = part->folder;
  loader l = {.model = part->model};
  int length = snprintf(l.part, sizeof l.part, "%s/%s", folder, part->training ? "train" : "test");
  if (length >= (int)sizeof l.part)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", folder);
  bool good = cnn_image_reader_fits(l.model, folder, error);
  if (good && part->classes) {
    l.classes = strdup(part->classes);
    good = l.classes || cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  }
  good = good && (l.classes || list_classes(&l, folder, error)) && list_folders(&l, error) &&
         list_images(&l, error) && read_listed(&l, dataset, !part->training, part->limit, error);
  close_loader(&l);
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
  char *name;
  cnn_dataset_want_images(dataset, model, 1);
  cnn_storage_want(&dataset->storage, &dataset->files, 1, sizeof *dataset->files);
  cnn_storage_want(&dataset->storage, &name, strlen(path) + 1, 1);
  if (!cnn_storage_commit(&dataset->storage, error)) return false;
  dataset->files[0] = memcpy(name, path, strlen(path) + 1);
  cnn_image_reader reader;
  cnn_image_reader_open(&reader, model);
  bool good = cnn_image_reader_file(&reader, path, dataset->images, error);
  cnn_image_reader_end(&reader);
  return good;
}

static bool load_images(cnn_dataset *dataset, const cnn_model *model, const char *path,
                        cnn_error *error) {
  loader l = {.model = model};
  if (!cnn_image_reader_fits(model, path, error)) return false;
  if (!cnn_is_folder(path)) return load_file(dataset, model, path, error);
  bool good = snprintf(l.part, sizeof l.part, "%s", path) < PATH_MAX ||
              cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", path);
  good = good && list_images(&l, error) && read_listed(&l, dataset, true, 0, error);
  close_loader(&l);
  return good;
}

const cnn_decoder cnn_image_folder_decoder = {
    .contents = "folders train and test, each with a folder of images a class",
    .is_dataset = is_dataset,
    .load = load,
    .is_images = is_images,
    .load_images = load_images,
};
