#include "data/image_files.h"

#include "core/text.h"
#include "data/classes.h"
#include "data/image_parts.h"
#include "data/image_reader.h"
#include "data/label_table.h"
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
  const int most = sizeof l->first_ignored - 1;
  if (l->ignored++ == 0) snprintf(l->first_ignored, sizeof l->first_ignored, "%.*s", most, name);
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

/* --- classes ---------------------------------------------------------------------------------- */

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

static bool check_classes(const cnn_image_files *l, const char *where, int count, const char *what,
                          cnn_error *error) {
  if (count >= 1 && count <= l->model->classes) return true;
  return cnn_fail(error, CNN_EXIT_DATA,
                  "%s: has %d %s, one a class, but %s has %d classes; compile the model for these "
                  "classes or give it another data set",
                  where, count, what, l->model->name, l->model->classes);
}

/* The labels of a table. */
static bool list_labels(cnn_image_files *l, const char *path, cnn_error *error) {
  cnn_label_table table;
  if (cnn_label_table_read(&table, path, error))
    l->classes = cnn_label_table_classes(&table, error);
  cnn_label_table_release(&table);
  if (!l->classes) return false;
  int count = 1;
  for (const char *at = l->classes; (at = strchr(at, '\n')) != NULL; at++) count++;
  return check_classes(l, path, count, "labels", error);
}

/* The classes are the folders of the training part, or the labels of its table. */
static bool list_classes(cnn_image_files *l, const char *folder, cnn_error *error) {
  char train[PATH_MAX], table[PATH_MAX];
  cnn_listing found;
  if (!cnn_image_part_find(folder, CNN_PART_TRAINING, train))
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s/train: not there; its folders number the classes, for the checkpoint does "
                    "not name them",
                    folder);
  if (cnn_image_part_table(train, table)) return list_labels(l, table, error);
  if (!cnn_listing_read(&found, train, cnn_listing_folders, error)) return false;
  if (check_classes(l, train, found.count, "folders", error))
    l->classes = join(&found, train, error);
  cnn_listing_release(&found);
  return l->classes != NULL;
}

/* --- images of a part ------------------------------------------------------------------------- */

/* Classes by name. */
typedef struct class_index {
  struct named_class {
    const char *name;
    int label, images; /* so far */
  } * at;              /* [names.count], sorted */
  cnn_class_names names;
} class_index;

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct named_class *)a)->name, ((const struct named_class *)b)->name);
}

static bool open_index(class_index *index, const cnn_image_files *l, cnn_error *error) {
  *index = (class_index){0};
  if (!cnn_class_names_split(&index->names, l->model, l->classes, "the checkpoint", error))
    return false;
  index->at = calloc((size_t)index->names.count + 1, sizeof *index->at);
  if (!index->at) return no_memory(error);
  for (int k = 0; k < index->names.count; k++)
    index->at[k] = (struct named_class){index->names.names[k], k, 0};
  qsort(index->at, (size_t)index->names.count, sizeof *index->at, by_name);
  return true;
}

static void close_index(class_index *index) {
  free(index->at);
  cnn_class_names_release(&index->names);
}

/* NULL, and a message that begins with `where`: none has the name. */
static struct named_class *find_class(class_index *index, const char *name, const char *where,
                                      cnn_error *error) {
  const struct named_class key = {.name = name};
  const cnn_class_names *names = &index->names;
  struct named_class *found =
      bsearch(&key, index->at, (size_t)names->count, sizeof *index->at, by_name);
  if (!found)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: no class of the training images has this name; those are %s to %s", where,
             names->names[0], names->names[names->count - 1]);
  return found;
}

/* The images of the part's folders, each of which must be a class. */
static bool add_folders(cnn_image_files *l, class_index *classes, cnn_error *error) {
  cnn_listing folders;
  char where[2 * PATH_MAX];
  if (!cnn_listing_read(&folders, l->part, cnn_listing_folders, error)) return false;
  bool good = folders.count > 0 || cnn_fail(error, CNN_EXIT_DATA,
                                            "%s: no folders in it; put one a class there", l->part);
  for (int i = 0; good && i < folders.count; i++) {
    const char *name = folders.at[i]->d_name;
    snprintf(where, sizeof where, "%s/%s", l->part, name);
    struct named_class *class = find_class(classes, name, where, error);
    good = class && add_folder(l, name, class->label, &class->images, true, 0, error);
  }
  cnn_listing_release(&folders);
  return good;
}

/* The images that a table names. */
static bool add_rows(cnn_image_files *l, const char *path, class_index *classes, cnn_error *error) {
  cnn_label_table table;
  char where[2 * PATH_MAX];
  bool good = cnn_label_table_read(&table, path, error);
  for (int i = 0; good && i < table.count; i++) {
    const cnn_label_row *row = &table.rows[i];
    snprintf(where, sizeof where, "%s: line %d: '%.200s'", path, row->line, row->label);
    struct named_class *class = find_class(classes, row->label, where, error);
    good = class && add_image(l, row->file, class->label, class->images++, error);
  }
  cnn_label_table_release(&table);
  return good;
}

static bool add_classes(cnn_image_files *l, cnn_error *error) {
  char table[PATH_MAX];
  class_index classes;
  bool good = open_index(&classes, l, error);
  if (good)
    good = cnn_image_part_table(l->part, table) ? add_rows(l, table, &classes, error)
                                                : add_folders(l, &classes, error);
  close_index(&classes);
  return good;
}

/* --- all -------------------------------------------------------------------------------------- */

size_t cnn_image_files_name(const cnn_image_files *files, int i, char *text, size_t size) {
  return (size_t)snprintf(text, size, "%s", files->images[i].name);
}

int cnn_image_files_label(const cnn_image_files *files, int i) {
  return files->images[i].label;
}

bool cnn_image_files_of_part(cnn_image_files *files, const cnn_part *part, cnn_error *error) {
  *files = (cnn_image_files){.model = part->model};
  if (!cnn_image_part_find(part->folder, part->role, files->part))
    return cnn_fail(error, CNN_EXIT_DATA, "%s: no such part, or its name is too long",
                    part->folder);
  if (!cnn_image_reader_fits(files->model, part->folder, error)) return false;
  if (part->classes) {
    files->classes = strdup(part->classes);
    if (!files->classes) return cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  }
  return (files->classes || list_classes(files, part->folder, error)) &&
         add_classes(files, error) && finish(files, error);
}

bool cnn_image_files_of_folder(cnn_image_files *files, const cnn_model *model, const char *path,
                               cnn_error *error) {
  int number = 0;
  *files = (cnn_image_files){.model = model};
  if (snprintf(files->part, sizeof files->part, "%s", path) >= PATH_MAX)
    return cnn_fail(error, CNN_EXIT_DATA, "%s: the name is too long", path);
  return add_folder(files, "", -1, &number, false, 0, error) && finish(files, error);
}

void cnn_image_files_close(cnn_image_files *files) {
  for (int i = 0; i < files->count; i++) free(files->images[i].name);
  free(files->images);
  free(files->classes);
  *files = (cnn_image_files){0};
}
