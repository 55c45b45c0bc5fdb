#include "data/image_files.h"

#include "core/text.h"
#include "data/classes.h"
#include "data/files.h"
#include "data/image_reader.h"
#include "data/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { DEEPEST = 32 }; /* folders within each other: a link may lead back */

/* --- a folder and those in it ----------------------------------------------------------------- */

static bool has_image_ending(const char *name) {
  static const char *const ENDINGS[] = {".jpg", ".jpeg", ".png",  ".webp", ".bmp",
                                        ".gif", ".tif",  ".tiff", ".heic"};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof ENDINGS / sizeof *ENDINGS; i++)
    if (strcasecmp(dot, ENDINGS[i]) == 0) return true;
  return false;
}

static bool no_memory(cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_FAILED, "no memory for a list of images");
}

static bool add_image(cnn_image_files *l, const char *name, int label, int number,
                      cnn_error *error) {
  if (l->count == l->room) {
    const int room = l->room < 1024 ? 1024 : 2 * l->room;
    cnn_image_file *more =
        l->room > INT_MAX / 4 ? NULL : realloc(l->images, (size_t)room * sizeof *l->images);
    if (!more) return no_memory(error);
    l->images = more;
    l->room = room;
  }
  char *copy = strdup(name);
  if (!copy) return no_memory(error);
  l->images[l->count++] = (cnn_image_file){copy, label, number};
  return true;
}

static void ignore(cnn_image_files *l, const char *name) {
  if (l->ignored++ == 0) snprintf(l->first_ignored, sizeof l->first_ignored, "%s", name);
}

static bool fail_path(const cnn_image_files *l, const char *name, const char *what,
                      cnn_error *error) {
  return cnn_fail(error, CNN_EXIT_DATA, "%s/%s: %s", l->part, name, what);
}

/* Adds the images in a folder of the part, and in the folders below if `nested`. name: the folder's
   path relative to the part; "" for the part itself. */
static bool add_folder(cnn_image_files *l, const char *name, int label, int *number, bool nested,
                       int depth, cnn_error *error) {
  char path[PATH_MAX], entry[PATH_MAX];
  cnn_listing found;
  if (depth > DEEPEST) return fail_path(l, name, "too many folders within each other", error);
  if (snprintf(path, sizeof path, *name ? "%s/%s" : "%s", l->part, name) >= PATH_MAX)
    return fail_path(l, name, "the name is too long", error);
  if (!cnn_listing_read(&found, path, cnn_listing_any, error)) return false;
  bool good = true;
  for (int i = 0; good && i < found.count; i++) {
    const char *own = found.at[i]->d_name;
    struct stat status;
    const int length = *name ? snprintf(entry, sizeof entry, "%s/%s", name, own)
                             : snprintf(entry, sizeof entry, "%s", own);
    if (length >= PATH_MAX || snprintf(path, sizeof path, "%s/%s", l->part, entry) >= PATH_MAX)
      good = fail_path(l, name, "has a file whose name is too long", error);
    else if (stat(path, &status) != 0)
      good = add_image(l, entry, label, (*number)++, error); /* reading it tells why */
    else if (S_ISDIR(status.st_mode))
      good = !nested || add_folder(l, entry, label, number, nested, depth + 1, error);
    else if (S_ISREG(status.st_mode) && (cnn_image_is_file(path) || has_image_ending(own)))
      good = add_image(l, entry, label, (*number)++, error);
    else
      ignore(l, entry);
  }
  cnn_listing_release(&found);
  return good;
}

static int in_turn(const void *a, const void *b) {
  const cnn_image_file *one = a, *other = b;
  if (one->number != other->number) return one->number < other->number ? -1 : 1;
  return one->label - other->label;
}

/* Sorts the images, and reports what is ignored; a part without images is a mistake. */
static bool finish(cnn_image_files *l, cnn_error *error) {
  if (l->ignored > 0) {
    char *name = cnn_text_utf8(l->first_ignored);
    fprintf(stderr, "%s: %s: %d file%s %s no image and %s ignored, the first: %s\n", l->model->name,
            l->part, l->ignored, cnn_plural(l->ignored), l->ignored == 1 ? "is" : "are",
            l->ignored == 1 ? "is" : "are", name ? name : "");
    free(name);
  }
  if (l->count == 0)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no images; put some there", l->part);
  qsort(l->images, (size_t)l->count, sizeof *l->images, in_turn);
  return true;
}

/* --- parts ------------------------------------------------------------------------------------ */

static bool has_folder(const char *folder, const char *name, char path[PATH_MAX]) {
  return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX && cnn_is_folder(path);
}

static bool has_validation(const char *folder, char path[PATH_MAX]) {
  return has_folder(folder, "val", path) || has_folder(folder, "valid", path) ||
         has_folder(folder, "validation", path);
}

