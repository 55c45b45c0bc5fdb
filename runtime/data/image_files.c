#include "data/image_files.h"

#include "data/classes.h"
#include "data/image_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_number(const void *a, const void *b) {
  const cnn_image_file *one = a, *other = b;
  if (one->number != other->number) return one->number < other->number ? -1 : 1;
  return one->folder - other->folder;
}

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
static bool list_classes(cnn_image_files *l, const char *folder, cnn_error *error) {
  char train[PATH_MAX];
  struct stat status;
  cnn_listing found;
  snprintf(train, sizeof train, "%s/train", folder);
  if (stat(train, &status) != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: %s; its folders number the classes, for the checkpoint does not name them",
                    train, strerror(errno));
  if (!cnn_listing_read(&found, train, cnn_listing_folders, error)) return false;
  int most = l->model->classes < CNN_FOLDERS_MAX ? l->model->classes : CNN_FOLDERS_MAX;
  if (found.count < 1 || found.count > most)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: has %d folders, one a class, but %s has %d classes (at most %d can be read); "
             "compile the model for these classes or give it another data set",
             train, found.count, l->model->name, l->model->classes, CNN_FOLDERS_MAX);
  else
    l->classes = join(&found, train, error);
  cnn_listing_release(&found);
  return l->classes != NULL;
}

/* The folders of the part, each of which must be a class. */
static bool list_folders(cnn_image_files *l, cnn_error *error) {
  cnn_class_names classes;
  if (!cnn_listing_read(&l->folders, l->part, cnn_listing_folders, error)) return false;
  if (l->folders.count == 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no folders in it; put one a class there", l->part);
  if (!cnn_class_names_split(&classes, l->model, l->classes, "the checkpoint", error)) return false;
  bool good = true;
  for (int i = 0; good && i < l->folders.count; i++) {
    int k = 0;
    while (k < classes.count && strcmp(l->folders.at[i]->d_name, classes.names[k]) != 0) k++;
    good = k < classes.count && k < CNN_FOLDERS_MAX;
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
static const char *name_of_folder(const cnn_image_files *l, int k) {
  return l->folders.count > 0 ? l->folders.at[k]->d_name : ".";
}

static bool list_images(cnn_image_files *l, cnn_error *error) {
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
    for (int i = 0; i < l->files[k].count; i++) l->images[n++] = (cnn_image_file){i, k};
  qsort(l->images, (size_t)l->count, sizeof *l->images, by_number);
  return true;
}

size_t cnn_image_files_name(const cnn_image_files *l, int i, char *text, size_t size) {
  cnn_image_file it = l->images[i];
  const char *name = l->files[it.folder].at[it.number]->d_name;
  int length = l->folders.count > 0
                   ? snprintf(text, size, "%s/%s", l->folders.at[it.folder]->d_name, name)
                   : snprintf(text, size, "%s", name);
  return (size_t)length;
}

int cnn_image_files_label(const cnn_image_files *l, int i) {
  return l->folders.count > 0 ? l->class_of[l->images[i].folder] : -1;
}

/* --- all -------------------------------------------------------------------------------------- */

bool cnn_image_files_of_part(cnn_image_files *l, const cnn_part *part, cnn_error *error) {
  const char *folder = part->folder;
  *l = (cnn_image_files){.model = part->model};
  int length =
      snprintf(l->part, sizeof l->part, "%s/%s", folder, part->training ? "train" : "test");
  if (length >= (int)sizeof l->part)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", folder);
  if (!cnn_image_reader_fits(l->model, folder, error)) return false;
  if (part->classes) {
    l->classes = strdup(part->classes);
    if (!l->classes) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  }
  return (l->classes || list_classes(l, folder, error)) && list_folders(l, error) &&
         list_images(l, error);
}

bool cnn_image_files_of_folder(cnn_image_files *l, const cnn_model *model, const char *path,
                               cnn_error *error) {
  *l = (cnn_image_files){.model = model};
  if (snprintf(l->part, sizeof l->part, "%s", path) >= PATH_MAX)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", path);
  return list_images(l, error);
}

void cnn_image_files_close(cnn_image_files *l) {
  free(l->images);
  free(l->classes);
  for (int k = 0; k < CNN_FOLDERS_MAX; k++) cnn_listing_release(&l->files[k]);
  cnn_listing_release(&l->folders);
}
