#include "data/classes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

/* The text of a file; NULL after a mistake. */
static char *read_text(const char *path, cnn_error *error) {
  FILE *file = fopen(path, "r");
  if (!file) {
    cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
    return NULL;
  }
  char *text = malloc(TEXT_MAX);
  size_t size = text ? fread(text, 1, TEXT_MAX, file) : 0;
  if (!text)
    cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  else if (ferror(file))
    cnn_fail(error, CNN_EXIT_DATA, "%s: %s", path, strerror(errno));
  else if (size == TEXT_MAX)
    cnn_fail(error, CNN_EXIT_DATA, "%s: too long for names of classes", path);
  else
    text[size] = '\0';
  fclose(file);
  if (error->code == CNN_EXIT_DONE) return text;
  free(text);
  return NULL;
}

/* Cuts the lines apart; returns how many there are. */
static int cut_lines(cnn_class_names *classes, int most) {
  char *next = classes->lines, *line;
  int count = 0;
  while ((line = strsep(&next, "\n")) != NULL) {
    line[strcspn(line, "\r")] = '\0';
    if (*line == '\0' && next == NULL) break;
    if (count < most) classes->names[count] = line;
    count++;
  }
  return count;
}

static bool fail_count(cnn_class_names *classes, const cnn_model *model, const char *where,
                       cnn_error *error) {
  cnn_fail(error, CNN_EXIT_DATA, "%s: names %d classes, but %s has %d; give one name a line", where,
           classes->count, model->name, model->classes);
  cnn_class_names_release(classes);
  return false;
}

bool cnn_class_names_split(cnn_class_names *classes, const cnn_model *model, const char *text,
                           const char *where, cnn_error *error) {
  *classes = (cnn_class_names){.names = calloc((size_t)model->classes, sizeof *classes->names)};
  if (text) classes->text = strdup(text);
  if (text) classes->lines = strdup(text);
  if (!classes->names || (text && (!classes->text || !classes->lines))) {
    cnn_class_names_release(classes);
    return cnn_fail(error, CNN_EXIT_FAILED, "no memory for names of classes");
  }
  for (int i = 0; i < model->classes; i++) classes->names[i] = "";
  if (text) classes->count = cut_lines(classes, model->classes);
  return classes->count <= model->classes || fail_count(classes, model, where, error);
}

static bool read_names(cnn_class_names *classes, const cnn_model *model, const char *path,
                       cnn_error *error) {
  char *text = read_text(path, error);
  bool good = text && cnn_class_names_split(classes, model, text, path, error);
  free(text);
  if (!good || classes->count == model->classes) return good;
  return fail_count(classes, model, path, error);
}

int cnn_class_names_difference(const cnn_class_names *classes, const cnn_class_names *other) {
  const int most = classes->count > other->count ? classes->count : other->count;
  if (classes->count == 0 || other->count == 0) return -1;
  for (int i = 0; i < most; i++)
    if (strcmp(classes->names[i], other->names[i]) != 0) return i;
  return -1;
}

/* Reads a classes.txt that was found. Under other names, weights would seem to be wrong, or right,
   by accident. */
static bool read_agreeing(cnn_class_names *classes, const cnn_model *model, const char *path,
                          const char *text, const char *where, cnn_error *error) {
  cnn_class_names other;
  if (!read_names(classes, model, path, error)) return false;
  if (!text) return true;
  if (!cnn_class_names_split(&other, model, text, where, error)) {
    cnn_class_names_release(classes);
    return false;
  }
  const int at = cnn_class_names_difference(classes, &other);
  if (at >= 0)
    cnn_fail(error, CNN_EXIT_DATA,
             "%s: class %d is '%s', but '%s' in %s; if these are the same classes by other names, "
             "correct the file, else use weights and images of one data set",
             path, at, classes->names[at], other.names[at], where);
  cnn_class_names_release(&other);
  if (at >= 0) cnn_class_names_release(classes);
  return at < 0;
}

bool cnn_class_names_load(cnn_class_names *classes, const cnn_model *model, const char *folder,
                          const char *path, const char *text, const char *where, cnn_error *error) {
  char found[PATH_MAX];
  if (!path && folder) {
    snprintf(found, sizeof found, "%s/classes.txt", folder);
    if (access(found, F_OK) == 0) return read_agreeing(classes, model, found, text, where, error);
  }
  if (path) return read_names(classes, model, path, error);
  return cnn_class_names_split(classes, model, text, where, error);
}

void cnn_class_names_release(cnn_class_names *classes) {
  free(classes->names);
  free(classes->text);
  free(classes->lines);
  *classes = (cnn_class_names){0};
}