/* Whether a folder below holds an image. */
static bool has_image(const char *path, int depth) {
  cnn_listing found;
  cnn_error ignored = {0};
  char entry[PATH_MAX];
  bool has = false;
  if (depth > DEEPEST || !cnn_listing_read(&found, path, cnn_listing_any, &ignored)) return false;
  for (int i = 0; !has && i < found.count; i++) {
    if (snprintf(entry, sizeof entry, "%s/%s", path, found.at[i]->d_name) >= PATH_MAX) continue;
    if (cnn_is_folder(entry))
      has = has_image(entry, depth + 1);
    else
      has = depth > 0 && cnn_listing_may_be_file(found.at[i]) && cnn_image_is_file(entry);
  }
  cnn_listing_release(&found);
  return has;
}

/* Classes without parts: folders of images, and none that has the name of a part. */
static bool is_flat(const char *folder) {
  char path[PATH_MAX];
  return !has_folder(folder, "train", path) && !has_folder(folder, "test", path) &&
         !has_validation(folder, path) && has_image(folder, 0);
}

bool cnn_image_files_find(const char *folder, cnn_role role, char path[PATH_MAX]) {
  char other[PATH_MAX];
  switch (role) {
  case CNN_PART_TRAINING:
    if (has_folder(folder, "train", path)) return true;
    break;
  case CNN_PART_VALIDATION:
    return has_validation(folder, path) || has_folder(folder, "test", path);
  case CNN_PART_LAST:
    return has_validation(folder, other) && has_folder(folder, "test", path);
  case CNN_PART_TEST:
    if (has_folder(folder, "test", path) || has_validation(folder, path)) return true;
    break;
  }
  return is_flat(folder) && snprintf(path, PATH_MAX, "%s", folder) < PATH_MAX;
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

/* The classes are the folders of the training part. */
static bool list_classes(cnn_image_files *l, const char *folder, cnn_error *error) {
  char train[PATH_MAX];
  cnn_listing found;
  if (!cnn_image_files_find(folder, CNN_PART_TRAINING, train))
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s/train: not there; its folders number the classes, for the checkpoint does "
                    "not name them",
                    folder);
  if (!cnn_listing_read(&found, train, cnn_listing_folders, error)) return false;
  if (found.count < 1 || found.count > l->model->classes)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: has %d folders, one a class, but %s has %d classes; compile the model for these "
             "classes or give it another data set",
             train, found.count, l->model->name, l->model->classes);
  else
    l->classes = join(&found, train, error);
  cnn_listing_release(&found);
  return l->classes != NULL;
}

static int find_class(const cnn_class_names *classes, const char *name) {
  for (int k = 0; k < classes->count; k++)
    if (strcmp(name, classes->names[k]) == 0) return k;
  return -1;
}

/* The images of the part's folders, each of which must be a class. */
static bool add_classes(cnn_image_files *l, cnn_error *error) {
  cnn_class_names classes;
  cnn_listing folders;
  if (!cnn_listing_read(&folders, l->part, cnn_listing_folders, error)) return false;
  bool good = folders.count > 0 || cnn_fail(error, CNN_EXIT_DATA,
                                            "%s: no folders in it; put one a class there", l->part);
  if (!good || !cnn_class_names_split(&classes, l->model, l->classes, "the checkpoint", error)) {
    cnn_listing_release(&folders);
    return false;
  }
  for (int i = 0; good && i < folders.count; i++) {
    const char *name = folders.at[i]->d_name;
    const int label = find_class(&classes, name);
    int number = 0;
    if (label >= 0)
      good = add_folder(l, name, label, &number, true, 0, error);
    else
      good = cnn_fail(error, CNN_EXIT_DATA,
                      "%s/%s: no class of the training images has this name; those are %s to %s",
                      l->part, name, classes.names[0], classes.names[classes.count - 1]);
  }
  cnn_class_names_release(&classes);
  cnn_listing_release(&folders);
  return good;
}

/* --- all -------------------------------------------------------------------------------------- */

size_t cnn_image_files_name(const cnn_image_files *l, int i, char *text, size_t size) {
  return (size_t)snprintf(text, size, "%s", l->images[i].name);
}

int cnn_image_files_label(const cnn_image_files *l, int i) {
  return l->images[i].label;
}

bool cnn_image_files_of_part(cnn_image_files *l, const cnn_part *part, cnn_error *error) {
  *l = (cnn_image_files){.model = part->model};
  if (!cnn_image_files_find(part->folder, part->role, l->part))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no such part, or its name is too long",
                    part->folder);
  if (!cnn_image_reader_fits(l->model, part->folder, error)) return false;
  if (part->classes) {
    l->classes = strdup(part->classes);
    if (!l->classes) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  }
  return (l->classes || list_classes(l, part->folder, error)) && add_classes(l, error) &&
         finish(l, error);
}

bool cnn_image_files_of_folder(cnn_image_files *l, const cnn_model *model, const char *path,
                               cnn_error *error) {
  int number = 0;
  *l = (cnn_image_files){.model = model};
  if (snprintf(l->part, sizeof l->part, "%s", path) >= PATH_MAX)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", path);
  return add_folder(l, "", -1, &number, false, 0, error) && finish(l, error);
}

void cnn_image_files_close(cnn_image_files *l) {
  for (int i = 0; i < l->count; i++) free(l->images[i].name);
  free(l->images);
  free(l->classes);
  *l = (cnn_image_files){0};
}
