#include "data/image_parts.h"

#include "data/files.h"
#include "data/image_reader.h"
#include "data/listing.h"

#include <stdio.h>
#include <unistd.h>

enum { DEEPEST = 32 }; /* folders within each other: a link may lead back */

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

bool cnn_image_part_table(const char *folder, char path[PATH_MAX]) {
  return snprintf(path, PATH_MAX, "%s/labels.csv", folder) < PATH_MAX && access(path, F_OK) == 0;
}

bool cnn_image_part_find(const char *folder, cnn_role role, char path[PATH_MAX]) {
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
  return (is_flat(folder) || cnn_image_part_table(folder, other)) &&
         snprintf(path, PATH_MAX, "%s", folder) < PATH_MAX;
}
