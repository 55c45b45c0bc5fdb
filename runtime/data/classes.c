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

bool cnn_class_names_load(cnn_class_names *classes, const cnn_model *model, const char *folder,
                          const char *path, const char *text, const char *where, cnn_error *error) {
  char found[PATH_MAX];
  if (!path && folder) {
    snprintf(found, sizeof found, "%s/classes.txt", folder);
    if (access(found, F_OK) == 0) path = found;
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
